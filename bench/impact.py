"""What impact costs, on a throw-away server, all in one run:

    python -m bench.impact [contributions]        (5,000,000 unless said)

1. A full rebuild of the tallies beside one bare INSERT … SELECT … GROUP BY of the same cells: with the same columns
   (sum, people), and with the sum alone.
2. Reading tallies with a tenth of the contributions and with all of them: the median of many readings, as a ratio.
3. The delay from an act to its tally, with acts told at a steady pace and one worker process beside.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from asimati import embedded

READINGS, SECONDS = 200, 20
LINES = """
    INSERT INTO contribution (id, measure, measure_version, source, line, goal, target, period, "on", sex, age_band,
                              disability, block, programme, channel, amount, who, message_id)
    SELECT gen_random_uuid(), 'bench-' || n % 5, 1, 'bench:' || n, 0, 4, '4.4', month, month,
           (ARRAY['female', 'male'])[1 + (h & 1)],
           (ARRAY['15-24', '25-34', '35-44', '45-59', '60+'])[1 + (h >> 1) % 5],
           (ARRAY['no', 'no', 'no', 'yes'])[1 + (h >> 4) % 4], (300 + (h >> 6) % 44)::text, 'none',
           (ARRAY['app', 'web'])[1 + (h >> 12) % 2], 1.5,
           int4send((h >> 3) % 200000), gen_random_uuid()
    FROM (SELECT n, abs(hashint4(n)::bigint)::int AS h,
                 (date '2024-01-01' + (n % 24) * interval '1 month')::date AS month
          FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n) AS drawn
"""
DIMENSIONS = "sex, age_band, disability, nationality, area, block, programme, partner, channel"


def main() -> None:
    wanted = [one for one in sys.argv[1:] if one.isdigit()]
    count = int(wanted[0]) if wanted else 5_000_000
    with tempfile.TemporaryDirectory() as home, embedded.postgres(Path(home) / "pg", throwaway=True) as server:
        os.environ |= {"ASIMATI_PROFILE": "test", "ASIMATI_HOME": home, "ASIMATI_DATABASE_URL": server.url}
        prepare()
        if "--delay-only" not in sys.argv:
            measure(count)
        delay(int(sys.argv[sys.argv.index("--pace") + 1]) if "--pace" in sys.argv else 500)


def run(sql: str, **values: Any) -> Any:
    from sqlalchemy import text

    from asimati.kit.db import transaction

    with transaction(patience=900) as tx:
        done = tx.execute(text(sql), values)
        return done.all() if done.returns_rows else None


def prepare() -> None:
    from asimati.impact.sync import sync
    from asimati.kit.db import transaction
    from asimati.migrations import migrate
    from tests.impact.acts import PART, measure

    migrate()
    part = {**PART, "measures": [measure(f"bench-{n}", topic="bench.none") for n in range(5)]}
    with transaction() as tx:
        sync(tx, part)


def measure(count: int) -> None:
    from asimati.impact import actions, publishing
    from asimati.kit.db import transaction

    reading: list[float] = []
    for first, last in ((1, count // 10), (count // 10 + 1, count)):
        print(f"writing {last - first + 1:,} contributions", flush=True)
        for start in range(first, last + 1, 500_000):
            run(LINES, first=start, last=min(start + 499_999, last))
        run("ANALYZE contribution")

        def refill() -> None:
            with transaction(patience=900) as tx:
                actions.refill(tx)

        ours = timed(refill)
        bare, sums = timed(lambda: bare_group(people=True)), timed(lambda: bare_group(people=False))
        cells = run("SELECT count(*) FROM tally_cell")[0][0]
        print(f"{last:,}: {cells:,} cells, rebuilt in {ours:.1f} s;"
              f" bare {bare:.1f} s with people ({ours / bare:.2f}),"
              f" {sums:.1f} s with sums alone ({ours / sums:.2f})", flush=True)  # fmt: skip
        published = timed(lambda: publish_two(publishing))
        print(f"  published two months of the topic in {published:.1f} s", flush=True)
        reading.append(read_median())
        print(f"  a reading: {reading[-1] * 1000:.2f} ms", flush=True)
    print(f"reading with all beside with a tenth: {reading[1] / reading[0]:.2f}", flush=True)


def bare_group(*, people: bool) -> None:
    columns = f"measure, period, target, {DIMENSIONS}, goal"
    counted = ", count(DISTINCT who) AS people" if people else ""
    run("DROP TABLE IF EXISTS bare")
    run(f"CREATE TABLE bare AS SELECT {columns}, 0::numeric AS value{', 0::bigint AS people' if people else ''}"
        " FROM contribution LIMIT 0")  # fmt: skip
    run(f"ALTER TABLE bare ADD PRIMARY KEY (measure, period, target, {DIMENSIONS})")
    run(f"INSERT INTO bare SELECT {columns}, sum(amount){counted} FROM contribution GROUP BY {columns}")


def publish_two(publishing: Any) -> None:
    from asimati.kit.db import transaction

    for month in (date(2024, 1, 1), date(2025, 12, 1)):
        with transaction(patience=900) as tx:
            publishing.publish(tx, "bench.none", month)


def read_median() -> float:
    from asimati.impact import queries
    from asimati.kit.db import transaction
    from asimati.kit.pages import PageArgs

    taken = []
    for _ in range(READINGS):
        with transaction() as tx:
            taken.append(timed(lambda: queries.tallies(tx, PageArgs(limit=20), "sex", measure="bench-0")))
    return statistics.median(taken)


def tell(pace: int) -> list[float]:
    """Tell acts, a twentieth of a second's worth in a transaction; when each was told. Runs beside `watch`."""
    from uuid import uuid4

    from asimati.kit import outbox
    from asimati.kit.db import transaction
    from tests.impact.acts import Acted

    told: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < SECONDS:
        due = int((now - began) * pace) - len(told)
        with transaction() as tx:
            for number in range(due):
                group = {"sex": ("female", "male")[number % 2], "block": str(300 + number % 44)}
                outbox.publish(
                    tx, Acted(source=f"bench.act:{uuid4()}", on=date(2026, 11, 5), group=group, person=uuid4())
                )
        told += [time.perf_counter()] * due
        time.sleep(0.05)
    return told


def work() -> None:
    """A worker: lease what is due, carry it, again; what relay and workers do, in one process."""
    from workers.tasks.deliver import drain

    outbox_topics()
    while True:
        drain()
        time.sleep(0.05)


def outbox_topics() -> None:
    from asimati.kit import outbox
    from tests.impact.acts import Acted, TakenBack

    for kind in (Acted, TakenBack):
        outbox.TOPICS[kind.topic] = kind


def counted() -> int:
    return int(run("SELECT coalesce(sum(value), 0) FROM tally_cell WHERE measure = 'hours'")[0][0])


def delay(pace: int) -> None:
    """Acts at a pace for a while, two workers beside; how long until as many as were told are in the tallies."""
    from concurrent.futures import ThreadPoolExecutor

    from asimati.impact.sync import sync
    from asimati.kit.db import transaction
    from tests.impact.acts import PART, Acted, measure

    outbox_topics()
    with transaction() as tx:
        sync(tx, {**PART, "measures": [measure("hours", topic=Acted.topic)]})
    from bench.impact import work as its_work  # by its name: this module may have been run under another

    workers = [multiprocessing.get_context("spawn").Process(target=its_work, daemon=True) for _ in range(2)]
    for one in workers:
        one.start()
    time.sleep(5)
    seen: list[tuple[float, int]] = []
    with ThreadPoolExecutor(1) as beside:
        telling = beside.submit(tell, pace)
        limit = time.perf_counter() + 4 * SECONDS
        while time.perf_counter() < limit:
            if telling.done() and seen and seen[-1][1] >= len(telling.result()):
                break
            seen.append((time.perf_counter(), counted()))
            time.sleep(0.1)
        told = telling.result()
    for one in workers:
        one.kill()
    waits = sorted(
        next((at for at, count in seen if count > number), float("inf")) - moment
        for number, moment in enumerate(told)
    )
    print(
        f"{len(told)} acts at {pace}/s: act to tally median {waits[len(waits) // 2]:.2f} s,"
        f" p99 {waits[int(len(waits) * 0.99)]:.2f} s"
    )


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
