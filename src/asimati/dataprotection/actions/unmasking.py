"""Looking at what is masked: for a purpose, for some minutes, and the person it is about reads of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person, StaffMember
from asimati.dataprotection import policy
from asimati.dataprotection.actions.asking import refuse_own
from asimati.dataprotection.models import Restriction, Unmasking
from asimati.dataprotection.refusals import Blocked
from asimati.dataprotection.rules import Purpose, RestrictionKind
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound, TooMany
from asimati.kit.policy import Actor
from asimati.kit.privacy import Group
from asimati.settings import settings

HOUR = timedelta(hours=1)


def unmask(tx: Session, actor: Actor, person: UUID, purpose: Purpose, reason: str) -> Unmasking:
    """Let a member of staff read somebody's details for `privacy.unmasked_minutes`.

    Raises OwnFile, Blocked (but for the officer), TooMany past `privacy.unmaskings` in an hour, NotFound.
    """
    policy.require(actor, "unmask")
    if tx.get(Person, person) is None:
        raise NotFound
    refuse_own(tx, actor, person)
    if policy.OFFICER not in actor.roles and is_blocked(tx, person):
        raise Blocked
    now = clock.now(tx)
    _require_moderation(tx, actor)
    minutes = timedelta(minutes=settings().privacy.unmasked_minutes)
    made = Unmasking(
        staff_id=actor.id, person_id=person, purpose=purpose, reason=reason, created_at=now, ends_at=now + minutes
    )
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "person.unmasked", ("person", person), reason=purpose, unmasking=made.id)
    return made


def is_blocked(tx: Session, person: UUID) -> bool:
    """Whether what identifies somebody, or all that is kept of them, is blocked."""
    standing = select(Restriction.id).where(
        Restriction.person_id == person,
        Restriction.kind == RestrictionKind.BLOCK,
        Restriction.ended_at.is_(None),
        or_(Restriction.group.is_(None), Restriction.group.in_([Group.IDENTITY, Group.CONTACT, Group.ADDRESS])),
    )
    return tx.scalar(standing.limit(1)) is not None


def _require_moderation(tx: Session, actor: Actor) -> None:
    """The actor's unmaskings follow each other, so that many at once are no more than one by one."""
    tx.execute(select(StaffMember.id).where(StaffMember.id == actor.id).with_for_update(key_share=True))
    lately = select(func.count()).where(
        Unmasking.staff_id == actor.id, Unmasking.created_at > func.app_now() - HOUR
    )
    if (tx.scalar(lately) or 0) >= settings().privacy.unmaskings:
        raise TooMany(retry_after=int(HOUR.total_seconds()))
