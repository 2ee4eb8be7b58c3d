"""The door: tickets become admissions, once each, whatever devices send, repeat, or send late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.actions import ensure_person
from asimati.accounts.actions.codes import phone_of
from asimati.accounts.queries import demographics
from asimati.events import messages, policy, rules, tickets
from asimati.events.actions.after import uncertify
from asimati.events.actions.fair_use import reckon
from asimati.events.actions.moves import event_of, locked_booking, move
from asimati.events.actions.partners import take_back_partners
from asimati.events.actions.waitlist import hold_desk
from asimati.events.models import Admission, Booking, Event, Scan
from asimati.events.rules import BookingStatus, Outcome
from asimati.kit import clock
from asimati.kit.errors import Conflict
from asimati.kit.ids import new_id, new_reference
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.secrets import digest
from asimati.kit.text import say
from asimati.settings import settings


@dataclass(frozen=True)
class Shown:
    """A ticket as a device saw it; `event` is at whose door it stands, if it says so."""

    ticket: str
    nonce: str
    at: datetime
    event: UUID | None = None


@dataclass(frozen=True)
class Answer:
    """What the door was told; the facts of the booking and its event only if the ticket is one of ours."""

    nonce: str
    outcome: Outcome
    at: datetime
    booking: str | None = None
    event: UUID | None = None
    party_size: int | None = None
    admitted_at: datetime | None = None
    title: dict[str, Any] | None = None
    starts_at: datetime | None = None


def check_in(tx: Session, actor: Actor, shown: Sequence[Shown], device: str | None = None) -> list[Answer]:
    """Answer every scan, in the order they were sent; they are judged in the order they were made.

    A scan with a nonce this device used before is answered as it was then. A moment in the future (the device's
    clock is wrong) counts as now. A device that does not name itself is its member of staff.
    """
    policy.require(actor, "check_in")
    now, device = clock.now(tx), device or f"staff:{actor.id}"
    bookings = _locked(tx, shown)
    answers = {
        place: _judged(tx, actor, device, replace(one, at=min(one.at, now)), bookings)
        for place, one in sorted(enumerate(shown), key=lambda pair: (pair[1].at, pair[1].nonce))
    }
    return [answers[place] for place in range(len(shown))]


def walk_in(tx: Session, actor: Actor, event_id: UUID, phone: str, party_size: int = 1) -> Answer:
    """Let somebody in who comes without a booking, while seats are free; they have a booking from then on.

    Seats offered to those in line stay theirs; once an event has begun, who stands at the door comes before who
    waits elsewhere. Raises EventFull, EventCancelled, AlreadyBooked, DoorClosed.
    """
    policy.require(actor, "check_in")
    event, now = hold_desk(tx, event_id), clock.now(tx)
    policy.require_at(actor, "check_in", event)
    rules.require_door(event.status, event.starts_at, event.ends_at, now)
    if event.taken + party_size > event.capacity or (event.waiting and now < event.starts_at):
        raise rules.EventFull(capacity=event.capacity)
    person = ensure_person(tx, phone_of(phone)).id
    mine = select(Booking.reference).where(Booking.event_id == event.id, Booking.person_id == person)
    if booked := tx.scalar(mine.where(Booking.status.in_(rules.LIVE))):
        raise rules.AlreadyBooked(reference=booked)
    booking = Booking(
        id=new_id(), reference=new_reference("BK"), event_id=event.id, person_id=person, party_size=party_size,
        status=BookingStatus.CONFIRMED, walk_in=True,
    )  # fmt: skip
    event.taken += party_size
    tx.add(booking)
    tx.flush()
    device = f"staff:{actor.id}"
    _admitted(tx, actor, device, Shown("", "", now), event, booking)
    return _answer(tx, "", Outcome.ADMITTED, now, booking)


def void_check_in(tx: Session, actor: Actor, reference: str) -> str:
    """Take a mistaken check-in back; its reference. The ticket opens the door again. Raises IllegalMove."""
    policy.require(actor, "void_check_in")
    event_of(tx, actor, reference)  # whether there is one
    booking = locked_booking(tx, reference)
    event = tx.get_one(Event, booking.event_id)
    policy.require_at(actor, "void_check_in", event)
    rules.require_status(booking.status, BookingStatus.CHECKED_IN)
    move(tx, actor, event, booking, BookingStatus.CONFIRMED)
    uncertify(tx, actor, booking)
    gone = delete(Admission).where(Admission.booking_id == booking.id).returning(Admission.id, Admission.at)
    admission = tx.execute(gone).one()
    publish(tx, messages.CheckInVoided(source=_source(admission.id), on=clock.local_day(admission.at)))
    if event.partners_told:
        take_back_partners(tx, event)
    return reference


def _locked(tx: Session, shown: Sequence[Shown]) -> Mapping[UUID, Booking]:
    """The bookings behind the true tickets. Locked in the order of their ids, so that two batches cannot tangle."""
    ids = {ticket.booking for one in shown if (ticket := tickets.read(one.ticket))}
    statement = select(Booking).where(Booking.id.in_(ids)).order_by(Booking.id)
    if not settings().without("door_lock"):
        statement = statement.with_for_update(key_share=True)
    return {booking.id: booking for booking in tx.scalars(statement)} if ids else {}


def _judged(tx: Session, actor: Actor, device: str, one: Shown, bookings: Mapping[UUID, Booking]) -> Answer:
    ticket = tickets.read(one.ticket)
    booking = bookings.get(ticket.booking) if ticket else None
    before = tx.get(Scan, (device, one.nonce))
    if before is not None:
        same = before.ticket == digest(one.ticket)
        outcome, at = (before.outcome, before.at) if same else (Outcome.NONCE_REUSED, one.at)
        return _answer(tx, one.nonce, outcome, at, booking if same else None)
    outcome = Outcome.UNKNOWN
    if booking is not None:
        outcome = _outcome(tx, actor, device, one, booking)
    _remember(tx, device, one, outcome, booking)
    return _answer(tx, one.nonce, outcome, one.at, booking)


def _outcome(tx: Session, actor: Actor, device: str, one: Shown, booking: Booking) -> Outcome:
    event = tx.get_one(Event, booking.event_id)
    if one.event not in (None, event.id) or not policy.reaches(actor, "check_in", event):
        return Outcome.WRONG_EVENT
    days = clock.local_day(event.starts_at), clock.local_day(one.at), clock.local_day(event.ends_at)
    same_day = days[0] <= days[1] <= days[2]
    outcome = rules.outcome_of(booking.status, event.starts_at, event.ends_at, one.at, same_day=same_day)
    if outcome is Outcome.ADMITTED and not _admitted(tx, actor, device, one, event, booking):
        return Outcome.ALREADY_IN
    return outcome


def _admitted(tx: Session, actor: Actor, device: str, one: Shown, event: Event, booking: Booking) -> bool:
    """Let the party in and tell the house, unless another door was quicker."""
    admission = {"booking_id": booking.id, "id": new_id(), "at": one.at, "device": device}
    if not tx.execute(insert(Admission).values(admission).on_conflict_do_nothing().returning(Admission.id)).first():
        return False
    came_after_all = booking.status is BookingStatus.NO_SHOW
    move(tx, actor, event, booking, BookingStatus.CHECKED_IN)
    if came_after_all:
        tx.flush()
        reckon(tx, booking.person_id)
    on = clock.local_day(one.at)
    publish(
        tx,
        messages.ParticipantCheckedIn(
            source=_source(admission["id"]),
            on=on,
            group=demographics(tx, booking.person_id, on),
            person=booking.person_id,
            event=event.id,
            programme=event.programme,
            partner=say(event.co_hosts[0], "en") if event.co_hosts else None,
            channel="door" if booking.walk_in else "app",
            seats=booking.party_size,
            targets=event.targets,
        ),
    )
    return True


def _remember(tx: Session, device: str, one: Shown, outcome: Outcome, booking: Booking | None) -> None:
    """Keep what was said. Raises Conflict when the nonce was used for another ticket at this very moment."""
    row: dict[str, Any] = {"device": device, "nonce": one.nonce, "ticket": digest(one.ticket), "outcome": outcome}
    row |= {"booking_id": booking.id if booking else None, "at": one.at}
    if not tx.execute(insert(Scan).values(row).on_conflict_do_nothing().returning(Scan.nonce)).first():
        raise Conflict(nonce=one.nonce)


def _answer(tx: Session, nonce: str, outcome: Outcome, at: datetime, booking: Booking | None) -> Answer:
    if booking is None:
        return Answer(nonce, outcome, at)
    admitted_at = tx.scalar(select(Admission.at).where(Admission.booking_id == booking.id))
    event = tx.get_one(Event, booking.event_id)
    facts = (booking.reference, event.id, booking.party_size, admitted_at, event.title, event.starts_at)
    return Answer(nonce, outcome, at, *facts)


def _source(admission: Any) -> str:
    return f"events.check_in:{admission}"
