"""Moments of a pack: fixed, or reckoned from the day of the first sync, so that a demonstration is never over.

"day+3 10:00" is ten o'clock of the governorate, three days on; "sun+1 10:00" the day after the coming Sunday (which
is never today); "now-1h" an hour ago. Where only a day is meant, "day+3" and "sun+1".
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from asimati.kit.worktime import WEEKDAYS

_DAY = f"(?:day|{'|'.join(WEEKDAYS)})(?:[+-][0-9]{{1,3}})?"
DAY = f"^{_DAY}$"
MOMENT = f"^({_DAY} ([01][0-9]|2[0-3]):[0-5][0-9]|now([+-][0-9]{{1,3}}[hm])?)$"
UNITS = {"h": timedelta(hours=1), "m": timedelta(minutes=1)}


def is_relative(value: Any) -> bool:
    """Whether the pack reckons this from the day of the sync."""
    return isinstance(value, str)


def moment(value: Any, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC. Raises ValueError for what is written otherwise than above."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not re.fullmatch(MOMENT, value):
        raise ValueError(value)
    if value.startswith("now"):
        away = int(value[3:-1]) * UNITS[value[-1]] if len(value) > 3 else timedelta()
        return (now + away).replace(second=0, microsecond=0)
    on, at = value.split()
    return datetime.combine(day(on, now, zone), time.fromisoformat(at), zone).astimezone(UTC)


def day(value: Any, now: datetime, zone: ZoneInfo) -> date:
    """A calendar day of the governorate. Raises ValueError for what is written otherwise than above."""
    if isinstance(value, date):
        return value
    if not re.fullmatch(DAY, value):
        raise ValueError(value)
    today, anchor = now.astimezone(zone).date(), value[:3]
    if anchor in WEEKDAYS:
        today += timedelta(days=(WEEKDAYS.index(anchor) - today.weekday() - 1) % 7 + 1)
    return today + timedelta(days=int(value[3:] or 0))


def is_before(first: Any, last: Any, zone: ZoneInfo, *, or_same: bool = False) -> bool:
    """Whether one comes before the other, on whatever day of the week and at whatever hour the sync may run."""
    syncs = (datetime(2026, 6, 14, 0, 1, tzinfo=zone) + timedelta(hours=hours) for hours in range(7 * 24))
    pairs = ((_reckoned(first, now, zone), _reckoned(last, now, zone)) for now in syncs)
    return all(begins <= ends if or_same else begins < ends for begins, ends in pairs)


def _reckoned(value: Any, now: datetime, zone: ZoneInfo) -> datetime:
    if isinstance(value, datetime) or (is_relative(value) and not re.fullmatch(DAY, value)):
        return moment(value, now, zone)
    return datetime.combine(day(value, now, zone), time(), zone).astimezone(UTC)
