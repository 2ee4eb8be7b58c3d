"""What coordinators do: programmes and events made, edited, published, cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.events import messages, policy, rules
from asimati.events.actions.changing import follow, live_of
from asimati.events.actions.moves import move, told
from asimati.events.actions.waitlist import hand_on, hold_desk
from asimati.events.models import Booking, Event, Programme
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import audit, clock, forms
from asimati.kit.errors import Conflict, Invalid, NotFound, Stale
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.text import BOTH, fold, is_complete
from asimati.kit.words import _

_MOMENTS = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
# What a copy does not take along.
_OWN = frozenset(
    {"id", "code", "status", "version", "search", "taken", "waiting", "waitlist_sequence", "edited_at"}
)


class SlugTaken(Conflict):
    slug = "slug-taken"
    title = _("This name is taken")
    detail = _("There is a programme called {name}.")
    says = {"name": "the one that is taken"}


def create_programme(tx: Session, actor: Actor, **fields: Any) -> Programme:
    """A draft. Raises SlugTaken, Invalid."""
    policy.require_in(actor, "organise", fields["slug"])
    if tx.get(Programme, fields["slug"]):
        raise SlugTaken(name=fields["slug"])
    programme = Programme(status=Publication.DRAFT, **fields)
    _check_days(programme.starts_on, programme.ends_on)
    tx.add(programme)
    tx.flush()
    audit.record(tx, actor, "events.programme_created", ("programme", programme.slug))
    return programme


def edit_programme(tx: Session, actor: Actor, slug: str, version: int | None, **changes: Any) -> Programme:
    """Change what is given; with `status`, publish or cancel. Raises Stale, Invalid, IllegalMove."""
    policy.require_in(actor, "organise", slug)
    programme = tx.get(Programme, slug)
    if programme is None:
        raise NotFound
    _edit(programme, version, changes)
    _check_days(programme.starts_on, programme.ends_on)
    _check_languages(programme, ("title", "description"))
    audit.record(tx, actor, "events.programme_edited", ("programme", slug), fields=sorted(changes))
    return programme


def create_event(tx: Session, actor: Actor, **fields: Any) -> Event:
    """A draft with all its seats free. Raises Invalid, and NotFound for what a limited role does not reach."""
    policy.require(actor, "organise")
    if not policy.may_everywhere(actor, "organise") and tx.get(Programme, fields["programme"]) is None:
        raise NotFound  # as for a programme that is there and out of reach
    event = new_event(tx, status=Publication.DRAFT, **fields)
    policy.require_at(actor, "organise", event)
    audit.record(tx, actor, "events.event_created", ("event", event.id), programme=event.programme)
    return event


def copy_event(tx: Session, actor: Actor, event_id: UUID, starts_at: datetime) -> Event:
    """A draft like another event, at another time; its booking window moves along. Raises NotFound, Invalid."""
    policy.require(actor, "organise")
    other = tx.get(Event, event_id)
    if other is None:
        raise NotFound
    policy.require_at(actor, "organise", other)
    fields = {name: getattr(other, name) for name in set(Event.__table__.columns.keys()) - _OWN}
    shift = starts_at - other.starts_at
    for name in _MOMENTS:
        fields[name] = fields[name] + shift if fields[name] is not None else None
    event = new_event(tx, status=Publication.DRAFT, **fields)
    audit.record(tx, actor, "events.event_copied", ("event", event.id), original=other.id)
    return event


def new_event(tx: Session, **fields: Any) -> Event:
    """An event's row, checked. Raises Invalid."""
    if tx.get(Programme, fields["programme"]) is None:
        raise Invalid([("/programme", _("There is no such programme."))])
    event = Event(**fields)
    _check_event(event)
    tx.add(event)
    tx.flush()
    return event


def edit_event(tx: Session, actor: Actor, event_id: UUID, version: int | None, **changes: Any) -> Event:
    """Change what is given; more capacity serves the line at once; with `status`, publish or cancel.

    Raises Stale, Invalid, IllegalMove, CapacityTooLow. Whoever holds a place is told what moved.
    """
    policy.require(actor, "organise")
    event = hold_desk(tx, event_id)
    policy.require_at(actor, "organise", event)
    change_event(tx, actor, event, version, changes)
    policy.require_at(actor, "organise", event)  # nobody moves it out of their own reach, or into another's
    audit.record(tx, actor, "events.event_edited", ("event", event.id), fields=sorted(changes))
    return event


def change_event(tx: Session, actor: Actor, event: Event, version: int | None, changes: Mapping[str, Any]) -> None:
    """The change itself, to an event whose lock is held."""
    if "capacity" in changes:
        rules.require_capacity(changes["capacity"], taken=event.taken, largest_party=_largest_in_line(tx, event))
    now, changed = clock.now(tx), {name for name, value in changes.items() if getattr(event, name) != value}
    cancelled = _edit(event, version, changes) is Publication.CANCELLED
    event.version, event.edited_at = event.version + 1, now
    _check_event(event)
    tx.flush()
    if cancelled:
        _cancel_all(tx, actor, event)
    elif event.status is Publication.PUBLISHED:
        follow(tx, event, changed)
    hand_on(tx, event)


def _edit(row: Programme | Event, version: int | None, changes: Mapping[str, Any]) -> Publication | None:
    """Set the fields; the status it changed to, if it did."""
    if version is not None and row.version != version:
        raise Stale
    after: Publication | None = changes.get("status", row.status)
    if after is row.status:
        after = None
    if after is not None:
        rules.require_publication(row.status, after)
    for name, value in changes.items():
        setattr(row, name, value)
    return after


def _check_event(event: Event) -> None:
    """Times in order, both languages before the public sees it; keeps what search looks at."""
    opens, closes = event.registration_opens_at, event.registration_closes_at
    wrong: list[tuple[str, str]] = []
    if event.starts_at >= event.ends_at:
        wrong.append(("/ends_at", _("This must be after the beginning.")))
    if closes and closes > event.ends_at:
        wrong.append(("/registration_closes_at", _("Booking must close before the event ends.")))
    if opens and opens >= (closes or event.starts_at):
        wrong.append(("/registration_opens_at", _("Booking must open before it closes.")))
    if event.room_capacity is not None and event.capacity > event.room_capacity:
        wrong.append(("/capacity", _("The room holds fewer people.")))
    if event.maximum_age is not None and (event.minimum_age or 0) > event.maximum_age:
        wrong.append(("/maximum_age", _("This must not be less than the minimum age.")))
    if event.questions is not None and (fault := forms.unusable(event.questions)):
        wrong.append(("/questions", fault))
    if wrong:
        raise Invalid(wrong)
    _check_languages(event, ("title", "description", "venue"))
    texts = (event.title, event.description, event.venue)
    event.search = fold(" ".join((text or {}).get(one) or "" for text in texts for one in BOTH))


def _check_days(first: date, last: date) -> None:
    if first > last:
        raise Invalid([("/ends_on", _("This must not be before the first day."))])


def _check_languages(row: Programme | Event, names: tuple[str, ...]) -> None:
    if row.status is not Publication.PUBLISHED:
        return
    texts = ((name, getattr(row, name)) for name in names)
    waived = isinstance(row, Event) and bool(row.waiver)  # somebody said why one language is enough
    missing = [name for name, text in texts if text is not None and not is_complete(text) and not waived]
    if missing:
        raise Invalid([(f"/{name}", _("Both languages are needed before this is published.")) for name in missing])


def _largest_in_line(tx: Session, event: Event) -> int:
    in_line = (Booking.event_id == event.id, Booking.status == BookingStatus.WAITLISTED)
    return tx.scalar(select(func.max(Booking.party_size)).where(*in_line)) or 0


def _cancel_all(tx: Session, actor: Actor, event: Event) -> None:
    """Everybody with a booking is told; who was already let in stays in the record."""
    bookings = tx.scalars(live_of(event).order_by(Booking.id).with_for_update(key_share=True)).all()
    for booking in bookings:
        if rules.can_become(booking.status, BookingStatus.CANCELLED):
            move(tx, actor, event, booking, BookingStatus.CANCELLED)
            publish(tx, messages.BookingCancelled(**told(event, booking), status=booking.status, by="staff"))
