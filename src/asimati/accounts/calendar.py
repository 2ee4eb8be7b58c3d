"""One person, one calendar: nobody is in two places at once, and the database holds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from asimati.accounts.models import Engagement, Person
from asimati.kit.errors import Conflict
from asimati.kit.ids import new_id
from asimati.kit.words import _


class Overlaps(Conflict):
    """Raised with `with`: the kind, title and times of what is in the way. The bare form is for the rare race."""

    slug = "overlaps"
    title = _("You are already somewhere else at that time")
    detail = _("Give up the other engagement first, or choose another time.")


def conflicts(tx: Session, person_id: UUID, starts_at: datetime, ends_at: datetime) -> list[Engagement]:
    """What the person has given that time to already, earliest first."""
    wanted = Engagement.during.overlaps(Range(starts_at, ends_at))
    found = select(Engagement).where(Engagement.person_id == person_id, wanted).order_by(Engagement.during)
    return list(tx.scalars(found))


def hold(
    tx: Session,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    source: UUID,
    title: Mapping[str, Any],
) -> None:
    """Give a person's time to something. Raises Overlaps, naming what is in the way.

    The person's row is held first, so that two holds at the same instant follow each other and the second hears
    what is in the way. The exclusion constraint, which can only say that something is, remains for whoever writes
    the row in a statement of their own (the booking rush does); `http` answers it as Overlaps too.
    """
    held = select(Person.number).where(Person.id == person_id).with_for_update(key_share=True)
    number = tx.execute(held).scalar_one()
    if found := conflicts(tx, person_id, starts_at, ends_at):
        raise Overlaps(**{"with": described(found[0])})
    row = {
        "id": new_id(),
        "person_id": person_id,
        "person_number": number,
        "during": Range(starts_at, ends_at),
        "kind": kind,
        "source": source,
        "title": dict(title),
    }
    tx.execute(insert(Engagement).values(**row))


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


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z" if moment else None
