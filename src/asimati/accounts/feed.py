"""A person's calendar as a file that calendar programmes subscribe to (iCalendar, RFC 5545).

Rooms register what they have for a person: `FEEDS.append(entries)`. The address of the file is its only key: 256
random bits, kept as a digest, replaced or taken away by its owner at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.models import CalendarLink
from asimati.accounts.queries import language_of
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.kit.secrets import digest
from asimati.kit.text import say
from asimati.settings import settings

KEPT = timedelta(days=90)  # how long the past stays in the file
MAX_AGE = timedelta(minutes=15)  # how often calendar programmes are asked to look


@dataclass(frozen=True)
class Entry:
    """One thing in a person's calendar. `uid` never changes; `sequence` grows with every change to it.

    `status` is CONFIRMED, TENTATIVE or CANCELLED: what is cancelled stays in the file saying so, for a programme
    that has it would otherwise not know.
    """

    uid: str
    sequence: int
    status: str
    starts_at: datetime
    ends_at: datetime
    title: Mapping[str, Any]
    changed_at: datetime
    place: Mapping[str, Any] | None = None
    reference: str | None = None


FEEDS: list[Callable[[Session, UUID, datetime], Iterable[Entry]]] = []


def make_link(tx: Session, actor: Actor) -> str:
    """A new address for the caller's calendar; the one before ends."""
    token = token_urlsafe(32)
    row = {"person_id": actor.person, "token": digest(token), "created_at": clock.now(tx)}
    tx.execute(insert(CalendarLink).values(row).on_conflict_do_update(index_elements=["person_id"], set_=row))
    audit.record(tx, actor, "accounts.calendar_link_made", ("person", actor.person), [actor.person])
    return f"{settings().base_url}/api/v1/calendar/{token}.ics"


def end_link(tx: Session, actor: Actor) -> None:
    """Take the address away; nothing happens when there is none."""
    tx.execute(delete(CalendarLink).where(CalendarLink.person_id == actor.person))
    audit.record(tx, actor, "accounts.calendar_link_ended", ("person", actor.person), [actor.person])


def calendar_of(tx: Session, token: str) -> bytes:
    """The file behind an address. Raises NotFound for an address that is not, or no longer, somebody's."""
    person = tx.scalar(select(CalendarLink.person_id).where(CalendarLink.token == digest(token)))
    if person is None:
        raise NotFound
    since = clock.now(tx) - KEPT
    entries = [entry for of in FEEDS for entry in of(tx, person, since)]
    return written(sorted(entries, key=lambda one: (one.starts_at, one.uid)), language_of(tx, person))


def written(entries: Iterable[Entry], language: str) -> bytes:
    """Entries as iCalendar, in one language. The same entries give the same bytes."""
    file = Calendar()
    file.add("version", "2.0")
    file.add("prodid", "-//Asimati//asimati//EN")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", say(settings().governorate.facts["name"], language))
    file.add("refresh-interval", MAX_AGE, parameters={"value": "DURATION"})
    for entry in entries:
        file.add_component(_component(entry, language))
    made: bytes = file.to_ical()
    return made


def _component(entry: Entry, language: str) -> Event:
    component = Event()
    component.add("uid", entry.uid)
    component.add("sequence", entry.sequence)
    component.add("status", entry.status)
    component.add("dtstamp", entry.changed_at)
    component.add("last-modified", entry.changed_at)
    component.add("dtstart", entry.starts_at)
    component.add("dtend", entry.ends_at)
    component.add("summary", say(entry.title, language))
    component.add("transp", "OPAQUE" if entry.status == "CONFIRMED" else "TRANSPARENT")
    if entry.place:
        component.add("location", say(entry.place, language))
    if entry.reference:
        component.add("description", entry.reference)
    return component
