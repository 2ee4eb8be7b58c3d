"""The pack's programmes, synced and synced again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from asimati.events import actions
from asimati.events.models import Event, Programme
from asimati.events.sync import sync
from asimati.kit import db
from tests.events.ground import BOTH, make_people

START = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)


def entry(code: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "programme": "week-10", "type": "talk", "title": BOTH, "language": "both",
        "mode": "in_person", "starts_at": START, "ends_at": START + timedelta(hours=1),
        "capacity": 3, "targets": ["8.3"], "co_hosts": [BOTH], **more,
    }  # fmt: skip


def part(*events: dict[str, Any]) -> dict[str, Any]:
    days = {"starts_on": START.date(), "ends_on": START.date()}
    return {"programmes": [{"slug": "week-10", "title": BOTH, **days}], "events": list(events)}


def synced(*events: dict[str, Any]) -> dict[str, int]:
    with db.transaction() as tx:
        counts = sync(tx, part(*events))
    return {name: number for name, number in counts.items() if number}


def test_a_second_sync_changes_nothing(clean: str) -> None:
    assert synced(entry("one"), entry("two")) == {"added": 3}
    assert synced(entry("one"), entry("two")) == {"unchanged": 3}


def test_what_people_use_is_kept(clean: str) -> None:
    synced(entry("one", capacity=1), entry("two"))
    (first, second) = make_people(2)
    with db.transaction() as tx:
        one = tx.scalars(select(Event.id).where(Event.code == "one")).one()
        actions.book(tx, first, one)
        waiting = actions.book(tx, second, one)
    assert waiting.status == "waitlisted"
    later = {"starts_at": START + timedelta(minutes=5)}
    assert synced(entry("one", capacity=1, **later)) == {"unchanged": 1, "kept": 1, "retired": 1}
    assert synced() == {"unchanged": 1, "kept": 1}
    assert synced(entry("one", capacity=2)) == {"unchanged": 2}  # capacity is the staff's once the event is there
    with db.transaction() as tx:
        event = tx.scalars(select(Event)).one()
        assert (event.capacity, event.taken, event.waiting, event.starts_at) == (1, 1, 1, START)


def test_times_reckoned_from_a_sync_hold_from_the_first(clean: str) -> None:
    synced(entry("one", relative=True))
    later = {"starts_at": START + timedelta(days=1), "ends_at": START + timedelta(days=1, hours=1)}
    assert synced(entry("one", relative=True, **later)) == {"unchanged": 2}
    assert synced(entry("one", relative=False, **later)) == {"unchanged": 1, "changed": 1}
    with db.transaction() as tx:
        assert tx.scalars(select(Event.starts_at)).one() == later["starts_at"]
        assert tx.scalars(select(Programme.status)).one() == "published"
