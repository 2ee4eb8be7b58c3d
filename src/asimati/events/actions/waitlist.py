"""The line for seats: offers, and what becomes of them.

Whatever frees a seat hands it on in the same transaction, under the lock of the event's row. Were it done later, a
newcomer could take the seat from those who wait, or it would stand empty while they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from asimati.events import messages, rules
from asimati.events.actions.moves import engage, event_of, locked_booking, move, told, try_to_engage
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import clock, waitlist, worktime
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


def hold_booking(tx: Session, actor: Actor, reference: str, *others: UUID) -> tuple[Event, Booking]:
    """Lock a booking's event (with other events, in one order, so that two moves cannot tangle), then the booking.

    A booking may move to another event while we wait for the one it was at. Then we let that one go, which is what
    the savepoint is for, and follow. Raises NotFound.
    """
    while True:
        attempt = tx.begin_nested()
        found = event_of(tx, actor, reference)
        held = {event: hold_desk(tx, event) for event in sorted({found, *others})}
        booking = locked_booking(tx, reference)
        if booking.event_id in held:
            attempt.commit()
            return held[booking.event_id], booking
        attempt.rollback()
        tx.expunge_all()  # what we read may be otherwise by now


def hand_on(tx: Session, event: Event) -> None:
    """Offer free seats to those whose turn it is, while the event is still to come."""
    now, free = clock.now(tx), event.capacity - event.taken
    if free <= 0 or not event.waiting or event.status is not Publication.PUBLISHED or now >= event.starts_at:
        return
    head = _line(tx, event, 1)[0]
    gathered = head.gathers_until is not None and head.gathers_until <= now
    line = _line(tx, event, free, Booking.party_size <= free) if gathered else _line(tx, event, free)
    turns = waitlist.served(free, [one.party_size for one in line], gathered=gathered)
    expires_at = offer_ends(now, event.starts_at)
    for position in turns:
        _offer(tx, event, line[position], expires_at)
    _gather(tx, event, expires_at)


def _line(tx: Session, event: Event, number: int, *which: Any) -> Sequence[Booking]:
    """Those whose turn comes first, so many."""
    in_line = (Booking.event_id == event.id, Booking.status == BookingStatus.WAITLISTED)
    turns = select(Booking).where(*in_line, *which).order_by(Booking.priority, Booking.place)
    return tx.scalars(turns.limit(number), execution_options={"populate_existing": True}).all()


def _gather(tx: Session, event: Event, until: datetime) -> None:
    """Free seats too few for the head wait for it until then; once they are used up, the next ones wait anew."""
    for head in _line(tx, event, 1):
        if event.taken == event.capacity:
            head.gathers_until = None
        elif head.gathers_until is None:
            head.gathers_until = until


def offer_ends(now: datetime, begins: datetime) -> datetime:
    """When an offer made now lapses: nobody loses a seat by sleeping, or at Friday prayer."""
    hours = settings().governorate.facts.get("offer_waking_hours", rules.OFFER_WAKING_HOURS)
    return waitlist.offer_ends(_waking(), now, hours, begins)


def accept(tx: Session, actor: Actor, reference: str) -> str:
    """Take an offered place; its reference. Raises OfferLapsed, IllegalMove, or Overlaps (the offer then stays)."""
    event, booking = hold_booking(tx, actor, reference)
    if booking.status is BookingStatus.LAPSED:
        raise rules.OfferLapsed
    rules.require_status(booking.status, BookingStatus.OFFERED)
    engage(tx, event, booking)
    move(tx, actor, event, booking, BookingStatus.CONFIRMED)
    message = messages.BookingConfirmed(**told(event, booking), venue=event.venue, party_size=booking.party_size)
    publish(tx, message)
    return reference


def lapse_offers(tx: Session) -> int:
    """Pass on the seats of offers that ran out, and those gathered long enough; how many events that concerned.

    An event somebody holds is skipped: whoever holds it settles its offers, and this job can then wait for no one
    while it holds others.
    """
    late = select(Booking.event_id).where(or_(_late_offer(), _gathered())).distinct()
    coming = Event.starts_at > func.app_now()
    offers = select(Booking.event_id).where(_late_offer())
    statement = select(Event).where(Event.id.in_(late), or_(coming, Event.id.in_(offers))).order_by(Event.id)
    events = tx.scalars(statement.with_for_update(key_share=True, skip_locked=True)).all()
    for event in events:
        _lapse(tx, event)
    return len(events)


def _lapse(tx: Session, event: Event) -> None:
    late = tx.scalars(
        select(Booking).where(Booking.event_id == event.id, _late_offer()).order_by(Booking.place),
        execution_options={"populate_existing": True},
    ).all()
    for booking in late:
        move(tx, SYSTEM, event, booking, BookingStatus.LAPSED)
        publish(tx, messages.OfferLapsed(**told(event, booking)))
    waits_too_long = event.waiting and event.taken < event.capacity
    if late or waits_too_long:
        hand_on(tx, event)


def _late_offer() -> Any:
    return and_(Booking.status == BookingStatus.OFFERED, Booking.offer_expires_at <= func.app_now())


def _gathered() -> Any:
    return and_(Booking.status == BookingStatus.WAITLISTED, Booking.gathers_until <= func.app_now())


def _offer(tx: Session, event: Event, booking: Booking, expires_at: datetime) -> None:
    """Hold seats for a party in line, and the time in its calendar if that is still free.

    If it is not, the offer is made all the same, for the person may prefer this event; accepting it refuses until
    the other engagement is given up. Nor is anybody's calendar waited for: two events that offer to the same people
    in opposite order would wait for each other.
    """
    move(tx, SYSTEM, event, booking, BookingStatus.OFFERED, expires_at)
    try_to_engage(tx, event, booking)
    about, size = told(event, booking), booking.party_size
    publish(tx, messages.BookingOffered(**about, party_size=size, offer_expires_at=expires_at))


@cache
def _waking() -> worktime.Calendar:
    return worktime.Calendar.waking(settings().governorate.facts)
