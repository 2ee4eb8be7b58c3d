"""Killed, stopped and doubled: the running house loses nothing and doubles nothing."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from asimati.embedded import Server
from asimati.http.shelf import LATEST
from tests.faults.people import book, make_event, sign_in
from tests.faults.stack import Stack, running, wait_until

pytestmark = pytest.mark.faults


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running(tmp_path) as made:
        made.run("asimati", "seed", "--staff-only")
        yield made


class Observer(threading.Thread):
    """Looks at the seats on its own connection every 20 ms: "in the end" is not "at every moment"."""

    def __init__(self, stack: Stack, event: str) -> None:
        super().__init__(daemon=True)
        self._dsn = stack.database_url.replace("postgresql+psycopg", "postgresql")
        self._event, self._ended = event, threading.Event()
        self.most, self.looks = 0, 0

    def run(self) -> None:
        seats = """
            SELECT coalesce(sum(party_size), 0) FROM booking
            WHERE event_id = %s AND status IN ('confirmed', 'offered', 'checked_in')"""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._ended.is_set():
                self.most = max(self.most, connection.execute(seats, (self._event,)).fetchone()[0])  # type: ignore[index]
                self.looks += 1
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def __enter__(self) -> Observer:
        self.start()
        return self


def storm(count: int, deed: Callable[[int], Any]) -> list[Any]:
    """Do it from that many threads at once."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait()
        return deed(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def settled(stack: Stack) -> bool:
    """Nothing waits to be delivered."""
    undone = """SELECT (SELECT count(*) FROM message WHERE dispatched_at IS NULL)
                     + (SELECT count(*) FROM delivery WHERE status IN ('ready', 'leased'))"""
    return stack.ask(undone)[0][0] == 0


def assert_each_told_once(stack: Stack) -> None:
    """Every message reached each of its listeners once: none undone or dead, no effect missing or doubled.

    An offer is told while it is the latest news: whoever heard what came of it first is not told of it any more.
    """
    wait_until(lambda: settled(stack), 90)
    dead = """
        SELECT topic, listener, runs, last_error FROM delivery JOIN message ON message.id = message_id
        WHERE status <> 'done'"""
    assert stack.ask(dead) == []
    missing = """
        SELECT topic, payload FROM message WHERE topic LIKE 'events.booking%%' AND NOT EXISTS (
          SELECT FROM notification WHERE message_id = message.id AND channel = 'inbox') AND NOT (
          payload ->> 'offer_expires_at' IS NOT NULL AND EXISTS (
            SELECT FROM notification WHERE message_id > message.id AND channel = 'inbox'
              AND about ->> 'reference' = payload -> 'about' ->> 'reference'))"""
    assert stack.ask(missing) == []
    doubled = """
        SELECT count(*) FROM (
          SELECT FROM notification GROUP BY message_id, person, channel HAVING count(*) > 1) AS double"""
    assert stack.ask(doubled) == [(0,)]


def test_two_hundred_for_ten_seats_while_a_web_process_is_killed(stack: Stack) -> None:
    addresses = [stack.web("web-1"), stack.web("web-2")]
    stack.relay(), stack.worker()
    event = make_event(addresses[0], capacity=10)
    people = [sign_in(addresses[0], phone=f"+97333{i:06}") for i in range(200)]

    def kill_one() -> None:
        wait_until(lambda: stack.ask("SELECT count(*) FROM booking")[0][0] > 20, 30, pause=0.01)
        stack.kill("web-2")
        stack.web("web-2")

    with Observer(stack, event) as observer:
        killer = threading.Thread(target=kill_one)
        killer.start()
        answers = storm(200, lambda i: book(addresses if i % 2 else addresses[::-1], event, people[i]))
        killer.join()

    assert Counter(answer.status_code for answer in answers) == {201: 200}
    assert Counter(answer.json()["status"] for answer in answers) == {"confirmed": 10, "waitlisted": 190}
    assert observer.most == 10, f"{observer.looks} looks"
    line = stack.ask("SELECT place FROM booking WHERE status = 'waitlisted' ORDER BY created_at, place")
    assert [place for (place,) in line] == list(range(1, 191))
    assert stack.verify("seats").returncode == 0
    assert_each_told_once(stack)


def test_redis_stopped_and_a_worker_killed_lose_no_message_and_bookings_stay_quick(stack: Stack) -> None:
    address = stack.web()
    stack.relay(), stack.worker()
    event = make_event(address, capacity=500)
    people = [sign_in(address, phone=f"+97333{i:06}") for i in range(60)]
    for headers in people[:20]:
        assert book([address], event, headers).status_code == 201
    stack.kill("worker")  # in the middle of what the first twenty set off
    stack.redis.stop()

    slowest = 0.0
    stopped = time.monotonic()
    for headers in people[20:]:
        started = time.monotonic()
        assert book([address], event, headers).status_code == 201
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 1.0

    # A code is asked for while the broker is away: somebody stands at the door, and the relay sends it itself.
    asked = httpx.post(f"{address}/api/v1/auth/otp", json={"phone": "+97339000001"}, timeout=5)
    assert asked.status_code == 202
    wait_until(lambda: httpx.get(f"{address}/dev/mailbox?to=%2B97339000001").json()["items"], 10)

    time.sleep(max(0.0, float(os.environ.get("FAULTS_REDIS_DOWN", "60")) - (time.monotonic() - stopped)))
    stack.redis.start()
    stack.worker()
    assert_each_told_once(stack)
    assert stack.verify("outbox").returncode == 0


def test_two_of_everything_lose_nothing_and_double_nothing(stack: Stack) -> None:
    addresses = [stack.web("web-1"), stack.web("web-2")]
    for name in ("a", "b"):
        stack.relay(f"relay-{name}"), stack.worker(f"worker-{name}"), stack.beat(f"beat-{name}")
    event = make_event(addresses[0], capacity=30)
    people = [sign_in(addresses[0], phone=f"+97333{i:06}") for i in range(60)]
    answers = storm(60, lambda i: book(addresses, event, people[i]))
    assert Counter(answer.json()["status"] for answer in answers) == {"confirmed": 30, "waitlisted": 30}

    stack.kill("worker-a"), stack.kill("relay-a")
    wait_until(lambda: stack.ask("SELECT count(*) FROM job_run")[0][0] > 0, 60)
    assert_each_told_once(stack)
    for what in ("seats", "tallies", "audit"):
        report = stack.verify(what)
        assert report.returncode == 0, report.stdout


def test_the_database_away_is_503_and_it_heals_without_a_restart(stack: Stack) -> None:
    address = stack.web()
    assert httpx.get(f"{address}/api/v1/events").status_code == 200
    database = stack.database
    Server.stop(database)  # its own stop() would throw the data of a throw-away server away
    time.sleep(LATEST)  # what was asked before is handed out from the shelf until then
    answer = httpx.get(f"{address}/api/v1/events", timeout=20)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
    assert httpx.get(f"{address}/healthz").status_code == 200
    database.start()
    wait_until(lambda: httpx.get(f"{address}/api/v1/events").status_code == 200, 10)
