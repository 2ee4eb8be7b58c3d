"""One person, one calendar: nobody is in two places at once, and the database holds it.

Some engagements ask for rest beside them (a shift does). Whoever gives time to such a one is refused where
something is too near; whoever gives time to something else beside it is told (`near`), and decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, delete, func, literal, select
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range, insert
from sqlalchemy.orm import Session

from asimati.accounts.models import Engagement, Person
from asimati.kit.errors import Conflict
from asimati.kit.ids import new_id
from asimati.kit.words import _


class Overlaps(Conflict):
    """The bare form is for the rare race."""

    slug = "overlaps"
    title = _("You are already somewhere else at that time")
    detail = _("Give up the other engagement first, or choose another time.")
    says = {"with": "what is in the way: kind, title, starts_at, ends_at"}


class TooLittleRest(Conflict):
    slug = "too-little-rest"
    title = _("There is too little rest between this shift and another engagement")
    detail = _("There must be {minutes} minutes between them.")
    says = {"with": "what is too near: kind, title, starts_at, ends_at", "minutes": "the rest asked for"}


def conflicts(tx: Session, person_id: UUID, starts_at: datetime, ends_at: datetime) -> list[Engagement]:
    """What the person has given that time to already, earliest first."""
    wanted = Engagement.during.overlaps(Range(starts_at, ends_at))
    found = select(Engagement).where(Engagement.person_id == person_id, wanted).order_by(Engagement.during)
    return list(tx.scalars(found))


def near(
    tx: Session,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    rest: int = 0,
    *,
    beside: Sequence[UUID] = (),
) -> list[Engagement]:
    """What is nearer to that time than it asks itself, or than `rest` minutes; earliest first.

    `beside`: the sources of engagements that do not count, as the one that is asked about.
    """
    apart = func.make_interval(0, 0, 0, 0, 0, func.greatest(Engagement.rest_minutes, rest))
    begins, ends = literal(starts_at, DateTime(timezone=True)), literal(ends_at, DateTime(timezone=True))
    wanted = func.tstzrange(begins - apart, ends + apart, type_=TSTZRANGE)
    found = select(Engagement).where(Engagement.person_id == person_id, Engagement.during.overlaps(wanted))
    return list(tx.scalars(found.where(Engagement.source.not_in(beside)).order_by(Engagement.during)))


def hold(
    tx: Session,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    source: UUID,
    title: Mapping[str, Any],
    rest: int | None = None,
) -> None:
    """Give a person's time to something. Raises Overlaps, naming what is in the way; or, where it knows of rest (it
    asks for `rest` minutes before and after it), TooLittleRest, naming what is too near.

    The person's row is held first, so that two holds at the same instant follow each other and the second hears
    what is in the way. The exclusion constraint, which can only say that something is, remains for whoever writes
    the row in a statement of their own (the rushes on events and shifts do); `http` answers it as Overlaps too.
    """
    held = select(Person.number).where(Person.id == person_id).with_for_update(key_share=True)
    number = tx.execute(held).scalar_one()
    require_free(tx, person_id, starts_at, ends_at, rest)
    tx.execute(insert(Engagement).values(_row(person_id, number, starts_at, ends_at, kind, source, title, rest)))


def try_hold(
    tx: Session,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    source: UUID,
    title: Mapping[str, Any],
    rest: int | None = None,
) -> bool:
    """Give a person's time to something if that can be done at once; whether it was.

    It never waits for the person's row: whoever holds the time of many people, one after the other, would otherwise
    wait for somebody who does the same in another order.
    """
    held = select(Person.number).where(Person.id == person_id).with_for_update(key_share=True, skip_locked=True)
    number = tx.scalar(held)
    if number is None or not _is_free(tx, person_id, starts_at, ends_at, rest):
        return False
    row = _row(person_id, number, starts_at, ends_at, kind, source, title, rest)
    made = insert(Engagement).values(row).on_conflict_do_nothing().returning(Engagement.id)
    return tx.scalar(made) is not None


def require_free(
    tx: Session, person_id: UUID, starts_at: datetime, ends_at: datetime, rest: int | None = None
) -> None:
    """Raise Overlaps, or for something that knows of rest (`rest` minutes of its own) TooLittleRest; each says what
    is in the way."""
    if found := conflicts(tx, person_id, starts_at, ends_at):
        raise Overlaps(**{"with": described(found[0])})
    if rest is not None and (found := near(tx, person_id, starts_at, ends_at, rest)):
        raise TooLittleRest(minutes=max(rest, found[0].rest_minutes), **{"with": described(found[0])})


def _is_free(tx: Session, person_id: UUID, starts_at: datetime, ends_at: datetime, rest: int | None) -> bool:
    try:
        require_free(tx, person_id, starts_at, ends_at, rest)
    except (Overlaps, TooLittleRest):
        return False
    return True


def _row(
    person_id: UUID,
    number: int,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    source: UUID,
    title: Mapping[str, Any],
    rest: int | None,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": person_id,
        "person_number": number,
        "during": Range(starts_at, ends_at),
        "kind": kind,
        "source": source,
        "title": dict(title),
        "rest_minutes": rest or 0,
    }


def release(tx: Session, kind: str, source: UUID) -> None:
    """Give the time back; nothing happens when none was held."""
    tx.execute(delete(Engagement).where(Engagement.kind == kind, Engagement.source == source))


def described(engagement: Engagement) -> dict[str, Any]:
    """An engagement as a fact for people."""
    lower, upper = engagement.during.lower, engagement.during.upper
    return {
        "kind": str(engagement.kind),
        "title": engagement.title,
        "starts_at": _moment(lower),
        "ends_at": _moment(upper),
    }


def beside(
    tx: Session, person_id: UUID, starts_at: datetime, ends_at: datetime, source: UUID
) -> list[dict[str, Any]]:
    """What asks for rest and gets less, were the person at `source` at that time: to be told, and to choose."""
    return [
        {
            "kind": str(one.kind),
            "title": one.title,
            "starts_at": one.during.lower,
            "ends_at": one.during.upper,
            "rest_minutes": one.rest_minutes,
        }
        for one in near(tx, person_id, starts_at, ends_at, beside=[source])
    ]


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z" if moment else None
