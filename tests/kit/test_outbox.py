"""The outbox on real PostgreSQL: leases, tokens, bounded runs, and rows that commit late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from asimati.kit import db, outbox
from asimati.kit.outbox import Message

LISTENERS = {"toy.happened": ["first", "second"]}


@dataclass(frozen=True, kw_only=True)
class ToyHappened(Message):
    topic: ClassVar[str] = "toy.happened"
    person: UUID
    on: date
    at: datetime | None = None
    seats: int = 1


@pytest.fixture(autouse=True)
def toy_topic(clean: str) -> Iterator[None]:
    outbox.TOPICS[ToyHappened.topic] = ToyHappened
    yield
    outbox.TOPICS.pop(ToyHappened.topic)


def publish(**fields: object) -> ToyHappened:
    message = ToyHappened(**({"person": uuid4(), "on": date(2026, 11, 23)} | fields))  # type: ignore[arg-type]
    with db.transaction() as tx:
        outbox.publish(tx, message)
    return message


def lease(seconds: float = 60) -> list[outbox.Leased]:
    with db.transaction() as tx:
        return outbox.lease(tx, LISTENERS, batch=100, seconds=seconds)


def test_every_listener_of_the_topic_gets_the_message_once() -> None:
    message = publish(at=datetime(2026, 11, 23, 9, tzinfo=UTC))
    leased = lease()
    assert sorted(one.listener for one in leased) == ["first", "second"]
    assert lease() == []
    with db.transaction() as tx:
        delivered = outbox.claim(tx, leased[0].id, leased[0].token)
    assert delivered is not None
    assert delivered.message == message


def test_a_topic_this_relay_does_not_know_waits_for_one_that_does() -> None:
    publish()
    with db.transaction() as tx:
        assert outbox.lease(tx, {"toy.other": ["first"]}, batch=10, seconds=60) == []
    assert len(lease()) == 2


def test_nothing_is_told_of_a_deed_that_was_undone() -> None:
    with pytest.raises(RuntimeError), db.transaction() as tx:
        outbox.publish(tx, ToyHappened(person=uuid4(), on=date(2026, 11, 23)))
        raise RuntimeError
    assert lease() == []


def test_a_lease_that_ran_out_is_offered_again_and_the_old_token_is_not_heard() -> None:
    publish()
    old = lease(seconds=-1)
    new = {one.id: one for one in lease()}
    assert new.keys() == {one.id for one in old}
    with db.transaction() as tx:
        assert outbox.claim(tx, old[0].id, old[0].token) is None
        assert not outbox.begin(tx, old[0].id, old[0].token, attempts=8)
        assert outbox.claim(tx, old[0].id, new[old[0].id].token) is not None


def test_a_message_that_kills_its_worker_is_parked_after_the_last_attempt() -> None:
    publish()
    allowed = []
    for _ in range(4):
        leased = next(one for one in lease(seconds=-1) if one.listener == "first")
        with db.transaction() as tx:  # the worker begins, and is never heard of again
            allowed.append(outbox.begin(tx, leased.id, leased.token, attempts=3))
    assert allowed == [True, True, True, False]
    with db.transaction() as tx:
        assert outbox.health(tx)["dead"] == 1
    assert [one.listener for one in lease()] == ["second"]


def test_a_failure_waits_before_it_is_tried_again() -> None:
    publish()
    leased = lease()[0]
    with db.transaction() as tx:
        outbox.begin(tx, leased.id, leased.token, attempts=3)
        outbox.fail(tx, leased.id, leased.token, "no answer", attempts=3)
        assert leased.id not in {one.id for one in outbox.lease(tx, LISTENERS, batch=10, seconds=1)}
        row = tx.execute(text("SELECT status, last_error FROM delivery WHERE id = :id"), {"id": leased.id}).one()
    assert tuple(row) == ("ready", "no answer")


def test_two_relays_share_the_work_and_double_nothing() -> None:
    for _ in range(200):
        publish()
    found: list[int] = []
    start = threading.Barrier(4)

    def relay() -> None:
        start.wait()
        while leased := [one.id for one in _lease_some()]:
            found.extend(leased)

    def _lease_some() -> list[outbox.Leased]:
        with db.transaction() as tx:
            return outbox.lease(tx, LISTENERS, batch=7, seconds=60)

    relays = [threading.Thread(target=relay) for _ in range(4)]
    [one.start() for one in relays]
    [one.join() for one in relays]
    assert len(found) == len(set(found)) == 400


def test_a_row_that_commits_late_is_not_passed_over() -> None:
    with db.transaction() as slow:
        outbox.publish(slow, ToyHappened(person=uuid4(), on=date(2026, 11, 23)))
        publish()  # a younger id, committed first and delivered first
        assert len(lease()) == 2
    assert len(lease()) == 2


def test_a_broker_that_is_away_gives_the_lease_back() -> None:
    publish()
    leased = lease()
    with db.transaction() as tx:
        outbox.give_back(tx, leased, seconds=0)
    assert len(lease()) == 2


def test_only_what_was_delivered_long_ago_is_forgotten(moved_clock) -> None:  # type: ignore[no-untyped-def]
    publish()
    with db.transaction() as tx:
        for one in outbox.lease(tx, LISTENERS, batch=10, seconds=60):
            outbox.done(tx, one.id)
    publish()
    lease()
    with db.transaction() as tx:
        assert outbox.purge(tx, 14) == 0
    with moved_clock(days=15), db.transaction() as tx:
        assert outbox.purge(tx, 14) == 1
        assert tx.scalar(text("SELECT count(*) FROM message")) == 1
