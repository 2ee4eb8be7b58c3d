"""Moving a booking from one status to the next, with everything that goes along."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.events import rules
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor


def move(
    tx: Session,
    actor: Actor,
    event: Event,
    booking: Booking,
    after: BookingStatus,
    offer_expires_at: datetime | None = None,
) -> None:
    """Change a booking's status and its event's counts, give back its time if it is over; note who did it.

    The caller holds the event's lock unless the counts stay as they are. Raises IllegalMove.
    """
    before, now = booking.status, clock.now(tx)
    rules.require_move(before, after)
    seats, waits = rules.change_of_counts(before, after, booking.party_size)
    if seats or waits:  # only then is the event's row ours to write
        event.taken, event.waiting = event.taken + seats, event.waiting + waits
    booking.status, booking.offer_expires_at, booking.updated_at = after, offer_expires_at, now
    booking.gathers_until = None
    if before in rules.ENGAGED and after not in rules.ENGAGED:
        calendar.release(tx, "booking", booking.id)
    about = ("booking", booking.id)
    audit.record(tx, actor, f"events.booking_{after}", about, [booking.person_id], event=event.id, before=before)


def engage(tx: Session, event: Event, booking: Booking) -> None:
    """Put the event into the person's calendar, once. Raises Overlaps."""
    calendar.release(tx, "booking", booking.id)
    calendar.hold(tx, booking.person_id, event.starts_at, event.ends_at, "booking", booking.id, event.title)


def try_to_engage(tx: Session, event: Event, booking: Booking) -> None:
    """Put the event into the person's calendar if it is free and nobody holds it in this moment."""
    times = (event.starts_at, event.ends_at)
    calendar.try_hold(tx, booking.person_id, *times, "booking", booking.id, event.title)


def event_of(tx: Session, actor: Actor, reference: str) -> UUID:
    """The id of a booking's event, which is locked before the booking. Raises NotFound for another's booking."""
    statement = select(Booking.event_id).where(Booking.reference == reference)
    if actor.is_resident:
        statement = statement.where(Booking.person_id == actor.person)
    found = tx.scalar(statement)
    if found is None:
        raise NotFound
    return found


def locked_booking(tx: Session, reference: str) -> Booking:
    """The booking as it is now, held until the transaction ends: the door changes it without the event's lock."""
    statement = select(Booking).where(Booking.reference == reference).with_for_update(key_share=True)
    return tx.scalars(statement, execution_options={"populate_existing": True}).one()


def told(event: Event, booking: Booking) -> dict[str, Any]:
    """The fields every message about a booking has."""
    return {
        "person": booking.person_id,
        "about": {"type": "booking", "reference": booking.reference},
        "event": event.id,
        "reference": booking.reference,
        "title": event.title,
        "starts_at": event.starts_at,
    }
