"""What the staff's queues and filing a case cost, on servers of their own, all in one run:

    make bench ARGS=queues        (ARGS="queues 50000": so many open cases, 200,000 unless said;
                                   --sql prints what is sent, --plans how PostgreSQL runs it)

1. A page of 50 of a queue, and Arabic searches over it, asked of the API by one member of staff, beside the very
   same statements in psql, with a tenth of the cases and with all of them. The statements are recorded from one
   real request at the start of each, the audit line of who read whose cases among them; psql sends them one by one
   and reports how long each took (`\\timing`), so what it costs to print them is left out.
2. Cases filed with a form of 15 fields, beside a bare Flask view on the same server that inserts the same body as
   one row; 32 connections, each request with its own resident, access token and Idempotency-Key.
"""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import inspect, select

from asimati import embedded
from asimati.embedded.postgres_server import installed
from bench.__main__ import CLIENTS, EACH, ROUNDS, ground, person, served, session
from bench.load import request, run

ASKED = 60  # times each page is asked in a round
SESSION = UUID("00000000-0000-7000-8009-000000000001")
EMPTY = "audit_line, audit_checkpoint, message, delivery, idempotency_key"
# Words as residents write them, and how often: a few are in very many cases, most in few.
COMMON = [
    "الشارع", "المنزل", "الحديقة", "المدرسة", "الرصيف", "الإنارة",
    "القمامة", "المياه", "الحفرة", "الطريق", "السيارة", "المسجد",
]  # fmt: skip
STEMS = [
    "حديد", "مصباح", "شجر", "جدار", "باب", "سوق", "ملعب", "جسر",
    "نفق", "خزان", "عمود", "سور", "كشك", "مظلة", "موقف", "حاجز",
]  # fmt: skip
QUESTIONS = {
    "how much waits": "",
    "unassigned": "/unassigned?limit=50",
    "overdue": "/overdue?limit=50",
    "mine": "/mine?limit=50",
    "newest first": "/unassigned?limit=50&order=newest",
    "changed last": "/open?limit=50&order=changed",
    "a word of many": "/unassigned?limit=50&q=إنارة",
    "a word of few": "/unassigned?limit=50&q=مصباح77",
    "a word of none": "/unassigned?limit=50&q=زرافة",
    "two words": "/unassigned?limit=50&q=الحفرة مصباح7",
    "a reference": "/unassigned?limit=50&q=SR-00001777",
}


# --- the ground ------------------------------------------------------------------------------------------------


def staff(database: embedded.Postgres) -> tuple[UUID, UUID]:
    """A reviewer who sees every case that is not confidential, signed in; and a colleague."""
    from asimati.accounts.actions import create_staff
    from asimati.kit.db import transaction
    from asimati.kit.policy import Role

    name = {"ar": "موظف", "en": "Staff"}
    with transaction() as tx:
        one, other = (
            create_staff(tx, f"{who}@asimati.example", "asimati-demo", name, [Role.REVIEWER]).id
            for who in ("bench", "colleague")
        )
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO account_session (id, staff_id, assurance, method, device, expires_at)"
            " VALUES (%s, %s, 'advanced', 'password', '', now() + interval '1 day')",
            (SESSION, one),
        )
    return one, other


def cases(database: embedded.Postgres, first: int, last: int, officers: tuple[UUID, UUID]) -> None:
    """Open cases with the stretch each is in, as the application writes them."""
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        services = connection.execute(
            "SELECT s.id, f.id, s.title FROM service AS s JOIN service_form AS f ON f.service_id = s.id"
            " AND f.number = s.form_number WHERE NOT confidential ORDER BY code"
        ).fetchall()
        blocks = [row[0] for row in connection.execute("SELECT number FROM block ORDER BY number")]
        entity = connection.execute("SELECT id FROM entity ORDER BY code LIMIT 1").fetchone()[0]  # type: ignore[index]
        drawn = list(_drawn(first, last, services, blocks, officers))
        _copy(connection, "service_request", drawn)
        _copy(connection, "hop", _hops(drawn, entity))
        connection.execute("VACUUM ANALYZE service_request, hop")


def _drawn(
    first: int, last: int, services: Any, blocks: list[str], officers: tuple[UUID, UUID]
) -> Iterator[dict[str, Any]]:
    from asimati.service_requests.searching import EDITION, indexed

    chance, now = random.Random(first), datetime.now(UTC)
    for n in range(first, last + 1):
        service, form, title = services[n % len(services)]
        block, text = chance.choice(blocks), _text(chance)
        status = chance.choices(("submitted", "in_review", "referred", "waiting"), (5, 3, 1, 1))[0]
        submitted = now - timedelta(minutes=chance.randrange(60 * 24 * 30))
        reference = f"SR-{n:08}"
        yield {
            "id": uuid4(), "reference": reference, "service_id": service, "form_id": form,
            "person_id": person(n % (CLIENTS * EACH)), "channel": "app", "confidential": False,
            "answers": Jsonb({"details": text}), "block": block, "status": status,
            "claimed_by": None if status == "submitted" else officers[n % 50 > 0], "target_time": "P5D",
            "submitted_at": submitted, "clock_started_at": submitted, "due_at": submitted + timedelta(days=27),
            "search": indexed(" ".join([reference, *title.values(), block, text]), 8_000),
            "search_edition": EDITION,
        }  # fmt: skip


def _text(chance: random.Random) -> str:
    rare = (f"{chance.choice(STEMS)}{chance.randrange(300)}" for _ in range(6))
    return " ".join([*chance.sample(COMMON, 2), *rare])


def _hops(drawn: list[dict[str, Any]], entity: UUID) -> list[dict[str, Any]]:
    turns = {"referred": "entity", "waiting": "resident"}
    return [
        {
            "id": uuid4(), "request_id": one["id"], "who": (who := turns.get(one["status"], "us")),
            "entity_id": entity if who == "entity" else None, "started_at": one["submitted_at"],
            "paused": who == "resident", "due_at": None if who == "resident" else one["due_at"],
        }
        for one in drawn
    ]  # fmt: skip


def _copy(connection: psycopg.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    with connection.cursor().copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(list(row.values()))


# --- a page of a queue -----------------------------------------------------------------------------------------


def as_staff() -> dict[str, str]:
    return _signed(SESSION, UUID(int=0), "staff")


def as_resident(number: int) -> dict[str, str]:
    return _signed(session(number), person(number), "resident") | {"Idempotency-Key": str(uuid4())}


def _signed(which: UUID, who: UUID, kind: str) -> dict[str, str]:
    from asimati.kit import tokens

    now = int(time.time())
    claims = {"sub": str(who), "sid": str(which), "kind": kind, "iat": now, "exp": now + 3600, "jti": str(which)}
    return {"Authorization": f"Bearer {tokens.sign(claims)}"}


def path_of(question: str) -> str:
    return "/api/v1/staff/queues" + quote(QUESTIONS[question], safe="/?=&")


def asked(port: int, question: str) -> float:
    """Milliseconds of the middle one of many requests, one after the other."""
    done = run(port, [[request("GET", path_of(question), as_staff())] * ASKED], processes=1)
    assert set(done.statuses) == {200}, done.statuses
    return done.median_ms


def recorded(question: str) -> list[str]:
    """The statements of one request, as the application sent them, values and all."""
    from sqlalchemy import event as listen

    from asimati.app import create_app
    from asimati.kit import db

    seen: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        plain = psycopg.ClientCursor(connection.connection.dbapi_connection)
        seen.append(" ".join(plain.mogrify(statement, values).split()))

    listen.listen(db.engine(), "before_cursor_execute", note)
    answer = create_app().test_client().get(path_of(question), headers=as_staff())
    listen.remove(db.engine(), "before_cursor_execute", note)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [
        re.sub(r"(INSERT INTO audit_line \(id.*?VALUES \()'[^']*'", r"\1gen_random_uuid()", one) for one in seen
    ]


def in_psql(database: embedded.Postgres, home: Path, statements: list[str], times: int = ASKED) -> float:
    """Milliseconds that psql reports for the statements together, the middle one of many times."""
    path = home / "queue.sql"
    path.write_text("\\timing on\n" + "".join(f"{one};\n" for one in statements) * times)
    psql = [str(installed() / "bin" / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    done = subprocess.run([*psql, "-f", str(path), database.dsn()], capture_output=True, text=True, check=True)
    taken = [float(one) for one in re.findall(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)]
    assert len(taken) == len(statements) * times, done.stdout[-2000:]
    return statistics.median(sum(one) for one in zip(*[iter(taken)] * len(statements), strict=True))


def explained(database: embedded.Postgres, statements: list[str]) -> str:
    """How PostgreSQL runs the question itself."""
    question = next(one for one in statements if "FROM service_request" in one)
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {question}"))


def queues(database: embedded.Postgres, home: Path, port: int, count: int) -> None:
    """Print what each question costs with a tenth of the cases and with all of them."""
    officers = staff(database)
    taken: dict[str, list[tuple[float, float]]] = {}
    for first, last in ((1, count // 10), (count // 10 + 1, count)):
        cases(database, first, last, officers)
        print(f"{last:,} open cases\n  {'':20}{'API ms':>9}{'psql ms':>9}{'ratio':>8}   least to most", flush=True)
        for question in QUESTIONS:
            statements = recorded(question)
            if "--sql" in sys.argv:
                print(*statements, sep="\n")
            if "--plans" in sys.argv:
                print(explained(database, statements))
            pairs = [(asked(port, question), in_psql(database, home, statements)) for _ in range(ROUNDS)]
            ours, psql = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratios = sorted(a / b for a, b in pairs)
            span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
            print(f"  {question:20}{ours:9.2f}{psql:9.2f}{statistics.median(ratios):8.2f}   {span}", flush=True)
            taken.setdefault(question, []).append((ours, psql))
    print(f"growth from {count // 10:,} to {count:,}\n  {'':20}{'API':>9}{'psql':>9}")
    for question, (few, many) in taken.items():
        print(f"  {question:20}{many[0] / few[0]:9.2f}{many[1] / few[1]:9.2f}")


# --- filing a case ---------------------------------------------------------------------------------------------


def form_of_fifteen() -> None:
    """A service whose form has 15 fields of every sort."""
    from asimati.kit.db import transaction
    from asimati.service_requests.models import Service, ServiceForm

    short, choice = {"type": "string", "minLength": 2, "maxLength": 200}, ["one", "two", "three"]
    fields = {
        **{f"text_{n}": short for n in range(4)},
        "details": {"type": "string", "minLength": 20, "maxLength": 4000},
        **{f"choice_{n}": {"type": "string", "enum": choice} for n in range(3)},
        "several": {"type": "array", "uniqueItems": True, "items": {"type": "string", "enum": choice}},
        "count": {"type": "integer", "minimum": 1, "maximum": 1000},
        "agreed": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "phone": {"type": "string", "format": "phone"},
        "email": {"type": "string", "format": "email"},
        "cpr": {"type": "string", "format": "cpr"},
    }
    assert len(fields) == 15
    schema = {"type": "object", "required": list(fields), "properties": fields, "additionalProperties": False}
    with transaction() as tx:
        like = tx.scalars(select(Service).filter_by(code="street-light")).one()
        kept = {
            c.key: getattr(like, c.key) for c in inspect(Service).columns if c.key not in ("id", "code", "version")
        }
        tx.add(made := Service(**kept | {"code": "bench", "form_number": 1}))
        tx.flush()
        tx.add(ServiceForm(service_id=made.id, number=1, schema=schema, ui={}))


ANSWERS = {
    **{f"text_{n}": "مصباح الشارع أمام المنزل" for n in range(4)},
    "details": "المصباح الذي أمام المنزل لا يعمل منذ أسبوع، والطريق مظلم في الليل." * 3,
    **{f"choice_{n}": "two" for n in range(3)},
    "several": ["one", "three"], "count": 12, "agreed": True, "day": "2026-11-23", "phone": "+97317000000",
    "email": "someone@asimati.example", "cpr": "900101008",
}  # fmt: skip


def filing(database: embedded.Postgres, api: int, bare: int) -> None:
    """Print how many cases a second are filed, beside how many rows a second a bare view inserts."""
    form_of_fifteen()
    place = {"block": "317", "road": "1702", "building": "12"}
    body = json.dumps({"service": "bench", "form_version": 1, "answers": ANSWERS, "location": place}).encode()
    ratios = []
    for number in range(ROUNDS):
        speeds = []
        for port, path in ((bare, "/insert"), (api, "/api/v1/service-requests")):
            with psycopg.connect(database.dsn(), autocommit=True) as connection:
                connection.execute(f"TRUNCATE {EMPTY} CASCADE")
                connection.execute("CHECKPOINT")
            plans = [
                [request("POST", path, as_resident(client * EACH + i), body) for i in range(EACH)]
                for client in range(CLIENTS)
            ]
            done = run(port, plans)
            assert set(done.statuses) == {201}, done.statuses
            speeds.append(done.per_second)
        ratios.append(speeds[1] / speeds[0])
        print(
            f"round {number + 1}: {speeds[1]:.0f} filed/s, {speeds[0]:.0f} bare rows/s, {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"filed / bare INSERT: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    count = next((int(one) for one in sys.argv[1:] if one.isdigit()), 200_000)
    with (
        ground() as (database, home),
        served("asimati.wsgi:create_app", 8953, "/healthz") as api,
        served("bench.hello:create_app", 8954, "/hello") as bare,
    ):
        if "--filing" not in sys.argv:
            queues(database, home, api, count)
        filing(database, api, bare)


if __name__ == "__main__":
    main()
