"""Bookings in a person's calendar feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.feed import FEEDS, Entry
from asimati.events.models import Booking, Event
from asimati.events.rules import OVER, BookingStatus

_SURE = frozenset({BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN, BookingStatus.NO_SHOW})


def entries(tx: Session, person: UUID, since: datetime) -> Iterable[Entry]:
    """A person's bookings that ended no earlier; those given up say so."""
    found = select(Booking, Event).join(Event).where(Booking.person_id == person, Event.ends_at >= since)
    for booking, event in tx.execute(found):
        yield Entry(
            uid=f"booking-{booking.id}@asimati",
            sequence=booking.sequence_base + booking.version + event.version - 2,  # every change makes it larger
            status=status_of(booking.status),
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            title=event.title,
            changed_at=max(booking.updated_at, event.edited_at),
            place=event.venue,
            reference=booking.reference,
        )


def status_of(status: BookingStatus) -> str:
    """A booking's status in the words of RFC 5545, 3.8.1.11."""
    if status in OVER:
        return "CANCELLED"
    return "CONFIRMED" if status in _SURE else "TENTATIVE"


FEEDS.append(entries)
