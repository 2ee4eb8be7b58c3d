"""Periodic work: a row for each job and period decides that it is done once, whoever ticks and however often.

The row is written in the transaction of the job's work, so a job that fails leaves no row and runs at the next
tick. A tick that comes late finds only the current period missing: a night without beat is caught up by one run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit.db import Base, timestamp

ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


class JobRun(Base):
    """That a job's work of a period was done."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    done_at: Mapped[datetime] = timestamp(default=True)


# Whoever finds the job being done elsewhere passes by; waiting for it would only hold up the jobs behind it.
_TAKE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('job:' || :job, 0))")
_CLAIM = text(
    """
    INSERT INTO job_run (job, period)
    VALUES (:job, date_bin(make_interval(secs => :every), app_now(), CAST(:origin AS timestamptz)))
    ON CONFLICT DO NOTHING RETURNING period
    """
)


def claim(tx: Session, job: str, every: timedelta, origin: datetime = ORIGIN) -> datetime | None:
    """Take the current period of a job for this transaction; its start, or None when it is taken or done.

    Periods are `every` long and counted from `origin`: a day from 02:00 local time makes a nightly job.
    """
    if not tx.scalar(_TAKE, {"job": job}):
        return None
    period: datetime | None = tx.scalar(_CLAIM, {"job": job, "every": every.total_seconds(), "origin": origin})
    return period


def purge(tx: Session, days: int) -> None:
    """Forget periods older than `days`. A day more than the longest period is enough."""
    tx.execute(text("DELETE FROM job_run WHERE period < app_now() - make_interval(days => :days)"), {"days": days})
