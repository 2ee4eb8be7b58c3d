"""The relay while the broker is away: codes go out, the rest keeps, nobody waits long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import text

from asimati.kit import db, outbox
from asimati.kit.outbox import Message
from asimati.settings import settings
from workers import listeners
from workers.app import app, transport
from workers.listeners import Effect
from workers.queues import CODES, NOTIFY
from workers.relay import Relay


@dataclass(frozen=True, kw_only=True)
class DoorKnocked(Message):
    topic: ClassVar[str] = "toy.door_knocked"


@dataclass(frozen=True, kw_only=True)
class RingAtOnce(Message):
    topic: ClassVar[str] = "toy.ring_at_once"


@pytest.fixture
def relay(clean: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Relay]:
    heard: list[str] = []

    def hear(name: str) -> Effect:
        return Effect(f"toy.{name}", name, lambda tx, delivered: heard.append(name))

    monkeypatch.setitem(outbox.TOPICS, DoorKnocked.topic, DoorKnocked)
    monkeypatch.setitem(listeners.BY_TOPIC, DoorKnocked.topic, ("toy.codes", "toy.notify"))  # type: ignore[arg-type]
    for name in (CODES, NOTIFY):
        monkeypatch.setitem(listeners.LISTENERS, f"toy.{name}", hear(name))  # type: ignore[arg-type]
    monkeypatch.setitem(app.conf, "broker_url", f"redis+socket://{tmp_path}/nobody.sock")
    monkeypatch.setitem(app.conf, "broker_transport_options", transport(relay=True))
    made = Relay()
    made.heard = heard  # type: ignore[attr-defined]
    yield made
    made._direct.shutdown(wait=True)
    made.broker.close()


def statuses() -> dict[str, str]:
    with db.transaction() as tx:
        return dict(tx.execute(text("SELECT listener, status FROM delivery")).all())  # type: ignore[arg-type]


def test_without_a_broker_codes_are_delivered_by_the_relay_and_the_rest_is_kept(relay: Relay) -> None:
    with db.transaction() as tx:
        outbox.publish(tx, DoorKnocked())
    started = time.monotonic()
    assert relay.step() == 2
    assert time.monotonic() - started < 2
    relay._direct.shutdown(wait=True)
    assert relay.heard == [CODES]  # type: ignore[attr-defined]
    assert statuses() == {"toy.codes": "done", "toy.notify": "ready"}


@pytest.fixture
def handed(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Listeners whose deliveries went to the broker, which takes them all."""
    given: list[str] = []
    monkeypatch.setattr(relay.broker, "hand_over", lambda task: not given.extend(one.listener for one in task))  # type: ignore[func-returns-value]
    return given


def test_no_more_is_handed_out_than_workers_begin_with_in_time(
    relay: Relay, handed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().outbox, "in_flight", 5)
    monkeypatch.setitem(listeners.BY_TOPIC, DoorKnocked.topic, ("toy.notify",))  # type: ignore[arg-type]
    with db.transaction() as tx:
        for _ in range(12):
            outbox.publish(tx, DoorKnocked())
    assert [relay.step(), relay.step()] == [5, 0]
    with db.transaction() as tx:
        tx.execute(text("UPDATE delivery SET status = 'done' WHERE id IN (SELECT id FROM delivery LIMIT 3)"))
    assert [relay.step(), relay.step()] == [3, 0]
    with db.transaction() as tx:
        tx.execute(text("UPDATE delivery SET status = 'done'"))
    assert [relay.step(), relay.step()] == [4, 0]
    assert len(handed) == 12


def test_a_code_never_stands_behind_what_fills_the_line(
    relay: Relay, handed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().outbox, "in_flight", 5)
    monkeypatch.setitem(outbox.TOPICS, RingAtOnce.topic, RingAtOnce)
    monkeypatch.setitem(listeners.BY_TOPIC, RingAtOnce.topic, ("toy.codes",))  # type: ignore[arg-type]
    monkeypatch.setitem(listeners.BY_TOPIC, DoorKnocked.topic, ("toy.notify",))  # type: ignore[arg-type]
    with db.transaction() as tx:
        for _ in range(9):
            outbox.publish(tx, DoorKnocked())
    relay.step()
    with db.transaction() as tx:
        outbox.publish(tx, RingAtOnce())
    assert relay.step() == 1
    assert handed == ["toy.notify"] * 5 + ["toy.codes"]


def test_a_broker_that_failed_is_left_alone_for_a_while(relay: Relay) -> None:
    with db.transaction() as tx:
        for _ in range(50):
            outbox.publish(tx, DoorKnocked())
    started = time.monotonic()
    relay.step()
    assert time.monotonic() - started < 3  # one look at the broker, not a hundred
    assert 0 < relay.broker.pause <= 5


def test_a_delivery_for_a_listener_of_another_release_does_not_stop_the_relay(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as tx:
        outbox.publish(tx, DoorKnocked())
        outbox.lease(tx, listeners.table(), batch=10, seconds=0)
    monkeypatch.delitem(listeners.LISTENERS, "toy.notify")  # type: ignore[arg-type]
    assert relay.step() == 1
