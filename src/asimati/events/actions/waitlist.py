"""The line for seats: offers, and what becomes of them.

Whatever frees a seat hands it on in the same transaction, under the lock of the event's row. Were it done later, a
newcomer could take the seat from those who wait, or it would stand empty while they do.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from asimati.accounts.calendar import Overlaps
from asimati.events import messages, rules
from asimati.events.actions.moves import engage, event_of, locked_booking, move, told
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import clock, worktime
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings


def hold_desk(tx: Session, event_id: UUID) -> Event:
    """Lock the event until the transaction ends, and settle offers whose time has run out. Raises NotFound.

    FOR NO KEY UPDATE, because bookings refer to the event: their foreign keys must not wait for one another.
    """
    lock = None if settings().without("seat_lock") else {"key_share": True}
    event = tx.get(Event, event_id, with_for_update=lock, populate_existing=True)
    if event is None:
        raise NotFound
    _lapse(tx, event)
    return event


def hand_on(tx: Session, event: Event) -> None:
    """Offer free seats to those at the head of the line, while the event is still to come."""
    now, free = clock.now(tx), event.capacity - event.taken
    if free <= 0 or not event.waiting or event.status is not Publication.PUBLISHED or now >= event.starts_at:
        return
    line = tx.scalars(
        select(Booking)
        .where(Booking.event_id == event.id, Booking.status == BookingStatus.WAITLISTED)
        .order_by(Booking.place)
        .limit(free)
    ).all()
    expires_at = min(offer_ends(now), event.starts_at)
    for booking in line[: rules.served(free, [one.party_size for one in line])]:
        _offer(tx, event, booking, expires_at)


def offer_ends(now: datetime) -> datetime:
    """When an offer made now lapses: nobody loses a seat by sleeping, or at Friday prayer."""
    hours = settings().governorate.facts.get("offer_waking_hours", rules.OFFER_WAKING_HOURS)
    return worktime.add_waking_minutes(_waking(), now, int(hours * 60))


def accept(tx: Session, actor: Actor, reference: str) -> str:
    """Take an offered place; its reference. Raises OfferLapsed, IllegalMove, or Overlaps (the offer then stays)."""
    event = hold_desk(tx, event_of(tx, actor, reference))
    booking = locked_booking(tx, reference)
    if booking.status is BookingStatus.LAPSED:
        raise rules.OfferLapsed
    rules.require_status(booking.status, BookingStatus.OFFERED)
    engage(tx, event, booking)
    move(tx, actor, event, booking, BookingStatus.CONFIRMED)
    message = messages.BookingConfirmed(**told(event, booking), venue=event.venue, party_size=booking.party_size)
    publish(tx, message)
    return reference


def lapse_offers(tx: Session) -> int:
    """Pass on the seats of offers that ran out, at every event; how many events that concerned.

    An event somebody holds is skipped: whoever holds it settles its offers, and this job can then wait for no one
    while it holds others.
    """
    late = (
        select(Booking.event_id)
        .where(Booking.status == BookingStatus.OFFERED, Booking.offer_expires_at <= func.app_now())
        .distinct()
    )
    statement = select(Event).where(Event.id.in_(late)).order_by(Event.id)
    events = tx.scalars(statement.with_for_update(key_share=True, skip_locked=True)).all()
    for event in events:
        _lapse(tx, event)
    return len(events)


def _lapse(tx: Session, event: Event) -> None:
    late = tx.scalars(
        select(Booking)
        .where(
            Booking.event_id == event.id,
            Booking.status == BookingStatus.OFFERED,
            Booking.offer_expires_at <= func.app_now(),
        )
        .order_by(Booking.place),
        execution_options={"populate_existing": True},
    ).all()
    for booking in late:
        move(tx, SYSTEM, event, booking, BookingStatus.LAPSED)
        publish(tx, messages.OfferLapsed(**told(event, booking)))
    if late:
        hand_on(tx, event)


def _offer(tx: Session, event: Event, booking: Booking, expires_at: datetime) -> None:
    """Hold seats for a party in line, and the time in its calendar if that is still free.

    If it is not, the offer is made all the same, for the person may prefer this event; accepting it refuses until
    the other engagement is given up.
    """
    move(tx, SYSTEM, event, booking, BookingStatus.OFFERED, expires_at)
    try:
        with tx.begin_nested():
            engage(tx, event, booking)
    except (Overlaps, IntegrityError):  # the second: taken in this very moment
        pass
    about, size = told(event, booking), booking.party_size
    publish(tx, messages.BookingOffered(**about, party_size=size, offer_expires_at=expires_at))


@cache
def _waking() -> worktime.Calendar:
    return worktime.Calendar.waking(settings().governorate.facts)
