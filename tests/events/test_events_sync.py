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
    return {"programme": [{"slug": "week-10", "title": BOTH, **days}], "event": list(events)}


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
    assert synced(entry("one", capacity=2)) == {"unchanged": 1, "changed": 1}
    with db.transaction() as tx:
        event = tx.scalars(select(Event)).one()
        assert (event.taken, event.waiting, event.starts_at) == (2, 0, START)  # the larger room served the line


def test_a_time_without_an_offset_is_local(clean: str) -> None:
    synced(entry("one", starts_at="2027-10-20T09:00", ends_at=datetime(2027, 10, 20, 10)))
    with db.transaction() as tx:
        assert tx.scalars(select(Event.starts_at)).one() == datetime(2027, 10, 20, 6, tzinfo=UTC)
        assert tx.scalars(select(Programme.status)).one() == "published"
