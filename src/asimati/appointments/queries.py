"""Questions: which times are free, whose appointments, what the desk expects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.accounts.models import Person, PersonSensitive
from asimati.accounts.rules import age_on
from asimati.appointments import policy, rules
from asimati.appointments.models import Appointment, AppointmentService, Desk, DeskClosure, DeskLeave
from asimati.appointments.rules import HOLDING, Span, Status
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import ANONYMOUS, Actor
from asimati.kit.text import fold, western_digits
from asimati.kit.worktime import Calendar, from_pack
from asimati.places.queries import work_calendar
from asimati.settings import settings

# What a pack does not say, in [appointments] of governorate.toml.
DEFAULTS: Mapping[str, int] = {
    "horizon_days": 30,  # how far ahead one books
    "notice_minutes": 60,  # the latest moment before a slot to book it oneself
    "open_at_once": 2,  # appointments of one person that are not over
    "priority_age": 60,
    "priority_released_minutes": 240,  # before a reserved slot it is open to everybody
    "no_shows": 3,  # after so many in `no_show_days`, a person books by speaking with us
    "no_show_days": 90,
    "grace_minutes": 10,  # after the beginning somebody can be marked as missing
}


def said(name: str) -> int:
    """What the pack says of appointments, or the default."""
    return int(settings().governorate.facts.get("appointments", {}).get(name, DEFAULTS[name]))


def minutes(name: str) -> timedelta:
    return timedelta(minutes=said(name))


@dataclass(frozen=True)
class Times:
    """A desk's calendar in some days: when it is open, when who goes first has it, and what is taken."""

    desk: Desk
    open: list[Span]
    priority: list[Span]
    busy: list[Span]


@dataclass
class Slot:
    """A beginning, and the desks that are free: for anybody, and for those who go first alone."""

    starts_at: datetime
    ends_at: datetime
    desks: list[str] = field(default_factory=list)
    reserved: list[str] = field(default_factory=list)

    @property
    def free(self) -> int:
        return len(self.desks)

    @property
    def priority(self) -> int:
        return len(self.reserved)


def slots(
    tx: Session, actor: Actor, code: str, *, first: date | None = None, last: date | None = None
) -> list[Slot]:
    """The free times of a service, earliest first. Raises NotFound for one that has no desk.

    Whoever goes first (by age or disability, as they told us) finds the reserved times among the free ones.
    """
    desks = desks_for(tx, code)
    if not desks:
        raise NotFound
    now = clock.now(tx)
    first = max(first or clock.local_day(now), clock.local_day(now))
    last = min(last or first + timedelta(days=6), clock.local_day(now) + timedelta(days=said("horizon_days")))
    goes_first = actor.is_resident and has_priority(tx, actor.person, first)
    found: dict[tuple[datetime, datetime], Slot] = {}
    for times in calendars(tx, desks, first, last):
        length = timedelta(minutes=times.desk.services[code])
        for at in free_starts(times, length, now + minutes("notice_minutes")):
            slot = found.setdefault((at, at + length), Slot(at, at + length))
            reserved = not goes_first and is_reserved(times, at, now)
            (slot.reserved if reserved else slot.desks).append(times.desk.code)
    return [found[key] for key in sorted(found)]


def free_starts(times: Times, length: timedelta, earliest: datetime) -> Iterable[datetime]:
    """The beginnings on a desk's grid at which it is free, from a moment on."""
    step = timedelta(minutes=times.desk.step)
    for at in rules.starts(times.open, step, length):
        if at >= earliest and rules.is_free((at, at + length), times.busy):
            yield at


def is_reserved(times: Times, at: datetime, now: datetime) -> bool:
    return rules.is_reserved(at, times.priority, now, minutes("priority_released_minutes"))


def desks_for(tx: Session, code: str, desk: str | None = None) -> Sequence[Desk]:
    """The desks at which a service is done, in one order for everybody."""
    wanted = select(Desk).where(Desk.services.has_key(code), Desk.retired_at.is_(None)).order_by(Desk.number)
    return tx.scalars(wanted.where(Desk.code == desk) if desk else wanted).all()


def calendars(tx: Session, desks: Sequence[Desk], first: date, last: date) -> list[Times]:
    """The desks' calendars from one day to another: their own hours within the office's, less what is taken."""
    office = work_calendar(tx)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    opened = {day: office.spans(day) for day in days}
    busy = _busy(tx, [desk.id for desk in desks], midnight(first), midnight(last + timedelta(days=1)))
    return [_times(desk, days, opened, busy[desk.id]) for desk in desks]


def midnight(day: date) -> datetime:
    """The beginning of a local day, in UTC."""
    return datetime.combine(day, time(), settings().governorate.time_zone).astimezone(UTC)


def _times(desk: Desk, days: Sequence[date], office: Mapping[date, list[Span]], busy: list[Span]) -> Times:
    own, first = _week(desk.hours), _week(desk.priority)
    open_ = [span for day in days for span in rules.meet(own.spans(day), office[day])]
    return Times(desk, open_, [span for day in days for span in first.spans(day)], busy)


def _week(hours: Mapping[str, str]) -> Calendar:
    return from_pack({"time_zone": str(settings().governorate.time_zone), "working_week": hours})


def _busy(tx: Session, desks: Sequence[UUID], start: datetime, end: datetime) -> dict[UUID, list[Span]]:
    """What is taken or closed at each desk."""
    found: dict[UUID, list[Span]] = defaultdict(list)
    for table, more in ((Appointment, [Appointment.status.in_(HOLDING)]), (DeskClosure, [])):
        spans = select(table.desk_id, table.starts_at, table.ends_at)
        here = (table.desk_id.in_(desks), table.starts_at < end, table.ends_at > start)
        for desk, starts_at, ends_at in tx.execute(spans.where(*here, *more)):
            found[desk].append((starts_at, ends_at))
    days = [clock.local_day(start) + timedelta(days=number) for number in range((end - start).days + 1)]
    for leave in tx.scalars(select(DeskLeave).where(DeskLeave.desk_id.in_(desks))):
        found[leave.desk_id] += leave.spans(days)
    return found


def first_free(tx: Session, code: str) -> datetime | None:
    """The next time of a service that anybody may book; None where there is none within the horizon."""
    last = clock.local_day(clock.now(tx)) + timedelta(days=said("horizon_days"))
    return next((slot.starts_at for slot in slots(tx, ANONYMOUS, code, last=last) if slot.free), None)


def has_priority(tx: Session, person: UUID, on: date) -> bool:
    """Whether somebody goes first on a day: by the age or the disability they told us of."""
    asked = select(Person.birth_date, PersonSensitive.disability).join_from(Person, PersonSensitive, isouter=True)
    found = tx.execute(asked.where(Person.id == person)).one()
    elderly = found.birth_date is not None and age_on(found.birth_date, on) >= said("priority_age")
    return elderly or bool(found.disability)


def mine(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """One's own appointments, the latest first."""
    wanted = policy.visible(select(Appointment), actor)
    return paginate(tx, wanted, [Appointment.starts_at.desc(), Appointment.id.desc()], page)


def appointment(tx: Session, actor: Actor, reference: str) -> Appointment:
    """One appointment. Raises NotFound, also for one that is not the actor's to see."""
    found = tx.scalar(policy.visible(select(Appointment), actor).where(Appointment.reference == reference))
    if found is None:
        raise NotFound
    return found


def with_near(tx: Session, found: Appointment) -> dict[str, Any]:
    """An appointment as its person sees it, with what asks for rest beside it."""
    names = (
        "reference", "service", "title", "desk", "starts_at", "ends_at", "status", "priority", "reason",
        "created_at", "updated_at", "moves", "version",
    )  # fmt: skip
    held = found.person_id if found.status in HOLDING else None
    near = calendar.beside(tx, held, found.starts_at, found.ends_at, found.id) if held else []
    return {name: getattr(found, name) for name in names} | {"near": near}


def appointments(
    tx: Session,
    actor: Actor,
    *,
    page: PageArgs,
    day: date | None = None,
    desk: str | None = None,
    status: Status | None = None,
    service: str | None = None,
) -> Page:
    """What the desks expect and had, in the order of time."""
    policy.require(actor, "see")
    wanted = policy.visible(select(Appointment), actor)
    if day:
        wanted = wanted.where(
            Appointment.starts_at >= midnight(day), Appointment.starts_at < midnight(day + timedelta(days=1))
        )
    if desk:
        wanted = wanted.join(Appointment.desk).where(Desk.code == desk)
    if status:
        wanted = wanted.where(Appointment.status == status)
    if service:
        wanted = wanted.where(Appointment.service == service)
    return paginate(tx, wanted, [Appointment.starts_at.asc(), Appointment.id.asc()], page)


def _expected() -> Any:
    """What the desks have yet to settle: everything of today, and what was left open before."""
    tomorrow = func.date_trunc("day", func.app_now(), str(settings().governorate.time_zone)) + timedelta(days=1)
    return Appointment.status.in_((Status.BOOKED, Status.ARRIVED)) & (Appointment.starts_at < tomorrow)


def counts(tx: Session, actor: Actor) -> dict[str, int]:
    """How many people the desks expect today."""
    wanted = policy.visible(select(func.count()).select_from(Appointment), actor).where(_expected())
    return {"appointments": tx.scalar(wanted) or 0}


def queue(
    tx: Session, actor: Actor, name: str, *, page: PageArgs, q: str | None = None, service: str | None = None
) -> Page:
    """Who is expected, by reference or service if one is asked for."""
    wanted = policy.visible(select(Appointment), actor).where(_expected())
    if service:
        wanted = wanted.where(Appointment.service == service)
    if q:
        wanted = wanted.where(func.lower(Appointment.reference).contains(fold(western_digits(q)), autoescape=True))
    return paginate(tx, wanted, [Appointment.starts_at.asc(), Appointment.id.asc()], page)


def desks(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """The desks with the times they will be closed."""
    policy.require(actor, "see")
    closed: dict[UUID, list[DeskClosure]] = defaultdict(list)
    coming = select(DeskClosure).where(DeskClosure.ends_at > func.app_now()).order_by(DeskClosure.starts_at)
    for closure in tx.scalars(coming):
        closed[closure.desk_id].append(closure)
    away: dict[UUID, list[DeskLeave]] = defaultdict(list)
    today = clock.local_day(clock.now(tx))
    lasting = select(DeskLeave).where(or_(DeskLeave.ends_on.is_(None), DeskLeave.ends_on >= today))
    for leave in tx.scalars(lasting.order_by(DeskLeave.starts_on, DeskLeave.id)):
        away[leave.desk_id].append(leave)
    found = tx.scalars(select(Desk).where(Desk.retired_at.is_(None)).order_by(Desk.number))
    names = ("code", "kind", "title", "place", "step", "hours", "priority", "services")
    return [
        {name: getattr(desk, name) for name in names} | {"closures": closed[desk.id], "leaves": away[desk.id]}
        for desk in found
    ]


def offered(tx: Session, code: str) -> AppointmentService | None:
    return tx.get(AppointmentService, code)
