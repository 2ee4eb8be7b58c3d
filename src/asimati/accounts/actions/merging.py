"""What accounts settle themselves before two of one person become one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from asimati.accounts.models import PROFILE, Consent, Engagement, FormerAccount, HouseholdMember, Person
from asimati.kit.policy import Actor
from asimati.kit.privacy import Clash
from asimati.kit.words import _

SEALED = ("email",)


def settle_receipts(tx: Session, actor: Actor, kept: UUID, other: UUID) -> None:
    """Where both agreed to the same, the other's receipt ends: one standing receipt tells the truth."""
    mine = select(Consent.code).where(Consent.person_id == kept, Consent.withdrawn_at.is_(None))
    theirs = update(Consent).where(Consent.person_id == other, Consent.withdrawn_at.is_(None))
    tx.execute(theirs.where(Consent.code.in_(mine)).values(withdrawn_at=func.app_now()))


def settle_calendar(tx: Session, actor: Actor, kept: UUID, other: UUID) -> None:
    """What is over cannot be in two places any more: of two past times that meet, the kept account's stays."""
    past = func.upper(Engagement.during) <= func.app_now()
    tx.execute(delete(Engagement).where(Engagement.person_id == other, past, _meets(kept)))


def part_household(tx: Session, actor: Actor, kept: UUID, other: UUID) -> None:
    """Nobody is a member of their own household."""
    both = or_(
        and_(HouseholdMember.holder_id == kept, HouseholdMember.person_id == other),
        and_(HouseholdMember.holder_id == other, HouseholdMember.person_id == kept),
    )
    ended = update(HouseholdMember).where(both, HouseholdMember.ended_at.is_(None))
    tx.execute(ended.values(ended_at=func.app_now(), asked_of=None, phone=None))


def overlapping(tx: Session, kept: UUID, other: UUID) -> Clash:
    """Times to come at which both accounts are expected somewhere."""
    ahead = func.upper(Engagement.during) > func.app_now()
    meeting = select(func.count()).where(Engagement.person_id == other, ahead, _meets(kept))
    return Clash("engagement", _("Both are expected somewhere at the same time"), tx.scalar(meeting) or 0)


def numbered_apart(tx: Session, kept: UUID, other: UUID) -> Clash:
    """Two personal numbers are two people, until one of them turns out to be wrong and is corrected."""
    both = select(func.count()).where(Person.id.in_([kept, other]), Person.cpr_index.is_not(None))
    return Clash("person", _("Each has a personal number of its own"), int((tx.scalar(both) or 0) > 1))


def take_over(tx: Session, kept: Person, other: Person) -> list[str]:
    """Let the kept account say what only the other said; the names of what both say differently."""
    differs = [name for name in PROFILE if None not in (mine := (getattr(kept, name), getattr(other, name)))
               and mine[0] != mine[1]]  # fmt: skip
    for name in (*PROFILE, *SEALED):
        if getattr(kept, name) is None:
            setattr(kept, name, getattr(other, name))
    number = (other.cpr, other.cpr_index, other.cpr_proved_at)
    phone = (other.phone, other.phone_index)
    other.cpr, other.cpr_index, other.cpr_proved_at = None, None, None
    other.phone, other.phone_index = None, None
    tx.flush()  # one number stands in one row at a time
    if kept.cpr is None:
        kept.cpr, kept.cpr_index, kept.cpr_proved_at = number
    if kept.phone is None:
        (kept.phone, kept.phone_index), phone = phone, (None, None)
    tx.add(FormerAccount(former_id=other.id, person_id=kept.id, phone=phone[0], phone_index=phone[1]))
    tx.flush()
    return differs


def _meets(person: UUID) -> ColumnElement[bool]:
    mine = aliased(Engagement)
    same = select(mine.id).where(mine.person_id == person, mine.during.op("&&")(Engagement.during))
    return same.correlate(Engagement).exists()
