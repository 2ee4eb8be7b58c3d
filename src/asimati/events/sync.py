"""The pack's programmes and events, brought into the tables. What residents have used is never deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.events import rules
from asimati.events.actions.changing import live_of
from asimati.events.actions.programme import change_event, new_event
from asimati.events.actions.waitlist import hold_desk
from asimati.events.models import Booking, Event, Programme
from asimati.events.rules import Publication
from asimati.kit.policy import SYSTEM

# What staff decide once an event is there: a sync sets it when the event is added and leaves it alone afterwards.
_STAFFS = frozenset(
    {
        "capacity",
        "waitlist",
        "party_limit",
        "approval",
        "registration_opens_at",
        "registration_closes_at",
        "room_capacity",
        "late_cancel_hours",
        "stated_for",
    }
)
_TIMES = frozenset({"starts_at", "ends_at"})
_COLUMNS = frozenset(Event.__table__.columns.keys()) - {
    "id",
    "status",
    "version",
    "search",
    "taken",
    "waiting",
    "waitlist_sequence",
    "edited_at",
}


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Make tables say what programmes.toml says; how many rows were added, changed, left or retired.

    `kept` counts events whose new time does not fit their bookings (they keep theirs) and events that left the pack
    but have bookings: cancelling those is for people to decide. Times that the pack reckons from the day of a sync
    hold from the sync that added the row.
    """
    counts = dict.fromkeys(("added", "changed", "unchanged", "retired", "kept"), 0)
    for entry in part["programmes"]:
        counts[_programme(tx, entry)] += 1
    tx.flush()
    wanted = {entry["code"]: entry for entry in part["events"]}
    present = dict(tx.execute(select(Event.code, Event.id).where(Event.code.is_not(None))).all())
    for code, entry in wanted.items():
        counts[_event(tx, present.get(code), entry)] += 1
    for code in present.keys() - wanted.keys():
        counts[_retire(tx, present[code])] += 1
    return counts


def _programme(tx: Session, entry: Mapping[str, Any]) -> str:
    known = Programme.__table__.columns.keys()
    fields = {name: value for name, value in entry.items() if name in known}
    programme = tx.get(Programme, fields["slug"])
    if programme is None:
        tx.add(Programme(status=Publication.PUBLISHED, **fields))
        return "added"
    return _changed(programme, _without(fields, {"starts_on", "ends_on"}) if entry.get("relative") else fields)


def _event(tx: Session, event_id: Any, entry: Mapping[str, Any]) -> str:
    fields = {name: value for name, value in entry.items() if name in _COLUMNS}
    if event_id is None:
        new_event(tx, status=Publication.PUBLISHED, **fields)
        return "added"
    event = hold_desk(tx, event_id)
    fields = _without(fields, _STAFFS | _TIMES if entry.get("relative") else _STAFFS)
    changes = {name: value for name, value in fields.items() if getattr(event, name) != value}
    if not changes:
        return "unchanged"
    if changes.keys() & _TIMES and tx.scalar(select(live_of(event).exists())):
        return "kept"  # people decide whether those who booked are moved
    try:
        with tx.begin_nested():
            change_event(tx, SYSTEM, event, None, changes)
    except rules.CapacityTooLow:
        return "kept"
    return "changed"


def _retire(tx: Session, event_id: Any) -> str:
    event = hold_desk(tx, event_id)
    if tx.scalar(select(Booking.id).where(Booking.event_id == event_id).limit(1)):
        return "kept"
    tx.delete(event)
    return "retired"


def _changed(row: Programme, fields: Mapping[str, Any]) -> str:
    changes = {name: value for name, value in fields.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
    return "changed" if changes else "unchanged"


def _without(fields: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
