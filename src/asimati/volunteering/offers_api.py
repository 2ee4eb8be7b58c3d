"""Routes of what organisations offer, and of the staff's word on it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.accounts.rules import KeyScope
from asimati.http import access
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import offers, policy, queries, schemas
from asimati.volunteering.actions import proposing
from asimati.volunteering.actions.entities import coordinated
from asimati.volunteering.refusals import NotAccredited, NothingToReview, NothingToSubmit, UnderReview

blp = Blueprint("offers", __name__, description="What organisations ask volunteers for")
may = partial(access.staff_who, policy.MAY)
OF_ENTITY = "/volunteer-entities/<uuid:entity_id>/opportunities"
ONE = f"{OF_ENTITY}/<uuid:opportunity_id>"
Dict = dict[str, Any]
audit.SUBJECTS["opportunity"] = _("what your organisation offers volunteers")
DESKS.append(
    Desk(
        titles={"opportunities": _("Opportunities to review")},
        may=lambda actor: policy.may(actor, "decide"),
        counts=lambda tx, actor: {"opportunities": offers.waiting(tx)},
        items=lambda tx, actor, name, query: offers.to_review(tx, actor, query["page"]),
        gives=schemas.ReviewItemOut,
        opens="opportunity",
    )
)


@blp.post(
    OF_ENTITY,
    who=access.residents,
    takes=schemas.OfferIn,
    gives=schemas.OfferOut,
    status=201,
    refuses=[NotAccredited],
)
def draft(tx: Session, actor: Actor, payload: Dict, entity_id: UUID) -> Dict:
    """Write an opportunity for one's organisation; nobody sees it before staff publish it."""
    return offers.offer(tx, proposing.draft(tx, actor, entity_id, payload))


@blp.get(OF_ENTITY, who=access.residents, gives=schemas.OffersOut, refuses=[NotAccredited])
def listed(tx: Session, actor: Actor, entity_id: UUID) -> Dict:
    """What one's organisation offers, with what staff said of it."""
    coordinated(tx, actor, entity_id, accredited=False, lock=False)
    return {"items": offers.offers(tx, entity_id)}


@blp.get(
    "/partners/opportunities",
    who=access.keys_for(KeyScope.OFFERS),
    gives=schemas.OffersOut,
    refuses=[NotAccredited, NotFound],
)
def of_system(tx: Session, actor: Actor) -> Dict:
    """For an organisation's own system, with its key: what it offers, and the places left in each shift."""
    return {"items": offers.of_system(tx, actor)}


@blp.patch(
    ONE, who=access.residents, takes=schemas.OfferEdit, gives=schemas.OfferOut, refuses=[NotAccredited, UnderReview]
)
def change(
    tx: Session, actor: Actor, payload: Dict, version: int | None, entity_id: UUID, opportunity_id: UUID
) -> Dict:
    """Change it. Of a published one, what volunteers agreed to changes once staff say yes (`proposed`)."""
    return offers.offer(tx, proposing.change(tx, actor, entity_id, opportunity_id, version, payload))


@blp.post(
    f"{ONE}/shifts",
    who=access.residents,
    takes=schemas.OfferShiftIn,
    gives=schemas.ShiftOut,
    status=201,
    refuses=[NotAccredited, UnderReview],
)
def add_shift(tx: Session, actor: Actor, payload: Dict, entity_id: UUID, opportunity_id: UUID) -> Dict:
    """Add a shift to a draft."""
    return queries.shift_view(proposing.add_shift(tx, actor, entity_id, opportunity_id, **payload))


@blp.post(
    f"{ONE}/submit",
    who=access.residents,
    gives=schemas.OfferOut,
    refuses=[NotAccredited, UnderReview, NothingToSubmit],
)
def submit(tx: Session, actor: Actor, entity_id: UUID, opportunity_id: UUID) -> Dict:
    """Ask staff to publish it."""
    return offers.offer(tx, proposing.submit(tx, actor, entity_id, opportunity_id))


@blp.post(
    "/staff/opportunities/<uuid:opportunity_id>/approve",
    who=may("decide"),
    gives=schemas.OfferOut,
    refuses=[NothingToReview],
)
def approve(tx: Session, actor: Actor, opportunity_id: UUID) -> Dict:
    """Publish what an organisation submitted, or let its change stand."""
    return offers.offer(tx, proposing.approve(tx, actor, opportunity_id))


@blp.post(
    "/staff/opportunities/<uuid:opportunity_id>/decline",
    who=may("decide"),
    takes=schemas.OfferReasonIn,
    gives=schemas.OfferOut,
    refuses=[NothingToReview],
)
def decline(tx: Session, actor: Actor, payload: Dict, opportunity_id: UUID) -> Dict:
    """Say no to what an organisation submitted or would change, and why."""
    return offers.offer(tx, proposing.decline(tx, actor, opportunity_id, **payload))
