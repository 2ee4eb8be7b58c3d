"""Periodic work is done once for each period: with two schedulers, late ticks, failures, and at the right hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from asimati.kit import db, jobs
from asimati.kit.db import Session
from workers.app import app
from workers.queues import EFFECTS, QUEUES
from workers.schedule import JOBS, Job, run_due

Moved = Callable[..., AbstractContextManager[None]]


def counting(**more: object) -> tuple[list[int], list[Job]]:
    done: list[int] = []

    def deed(tx: Session) -> None:
        done.append(1)

    return done, [Job("toy.count", timedelta(hours=1), deed, **more)]  # type: ignore[arg-type]


def test_a_period_is_done_once(clean: str, moved_clock: Moved) -> None:
    done, table = counting()
    assert run_due(EFFECTS, table) == ["toy.count"]
    assert run_due(EFFECTS, table) == []
    with moved_clock(hours=1):
        assert run_due(EFFECTS, table) == ["toy.count"]
    assert len(done) == 2


def test_a_long_night_is_caught_up_by_one_run(clean: str, moved_clock: Moved) -> None:
    done, table = counting()
    run_due(EFFECTS, table)
    with moved_clock(hours=26):
        run_due(EFFECTS, table)
        run_due(EFFECTS, table)
    assert len(done) == 2


def test_schedulers_at_the_same_time_do_it_once(clean: str) -> None:
    done: list[int] = []

    def slowly(tx: Session) -> None:
        time.sleep(0.3)
        done.append(1)

    table = [Job("toy.slow", timedelta(hours=1), slowly)]
    threads = [threading.Thread(target=run_due, args=(EFFECTS, table)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1]


def test_a_job_that_fails_is_undone_and_tried_again_and_stops_no_other(clean: str) -> None:
    attempts: list[int] = []

    def failing(tx: Session) -> None:
        attempts.append(1)
        tx.execute(text("INSERT INTO job_run (job, period) VALUES ('trace', app_now())"))
        if len(attempts) == 1:
            raise RuntimeError("not today")

    _, others = counting()
    table = [Job("toy.failing", timedelta(hours=1), failing), *others]
    assert run_due(EFFECTS, table) == ["toy.count"]
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM job_run WHERE job = 'trace'")) == 0
    assert run_due(EFFECTS, table) == ["toy.failing"]


def test_nightly_jobs_begin_at_two_in_the_governorate(tx: Session) -> None:
    nightly = Job("toy.night", timedelta(days=1), lambda tx: None, nightly=True)
    period = jobs.claim(tx, nightly.name, nightly.every, nightly.origin)
    assert period is not None
    assert period.astimezone(UTC).hour == 23  # 02:00 in Bahrain, which has kept UTC+3 since 1972
    assert period <= datetime.now(UTC) < period + timedelta(days=1)


def test_old_periods_are_forgotten(tx: Session) -> None:
    tx.execute(
        text("INSERT INTO job_run (job, period) VALUES ('a', app_now() - interval '40 days'), ('a', app_now())")
    )
    jobs.purge(tx, days=30)
    assert tx.scalar(text("SELECT count(*) FROM job_run WHERE job = 'a'")) == 1


def test_beat_ticks_every_queue_that_has_jobs_and_keeps_no_file() -> None:
    ticked = {entry["args"][0] for entry in app.conf.beat_schedule.values()}
    assert ticked == {job.queue for job in JOBS} <= set(QUEUES)
    assert all(entry["options"]["expires"] for entry in app.conf.beat_schedule.values())
    assert app.conf.beat_scheduler == "celery.beat:Scheduler"
    assert len({job.name for job in JOBS}) == len(JOBS)
