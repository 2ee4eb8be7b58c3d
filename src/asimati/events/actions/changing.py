"""What a change to an event means for those who hold a place: their time, their offers, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.accounts.calendar import Overlaps
from asimati.events import messages, rules
from asimati.events.actions.moves import engage, told
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus
from asimati.kit.outbox import publish
from asimati.kit.words import _, translate

TIMES = frozenset({"starts_at", "ends_at"})
COMMAS = {"ar": "، ", "en": ", "}
MATTERS: Mapping[str, str] = {  # what whoever comes must know, and how it is called
    "starts_at": _("the time"),
    "ends_at": _("the time"),
    "venue": _("the place"),
    "block": _("the place"),
    "mode": _("in person or online"),
    "language": _("the language"),
}


def follow(tx: Session, event: Event, changed: Set[str]) -> None:
    """Bring the holders' calendars in line with an event that was changed, and tell them.

    Nobody loses a place by a move. Whose time is taken by something else now is told so and decides; the calendar
    then holds that other engagement, and none of this event.
    """
    matter = [name for name in MATTERS if name in changed]
    if not matter:
        return
    bookings = tx.scalars(live_of(event).order_by(Booking.id).with_for_update(key_share=True)).all()
    clash = _move_times(tx, event, bookings) if changed & TIMES else set()
    for booking in bookings:
        facts = told(event, booking) | {"venue": event.venue, "ends_at": event.ends_at, "mode": event.mode}
        publish(tx, messages.EventChanged(**facts, changed=matter, what=_said(matter), clashes=booking.id in clash))


def _said(names: Iterable[str]) -> dict[str, str]:
    """What changed, in both languages."""
    words = list(dict.fromkeys(MATTERS[name] for name in names))
    return {language: mark.join(translate(one, language) for one in words) for language, mark in COMMAS.items()}


def live_of(event: Event) -> Any:
    """The bookings of an event that are not over."""
    return select(Booking).where(Booking.event_id == event.id, Booking.status.in_(rules.LIVE))


def _move_times(tx: Session, event: Event, bookings: Any) -> set[Any]:
    clash = set()
    for booking in bookings:
        if booking.status is BookingStatus.OFFERED:
            booking.offer_expires_at = min(booking.offer_expires_at, event.starts_at)
        if booking.status not in rules.ENGAGED:
            continue
        calendar.release(tx, "booking", booking.id)
        try:
            with tx.begin_nested():
                engage(tx, event, booking)
        except (Overlaps, IntegrityError):
            clash.add(booking.id)
    return clash
