"""What volunteering costs, on servers of its own, all in one run:

    make bench ARGS=volunteering        (ARGS="volunteering 500000": so many ledger lines, 2,000,000 unless said;
                                         --reading leaves the sign-ups out)

1. Sign-ups for one hot shift beside pgbench with the very same SQL, and beside bookings of one hot event.
2. A passport of 1,000 ledger lines asked of the API, beside the same statements in psql and beside one of 10 lines.
3. The ranking of an edition of 100,000 volunteers, asked of the API with 100 places of each category, beside the
   plain SQL that a person would write for those rows; then its freezing, which writes every place down and signs.
   The lines stand without the sign-ups they come from, which the ranking does not read.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg

from asimati import embedded
from bench import __main__ as events
from bench.load import request, run
from bench.queues import SESSION, as_staff, in_psql

VOLUNTEERS, ASKED, FEW = 100_000, 60, 5
LINES = {0: 1_000, 1: 10}  # of the two people whose passports are read
RANKED = "bench-past"  # the edition that is ranked
STAFF = f"/api/v1/staff/editions/{RANKED}"
# What a person would write who wants these rows, once.
PLAIN = f"""
    SELECT ranked.*, p.name_ar, p.name_latin
      FROM (SELECT e.category, t.*,
                   rank() OVER (PARTITION BY e.category ORDER BY t.minutes DESC, t.shifts DESC) AS place
              FROM (SELECT person_id, sum(minutes) AS minutes, sum(sign(minutes)) AS shifts
                      FROM hours_line WHERE edition = '{RANKED}' GROUP BY person_id HAVING sum(minutes) > 0) AS t
              JOIN volunteer_enrolment AS e ON e.edition = '{RANKED}' AND e.person_id = t.person_id) AS ranked
      JOIN person AS p ON p.id = ranked.person_id
     WHERE place <= 100 ORDER BY category, place, person_id
"""


def shift(number: int) -> UUID:
    return UUID(f"00000000-0000-8000-8003-{number:012x}")  # not of the kind that `script` makes anew


def sign_ups_of(number: int) -> str:
    return f"/api/v1/shifts/{shift(number)}/sign-ups"


# --- the ground ------------------------------------------------------------------------------------------------


def coordinator(database: embedded.Postgres) -> None:
    """A member of staff who may read and freeze rankings, signed in."""
    from asimati.accounts.actions import create_staff
    from asimati.kit.db import transaction
    from asimati.kit.policy import Role

    with transaction() as tx:
        name = {"ar": "منسق", "en": "Coordinator"}
        staff = create_staff(tx, "bench@asimati.example", "asimati-demo", name, [Role.ADMINISTRATOR]).id
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO account_session (id, staff_id, assurance, method, device, expires_at)"
            " VALUES (%s, %s, 'advanced', 'password', '', now() + interval '1 day')",
            (SESSION, staff),
        )


# Two shifts to come; and on shifts that were, hours approved of one volunteer very often, of another a few times.
_SERVED = f"""
INSERT INTO opportunity (id, title, search, minimum_age, version)
VALUES ('{shift(0xFF)}', '{{"ar": "تنظيف", "en": "Clean-up"}}', '', 0, 1);
INSERT INTO charter_acceptance (person_id, version) SELECT person.id, charter.version FROM person, charter;
INSERT INTO shift (id, opportunity_id, starts_at, ends_at, places, version)
SELECT id::uuid, '{shift(0xFF)}', now() + interval '9 days', now() + interval '9 days 3 hours', 100000, 1
  FROM unnest(ARRAY['{shift(0)}', '{shift(1)}']) AS id;
CREATE TEMPORARY TABLE served AS
SELECT gen_random_uuid() AS shift, gen_random_uuid() AS sign_up, gen_random_uuid() AS claim, person,
       now() - interval '1 day' - n * interval '4 hours' AS at
  FROM (VALUES {", ".join(f"('{events.person(who)}'::uuid, {lines})" for who, lines in LINES.items())})
       AS reader (person, lines), generate_series(1, lines) AS n;
INSERT INTO shift (id, opportunity_id, starts_at, ends_at, places, taken, version)
SELECT shift, '{shift(0xFF)}', at, at + interval '3 hours', 1, 1, 1 FROM served;
INSERT INTO sign_up (id, shift_id, person_id, status, version)
SELECT sign_up, shift, person, 'checked_out', 1 FROM served;
INSERT INTO hours_claim (id, sign_up_id, person_id, minutes, status, version)
SELECT claim, sign_up, person, 180, 'approved', 1 FROM served;
INSERT INTO hours_line (id, claim_id, step, person_id, edition, kind, minutes, targets, decided_by)
SELECT gen_random_uuid(), claim, 1, person, edition.code, 'approved', 180, '["11.7", "13.3"]', staff_member.id
  FROM served, (SELECT code FROM edition WHERE now()::date BETWEEN starts_on AND ends_on LIMIT 1) AS edition,
       (SELECT id FROM staff_member WHERE email = 'bench@asimati.example') AS staff_member;
"""

# An edition that is over: everybody in one of six categories, lines all over the year, one in fifty taken back.
_RANKED = """
SET session_replication_role = replica; -- the claims behind the lines are left out
INSERT INTO person (id, phone, phone_index)
SELECT md5('volunteer' || n)::uuid, 'x', int8send(n + 1000000) FROM generate_series(1, {volunteers}) AS n;
INSERT INTO edition (code, title, starts_on, ends_on, minimum_age, tolerance_minutes, categories, ties)
SELECT '{edition}', title, '2019-01-01', '2019-12-31', 0, 0, categories, '["shifts"]' FROM edition LIMIT 1;
INSERT INTO volunteer_enrolment (edition, person_id, category, version)
SELECT '{edition}', md5('volunteer' || n)::uuid, categories -> (n % jsonb_array_length(categories)) ->> 'code', 1
  FROM edition, generate_series(1, {volunteers}) AS n WHERE code = '{edition}';
INSERT INTO hours_line (id, claim_id, step, person_id, edition, kind, minutes, targets, decided_by, at, voids)
SELECT gen_random_uuid(), gen_random_uuid(), 1, md5('volunteer' || who)::uuid, '{edition}',
       CASE WHEN n % 50 = 0 THEN 'voided' ELSE 'approved' END,
       (CASE WHEN n % 50 = 0 THEN -1 ELSE 1 END) * (30 + (n * 7919) % 211), '["11.7"]',
       '{session}', timestamptz '2019-01-01' + (n % 8760) * interval '1 hour',
       CASE WHEN n % 50 = 0 THEN gen_random_uuid() END
  FROM (SELECT n, 1 + (n * 48271) % {volunteers} AS who FROM generate_series(1::bigint, {lines}) AS n) AS drawn;
"""


def execute(database: embedded.Postgres, script: str) -> None:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute(script)
        connection.execute("VACUUM ANALYZE")


# --- sign-ups --------------------------------------------------------------------------------------------------


def sign_ups(database: embedded.Postgres, home: Path, port: int) -> None:
    """Print how many sign-ups a second one shift takes, beside pgbench and beside bookings of one event."""
    empty(database)
    statements = events.recorded(sign_ups_of)
    print(f"{len(statements)} statements a sign-up, {events.CLIENTS} clients", flush=True)
    # The person's number stands in other places than in a booking, too.
    text = re.sub(rf"\b{events.SAMPLE + 1}\b", "(:n + 1)", events.script(statements, spread=False))
    figures = []
    for number in range(events.ROUNDS):
        empty(database)
        bare = events.pgbench(database, home, text)
        signed, booked = (posted(database, port, where) for where in (sign_ups_of, events.bookings_of))
        figures.append((signed / bare, signed / booked))
        print(
            f"round {number + 1}: {signed:.0f} sign-ups/s, {bare:.0f} in pgbench, {booked:.0f} bookings/s",
            flush=True,
        )
    for name, column in zip(("pgbench, hot shift", "bookings, hot event"), zip(*figures, strict=True), strict=True):
        said(f"sign-ups, hot shift / {name}", column)


def posted(database: embedded.Postgres, port: int, where: Callable[[int], str]) -> float:
    empty(database)
    done = run(port, events.plans(spread=False, where=where))
    assert set(done.statuses) <= {201, 503}, done.statuses
    if done.statuses[503]:
        print(f"  {done.statuses[503]} waited too long for their turn and were asked to try again", flush=True)
    return done.per_second


def empty(database: embedded.Postgres) -> None:
    events.reset(database)
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("DELETE FROM sign_up WHERE shift_id = ANY(%s)", ([shift(0), shift(1)],))
        connection.execute("UPDATE shift SET taken = 0 WHERE id = ANY(%s)", ([shift(0), shift(1)],))
        connection.execute("VACUUM shift")
        connection.execute("VACUUM sign_up")


# --- reading ---------------------------------------------------------------------------------------------------


def passports(database: embedded.Postgres, home: Path, port: int) -> None:
    """Print what a long passport takes, beside psql and beside a short one."""
    from asimati.app import create_app

    client, path, figures = create_app().test_client(), "/api/v1/me/passport", []
    client.get(path, headers=events.headers(0))
    statements = events.sent(lambda: client.get(path, headers=events.headers(0)))
    for number in range(events.ROUNDS):
        long, short = (asked(port, path, events.headers(who), ASKED) for who in LINES)
        psql = in_psql(database, home, statements)
        figures.append((long / psql, long / short))
        print(
            f"round {number + 1}: {long:.1f} ms with 1,000 lines, {short:.1f} ms with 10, {psql:.1f} ms in psql",
            flush=True,
        )
    said("passport of 1,000 lines / psql", [one for one, _ in figures])
    said("passport of 1,000 lines / of 10", [one for _, one in figures])


def ranking(database: embedded.Postgres, home: Path, port: int) -> None:
    """Print what an edition's ranking takes, beside plain SQL, and what its freezing does."""
    path, figures = f"{STAFF}/ranking?places=100", []
    for number in range(events.ROUNDS):
        ours, plain = asked(port, path, as_staff(), FEW), in_psql(database, home, [" ".join(PLAIN.split())], FEW)
        figures.append(ours / plain)
        print(f"round {number + 1}: ranking {ours:.0f} ms, plain SQL {plain:.0f} ms", flush=True)
    said("ranking / plain SQL", figures)
    began = time.perf_counter()
    done = run(port, [[request("POST", f"{STAFF}/freeze", as_staff(), b"{}")]], processes=1)
    assert set(done.statuses) == {200}, done.statuses
    print(f"frozen and signed in {time.perf_counter() - began:.1f} s")
    said("frozen ranking, ms", [asked(port, path, as_staff(), FEW)])


def asked(port: int, path: str, headers: dict[str, str], times: int) -> float:
    """Milliseconds of the middle one of many requests, one after the other."""
    done = run(port, [[request("GET", path, headers)] * times], processes=1)
    assert set(done.statuses) == {200}, done.statuses
    return done.median_ms


def said(name: str, values: list[float] | tuple[float, ...]) -> None:
    print(f"  {name:44}{statistics.median(values):8.2f}   {min(values):.2f} to {max(values):.2f}", flush=True)


def main() -> None:
    lines = next((int(one) for one in sys.argv[1:] if one.isdigit()), 2_000_000)
    with events.ground() as (database, home), events.served("asimati.wsgi:create_app", 8955, "/healthz") as api:
        coordinator(database)
        execute(database, _SERVED)
        if "--reading" not in sys.argv:
            sign_ups(database, home, api)
        passports(database, home, api)
        filled = {"volunteers": VOLUNTEERS, "lines": lines, "edition": RANKED, "session": SESSION}
        execute(database, _RANKED.format(**filled))
        print(f"{VOLUNTEERS:,} volunteers, {lines:,} ledger lines", flush=True)
        ranking(database, home, api)


if __name__ == "__main__":
    main()
