"""Questions about programmes, events and bookings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from asimati.accounts import calendar
from asimati.accounts.models import Person
from asimati.events import policy, tickets
from asimati.events.models import Booking, Event, Programme
from asimati.events.rules import ENGAGED, SEATED, BookingStatus, EventType, Language, Mode, Publication
from asimati.kit import waitlist
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.kit.waitlist import Chance
from asimati.settings import settings

# --- what is offered -------------------------------------------------------------------------------------------


def programmes(tx: Session, page: PageArgs, *, staff: Actor | None = None) -> Page:
    """Programmes, the latest first; for staff the drafts too, where their role reaches."""
    statement = select(Programme)
    if staff:
        statement = statement.where(policy.reach_programmes(staff, "see"))
    else:
        statement = statement.where(Programme.status == Publication.PUBLISHED)
    return paginate(tx, statement, [Programme.starts_on.desc(), Programme.slug.asc()], page)


def programme(tx: Session, slug: str, *, drafts: bool = False) -> Programme:
    """Raises NotFound; for the public, also while it is a draft."""
    found = tx.get(Programme, slug)
    if found is None or (found.status is Publication.DRAFT and not drafts):
        raise NotFound
    return found


def events(
    tx: Session,
    page: PageArgs,
    *,
    programme: str | None = None,
    day: date | None = None,
    language: Language | None = None,
    mode: Mode | None = None,
    type: EventType | None = None,
    tag: str | None = None,
    series: str | None = None,
    q: str | None = None,
    available: bool | None = None,
    status: Publication | None = Publication.PUBLISHED,
    staff: Actor | None = None,
) -> Page:
    """Events by their beginning. `available`: seats can be booked this moment. `status` None: all of them.

    `staff`: those alone where this member's role reaches.
    """
    wanted: list[ColumnElement[bool]] = [policy.reach(staff, "see")] if staff else []
    if status is not None:
        wanted.append(Event.status == status)
    if day is not None:
        wanted.append(_on(day))
    if language is not None:
        wanted.append(Event.language.in_({language, Language.BOTH}))
    exact = {Event.programme: programme, Event.mode: mode, Event.type: type, Event.series: series}
    wanted += [column == value for column, value in exact.items() if value is not None]
    if tag is not None:
        wanted.append(Event.tags.contains([tag]))
    if available is not None:
        wanted.append(_bookable() if available else ~_bookable())
    wanted += [Event.search.contains(word, autoescape=True) for word in fold(q or "").split()]
    return paginate(tx, select(Event).where(*wanted), [Event.starts_at.asc(), Event.id.asc()], page)


def event(tx: Session, event_id: UUID, *, drafts: bool = False) -> Event:
    """Raises NotFound; for the public, also while it is a draft."""
    found = tx.get(Event, event_id)
    if found is None or (found.status is Publication.DRAFT and not drafts):
        raise NotFound
    return found


def _on(day: date) -> ColumnElement[bool]:
    """Held on a local day: whatever begins before it ends and ends after it begins."""
    start = datetime.combine(day, time(), settings().governorate.time_zone)
    end = datetime.combine(day + timedelta(days=1), time(), settings().governorate.time_zone)
    return and_(Event.starts_at < end, Event.ends_at > start)


def _bookable() -> ColumnElement[bool]:
    now = func.app_now()
    return and_(
        Event.taken < Event.capacity,
        Event.waiting == 0,
        func.coalesce(Event.registration_opens_at, now) <= now,
        func.coalesce(Event.registration_closes_at, Event.starts_at) > now,
    )


# --- bookings --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BookingView:
    """A booking as its person sees it, with what an app shows beside it of the event."""

    id: UUID
    reference: str
    event: UUID
    party_size: int
    status: BookingStatus
    position: int | None  # among those who wait now, from 1
    offer_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    programme: str
    title: dict[str, Any]
    venue: dict[str, Any] | None
    mode: Mode
    starts_at: datetime
    ends_at: datetime
    person_id: UUID | None = None
    late: bool = False
    chance: Chance | None = None  # of whoever waits in line; looked up for one booking alone
    near: Sequence[dict[str, Any]] = ()  # what asks for rest beside it; looked up for one booking alone
    name: dict[str, Any] | None = None  # of whoever booked; looked up for a list of the staff's alone

    @property
    def ticket(self) -> str | None:
        """What opens the door; only a confirmed booking has one."""
        if self.status not in (BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN):
            return None
        return tickets.issue(tickets.Ticket(self.id, self.event, self.party_size))


def bookings(
    tx: Session,
    actor: Actor,
    page: PageArgs,
    *,
    updated_since: datetime | None = None,
    event: UUID | None = None,
    status: BookingStatus | None = None,
) -> Page:
    """Those the caller may see, the latest first; of an event's line alone, in the order of the line.

    Staff read beside each who booked.
    """
    statement = policy.visible(_views(), actor)
    if actor.is_staff:
        statement = statement.add_columns(Person.name_ar, Person.name_latin).outerjoin(
            Person, Person.id == Booking.person_id
        )
    if updated_since is not None:
        statement = statement.where(Booking.updated_at >= updated_since)
    if event is not None:
        statement = statement.where(Booking.event_id == event)
    if status is not None:
        statement = statement.where(Booking.status == status)
    in_line = event is not None and status is BookingStatus.WAITLISTED
    latest, line = (Booking.created_at.desc(), Booking.id.desc()), (Booking.priority, Booking.place, Booking.id)
    found = paginate(tx, statement, line if in_line else latest, page)
    return Page([_named(row) if actor.is_staff else _view(row) for row in found.items], found.next)


def pending(tx: Session, actor: Actor) -> int:
    """How many bookings wait for a coordinator's word, of those the actor may see."""
    waiting: Select[Any] = select(func.count()).select_from(Booking).join(Event)
    return int(tx.scalar(policy.visible(waiting.where(Booking.status == BookingStatus.PENDING), actor)) or 0)


def booking(tx: Session, actor: Actor, reference: str) -> BookingView:
    """Raises NotFound, also for somebody else's."""
    row = tx.execute(policy.visible(_views(), actor).where(Booking.reference == reference)).one_or_none()
    if row is None:
        raise NotFound
    found = _view(row)
    if found.status is BookingStatus.WAITLISTED:
        return replace(found, chance=_chance(tx, found))
    if found.status in ENGAGED and found.person_id:
        times = (found.starts_at, found.ends_at)
        return replace(found, near=calendar.beside(tx, found.person_id, *times, found.id))
    return found


def next_position(tx: Session, event: UUID, priority: int) -> int:
    """Where in an event's line somebody of a class would stand who came now, from 1."""
    ahead = select(func.count() + 1).where(
        Booking.event_id == event, Booking.status == BookingStatus.WAITLISTED, Booking.priority <= priority
    )
    return tx.scalars(ahead).one()


def has_attended(tx: Session, person: UUID) -> bool:
    """Whether somebody was let in at an event before."""
    were = select(Booking.id).where(Booking.person_id == person, Booking.status == BookingStatus.CHECKED_IN)
    return bool(tx.scalar(select(were.exists())))


def _chance(tx: Session, view: BookingView) -> Chance:
    """From how many seats of past events were given up again by people who had them at once."""
    mine = tx.execute(select(Booking.priority, Booking.place).where(Booking.id == view.id)).one()
    ahead = (Booking.event_id == view.event, Booking.status == BookingStatus.WAITLISTED)
    before = tuple_(Booking.priority, Booking.place) < tuple_(*mine)
    needed = tx.scalar(select(func.coalesce(func.sum(Booking.party_size), 0)).where(*ahead, before)) or 0
    held = tx.scalar(select(Event.taken).where(Event.id == view.event)) or 0
    given_up, of = tx.execute(
        select(
            func.coalesce(func.sum(Booking.party_size).filter(Booking.status == BookingStatus.CANCELLED), 0),
            func.coalesce(func.sum(Booking.party_size), 0),
        )
        .join(Event)
        .where(Event.status == Publication.PUBLISHED, Event.ends_at <= func.app_now(), Booking.place.is_(None))
    ).one()
    return waitlist.chance(needed + view.party_size, held, given_up=given_up, of=of)


def _views() -> Select[Any]:
    """A booking's columns in the order of BookingView. An offer whose time has run out is shown as lapsed."""
    ahead = aliased(Booking)
    rank = select(func.count() + 1).where(
        ahead.event_id == Booking.event_id,
        ahead.status == BookingStatus.WAITLISTED,
        tuple_(ahead.priority, ahead.place) < tuple_(Booking.priority, Booking.place),
    )
    late = and_(Booking.status == BookingStatus.OFFERED, Booking.offer_expires_at <= func.app_now())
    return select(
        Booking.id,
        Booking.reference,
        Booking.event_id,
        Booking.party_size,
        case((late, BookingStatus.LAPSED.value), else_=Booking.status),
        case((Booking.status == BookingStatus.WAITLISTED, rank.scalar_subquery())),
        case((~late, Booking.offer_expires_at)),
        Booking.created_at,
        Booking.updated_at,
        Booking.version,
        Event.programme,
        Event.title,
        Event.venue,
        Event.mode,
        Event.starts_at,
        Event.ends_at,
        Booking.person_id,
        Booking.late,
    ).join(Event, Event.id == Booking.event_id)


def _view(row: Any) -> BookingView:
    values = list(row[:18])
    values[4] = BookingStatus(values[4])
    return BookingView(*values)


def _named(row: Any) -> BookingView:
    return replace(_view(row), name={"ar": row.name_ar, "en": row.name_latin})


# --- whether the counts are true -------------------------------------------------------------------------------


def verify_seats(tx: Session) -> dict[str, Any]:
    """Whether every event's `taken` and `waiting` are what its bookings add up to; the events where not."""
    seats = func.coalesce(func.sum(Booking.party_size).filter(Booking.status.in_(SEATED)), 0)
    line = func.count(Booking.id).filter(Booking.status == BookingStatus.WAITLISTED)
    counted = (
        select(Event.id, Event.taken, Event.waiting, Event.capacity, seats.label("seats"), line.label("line"))
        .join(Booking, Booking.event_id == Event.id, isouter=True)
        .group_by(Event.id)
        .having(or_(Event.taken != seats, Event.waiting != line, seats > Event.capacity))
    )
    wrong = [{**row._mapping, "id": str(row.id)} for row in tx.execute(counted)]
    return {"ok": not wrong, "events": tx.scalar(select(func.count()).select_from(Event)), "wrong": wrong}
