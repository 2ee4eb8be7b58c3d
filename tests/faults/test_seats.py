"""Sixty-four residents do everything at once with a running house that is being killed, one of its clocks ahead."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.events.laws import LAWS, broken, in_and_told
from tests.faults.people import COORDINATOR, HTTP, make_event, sign_in
from tests.faults.stack import Stack, running, wait_until
from tests.faults.test_faults import assert_each_told_once, storm

pytestmark = pytest.mark.faults
RESIDENTS, DEEDS, NIGHT = 64, 12, 16 * 3600


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running(tmp_path) as made:
        made.run("asimati", "seed", "--staff-only")
        yield made


@dataclass
class House:
    """Two web processes, three events: two in parallel, and one whose doors are open."""

    stack: Stack
    addresses: list[str]
    staff: dict[str, str]
    events: list[str]
    answers: Counter[str] = field(default_factory=Counter)

    def ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
        """With one key until somebody answers, at whichever web process is there."""
        key = {"Idempotency-Key": str(uuid4())}
        for attempt in range(400):
            address = self.addresses[attempt % 2]
            try:
                answer = HTTP.request(method, f"{address}/api/v1{path}", json=body, headers=headers | key)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code < 500 and answer.status_code != 429:
                self.answers[f"{method} {answer.status_code}"] += 1
                return answer
            time.sleep(0.05)
        raise AssertionError(f"nobody answered {method} {path}")

    def live(self, number: int, headers: dict[str, str]) -> None:
        """One resident's hour, in fast motion."""
        chance = Random(number)
        for step in range(DEEDS):
            mine = self.ask("GET", "/bookings", headers).json()["items"]
            of = {status: [one for one in mine if one["status"] == status] for status in ("confirmed", "offered")}
            deed = chance.choice(("book", "book", "cancel", "accept", "move"))
            if deed == "accept" and of["offered"]:
                self.ask("POST", f"/bookings/{chance.choice(of['offered'])['reference']}/accept", headers)
            elif deed == "move" and of["confirmed"]:
                at = f"/bookings/{chance.choice(of['confirmed'])['reference']}/reschedule"
                self.ask("POST", at, headers, {"event": chance.choice(self.events[:2])})
            elif deed == "cancel" and mine:
                self.ask("DELETE", f"/bookings/{chance.choice(mine)['reference']}", headers)
            elif here := [one for one in of["confirmed"] if one["event"] == self.events[-1]]:
                self.come_in(here[0]["ticket"], f"{number}-{step}", chance)
            else:
                self.ask("POST", f"/events/{chance.choice(self.events)}/bookings", headers, {})

    def come_in(self, ticket: str, nonce: str, chance: Random) -> None:
        """At one of two doors, whose device sends the scan twice."""
        scan = {"ticket": ticket, "nonce": nonce, "device": f"door-{chance.randint(1, 2)}",
                "at": datetime.now(UTC).isoformat(), "event": self.events[-1]}  # fmt: skip
        said = [self.ask("POST", "/staff/check-ins", self.staff, scan).json()["outcome"] for _ in range(2)]
        assert said[0] == said[1], said

    def keep_house(self, number: int) -> None:
        """A member of staff: capacity up and down."""
        chance = Random(1000 + number)
        for _ in range(DEEDS):
            event = chance.choice(self.events[::2])
            tag = self.ask("GET", f"/staff/events/{event}", self.staff).headers["ETag"]
            self.ask("PATCH", f"/staff/events/{event}", self.staff | {"If-Match": tag},
                     {"capacity": chance.randint(4, 12)})  # fmt: skip


def opened(stack: Stack, **environment: str) -> House:
    addresses = [stack.web("web-1", **environment), stack.web("web-2", **environment)]
    events = [make_event(addresses[0], seats, party_limit=1) for seats in (6, 40, 6)]
    starts = datetime.now(UTC) + timedelta(days=5)
    with create_engine(stack.database_url).begin() as owner:
        owner.execute(text("UPDATE event SET late_cancel_hours = 0 WHERE id = ANY(:all)"), {"all": events})
        times = {"starts": starts, "ends": starts + timedelta(hours=1), "two": events[:2]}
        owner.execute(
            text("UPDATE event SET series = 'x', starts_at = :starts, ends_at = :ends WHERE id = ANY(:two)"), times
        )
        soon = {"soon": datetime.now(UTC) + timedelta(minutes=90), "door": events[2]}
        owner.execute(
            text("UPDATE event SET starts_at = :soon, ends_at = :soon + interval '1 hour' WHERE id = :door"), soon
        )
    return House(stack, addresses, sign_in(addresses[0], email=COORDINATOR), events)


@contextmanager
def watched(house: House) -> Iterator[Counter[str]]:
    """Every few milliseconds on a connection of its own: how many looks, and which laws were seen broken."""
    seen: Counter[str] = Counter()
    over = threading.Event()
    engine = create_engine(house.stack.database_url, isolation_level="AUTOCOMMIT")

    def look() -> None:
        with engine.connect() as onlooker:
            while not over.wait(0.01):
                rows = onlooker.execute(LAWS, {"events": [UUID(one) for one in house.events]}).all()
                seen.update(["looks", *(law for row in rows for law in broken(row))])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def everybody(house: House) -> Counter[str]:
    people = [sign_in(house.addresses[0], phone=f"+97333{i:06}") for i in range(RESIDENTS)]
    with watched(house) as seen:
        storm(
            RESIDENTS + 2, lambda i: house.live(i, people[i]) if i < RESIDENTS else house.keep_house(i - RESIDENTS)
        )
    return seen


def test_everything_at_once_while_web_and_worker_are_killed_breaks_no_law(stack: Stack) -> None:
    house = opened(stack)
    stack.relay(), stack.worker()

    def tomorrow(name: str) -> None:
        stack.start(name, "tests.faults.tomorrow", ASIMATI_CLOCK_OFFSET=str(NIGHT))

    tomorrow("tomorrow")

    def kill() -> None:
        for more in (60, 200):
            wait_until(lambda more=more: house.answers.total() > more, 60, pause=0.01)
            for name, again in (("web-2", stack.web), ("worker", stack.worker), ("tomorrow", tomorrow)):
                stack.kill(name)
                again(name)

    killer = threading.Thread(target=kill)
    killer.start()
    seen = everybody(house)
    killer.join()
    assert set(seen) == {"looks"}, (seen, house.answers)
    assert seen["looks"] > 50
    happened = {status for (status,) in stack.ask("SELECT DISTINCT status FROM booking")}
    assert happened >= {"confirmed", "waitlisted", "lapsed", "cancelled", "checked_in"}
    assert stack.verify("seats").returncode == 0
    assert_each_told_once(stack)
    with create_engine(stack.database_url).connect() as tx:
        assert in_and_told(tx)


def test_without_lock_and_constraints_the_same_people_break_them(stack: Stack) -> None:
    """Negative control."""
    house = opened(stack, ASIMATI_TESTING_WITHOUT="seat_lock")
    with create_engine(stack.database_url).begin() as owner:
        owner.execute(text("ALTER TABLE event DROP CONSTRAINT event_seats_check"))
        owner.execute(text("DROP INDEX booking_line_key"))
    assert set(everybody(house)) > {"looks"}
