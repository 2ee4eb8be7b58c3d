"""Moments of a pack: fixed, or reckoned from the first sync, so that a demonstration is never over."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_DAY = re.compile(r"day([+-][0-9]+)?(?: ([0-9]{2}:[0-9]{2}))?")
_NOW = re.compile(r"now(?:([+-][0-9]+)([hm]))?")


def is_relative(value: Any) -> bool:
    """Whether the pack reckons this from the day of the sync."""
    return isinstance(value, str)


def moment(value: Any, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC. "day+3 10:00" is ten o'clock of the governorate three days on; "now-1h" an hour ago."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if found := _NOW.fullmatch(value):
        unit = {"h": timedelta(hours=1), "m": timedelta(minutes=1), None: timedelta()}[found[2]]
        return (now + int(found[1] or 0) * unit).replace(second=0, microsecond=0)
    found = _DAY.fullmatch(value)
    if found is None or found[2] is None:
        raise ValueError(value)
    at = datetime.combine(day(f"day{found[1] or ''}", now, zone), time.fromisoformat(found[2]), zone)
    return at.astimezone(UTC)


def day(value: Any, now: datetime, zone: ZoneInfo) -> date:
    """A calendar day of the governorate; "day+3" is three days after the sync's."""
    if isinstance(value, date):
        return value
    found = _DAY.fullmatch(value)
    if found is None:
        raise ValueError(value)
    return now.astimezone(zone).date() + timedelta(days=int(found[1] or 0))


def sample(value: Any) -> datetime:
    """Some moment for the value, good for comparing two of one row."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    noon = datetime(2026, 6, 15, 9, tzinfo=UTC)
    if is_relative(value) and ":" not in value and not value.startswith("now"):
        return datetime.combine(day(value, noon, ZoneInfo("UTC")), time(), UTC)
    return moment(value, noon, ZoneInfo("UTC"))
