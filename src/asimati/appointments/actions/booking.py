"""Booking, moving, cancelling, and coming without an appointment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts.actions import ensure_person
from asimati.accounts.models import Person
from asimati.accounts.sign_on.attempts import require_level
from asimati.accounts.staff_queries import require_not_own
from asimati.appointments import messages, policy, queries, rules
from asimati.appointments.actions.holding import day_of, hold, locked, locked_desk, make, recorded, release, tell
from asimati.appointments.models import Appointment, AppointmentService, Desk
from asimati.appointments.refusals import (
    AskAtTheDesk,
    NobodyFree,
    NoSuchSlot,
    SlotReserved,
    SlotTaken,
    TooLate,
    TooManyAppointments,
)
from asimati.appointments.rules import Move, Status
from asimati.kit import clock, forms
from asimati.kit.errors import Invalid
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.policy import Actor
from asimati.kit.words import _

Bilingual = Mapping[str, str | None]


def book(tx: Session, actor: Actor, *, service: str, starts_at: datetime, desk: str | None = None) -> Appointment:
    """Book a free time for oneself, at a desk of one's choice or at any that is free.

    Who books is known as well as who files the service. Raises AssuranceTooLow, NoSuchSlot, SlotTaken,
    SlotReserved, Overlaps, TooManyAppointments, AskAtTheDesk, Invalid.
    """
    offered, now, person = _offered(tx, service), clock.now(tx), actor.person
    require_level(actor, offered.assurance)
    if (count := _no_shows(tx, person)) >= queries.said("no_shows"):
        raise AskAtTheDesk(count=count)
    first = queries.has_priority(tx, person, clock.local_day(starts_at))
    earliest = now + queries.minutes("notice_minutes")
    found = _free_desk(tx, service, starts_at, desk, earliest=earliest, goes_first=first)
    made = make(tx, actor, found, offered, starts_at, person=person, priority=first)
    _bound(tx, person)  # under the person's lock, which `make` took
    tell(tx, messages.AppointmentBooked, made)
    return made


def book_for(
    tx: Session,
    actor: Actor,
    *,
    service: str,
    starts_at: datetime,
    desk: str | None = None,
    person: UUID | None = None,
    phone: str | None = None,
    priority: bool = False,
) -> Appointment:
    """Book for somebody who called or came; `priority` for whoever is seen to go first.

    Neither the notice nor the number of appointments binds staff, who therefore book for others alone. Raises
    Invalid, OwnAffair, NoSuchSlot, SlotTaken, SlotReserved, Overlaps.
    """
    policy.require(actor, "book", service)
    offered, whose = _offered(tx, service), _whose(tx, actor, person, phone)
    if whose is None:
        raise Invalid([("/person", _("This is required."))])
    first = priority or queries.has_priority(tx, whose, clock.local_day(starts_at))
    found = _free_desk(tx, service, starts_at, desk, earliest=clock.now(tx), goes_first=first)
    made = make(tx, actor, found, offered, starts_at, person=whose, priority=first)
    tell(tx, messages.AppointmentBooked, made)
    return made


def walk_in(
    tx: Session,
    actor: Actor,
    *,
    service: str,
    desk: str | None = None,
    person: UUID | None = None,
    phone: str | None = None,
    priority: bool = False,
) -> Appointment:
    """Receive somebody who came without an appointment: the earliest time left today, at whichever desk has it.

    Who they are need not be known. Raises NobodyFree, Overlaps, Invalid, OwnAffair.
    """
    policy.require(actor, "serve", service)
    offered, whose = _offered(tx, service), _whose(tx, actor, person, phone)
    now = clock.now(tx).replace(second=0, microsecond=0)
    desks = [locked_desk(tx, one.id) for one in queries.desks_for(tx, service, desk)]
    gaps = []
    for times in day_of(tx, desks, now):
        length = timedelta(minutes=times.desk.services[service])
        if (at := rules.first_gap(times.open, times.busy, now, length)) is not None:
            gaps.append((at, times.desk.number, times.desk))
    if not gaps:
        raise NobodyFree
    at, _number, found = min(gaps, key=lambda gap: gap[:2])
    return make(tx, actor, found, offered, at, person=whose, priority=priority, walk_in=True)


def move(
    tx: Session,
    actor: Actor,
    reference: str,
    *,
    starts_at: datetime,
    desk: str | None = None,
    version: int | None = None,
) -> Appointment:
    """Move an appointment to another free time; until it is moved the old one is kept.

    Residents move their own until it begins. Raises TooLate, Stale, IllegalMove and what booking raises.
    """
    seen = queries.appointment(tx, actor, reference)
    if actor.is_staff:
        policy.require(actor, "book", seen.service)
    earliest = clock.now(tx) + (timedelta() if actor.is_staff else queries.minutes("notice_minutes"))
    first = seen.priority
    found = _free_desk(tx, seen.service, starts_at, desk, earliest=earliest, goes_first=first, besides=seen)
    made = _still_ahead(tx, actor, reference, version, Move.MOVE)
    before = made.starts_at
    release(tx, made)
    made.desk, made.desk_number, made.settled_at = found, found.number, clock.now(tx)
    made.starts_at, made.ends_at = starts_at, starts_at + timedelta(minutes=found.services[made.service])
    tx.flush()
    hold(tx, made)
    recorded(tx, actor, "moved", made, before=before.isoformat())
    tell(tx, messages.AppointmentMoved, made, before=before)
    return made


def cancel(
    tx: Session, actor: Actor, reference: str, *, reason: Bilingual | None = None, version: int | None = None
) -> Appointment:
    """Give an appointment up; staff say why. Raises TooLate, IllegalMove, Stale."""
    if actor.is_staff:
        policy.require(actor, "book", queries.appointment(tx, actor, reference).service)
    made = _still_ahead(tx, actor, reference, version, Move.CANCEL)
    cancelled(tx, actor, made, reason)
    return made


def cancelled(
    tx: Session, actor: Actor, made: Appointment, reason: Bilingual | None, offer: Mapping[str, str] | None = None
) -> None:
    """Cancel an appointment that is locked, free both calendars, tell the person, with another time if there is."""
    made.status, made.reason = rules.after(made.status, Move.CANCEL), dict(reason) if reason else None
    release(tx, made)
    recorded(tx, actor, "cancelled", made)
    tell(tx, messages.AppointmentCancelled, made, note=made.reason, offer=dict(offer) if offer else None)


def _still_ahead(tx: Session, actor: Actor, reference: str, version: int | None, deed: Move) -> Appointment:
    made = locked(tx, actor, reference, version)
    rules.after(made.status, deed)
    if not actor.is_staff and made.starts_at <= clock.now(tx):
        raise TooLate
    return made


def _offered(tx: Session, code: str) -> AppointmentService:
    found = queries.offered(tx, code)
    if found is None or not queries.desks_for(tx, code):
        raise Invalid([("/service", _("There are no appointments for this service."))])
    return found


def _whose(tx: Session, actor: Actor, person: UUID | None, phone: str | None) -> UUID | None:
    """Whose appointment it is, and not the actor's own. Raises Invalid, OwnAffair."""
    found = _known(tx, person, phone)
    require_not_own(tx, actor, found)
    return found


def _known(tx: Session, person: UUID | None, phone: str | None) -> UUID | None:
    """Somebody by either; whose phone is new becomes known by it. Raises Invalid."""
    if person and tx.get(Person, person) is None:
        raise Invalid([("/person", _("There is nobody with this identifier."))])
    if person or not phone:
        return person
    try:
        return ensure_person(tx, phone_number(phone, forms.home_country())).id
    except NoPhone:
        raise Invalid([("/phone", forms.NO_PHONE)]) from None


def _free_desk(
    tx: Session,
    service: str,
    at: datetime,
    desk: str | None,
    *,
    earliest: datetime,
    goes_first: bool,
    besides: Appointment | None = None,
) -> Desk:
    """A desk that is free at a time, locked; `besides` is the appointment that moves and is not in its own way.

    Raises the most telling of NoSuchSlot, SlotReserved, SlotTaken.
    """
    now = clock.now(tx)
    if not earliest <= at <= now + timedelta(days=queries.said("horizon_days")):
        raise NoSuchSlot
    refusal: type[NoSuchSlot | SlotTaken | SlotReserved] = NoSuchSlot
    for candidate in queries.desks_for(tx, service, desk):
        times = day_of(tx, [locked_desk(tx, candidate.id)], at)[0]
        length = timedelta(minutes=candidate.services[service])
        if at not in set(rules.starts(times.open, timedelta(minutes=candidate.step), length)):
            continue
        busy = [span for span in times.busy if not (besides and _is_own(besides, candidate, span))]
        if not rules.is_free((at, at + length), busy):
            refusal = SlotTaken
        elif not goes_first and queries.is_reserved(times, at, now):
            refusal = SlotReserved if refusal is NoSuchSlot else refusal
        else:
            return candidate
    raise refusal


def _is_own(besides: Appointment, desk: Desk, span: rules.Span) -> bool:
    return besides.desk_id == desk.id and span == (besides.starts_at, besides.ends_at)


def _bound(tx: Session, person: UUID) -> None:
    """No more than so many that are not over. Raises TooManyAppointments."""
    ahead = select(func.count()).where(
        Appointment.person_id == person, Appointment.status == Status.BOOKED, Appointment.ends_at > func.app_now()
    )
    if (tx.scalar(ahead) or 0) > (most := queries.said("open_at_once")):
        raise TooManyAppointments(most=most)


def _no_shows(tx: Session, person: UUID) -> int:
    lately = clock.now(tx) - timedelta(days=queries.said("no_show_days"))
    missed = select(func.count()).where(
        Appointment.person_id == person, Appointment.status == Status.NO_SHOW, Appointment.starts_at > lately
    )
    return tx.scalar(missed) or 0
