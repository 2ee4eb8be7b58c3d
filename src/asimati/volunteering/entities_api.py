"""Routes of entities: schools, companies and societies that volunteer together."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.accounts.refusals import OwnAffair
from asimati.http import access
from asimati.http.pages import page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import entities, policy, rankings
from asimati.volunteering import entities_schemas as schemas
from asimati.volunteering.actions import entities as actions
from asimati.volunteering.models import EntityEnrolment
from asimati.volunteering.refusals import LastCoordinator, MemberElsewhere, NoEntityCategory, NotAccredited
from asimati.volunteering.rules import EntityStatus

blp = Blueprint("volunteer-entities", __name__, description="Organisations that volunteer together")
may = partial(access.staff_who, policy.MAY)
audit.SUBJECTS["volunteer_entity"] = _("the organisation you volunteer with")
CONSTRAINTS["volunteer_entity_member_key"] = MemberElsewhere
Dict = dict[str, Any]


@blp.post(
    "/volunteer-entities",
    who=access.residents,
    takes=schemas.VolunteerEntityIn,
    gives=schemas.VolunteerEntityOut,
    status=201,
    refuses=[NotFound, MemberElsewhere],
)
def apply(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Ask for a school, company or society to be accredited, as its first coordinator."""
    return entities.entity(tx, actor, actions.apply(tx, actor, **payload).id)


@blp.get("/volunteer-entities", who=access.residents, gives=schemas.EntitiesOut)
def mine(tx: Session, actor: Actor) -> Dict:
    """The entities one is with."""
    return {"items": entities.mine(tx, actor)}


@blp.get(
    "/volunteer-entities/<uuid:entity_id>", who=access.residents, gives=schemas.VolunteerEntityOut, tagged=True
)
def one(tx: Session, actor: Actor, entity_id: UUID) -> Dict:
    """One of them; its coordinators see its members with the hours they served for it."""
    return entities.entity(tx, actor, entity_id)


@blp.post(
    "/volunteer-entities/<uuid:entity_id>/invitation",
    who=access.residents,
    gives=schemas.InvitationOut,
    refuses=[NotAccredited],
    remembers=False,
)
def invite(tx: Session, actor: Actor, entity_id: UUID) -> Dict:
    """A code to hand to members, who join with it; the one before ends."""
    return {"code": actions.invite(tx, actor, entity_id)}


@blp.post(
    "/volunteer-entities/join",
    who=access.residents,
    takes=schemas.EntityJoinIn,
    gives=schemas.VolunteerEntityOut,
    refuses=[NotFound, MemberElsewhere],
)
def join(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Agree to be a member: its coordinators see one's name and the hours served while one is."""
    return entities.entity(tx, actor, actions.join(tx, actor, **payload).id)


@blp.post("/volunteer-entities/<uuid:entity_id>/leave", who=access.residents, refuses=[LastCoordinator])
def leave(tx: Session, actor: Actor, entity_id: UUID) -> None:
    """Be a member no longer."""
    actions.leave(tx, actor, entity_id)


@blp.post(
    "/volunteer-entities/<uuid:entity_id>/members/<uuid:member_id>/remove",
    who=access.residents,
    refuses=[LastCoordinator],
)
def remove(tx: Session, actor: Actor, entity_id: UUID, member_id: UUID) -> None:
    """As its coordinator, end somebody's membership."""
    actions.remove(tx, actor, entity_id, member_id)


@blp.post(
    "/volunteer-entities/<uuid:entity_id>/members/<uuid:member_id>/promote",
    who=access.residents,
    gives=schemas.VolunteerEntityOut,
)
def promote(tx: Session, actor: Actor, entity_id: UUID, member_id: UUID) -> Dict:
    """As its coordinator, make a member another."""
    actions.promote(tx, actor, entity_id, member_id)
    return entities.entity(tx, actor, entity_id)


@blp.post(
    "/volunteer-entities/<uuid:entity_id>/enrolment",
    who=access.residents,
    gives=schemas.EntityEnrolmentOut,
    refuses=[NotAccredited, NoEntityCategory],
)
def enrol(tx: Session, actor: Actor, entity_id: UUID) -> EntityEnrolment:
    """Take part in the present edition."""
    return actions.enrol(tx, actor, entity_id)


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get(
    "/staff/volunteer-entities",
    who=may("see"),
    query=schemas.EntitiesQuery,
    gives=page_of(schemas.StaffEntityOut),
)
def listed(tx: Session, actor: Actor, query: Dict) -> Page:
    """Entities, the latest first; those that wait for a word with `status=applied`."""
    return entities.for_staff(tx, actor, query["page"], query.get("status"))


@blp.post(
    "/staff/volunteer-entities/<uuid:entity_id>/accredit",
    who=may("decide"),
    takes=schemas.EntityWordIn,
    gives=schemas.StaffEntityOut,
    refuses=[IllegalMove, OwnAffair],
)
def accredit(tx: Session, actor: Actor, payload: Dict, entity_id: UUID) -> Dict:
    """Let an entity take part."""
    return entities.staff_view(tx, actions.decide(tx, actor, entity_id, EntityStatus.ACCREDITED, **payload))


@blp.post(
    "/staff/volunteer-entities/<uuid:entity_id>/decline",
    who=may("decide"),
    takes=schemas.EntityReasonIn,
    gives=schemas.StaffEntityOut,
    refuses=[IllegalMove, OwnAffair],
)
def decline(tx: Session, actor: Actor, payload: Dict, entity_id: UUID) -> Dict:
    """Say no to an entity, and why."""
    return entities.staff_view(tx, actions.decide(tx, actor, entity_id, EntityStatus.DECLINED, **payload))


@blp.post(
    "/staff/volunteer-entities/<uuid:entity_id>/end",
    who=may("decide"),
    takes=schemas.EntityReasonIn,
    gives=schemas.StaffEntityOut,
    refuses=[IllegalMove, OwnAffair],
)
def end(tx: Session, actor: Actor, payload: Dict, entity_id: UUID) -> Dict:
    """End an entity's accreditation, and say why; nobody joins it any more."""
    return entities.staff_view(tx, actions.decide(tx, actor, entity_id, EntityStatus.ENDED, **payload))


@blp.get(
    "/staff/editions/<code>/entities",
    who=may("see"),
    query=schemas.EntityRankingQuery,
    gives=schemas.EntityRankingOut,
)
def ranking(tx: Session, actor: Actor, query: Dict, code: str) -> Dict:
    """The first places of entities: as they stand now, or as they were frozen."""
    policy.require(actor, "see")
    return {"items": entities.ranking(tx, rankings.edition_of(tx, code), query["places"])}
