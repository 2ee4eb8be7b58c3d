"""What it costs to ask who may, and to write down who did, on servers of its own, all in one run:

    make bench ARGS=access        (ARGS="access --checks" or "access --audit": one of the two alone)

1. Reads of residents and of staff, beside the same application on the same server without its checks: no token is
   read, no session, role or scope is asked of the database, nothing is refused; the actor lies ready. Both write
   the same line of who read whose data, and both must give the same answer. Request limits are off.
2. Bookings by 32 writers on 200 events, beside the same application whose bookings write no line to the trail.
   While lines are written, two sealers chain them, five times as often as the house does. Afterwards every booking
   has its line, and `asimati audit verify` must find one chain.

The applications that lack something are made here, by `without_checks` and `without_audit`; the product has no
switch for it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import psycopg
from flask import Flask

from asimati import embedded
from asimati.kit.policy import Actor
from bench import __main__ as events
from bench.load import request, run
from bench.queues import as_resident, as_staff, cases, staff

ASKED, CASES = 60, 32_000  # times each client asks in a round; cases, twenty of each resident
HEADER = "X-Bench-Actor"  # who asks, for the application that does not find out; sent to both
SEALED = 2.0  # seconds between two sealings
READS = {
    "resident, one case": "/api/v1/service-requests/SR-00000001",
    "resident, 20 cases": "/api/v1/service-requests?limit=20",
    "staff, one case": "/api/v1/staff/service-requests/SR-00000001",
    "staff, queue of 20": "/api/v1/staff/queues/unassigned?limit=20",
}
RESIDENT = 1  # the number of the one who filed SR-00000001


# --- applications that lack something --------------------------------------------------------------------------


def without_checks() -> Flask:
    """The application with a ready actor in the place of every check."""
    from asimati.http import routes
    from asimati.kit import policy

    routes.admit = _ready
    policy.require = lambda *_asked, **_named: None
    from asimati.app import create_app

    return create_app()


def _ready(_tx: Any, _who: Any, *_cost: Any) -> Actor:
    from flask import request as asked

    from asimati.http import locale

    actor = _actor(asked.headers.get(HEADER, ""))
    locale.follow(actor)
    return actor


@cache
def _actor(name: str) -> Actor:
    from asimati.accounts.callers import staff_as_actor
    from asimati.kit.db import transaction
    from asimati.kit.policy import ANONYMOUS

    kind, _, who = name.partition(":")
    if kind != "staff":
        return Actor("resident", UUID(who), assurance="phone") if who else ANONYMOUS
    with transaction() as tx:
        found = staff_as_actor(tx, UUID(who))
    assert found is not None, name
    return found


def without_audit() -> Flask:
    """The application whose bookings leave no line in the trail."""
    from asimati.app import create_app
    from asimati.events.actions import booking

    booking._NOTE = " noted AS (SELECT 1)"
    return create_app()


# --- the checks ------------------------------------------------------------------------------------------------


def checks(database: embedded.Postgres, full: int, bare: int) -> None:
    """Print how many reads a second are answered without the checks for each that is answered with them."""
    officers = staff(database)
    cases(database, 1, CASES, officers)
    print(f"reads a second, {events.CLIENTS} clients, {events.ROUNDS} rounds", flush=True)
    for name, path in READS.items():
        headers = _headers(name, officers[0])
        answers = [httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers) for port in (full, bare)]
        assert [one.status_code for one in answers] == [200, 200], [one.text for one in answers]
        assert answers[0].json() == answers[1].json(), name
        pairs = [(_asked(bare, path, headers), _asked(full, path, headers)) for _ in range(events.ROUNDS)]
        without, checked = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"  {name:24}{checked:8.0f} with, {without:8.0f} without", flush=True)
        _said(f"{name}: without / with", [one / other for one, other in pairs], "at most 1.25")


def _headers(name: str, officer: UUID) -> dict[str, str]:
    if name.startswith("staff"):
        return as_staff() | {HEADER: f"staff:{officer}"}
    return as_resident(RESIDENT) | {HEADER: f"resident:{events.person(RESIDENT)}"}


def _asked(port: int, path: str, headers: dict[str, str]) -> float:
    done = run(port, [[request("GET", path, headers)] * ASKED] * events.CLIENTS)
    assert set(done.statuses) == {200}, done.statuses
    return done.per_second


# --- the trail -------------------------------------------------------------------------------------------------


def trail(database: embedded.Postgres, full: int, silent: int) -> None:
    """Print how many bookings a second are made with their lines in the trail for each without; then verify it."""
    ratios = []
    print(f"bookings a second, {events.CLIENTS} writers, {events.EVENTS} events", flush=True)
    for number in range(events.ROUNDS):
        events.reset(database)
        without = _booked(silent)
        assert _lines(database) == 0, "a booking left a line where none should be"
        events.reset(database)
        with _sealing() as sealed:
            noted = _booked(full)
        assert _lines(database) == events.CLIENTS * events.EACH, "a booking without its line"
        ratios.append(noted / without)
        print(f"round {number + 1}: {noted:.0f} with the trail, {without:.0f} without, sealed {sealed}", flush=True)
    _said("with / without the trail", ratios, "at least 0.90")
    subprocess.run([sys.executable, "-m", "asimati", "audit", "verify"], check=True, cwd=events.ROOT)


def _booked(port: int) -> float:
    done = run(port, events.plans(spread=True))
    assert set(done.statuses) == {201}, done.statuses
    return done.per_second


def _lines(database: embedded.Postgres) -> int:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        found = connection.execute("SELECT count(*) FROM audit_line WHERE action = 'events.booking_confirmed'")
        return int(found.fetchone()[0])  # type: ignore[index]


@contextmanager
def _sealing() -> Iterator[list[int]]:
    """Two sealers beside the writers, and once more when they are done; how many lines each sealing took."""
    over, sealed = threading.Event(), list[int]()

    def seal_on() -> None:
        while not over.wait(SEALED):
            sealed.append(_seal())

    sealers = [threading.Thread(target=seal_on) for _ in range(2)]
    for one in sealers:
        one.start()
    try:
        yield sealed
    finally:
        over.set()
        for one in sealers:
            one.join()
    while taken := _seal():
        sealed.append(taken)


def _seal() -> int:
    from asimati.kit import audit
    from asimati.kit.db import transaction

    with transaction(patience=60) as tx:
        return audit.seal(tx)


def _said(name: str, ratios: list[float], wanted: str) -> None:
    middle, span = statistics.median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"  {name:44}{middle:8.2f}   {span}, wanted {wanted}", flush=True)


def main() -> None:
    parts: dict[str, tuple[str, Callable[[embedded.Postgres, int, int], None]]] = {
        "--checks": ("bench.access:without_checks", checks),
        "--audit": ("bench.access:without_audit", trail),
    }
    chosen = [name for name in parts if name in sys.argv] or list(parts)
    with events.ground() as (database, _home), events.served("asimati.wsgi:create_app", 8956, "/healthz") as full:
        for name in chosen:
            factory, measure = parts[name]
            with events.served(factory, 8957, "/healthz") as lacking:
                measure(database, full, lacking)


if __name__ == "__main__":
    main()
