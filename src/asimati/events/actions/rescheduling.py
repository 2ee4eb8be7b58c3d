"""Moving a booking to a parallel event: the same booking, elsewhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.events import messages, rules
from asimati.events.actions.moves import engage, told
from asimati.events.actions.questions import answered
from asimati.events.actions.waitlist import hand_on, hold_booking
from asimati.events.models import Booking, Event
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor


def reschedule(
    tx: Session, actor: Actor, reference: str, event_id: UUID, answers: dict[str, Any] | None = None
) -> str:
    """Move a confirmed booking to a parallel event in one move: it changes whole, or stays as it is; its reference.

    Raises NotParallel, NeedsApproval, EventFull, IllegalMove, Overlaps, and what a new booking there would raise.
    """
    old, booking = hold_booking(tx, actor, reference, event_id)
    new = tx.get_one(Event, event_id)
    _require_parallel(old, new)
    rules.require_status(booking.status, BookingStatus.CONFIRMED)
    _require_place(tx, old, new, booking)
    same = new.questions == old.questions
    booking.answers = answered(new.questions, booking.answers if same and answers is None else answers)
    _carry(tx, old, new, booking)
    audit.record(
        tx, actor, "events.booking_moved", ("booking", booking.id), [booking.person_id], event=new.id, before=old.id
    )
    message = messages.BookingConfirmed(**told(new, booking), venue=new.venue, party_size=booking.party_size)
    publish(tx, message)
    hand_on(tx, old)
    return reference


def _require_parallel(old: Event, new: Event) -> None:
    if new.status is Publication.DRAFT:
        raise NotFound
    if old.id == new.id or old.series is None or old.series != new.series:
        raise rules.NotParallel


def _require_place(tx: Session, old: Event, new: Event, booking: Booking) -> None:
    """That the party could book there at this moment, and be confirmed."""
    now = clock.now(tx)
    if now >= old.starts_at:
        raise rules.RegistrationClosed
    rules.require_open(new, now)
    rules.require_party(new, booking.party_size)
    born = tx.scalar(select(Person.birth_date).where(Person.id == booking.person_id))
    rules.require_age(born, new.minimum_age, new.maximum_age, clock.local_day(new.starts_at))
    there = (Booking.event_id == new.id, Booking.person_id == booking.person_id, Booking.status.in_(rules.LIVE))
    if other := tx.scalar(select(Booking.reference).where(*there)):
        raise rules.AlreadyBooked(reference=other)
    status = rules.placed(new, booking.party_size, approved=old.approval)
    if status is BookingStatus.PENDING:
        raise rules.NeedsApproval
    if status is not BookingStatus.CONFIRMED:
        raise rules.EventFull(capacity=new.capacity)


def _carry(tx: Session, old: Event, new: Event, booking: Booking) -> None:
    """The seats, the person's time, and the count by which calendars tell the newer entry."""
    old.taken, new.taken = old.taken - booking.party_size, new.taken + booking.party_size
    booking.event_id, booking.place, booking.updated_at = new.id, None, clock.now(tx)
    booking.sequence_base += max(0, old.version - new.version)
    engage(tx, new, booking)
