"""What an event amounts to: who is in, who came, who they were, and what they thought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from asimati.accounts.models import Person
from asimati.accounts.queries import demographics
from asimati.events import policy
from asimati.events.models import Admission, Booking, Deferral, Feedback
from asimati.events.queries import event as one_event
from asimati.events.rules import BookingStatus, DeferralStatus
from asimati.kit import clock
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.smallcells import told
from asimati.settings import settings

_STATUSES = tuple(BookingStatus)


def counts(tx: Session, actor: Actor, event_id: UUID) -> dict[str, Any]:
    """How the door stands at this moment: bookings and seats by status, walk-ins, the last one let in."""
    event = one_event(tx, event_id, drafts=True)
    policy.require_at(actor, "see", event)
    grouped = select(Booking.status, func.count(), func.sum(Booking.party_size)).where(Booking.event_id == event_id)
    rows = {status: (number, seats) for status, number, seats in tx.execute(grouped.group_by(Booking.status))}
    admitted = select(func.max(Admission.at)).join(Booking).where(Booking.event_id == event_id)
    walked = select(func.coalesce(func.sum(Booking.party_size), 0)).where(
        Booking.event_id == event_id, Booking.walk_in, Booking.status == BookingStatus.CHECKED_IN
    )
    return {
        "event": event.id,
        "capacity": event.capacity,
        "seats_left": event.seats_left,
        "parties": {status.value: rows.get(status, (0, 0))[0] for status in _STATUSES},
        "seats": {status.value: int(rows.get(status, (0, 0))[1]) for status in _STATUSES},
        "walk_ins": tx.scalar(walked),
        "last_at": tx.scalar(admitted),
    }


def statistics(tx: Session, actor: Actor, event_id: UUID) -> dict[str, Any]:
    """Of an event that is or was on: who came, in groups large enough to be told.

    Groups count the people who booked and came; of those they brought along nothing is known.
    """
    event, smallest = one_event(tx, event_id, drafts=True), settings().governorate.small_cell
    policy.require_at(actor, "see", event)
    came = _came(tx, event_id)
    on = clock.local_day(event.starts_at)
    people = [demographics(tx, person, on) | {"first_time": first} for person, first in came]
    missed = select(func.count()).where(Booking.event_id == event_id, Booking.status == BookingStatus.NO_SHOW)
    stars = select(func.count(), func.avg(Feedback.stars)).join(Booking).where(Booking.event_id == event_id)
    said, mean = tx.execute(stars).one()
    enough = said >= smallest
    return {
        "event": event.id,
        "came": len(people),
        "no_shows": tx.scalar(missed),
        "groups": {
            name: told(Counter(one[name] for one in people), smallest)
            for name in ("sex", "age_band", "disability", "first_time")
        },
        "feedback": {"answers": said, "stars": round(float(mean), 2) if enough else None, "withheld": not enough},
    }


def attendance(tx: Session, actor: Actor, event_id: UUID) -> Sequence[Any]:
    """The list for the organisers: who booked, in the order of booking."""
    policy.require_at(actor, "decide", one_event(tx, event_id, drafts=True))
    found = (
        select(
            Booking.reference, Person.name_ar, Person.name_latin, Booking.party_size, Booking.status,
            Admission.at, Booking.walk_in, Booking.answers, Booking.created_at, Booking.person_id,
        )
        .join(Person, Person.id == Booking.person_id)
        .join(Admission, Admission.booking_id == Booking.id, isouter=True)
        .where(Booking.event_id == event_id)
        .order_by(Booking.created_at, Booking.id)
    )  # fmt: skip
    return tx.execute(found).all()


def deferrals(tx: Session, person: UUID) -> Page:
    """What of fair use concerns a person, the latest first."""
    mine = select(Deferral).where(Deferral.person_id == person).order_by(Deferral.made_at.desc()).limit(100)
    return Page(list(tx.scalars(mine)))


def appeals(tx: Session, page: PageArgs) -> Page:
    """Appeals that wait for a human, the oldest first."""
    waiting = select(Deferral).where(Deferral.status == DeferralStatus.APPEALED)
    return paginate(tx, waiting, [Deferral.made_at.asc(), Deferral.id.asc()], page)


def appeals_waiting(tx: Session) -> int:
    waiting = select(func.count()).select_from(Deferral).where(Deferral.status == DeferralStatus.APPEALED)
    return int(tx.scalars(waiting).one())


def _came(tx: Session, event_id: UUID) -> list[tuple[UUID, str]]:
    """Who came, and whether they had never been let in before."""
    earlier, at = aliased(Booking), aliased(Admission)
    before = exists().where(
        earlier.person_id == Booking.person_id, at.booking_id == earlier.id, at.at < Admission.at
    )
    found = select(Booking.person_id, before).join(Admission).where(Booking.event_id == event_id)
    return [(person, "no" if been else "yes") for person, been in tx.execute(found)]
