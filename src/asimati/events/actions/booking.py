"""Booking a place, giving it up, and a coordinator's yes or no.

`book` is what everybody does in the same minute, so it is two statements beside the edge's: one locks the event and
reads whatever the decision needs, one writes whatever follows from it. Each statement more would be a round trip in
which nobody else can book that event. All else here happens seldom and is written for reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.accounts.staff_queries import require_not_own
from asimati.events import messages, policy, rules
from asimati.events.actions.fair_use import is_deferred, reckon_missed
from asimati.events.actions.moves import locked_booking, move, told
from asimati.events.actions.questions import answered
from asimati.events.actions.waitlist import hand_on, hold_booking, hold_desk
from asimati.events.models import Booking, Event
from asimati.events.queries import BookingView, has_attended, next_position
from asimati.events.queries import booking as booking_view
from asimati.events.rules import BookingStatus, Mode, StatedFor
from asimati.kit import audit, clock, outbox
from asimati.kit.errors import NotFound
from asimati.kit.ids import new_id, new_reference
from asimati.kit.outbox import Message, publish
from asimati.kit.policy import Actor
from asimati.kit.waitlist import Priority
from asimati.settings import settings

# Whoever must wait for the lock reads the event as it was left by the one before. What stands in other tables was
# read before the wait; for that instant the unique index of live bookings and the calendar's constraint answer.
_READ = """
    SELECT event.id, programme, event.title, venue, mode, starts_at, ends_at, event.status, registration_opens_at,
           registration_closes_at, party_limit, approval, waitlist, capacity, taken, waiting, waitlist_sequence,
           stated_for, questions, minimum_age, maximum_age, person.birth_date, app_now() AS now,
           person.number AS person_number,
           (SELECT reference FROM booking WHERE event_id = event.id AND person_id = person.id
              AND status NOT IN ('cancelled', 'declined', 'lapsed')) AS booked,
           EXISTS (SELECT FROM engagement WHERE person_id = person.id
              AND during && tstzrange(event.starts_at, event.ends_at)) AS engaged,
           EXISTS (SELECT FROM engagement WHERE person_id = person.id AND rest_minutes > 0
              AND during && tstzrange(event.starts_at - make_interval(mins => rest_minutes),
                                      event.ends_at + make_interval(mins => rest_minutes))) AS near,
           EXISTS (SELECT FROM booking WHERE event_id = event.id AND status = 'offered'
              AND offer_expires_at <= app_now())
             OR waiting > 0 AND EXISTS (SELECT FROM booking WHERE event_id = event.id AND status = 'waitlisted'
              AND gathers_until <= app_now()) AS late
    FROM event, person
    WHERE event.id = :event AND event.status <> 'draft' AND person.id = :person
"""
_READ_AND_LOCK = text(_READ + "FOR NO KEY UPDATE OF event")
_READ_ONLY = text(_READ)

_COUNT = """
    counted AS (
      UPDATE event SET taken = taken + :seats, waiting = waiting + :waits,
                       waitlist_sequence = waitlist_sequence + :waits
      WHERE id = :event)"""
_BOOK = """
    booked AS (
      INSERT INTO booking (id, reference, event_id, person_id, party_size, status, place, priority, answers)
      VALUES (:id, :reference, :event, :person, :party_size, :status, :place, :priority, :answers)
      RETURNING created_at, updated_at)"""
_ENGAGE = """
    engaged AS (
      INSERT INTO engagement (id, person_id, person_number, during, kind, source, title)
      VALUES (:id, :person, :person_number, tstzrange(:starts_at, :ends_at), 'booking', :id, :title))"""
_NOTE = """
    noted AS (
      INSERT INTO audit_line (id, actor_kind, actor_id, action, subject_type, subject_id, facts, request_id)
      VALUES (:line_id, :line_actor_kind, :line_actor_id, :line_action, :line_subject_type, :line_subject_id,
              :line_facts, :line_request_id))"""
_TELL = """
    told AS (
      INSERT INTO message (id, topic, payload, request_id)
      VALUES (:message_id, :message_topic, :message_payload, :message_request_id))"""

_ANSWER = "SELECT created_at, updated_at FROM booked"


def book(
    tx: Session, actor: Actor, event_id: UUID, party_size: int = 1, answers: dict[str, Any] | None = None
) -> BookingView:
    """A place for a whole party: confirmed, pending where a coordinator decides, or in line.

    Raises AlreadyBooked, EventFull, EventCancelled, RegistrationNotOpen, RegistrationClosed, PartyTooLarge,
    NotEligible, Invalid (for the answers) or Overlaps.
    """
    desk = _desk(tx, actor, event_id)
    if desk.late:  # seats are free, or somebody's in line
        hold_desk(tx, event_id)
        tx.flush()
        desk = _desk(tx, actor, event_id)
    if desk.booked:
        raise rules.AlreadyBooked(reference=desk.booked)
    rules.require_open(desk, desk.now)
    rules.require_party(desk, party_size)
    rules.require_age(desk.birth_date, desk.minimum_age, desk.maximum_age, clock.local_day(desk.starts_at))
    answers = answered(desk.questions, answers)
    status = rules.placed(desk, party_size)
    if desk.engaged and status in rules.ENGAGED:
        in_the_way = calendar.conflicts(tx, actor.person, desk.starts_at, desk.ends_at)
        raise calendar.Overlaps(**{"with": calendar.described(in_the_way[0])} if in_the_way else {})
    if status is BookingStatus.WAITLISTED:
        return _join_line(tx, actor, desk, party_size, answers)
    return _write(tx, actor, desk, party_size, status, answers)


def _join_line(
    tx: Session, actor: Actor, desk: Any, party_size: int, answers: dict[str, Any] | None
) -> BookingView:
    """A place in line, by the newcomer's class; free seats that go past its head may be for them at once.

    Whoever is offered seats in this very request is told of the offer alone.
    """
    priority, free = _priority(tx, desk.stated_for, actor.person), desk.taken < desk.capacity
    line = _Line(priority, next_position(tx, desk.id, priority), tells=not free)
    made = _write(tx, actor, desk, party_size, BookingStatus.WAITLISTED, answers, line)
    if free:
        event = hold_desk(tx, desk.id)
        _tell_place(tx, event, locked_booking(tx, made.reference), line.position)
        return booking_view(tx, actor, made.reference)
    return made


@dataclass(frozen=True)
class _Line:
    """A newcomer's class and position in line, and whether the person is told at once."""

    priority: Priority
    position: int
    tells: bool


def _tell_place(tx: Session, event: Event, booking: Booking, position: int) -> None:
    if booking.status is BookingStatus.WAITLISTED:
        publish(tx, messages.BookingWaitlisted(**told(event, booking), position=position))


def _priority(tx: Session, stated_for: str, person: UUID) -> Priority:
    return rules.priority_of(
        StatedFor(stated_for), attended=has_attended(tx, person), deferred=is_deferred(tx, person)
    )


def cancel(tx: Session, actor: Actor, reference: str) -> str:
    """Give up a place, leave the line, or say no to an offer; the reference. Repeating it changes nothing.

    Raises IllegalMove for who was let in already.
    """
    event, booking = hold_booking(tx, actor, reference)
    if booking.status in rules.OVER:
        return reference
    offered, confirmed = booking.status is BookingStatus.OFFERED, booking.status is BookingStatus.CONFIRMED
    nobody_waits = event.waiting == 0  # otherwise the seat is somebody else's in this very moment
    late = rules.is_late(event.starts_at, event.late_cancel_hours, clock.now(tx))
    booking.late = confirmed and nobody_waits and late
    move(tx, actor, event, booking, BookingStatus.DECLINED if offered else BookingStatus.CANCELLED)
    _tell_it_is_over(tx, event, booking, "resident")
    hand_on(tx, event)
    if booking.late:
        tx.flush()
        reckon_missed(tx, event, booking)
    return reference


def approve(tx: Session, actor: Actor, reference: str) -> str:
    """Give a pending booking its seats, or its place in line; the reference.

    Raises OwnAffair, IllegalMove, EventFull.
    """
    policy.require(actor, "decide")
    event, booking = hold_booking(tx, actor, reference)
    policy.require_at(actor, "decide", event)
    require_not_own(tx, actor, booking.person_id)
    rules.require_status(booking.status, BookingStatus.PENDING)
    rules.require_party(event, booking.party_size)
    status = rules.placed(event, booking.party_size, approved=True)
    if status is BookingStatus.WAITLISTED:
        event.waitlist_sequence += 1
        booking.place = event.waitlist_sequence
        booking.priority = _priority(tx, event.stated_for, booking.person_id)
    move(tx, actor, event, booking, status)
    if status is BookingStatus.WAITLISTED:
        position = next_position(tx, event.id, booking.priority) - 1  # it is in line itself
        hand_on(tx, event)
        _tell_place(tx, event, booking, position)
    else:
        about, size = told(event, booking), booking.party_size
        publish(tx, messages.BookingConfirmed(**about, venue=event.venue, party_size=size))
    return reference


def decline(tx: Session, actor: Actor, reference: str) -> str:
    """Say no to a pending booking; the reference. Raises OwnAffair, IllegalMove."""
    policy.require(actor, "decide")
    event, booking = hold_booking(tx, actor, reference)
    policy.require_at(actor, "decide", event)
    require_not_own(tx, actor, booking.person_id)
    rules.require_status(booking.status, BookingStatus.PENDING)
    move(tx, actor, event, booking, BookingStatus.DECLINED)
    _tell_it_is_over(tx, event, booking, "staff")
    return reference


def _tell_it_is_over(tx: Session, event: Event, booking: Booking, by: str) -> None:
    publish(tx, messages.BookingCancelled(**told(event, booking), status=booking.status, by=by))


def _desk(tx: Session, actor: Actor, event_id: UUID) -> Any:
    statement = _READ_ONLY if settings().without("seat_lock") else _READ_AND_LOCK
    desk = tx.execute(statement, {"event": event_id, "person": actor.person}).one_or_none()
    if desk is None:
        raise NotFound
    return desk


def _write(
    tx: Session,
    actor: Actor,
    desk: Any,
    party_size: int,
    status: BookingStatus,
    answers: dict[str, Any] | None = None,
    in_line: _Line | None = None,
) -> BookingView:
    """Everything that follows from the decision, in one statement."""
    seats, waits = rules.change_of_counts(None, status, party_size)
    booking, reference = new_id(), new_reference("BK")
    about = {
        "person": actor.person,
        "about": {"type": "booking", "reference": reference},
        "event": desk.id,
        "reference": reference,
        "title": desk.title,
        "starts_at": desk.starts_at,
    }
    message = _news(status, about, desk.venue, party_size, in_line)
    line = audit.as_row(actor, f"events.booking_{status}", ("booking", booking), event=desk.id, seats=party_size)
    values = {
        "event": desk.id, "person": actor.person, "person_number": desk.person_number,
        "id": booking, "reference": reference, "party_size": party_size, "status": status.value,
        "place": desk.waitlist_sequence + 1 if waits else None, "answers": answers,
        "priority": int(in_line.priority if in_line else Priority.ORDINARY),
        "seats": seats, "waits": waits,
        "starts_at": desk.starts_at, "ends_at": desk.ends_at, "title": desk.title,
        **{f"line_{name}": value for name, value in line.items()},
        **{f"message_{name}": value for name, value in (outbox.as_row(message) if message else {}).items()},
    }  # fmt: skip
    made = tx.execute(_statement(status in rules.ENGAGED, message is not None), values).one()
    near = desk.near and status in rules.ENGAGED
    beside = calendar.beside(tx, actor.person, desk.starts_at, desk.ends_at, booking) if near else ()
    return BookingView(
        id=booking, reference=reference, event=desk.id, party_size=party_size, status=status,
        position=in_line.position if in_line else None, offer_expires_at=None, version=1,
        created_at=made.created_at, updated_at=made.updated_at, programme=desk.programme, title=desk.title,
        venue=desk.venue, mode=Mode(desk.mode), starts_at=desk.starts_at, ends_at=desk.ends_at, near=beside,
    )  # fmt: skip


@cache
def _statement(engages: bool, tells: bool) -> TextClause:
    parts = [_COUNT, _BOOK, _NOTE, *([_ENGAGE] if engages else []), *([_TELL] if tells else [])]
    statement = text(f"WITH {','.join(parts)} {_ANSWER}")
    json = {"title": engages, "message_payload": tells, "answers": True}
    return statement.bindparams(
        *(bindparam(name, type_=JSONB(none_as_null=True)) for name, used in json.items() if used)
    )


def _news(
    status: BookingStatus, about: dict[str, Any], venue: dict[str, Any] | None, party_size: int, line: _Line | None
) -> Message | None:
    """What the person is told of the decision; of a pending one nothing, the answer said it."""
    if status is BookingStatus.CONFIRMED:
        return messages.BookingConfirmed(**about, venue=venue, party_size=party_size)
    if line and line.tells:
        return messages.BookingWaitlisted(**about, position=line.position)
    return None
