"""Entities: applying, accreditation, joining and leaving, and taking part in an edition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.staff_queries import require_not_own
from asimati.kit import audit, clock
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.secrets import digest
from asimati.volunteering import messages, policy
from asimati.volunteering.models import EntityEnrolment, EntityMember, VolunteerEntity
from asimati.volunteering.queries import edition_on
from asimati.volunteering.refusals import LastCoordinator, MemberElsewhere, NoEntityCategory, NotAccredited
from asimati.volunteering.rules import EntityKind, EntityStatus

_MOVES: Mapping[EntityStatus, frozenset[EntityStatus]] = {
    EntityStatus.APPLIED: frozenset({EntityStatus.ACCREDITED, EntityStatus.DECLINED}),
    EntityStatus.ACCREDITED: frozenset({EntityStatus.ENDED}),
    EntityStatus.DECLINED: frozenset({EntityStatus.ACCREDITED}),
    EntityStatus.ENDED: frozenset({EntityStatus.ACCREDITED}),
}


def apply(tx: Session, actor: Actor, *, name: Mapping[str, Any], kind: EntityKind, contact: str) -> VolunteerEntity:
    """Ask for an entity to be accredited; the caller becomes its first coordinator. Raises MemberElsewhere."""
    made = VolunteerEntity(name=dict(name), kind=kind, contact=contact)
    tx.add(made)
    tx.flush()
    _add(tx, made, actor.person, coordinator=True)
    audit.record(tx, actor, "volunteering.entity_applied", ("volunteer_entity", made.id))
    return made


def decide(
    tx: Session, actor: Actor, entity_id: UUID, after: EntityStatus, reason: str | None = None
) -> VolunteerEntity:
    """Accredit an entity, decline it, or end its accreditation; its coordinators are told.

    What its members served while it was accredited stays counted. Raises OwnAffair for whoever coordinates it as a
    resident, IllegalMove.
    """
    policy.require(actor, "decide")
    found = _locked(tx, entity_id)
    require_not_own(tx, actor, *coordinators(tx, entity_id))
    if after not in _MOVES[found.status]:
        raise IllegalMove(current=str(found.status), legal=sorted(map(str, _MOVES[found.status])))
    now = clock.now(tx)
    found.status, found.reason, found.decided_by, found.decided_at = after, reason, actor.id, now
    if after is EntityStatus.ENDED:
        found.invitation = None
    audit.record(tx, actor, f"volunteering.entity_{after}", ("volunteer_entity", found.id))
    about = {"type": "volunteer-entity", "reference": str(found.id)}
    for person in coordinators(tx, entity_id):
        facts: dict[str, Any] = {"person": person, "about": about, "title": found.name}
        if after is EntityStatus.ACCREDITED:
            publish(tx, messages.EntityAccredited(**facts))
        else:
            publish(tx, messages.EntityRefused(**facts, note=reason or ""))
    return found


def invite(tx: Session, actor: Actor, entity_id: UUID) -> str:
    """A code to join with, for members to be handed; the one before ends. Raises NotFound, NotAccredited."""
    found = coordinated(tx, actor, entity_id)
    code = token_urlsafe(16)
    found.invitation = digest(code)
    audit.record(tx, actor, "volunteering.entity_invited", ("volunteer_entity", found.id))
    return code


def join(tx: Session, actor: Actor, code: str) -> VolunteerEntity:
    """Agree to be a member, by the code one was handed. Raises NotFound, MemberElsewhere."""
    known = select(VolunteerEntity).where(VolunteerEntity.invitation == digest(code))
    found = tx.scalar(known.with_for_update(key_share=True))
    if found is None or found.status is not EntityStatus.ACCREDITED:
        raise NotFound
    _add(tx, found, actor.person)
    audit.record(tx, actor, "volunteering.entity_joined", ("volunteer_entity", found.id))
    return found


def leave(tx: Session, actor: Actor, entity_id: UUID) -> None:
    """Be a member no longer; hours served until now stay the entity's. Raises NotFound, LastCoordinator."""
    _locked(tx, entity_id)
    _take_out(tx, actor, _member(tx, entity_id, EntityMember.person_id == actor.person))


def remove(tx: Session, actor: Actor, entity_id: UUID, member_id: UUID) -> None:
    """As its coordinator, end somebody's membership. Raises NotFound, LastCoordinator."""
    coordinated(tx, actor, entity_id, accredited=False)
    _take_out(tx, actor, _member(tx, entity_id, EntityMember.id == member_id))


def promote(tx: Session, actor: Actor, entity_id: UUID, member_id: UUID) -> EntityMember:
    """As its coordinator, make a member another. Raises NotFound."""
    coordinated(tx, actor, entity_id, accredited=False)
    found = _member(tx, entity_id, EntityMember.id == member_id)
    found.coordinator = True
    audit.record(tx, actor, "volunteering.entity_promoted", ("volunteer_entity", entity_id), [found.person_id])
    return found


def enrol(tx: Session, actor: Actor, entity_id: UUID) -> EntityEnrolment:
    """Take part in the present edition, in the category it has for the entity's kind; twice changes nothing.

    Raises NotFound (between editions too), NotAccredited, NoEntityCategory.
    """
    found = coordinated(tx, actor, entity_id)
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    if edition is None:
        raise NotFound
    category = next((one["code"] for one in edition.categories if one.get("entity") == found.kind), None)
    if category is None:
        raise NoEntityCategory
    enrolled = tx.get(EntityEnrolment, {"edition": edition.code, "entity_id": entity_id})
    if enrolled is None:
        enrolled = EntityEnrolment(edition=edition.code, entity_id=entity_id, category=category)
        tx.add(enrolled)
        audit.record(
            tx, actor, "volunteering.entity_enrolled", ("volunteer_entity", entity_id), edition=edition.code
        )
    return enrolled


def leave_all(tx: Session, actor: Actor, person: UUID) -> None:
    """End every membership of somebody whose account ends."""
    mine = select(EntityMember).where(EntityMember.person_id == person, EntityMember.left_at.is_(None))
    for found in tx.scalars(mine.order_by(EntityMember.entity_id)).all():
        found.left_at = clock.now(tx)


def _add(tx: Session, entity: VolunteerEntity, person: UUID, *, coordinator: bool = False) -> None:
    elsewhere = select(EntityMember.entity_id).where(
        EntityMember.person_id == person, EntityMember.kind == entity.kind, EntityMember.left_at.is_(None)
    )
    if tx.scalar(elsewhere):
        raise MemberElsewhere
    facts: dict[str, Any] = {"entity_id": entity.id, "kind": entity.kind, "person_id": person}
    tx.add(EntityMember(**facts, coordinator=coordinator, joined_at=clock.now(tx)))
    tx.flush()


def _take_out(tx: Session, actor: Actor, found: EntityMember) -> None:
    """End a membership; the caller holds the entity. While it has members it has a coordinator."""
    others = tx.scalars(_living(found.entity_id, EntityMember).where(EntityMember.id != found.id)).all()
    if others and not any(one.coordinator for one in others):
        raise LastCoordinator
    found.left_at = clock.now(tx)
    audit.record(tx, actor, "volunteering.entity_left", ("volunteer_entity", found.entity_id), [found.person_id])


def coordinated(
    tx: Session, actor: Actor, entity_id: UUID, *, accredited: bool = True, lock: bool = True
) -> VolunteerEntity:
    """An entity the actor coordinates, locked unless it is only read; to whoever does not it is not there.

    Raises NotFound, or NotAccredited.
    """
    mine = _living(entity_id, EntityMember.id).where(
        EntityMember.person_id == actor.person, EntityMember.coordinator
    )
    found = _locked(tx, entity_id) if lock else tx.get(VolunteerEntity, entity_id)
    if found is None or tx.scalar(mine) is None:
        raise NotFound
    if accredited and found.status is not EntityStatus.ACCREDITED:
        raise NotAccredited
    return found


def coordinators(tx: Session, entity_id: UUID) -> Sequence[UUID]:
    """Who coordinates an entity now."""
    found: Sequence[UUID] = tx.scalars(
        _living(entity_id, EntityMember.person_id).where(EntityMember.coordinator).order_by(EntityMember.id)
    ).all()
    return found


def _member(tx: Session, entity_id: UUID, which: Any) -> EntityMember:
    found: EntityMember | None = tx.scalar(_living(entity_id, EntityMember).where(which))
    if found is None:
        raise NotFound
    return found


def _living(entity_id: UUID, what: Any) -> Any:
    return select(what).where(EntityMember.entity_id == entity_id, EntityMember.left_at.is_(None))


def _locked(tx: Session, entity_id: UUID) -> VolunteerEntity:
    found = tx.get(VolunteerEntity, entity_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found
