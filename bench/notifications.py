"""Fan-out of a broadcast beside a bare INSERT … SELECT of the same rows, and delivery through a null provider.

    python -m bench.notifications [people]

Both run on the same throw-away server, one after the other, in each of three rounds; a figure is a ratio of one
round. Memory is this process's, before and after.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from asimati import embedded

ROUNDS = 3
ANSWER = 0.0  # seconds the null provider takes


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as home, embedded.postgres(Path(home) / "pg", throwaway=True) as server:
        os.environ |= {"ASIMATI_PROFILE": "test", "ASIMATI_HOME": home, "ASIMATI_DATABASE_URL": server.url}
        measure(people)


def measure(people: int) -> None:
    from sqlalchemy import text

    from asimati.accounts.actions import create_staff
    from asimati.kit.db import transaction
    from asimati.migrations import migrate
    from asimati.notifications import broadcasts, carrying, sending
    from asimati.notifications.channels import Letter, Outcome, Provider, Receipt
    from asimati.notifications.rules import Channel, Lane
    from tests.faults import crowd

    def run(sql: str) -> None:
        with transaction(patience=300) as tx:
            tx.execute(text(sql))

    migrate()
    with transaction() as tx:
        create_staff(tx, "a@asimati.example", "asimati-demo", {"ar": "موظف", "en": "Staff"}, [])
    crowd.people(people)
    run("ANALYZE person")

    def fan_out() -> None:
        while True:
            with transaction(patience=300) as tx:
                found = tx.scalars(text("SELECT id FROM broadcast WHERE NOT all_reached")).first()
                if found is None:
                    return
                broadcast = broadcasts.locked(tx, found)
                count, last = broadcasts.step(tx, broadcast)
                broadcast.reached = last or broadcast.reached
                broadcast.all_reached = count < broadcasts.settings().notifications.fan_out

    ratios = []
    for number in range(ROUNDS):
        run("TRUNCATE notification, broadcast, message CASCADE")
        crowd.broadcast()
        ours = timed(fan_out)
        run("DROP TABLE IF EXISTS same; CREATE UNLOGGED TABLE same AS SELECT * FROM notification;"
            " TRUNCATE notification")  # fmt: skip
        bare = timed(lambda: run("INSERT INTO notification SELECT * FROM same"))
        ratios.append(bare / ours)
        print(
            f"round {number + 1}: {people / ours:9.0f}/s fanned out, {people / bare:9.0f}/s bare, {bare / ours:.2f}"
        )
    middle = statistics.median(ratios)
    print(f"fan-out / bare INSERT ... SELECT: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")

    null = Provider("null", lambda letter: Receipt(Outcome.SENT, letter.reference))
    for module in (sending, sys.modules["asimati.notifications.recipients"]):
        module.providers = lambda channel: (null,)  # type: ignore[attr-defined]
    assert Letter
    before, done, started = memory(), 0, time.perf_counter()
    with transaction() as tx:
        taken = sending.take_from(tx, Lane.BULK, Channel.SMS)
    while taken:
        results = carrying.call(taken)
        done += len(taken)
        with transaction() as tx:
            sending.record(tx, taken, results)
            taken = sending.take_from(tx, Lane.BULK, Channel.SMS)
    took = time.perf_counter() - started
    print(f"delivery through a null provider: {done} in {took:.1f} s, {done / took:.0f}/s by one process; "
          f"memory {before} MB before, {memory()} MB after")  # fmt: skip


def timed(deed: Callable[[], None]) -> float:
    started = time.perf_counter()
    deed()
    return time.perf_counter() - started


def memory() -> int:
    """Resident megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


if __name__ == "__main__":
    main()
