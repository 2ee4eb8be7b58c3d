"""`make bench`: bookings beside pgbench running the same SQL, and lists beside a bare Flask view, in one run.

`make bench ARGS=queues` runs another of the benches that stand beside this file.

The SQL for pgbench is not written down anywhere: it is what one real booking sends, recorded on the wire, with the
values that differ from booking to booking put in by pgbench. So it cannot drift from the code.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import runpy
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from asimati import embedded
from asimati.embedded.postgres_server import installed
from bench.load import Result, request, run

CLIENTS, EACH, ROUNDS, EVENTS = 32, 50, 3, 200
ROOT = Path(__file__).resolve().parents[1]
EMPTY = "booking, engagement, audit_line, audit_checkpoint, message, delivery, idempotency_key, notification"
SAMPLE = CLIENTS * EACH + 1  # the person whose booking is recorded; nobody else's number


def person(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


def session(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8001-{number:012x}")


def event(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8002-{number:012x}")


# --- the ground ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def ground() -> Iterator[tuple[embedded.Postgres, Path]]:
    """Servers as `make run` has them (what is committed is on the disk), a schema, a pack, and people."""
    home = Path(tempfile.mkdtemp(prefix="asimati-bench-"))
    with embedded.postgres(home / "postgres") as database, embedded.redis(home / "redis") as redis:
        os.environ |= {
            "ASIMATI_PROFILE": "test",
            "ASIMATI_HOME": str(home),
            "ASIMATI_DATABASE_URL": database.url,
            "ASIMATI_REDIS_URL": redis.url,
            "ASIMATI_WEB_SHELF": "0.4",  # as in production
            "ASIMATI_WEB_LISTS": "30",
        }
        for command in (["migrate"], ["pack", "sync"]):
            subprocess.run(
                [sys.executable, "-m", "asimati", *command], check=True, stdout=subprocess.DEVNULL, cwd=ROOT
            )
        populate(database)
        yield database, home
        place = database.data().parent
    shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def populate(database: embedded.Postgres) -> None:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        numbered = "('00000000-0000-7000-800{}-' || lpad(to_hex(n), 12, '0'))::uuid"
        connection.execute(
            f"INSERT INTO person (id, phone, phone_index) SELECT {numbered.format(0)}, 'x', int4send(n)"
            f" FROM generate_series(0, {SAMPLE}) AS n"
        )
        connection.execute(
            "INSERT INTO account_session (id, person_id, assurance, method, device, expires_at)"
            f" SELECT {numbered.format(1)}, {numbered.format(0)}, 'phone', 'code', '', now() + interval '1 day'"
            f" FROM generate_series(0, {SAMPLE}) AS n"
        )
        names = [row[0] for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'event'"
            " AND column_name NOT IN ('id', 'code', 'capacity', 'taken', 'waiting', 'party_limit', 'approval')"
        )]  # fmt: skip
        columns = ", ".join(names)
        connection.execute(
            f"INSERT INTO event (id, capacity, taken, waiting, party_limit, approval, {columns})"
            f" SELECT {numbered.format(2)}, 100000, 0, 0, 1, false, {columns}"
            f" FROM generate_series(0, {EVENTS}) AS n,"
            " (SELECT * FROM event WHERE NOT approval ORDER BY starts_at DESC LIMIT 1) AS one"
        )
        connection.execute("ANALYZE")


def reset(database: embedded.Postgres) -> None:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute(f"TRUNCATE {EMPTY} CASCADE")
        connection.execute("UPDATE event SET taken = 0, waiting = 0, waitlist_sequence = 0")
        connection.execute("VACUUM event")


# --- bookings --------------------------------------------------------------------------------------------------


def bookings_of(number: int) -> str:
    return f"/api/v1/events/{event(number)}/bookings"


def recorded(where: Callable[[int], str] = bookings_of) -> list[str]:
    """The statements of one booking, or of what else is posted somewhere, as the application sent them."""
    from asimati.app import create_app

    client = create_app().test_client()
    client.post(where(1), json={}, headers=headers(0))  # so that everything is loaded
    return sent(lambda: client.post(where(0), json={}, headers=headers(SAMPLE)))


def sent(ask: Callable[[], Any]) -> list[str]:
    """The statements that one request has the application send, values and all."""
    from sqlalchemy import event as listen

    from asimati.kit import db

    seen: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        plain = psycopg.ClientCursor(connection.connection.dbapi_connection)
        seen.append(plain.mogrify(statement, values))

    listen.listen(db.engine(), "before_cursor_execute", note)
    answer = ask()
    assert answer.status_code in (200, 201), answer.get_data(as_text=True)
    listen.remove(db.engine(), "before_cursor_execute", note)
    return seen


def script(statements: list[str], *, spread: bool) -> str:
    """The statements for pgbench: each client books for persons of its own, on one event or on any of many."""
    uuid = "('00000000-0000-7000-800{}-' || lpad(to_hex(:{}), 12, '0'))::uuid"
    known = {
        f"'{person(SAMPLE).hex}'": uuid.format(0, "n"),
        f"'{session(SAMPLE).hex}'": uuid.format(1, "n"),
        f"'{event(0).hex}'": uuid.format(2, "e"),
        f"'resident:{person(SAMPLE)}'": "'resident:' || :n",
        "'bench-key'": "'key-' || :n",
        f", {SAMPLE + 1}, tstzrange": ", :n + 1, tstzrange",  # the person's number in the calendar
    }
    which = f"random(0, {EVENTS - 1})" if spread else "0"
    lines = ["\\set i :i + 1", f"\\set n :client_id * {EACH} + :i - 1", f"\\set e {which}"]
    for statement in ["BEGIN", *statements, "COMMIT"]:
        for literal, value in known.items():
            statement = statement.replace(literal, value)
        statement = re.sub(r"'[0-9a-f]{12}7[0-9a-f]{19}'", "gen_random_uuid()", statement)
        statement = re.sub(r"'BK-\w{8}'", "'BK-' || substr(md5(random()::text), 1, 12)", statement)
        lines.append(" ".join(statement.split()) + ";")
    return "\n".join(lines) + "\n"


def pgbench(database: embedded.Postgres, home: Path, text: str) -> float:
    """Transactions a second of a script, by as many clients as the API has."""
    path = home / "booking.sql"
    path.write_text(text)
    if "--sql" in sys.argv:
        print(text)
    done = subprocess.run(
        [str(installed() / "bin" / "pgbench"), "-n", "-c", str(CLIENTS), "-j", "2", "-t", str(EACH), "-D", "i=0",
         "-f", str(path), database.dsn()],
        capture_output=True, text=True,
    )  # fmt: skip
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode or not failed or int(failed[1]):
        raise SystemExit(f"pgbench: {done.stdout}\n{done.stderr[-2000:]}")
    return float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]


def headers(number: int) -> dict[str, str]:
    from asimati.kit import tokens

    now = int(time.time())
    claims = {"sub": str(person(number)), "sid": str(session(number)), "kind": "resident"}
    token = tokens.sign(claims | {"iat": now, "exp": now + 3600, "jti": str(number)})
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": "bench-key"}


def plans(*, spread: bool, where: Callable[[int], str] = bookings_of) -> list[list[bytes]]:
    def one(number: int) -> bytes:
        return request("POST", where(number % EVENTS if spread else 0), headers(number), b"{}")

    return [[one(client * EACH + i) for i in range(EACH)] for client in range(CLIENTS)]


# --- servers ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(application: str, port: int, path: str) -> Iterator[int]:
    """Granian with an application, two processes of eight threads, as `make run` has it."""
    command = ["granian", "--interface", "wsgi", "--factory", application, "--port", str(port), "--no-ws"]
    sizes = ["--workers", "2", "--blocking-threads", "8", "--log-level", "warning"]
    server = subprocess.Popen([sys.executable, "-m", *command, *sizes], cwd=ROOT)
    try:
        for _ in range(300):  # a minute: machines are shared
            time.sleep(0.2)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
        run(port, [[request("GET", path, {})] * 50] * 16)  # every thread has loaded what it needs
        yield port
    finally:
        server.terminate()
        server.wait()


def lists(port: int, path: str, more: dict[str, str] | None = None) -> Result:
    return run(port, [[request("GET", path, more or {})] * 60] * CLIENTS)


def tag_of(port: int, path: str) -> str:
    import httpx

    return httpx.get(f"http://127.0.0.1:{port}{path}").headers["ETag"]


def main() -> None:
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)
        print(f"  {name:34}{value:10.0f}/s", flush=True)

    with (
        ground() as (database, home),
        served("asimati.wsgi:create_app", 8951, "/healthz") as api,
        served("bench.hello:create_app", 8952, "/hello") as hello,
    ):
        reset(database)
        statements = recorded()
        print(f"{len(statements)} statements a booking, {CLIENTS} clients, {ROUNDS} rounds")
        prepared = {spread: plans(spread=spread) for spread in (False, True)}
        for _ in range(ROUNDS):
            for spread, where in ((False, "hot event"), (True, f"{EVENTS} events")):
                reset(database)
                note(f"pgbench, {where}", pgbench(database, home, script(statements, spread=spread)))
                reset(database)
                booked = run(api, prepared[spread])
                assert set(booked.statuses) == {201}, booked.statuses
                note(f"bookings, {where}", booked.per_second)
            one = f"/api/v1/events/{event(0)}"
            note("Flask hello", lists(hello, "/hello").per_second)
            note("list of 20 events", lists(api, "/api/v1/events?limit=20").per_second)
            note("one event", lists(api, one).per_second)
            note("one event, 304", lists(api, one, {"If-None-Match": tag_of(api, one)}).per_second)
        subprocess.run([sys.executable, "-m", "asimati", "verify", "seats"], check=True, cwd=ROOT)
    report(figures)


def report(figures: dict[str, list[float]]) -> None:
    """Ratios of figures taken one after the other in the same round; the median, and the span."""
    pairs = [(f"bookings, {where}", f"pgbench, {where}") for where in ("hot event", f"{EVENTS} events")]
    pairs += [(name, "Flask hello") for name in ("list of 20 events", "one event", "one event, 304")]
    print("\nratios (median, least and most of the rounds)")
    for name, beside in pairs:
        ratios = sorted(a / b for a, b in zip(figures[name], figures[beside], strict=True))
        print(f"  {name + ' / ' + beside:48}{statistics.median(ratios):6.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}")
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    named = sys.argv[1:2]
    if named and Path(__file__).with_name(f"{named[0]}.py").exists():
        runpy.run_module(f"bench.{named[0]}", run_name="__main__")
    else:
        main()
