"""Reminding people of what they booked, and of seats that are held for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.events import messages
from asimati.events.actions.moves import told
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import clock, reminders, worktime
from asimati.kit.outbox import publish
from asimati.settings import settings


def remind(tx: Session) -> int:
    """Tell whoever has a booking that its time is near, and whoever has an offer that it ends; how many."""
    return _of_bookings(tx) + _of_offers(tx)


def _of_bookings(tx: Session) -> int:
    due = reminders.due_before(
        tx, "booking", _in(BookingStatus.CONFIRMED), thing=Booking.id, at=Event.starts_at, since=Booking.updated_at
    )
    for booking, event in due:
        facts = told(event, booking) | {"venue": event.venue, "party_size": booking.party_size}
        publish(tx, messages.BookingReminder(**facts))
    return len(due)


def _of_offers(tx: Session) -> int:
    """Such a reminder goes out at any hour, so it is made in waking hours alone."""
    if not worktime.is_working(worktime.Calendar.waking(settings().governorate.facts), clock.now(tx)):
        return 0
    at, since = Booking.offer_expires_at, Booking.updated_at
    due = reminders.due_before(tx, "offer", _in(BookingStatus.OFFERED), thing=Booking.id, at=at, since=since)
    for booking, event in due:
        facts = told(event, booking) | {"party_size": booking.party_size}
        publish(tx, messages.OfferReminder(**facts, offer_expires_at=booking.offer_expires_at))
    return len(due)


def _in(status: BookingStatus) -> Any:
    """Bookings of coming events; held, so that one cannot be called off and be reminded of at the same time."""
    found = select(Booking, Event).join(Event).where(Booking.status == status)
    published = found.where(Event.status == Publication.PUBLISHED)
    return published.with_for_update(read=True, skip_locked=True, of=Booking)
