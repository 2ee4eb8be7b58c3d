"""Relay, worker and beat as real processes over a real broker: how soon, and what survives what."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from asimati import embedded
from asimati.accounts.actions import ensure_person, request_code
from asimati.events.messages import OfferLapsed
from asimati.kit import clock, db, outbox
from asimati.notifications.sync import sync
from tests.notifications.letters import TEMPLATES
from workers.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]
LEASE = 2  # seconds


class House:
    """The processes of a house over this test's database, and a Redis of their own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.redis = embedded.redis(folder / "redis")
        self.redis.start()
        self._folder, self._processes = folder, {}  # type: ignore[var-annotated]
        self._environment = os.environ | {
            "ASIMATI_DATABASE_URL": database,
            "ASIMATI_REDIS_URL": self.redis.url,
            "ASIMATI_OUTBOX_LEASE": str(LEASE),
        }

    def start(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self._environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def relay(self, name: str = "relay") -> None:
        self.start(name, "workers.relay")

    def worker(self, name: str = "worker") -> None:
        queues = ",".join(QUEUES)
        self.start(name, "celery", "-A", "workers.app", "worker", "-Q", queues, "-c", "2", "-n", f"{name}@%h",
                   "--without-gossip", "--without-mingle")  # fmt: skip

    def beat(self, name: str = "beat") -> None:
        self.start(name, "celery", "-A", "workers.app", "beat")

    def stop(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Signal a process with all its children (SIGKILL) or alone; its exit code."""
        process = self._processes.pop(name)
        (os.killpg if how is signal.SIGKILL else os.kill)(process.pid, how)
        return int(process.wait(timeout=40))

    def lose_redis(self) -> None:
        """kill -9 the broker; `redis.start()` brings it back at the same address."""
        self.redis.process.kill()
        self.redis.process.wait()

    def close(self) -> None:
        for name in list(self._processes):
            self.stop(name)
        self.redis.stop()


@pytest.fixture
def house(clean: str, tmp_path: Path) -> Iterator[House]:
    lapsed = {
        **TEMPLATES["templates"][0],
        "topic": OfferLapsed.topic,
        "channels": ["inbox", "sms"],
        "text": {"ar": "{title} ({reference})", "en": "{title} ({reference})"},
    }
    with db.transaction() as tx:
        sync(tx, {"templates": [lapsed, TEMPLATES["templates"][1]]})
    made = House(tmp_path, clean)
    yield made
    made.close()


@pytest.fixture
def person(clean: str) -> UUID:
    with db.transaction() as tx:
        return ensure_person(tx, "+97333000111").id


def tell(person: UUID, times: int = 1) -> None:
    with db.transaction() as tx:
        for _ in range(times):
            outbox.publish(
                tx,
                OfferLapsed(
                    person=person, about={"type": "booking", "reference": "BK-1"}, event=uuid4(), reference="BK-1",
                    title={"ar": "ورشة", "en": "Workshop"}, starts_at=clock.utcnow(),
                ),
            )  # fmt: skip


def ask(sql: str) -> list[Any]:
    with db.transaction() as tx:
        return list(tx.execute(text(sql)))


def count(table: str) -> int:
    return int(ask(f"SELECT count(*) FROM {table}")[0][0])


def until(look: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(
        f"not within {seconds} s; deliveries: {ask('SELECT listener, status, runs FROM delivery')}"
    )


def all_sent(number: int) -> Callable[[], bool]:
    """Whether so many texts reached the mailbox and everything is done."""
    return lambda: count("dev_mail") == number and not ask("SELECT 1 FROM delivery WHERE status <> 'done' LIMIT 1")


def test_a_message_arrives_soon_and_beat_does_its_jobs(house: House, person: UUID) -> None:
    house.relay()
    house.worker()
    house.beat()
    tell(person)
    until(all_sent(1))
    for number in range(2, 12):
        tell(person)
        until(all_sent(number))
        time.sleep(0.05)
    waits = [
        row[0]
        for row in ask("""
            SELECT extract(epoch FROM n.created_at - m.created_at)::float FROM notification n
            JOIN message m ON m.id = n.message_id WHERE channel = 'inbox' ORDER BY m.created_at OFFSET 1""")
    ]
    print(f"message to inbox: median {statistics.median(waits):.3f} s, most {max(waits):.3f} s")
    assert statistics.median(waits) < 1  # it is told, not found by looking; one may wait on a busy machine
    with db.transaction() as tx:
        challenge = request_code(tx, "+97333000222", "127.0.0.1", "ar")[0].id
    sent = until(lambda: ask("SELECT at, text FROM dev_mail WHERE \"to\" = '+97333000222'"))
    asked = ask(f"SELECT created_at FROM message WHERE payload->>'challenge' = '{challenge}'")
    wait = (sent[0][0] - asked[0][0]).total_seconds()
    print(f"code to provider: {wait:.3f} s")
    assert wait < 5
    until(lambda: ask("SELECT 1 FROM job_run WHERE job = 'audit.seal'"))
    assert house.stop("relay", signal.SIGTERM) == 0
    assert house.stop("beat", signal.SIGTERM) == 0
    assert house.stop("worker", signal.SIGTERM) == 0


def test_without_workers_the_relay_delivers_codes_itself(house: House, person: UUID) -> None:
    house.relay()
    tell(person)
    until(lambda: count("delivery"))
    with db.transaction() as tx:
        request_code(tx, "+97333000222", "127.0.0.1", "ar")
    until(lambda: ask("SELECT 1 FROM dev_mail WHERE \"to\" = '+97333000222'"), 5)
    house.worker()  # finds the hint of the code and has nothing to do
    until(all_sent(2))
    assert ask("SELECT attempts FROM notification WHERE person IS NULL") == [(1,)]


@pytest.mark.faults
def test_nothing_is_lost_while_redis_is_away_and_codes_go_out_all_the_same(house: House, person: UUID) -> None:
    house.relay()
    house.worker()
    house.beat()
    tell(person)
    until(all_sent(1))
    house.lose_redis()
    tell(person, times=50)
    with db.transaction() as tx:
        request_code(tx, "+97333000222", "127.0.0.1", "ar")
    started = time.monotonic()
    until(lambda: ask("SELECT 1 FROM dev_mail WHERE \"to\" = '+97333000222'"), 5)
    print(f"code with Redis away: {time.monotonic() - started:.2f} s")
    time.sleep(5)
    assert count("dev_mail") == 2
    house.redis.start()
    started = time.monotonic()
    until(all_sent(52), 40)
    print(f"50 messages after Redis came back: {time.monotonic() - started:.1f} s")
    assert count("notification") == 2 * 51 + 1
    periods = count("job_run")
    until(lambda: count("job_run") > periods, 30)  # beat and worker found their way back too


@pytest.mark.faults
def test_a_frozen_redis_holds_nobody_up(house: House, person: UUID) -> None:
    house.relay()
    house.worker()
    tell(person)
    until(all_sent(1))
    frozen = house.redis.process.pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        with db.transaction() as tx:
            request_code(tx, "+97333000222", "127.0.0.1", "ar")
        started = time.monotonic()
        until(lambda: ask("SELECT 1 FROM dev_mail WHERE \"to\" = '+97333000222'"), 5)
        print(f"code with Redis frozen: {time.monotonic() - started:.2f} s")
        tell(person, times=20)
        time.sleep(2)
    finally:
        os.kill(frozen, signal.SIGCONT)
    until(all_sent(22), 60)


@pytest.mark.faults
def test_redis_restarted_empty_loses_nothing(house: House, person: UUID) -> None:
    """Hints that were in Redis when it was emptied are given again after the lease."""
    house.relay()
    tell(person, times=30)
    until(lambda: count("delivery") == 30)
    house.lose_redis()
    for file in sorted(house.redis.folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    house.redis.start()
    house.worker()
    until(all_sent(30), 40)
    assert count("notification") == 60


@pytest.mark.faults
def test_a_worker_killed_in_the_middle_leaves_its_effect_once(house: House, person: UUID) -> None:
    house.relay()
    house.worker()
    tell(person)
    until(all_sent(1))
    with db.engine().connect() as holder:  # the next effect has to wait for this table, so it can be killed inside
        holder.execute(text("LOCK TABLE notification IN SHARE ROW EXCLUSIVE MODE"))
        tell(person)
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE '%notification%'"
        until(lambda: ask(waiting))
        house.stop("worker")
    house.worker("another")
    until(all_sent(2), 40)
    assert count("notification") == 4
    assert ask("SELECT max(runs) FROM delivery")[0][0] >= 2


@pytest.mark.faults
def test_two_of_everything_and_killings_double_nothing(house: House, person: UUID) -> None:
    for number in (1, 2):
        house.relay(f"relay{number}")
        house.worker(f"worker{number}")
        house.beat(f"beat{number}")
    stop = threading.Event()

    def keep_telling() -> None:
        while not stop.is_set():
            tell(person, times=5)
            time.sleep(0.1)

    teller = threading.Thread(target=keep_telling)
    teller.start()
    for name, again in (("worker1", house.worker), ("relay1", house.relay), ("worker2", house.worker)):
        time.sleep(2)
        house.stop(name)
        again(name)
    time.sleep(1)
    stop.set()
    teller.join()
    told = ask("SELECT count(*) FROM message WHERE topic = 'events.offer_lapsed'")[0][0]
    until(all_sent(told), 90)
    print(f"{told} messages under killings, all sent once")
    assert count("notification") == 2 * told
    periods = ask("SELECT count(*), count(DISTINCT period) FROM job_run WHERE job = 'audit.seal'")[0]
    assert periods[0] == periods[1] >= 1
