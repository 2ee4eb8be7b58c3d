"""Deliveries: an effect and its `done` are one, failures come back later, poison is parked, request ids follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from asimati.kit import db, outbox
from asimati.kit.outbox import Delivered, Message
from asimati.kit.trace import request_id
from asimati.settings import settings
from workers import listeners
from workers.listeners import Batch, Call, Effect
from workers.queues import EFFECTS
from workers.tasks.deliver import carry, carry_task, drain


@dataclass(frozen=True, kw_only=True)
class BellRang(Message):
    topic: ClassVar[str] = "toy.bell_rang"

    times: int = 1


class Toy:
    """A listener that writes to a table, or fails as often as it is told."""

    def __init__(self) -> None:
        self.failures = 0
        self.heard: list[str] = []

    def run(self, tx: db.Session, delivered: Delivered) -> None:
        tx.execute(text("INSERT INTO bell VALUES (:id)"), {"id": delivered.id})
        self.heard.append(request_id.get())
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the bell is cracked")


@pytest.fixture
def toy(clean: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    made = Toy()
    with db.engine().begin() as connection:
        connection.execute(text("CREATE TABLE bell (message uuid)"))
    monkeypatch.setitem(outbox.TOPICS, BellRang.topic, BellRang)
    monkeypatch.setitem(listeners.BY_TOPIC, BellRang.topic, ("toy.hear",))  # type: ignore[arg-type]
    monkeypatch.setitem(listeners.LISTENERS, "toy.hear", Effect("toy.hear", EFFECTS, made.run))  # type: ignore[arg-type]
    yield made
    with db.engine().begin() as connection:
        connection.execute(text("DROP TABLE bell"))


def ring() -> None:
    with db.transaction() as tx:
        outbox.publish(tx, BellRang())


def effects() -> int:
    with db.transaction() as tx:
        return int(tx.scalar(text("SELECT count(*) FROM bell")) or 0)


def delivery() -> Any:
    with db.transaction() as tx:
        return tx.execute(text("SELECT * FROM delivery")).one()


def make_due() -> None:
    with db.transaction() as tx:
        tx.execute(text("UPDATE delivery SET due_at = app_now()"))


def test_an_effect_happens_once_and_is_done(toy: Toy) -> None:
    ring()
    assert drain() == 1
    assert drain() == 0
    assert effects() == 1
    assert delivery().status == "done"


def test_what_fails_leaves_no_trace_and_comes_back_later(toy: Toy) -> None:
    toy.failures = 1
    ring()
    assert drain() == 0
    assert effects() == 0
    assert (delivery().status, delivery().runs) == ("ready", 1)
    assert "the bell is cracked" in delivery().last_error
    make_due()
    assert drain() == 1
    assert effects() == 1


def test_poison_is_parked_and_delays_nobody(toy: Toy) -> None:
    toy.failures = 1000
    ring()
    for _ in range(settings().outbox.attempts):
        drain()
        make_due()
    assert delivery().status == "dead"
    toy.failures = 0
    ring()
    assert drain() == 1
    assert effects() == 1


@pytest.fixture
def many(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The same listener for many messages at once; how many came each time. What rang 13 times is poison."""
    sizes: list[int] = []

    def run(tx: db.Session, delivered: Sequence[Delivered]) -> None:
        sizes.append(len(delivered))
        for one in delivered:
            toy.run(tx, one)
        if any(one.message.times == 13 for one in delivered):  # type: ignore[attr-defined]
            raise RuntimeError("poison")

    monkeypatch.setitem(listeners.LISTENERS, "toy.hear", Batch("toy.hear", EFFECTS, run, most=4))  # type: ignore[arg-type]
    return sizes


def test_many_are_done_in_few_transactions_each_once(many: list[int]) -> None:
    for _ in range(10):
        ring()
    assert drain() == 10
    assert sorted(many) == [2, 4, 4]
    assert effects() == 10


def test_poison_among_many_is_put_back_alone(many: list[int]) -> None:
    for times in (1, 13, 1, 1):
        with db.transaction() as tx:
            outbox.publish(tx, BellRang(times=times))
    assert drain() == 3
    assert effects() == 3
    with db.transaction() as tx:
        states = tx.execute(text("SELECT status, runs FROM delivery ORDER BY status")).all()
    assert sorted(map(tuple, states)) == [("done", 1), ("done", 1), ("done", 1), ("ready", 1)]
    make_due()
    drain()
    assert many == [4, 1, 1, 1, 1, 1]  # all, then each by itself; later the poison alone, which had its first run
    assert effects() == 3


def test_many_whose_leases_ran_out_change_nothing(many: list[int]) -> None:
    for _ in range(3):
        ring()
    with db.transaction() as tx:
        first = outbox.lease(tx, listeners.table(), batch=10, seconds=0)
    with db.transaction() as tx:
        second = outbox.lease(tx, listeners.table(), batch=10, seconds=60)
    assert carry_task(first) == 0
    assert carry_task(second) == 3
    assert carry_task(second) == 0
    assert effects() == 3


def test_a_worker_whose_lease_ran_out_changes_nothing(toy: Toy) -> None:
    ring()
    with db.transaction() as tx:
        first = outbox.lease(tx, listeners.table(), batch=10, seconds=0)
    with db.transaction() as tx:
        second = outbox.lease(tx, listeners.table(), batch=10, seconds=60)
    assert first[0].id == second[0].id
    hear = listeners.LISTENERS["toy.hear"]
    assert not carry(hear, first[0].id, first[0].token)
    assert carry(hear, second[0].id, second[0].token)
    assert not carry(hear, second[0].id, second[0].token)
    assert effects() == 1


def test_the_request_id_follows_into_the_task(toy: Toy) -> None:
    token = request_id.set("req-77")
    ring()
    request_id.reset(token)
    drain()
    assert toy.heard == ["req-77"]
    assert request_id.get() == "-"


def test_a_call_is_made_outside_of_transactions_and_recorded(clean: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepared and recorded in transactions, called in none, called again only if the record says so."""
    steps: list[str] = []
    answers = iter([True, False])

    def prepare(tx: db.Session, delivered: Delivered) -> str:
        steps.append("prepare")
        return "attempt"

    def call(attempt: str) -> str:
        with db.transaction() as tx:
            idle = tx.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                    " AND datname = current_database()"
                )
            )
        steps.append(f"call, {idle} open")
        return "receipt"

    def record(tx: db.Session, attempt: str, receipt: str) -> bool:
        steps.append("record")
        return next(answers)

    monkeypatch.setitem(outbox.TOPICS, BellRang.topic, BellRang)
    monkeypatch.setitem(listeners.BY_TOPIC, BellRang.topic, ("toy.call",))  # type: ignore[arg-type]
    caller = Call("toy.call", EFFECTS, prepare, call, record)
    monkeypatch.setitem(listeners.LISTENERS, "toy.call", caller)  # type: ignore[arg-type]
    ring()
    assert drain() == 0
    make_due()
    assert drain() == 1
    assert steps == ["prepare", "call, 0 open", "record"] * 2


def test_messages_are_known_by_what_they_carry() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Told(Message):
        topic: ClassVar[str] = ""
        person: str
        about: dict[str, str]
        source: str

    assert listeners.listeners_of(Told) == ("notifications.notify", "impact.contribute")
    assert listeners.listeners_of(BellRang) == ()


@pytest.mark.parametrize(("runs", "rounds"), [(1, 1), (2, 2)])
def test_of_many_hints_that_something_is_due_only_so_many_are_run_as_may_work_at_a_time(
    clean: str, monkeypatch: pytest.MonkeyPatch, runs: int, rounds: int
) -> None:
    taken: list[int] = []

    def take(tx: db.Session, delivered: Delivered) -> list[int]:
        taken.append(1)
        return []

    monkeypatch.setattr(settings().notifications, "runs", runs)
    monkeypatch.setitem(outbox.TOPICS, BellRang.topic, BellRang)
    monkeypatch.setitem(listeners.BY_TOPIC, BellRang.topic, ("toy.lane",))  # type: ignore[arg-type]
    lane = listeners.Lane("toy.lane", EFFECTS, take, lambda taken: taken, lambda *_: None)
    monkeypatch.setitem(listeners.LISTENERS, "toy.lane", lane)  # type: ignore[arg-type]
    with db.transaction() as tx:
        outbox.publish(tx, BellRang(times=2))  # another lane's
        for _ in range(9):
            outbox.publish(tx, BellRang())
    drain()
    assert len(taken) == rounds + 1
    with db.transaction() as tx:
        assert tx.execute(text("SELECT DISTINCT status FROM delivery")).scalars().all() == ["done"]
