"""Time. The database's clock decides: every process of every machine asks the same one.

`app_now()` is the SQL function behind it (see `db.FUNCTIONS`); it adds `clock_offset`, so that tests and
demonstrations can move time for the application and for SQL alike.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.settings import settings


def now(tx: Session) -> datetime:
    """This moment by the database's clock, in UTC."""
    moment: datetime = tx.scalar(select(func.app_now()))  # type: ignore[assignment]
    return moment.astimezone(UTC)


def utcnow() -> datetime:
    """This moment by the process's clock, for what no row depends on (the life of an access token)."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset)


def local(moment: datetime, zone: ZoneInfo | None = None) -> datetime:
    """The same moment on the governorate's clock."""
    return moment.astimezone(zone or settings().governorate.time_zone)


def local_day(moment: datetime, zone: ZoneInfo | None = None) -> date:
    """The governorate's calendar day at a moment."""
    return local(moment, zone).date()
