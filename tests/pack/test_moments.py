"""Moments that are reckoned from the day of a sync."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from asimati.pack import moments

BAHRAIN = ZoneInfo("Asia/Bahrain")
NOW = datetime(2026, 11, 23, 7, 11, 47, tzinfo=UTC)  # a Monday, 10:11 in Bahrain


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("day 10:00", "2026-11-23T07:00"),
        ("day+3 10:00", "2026-11-26T07:00"),
        ("day-7 08:30", "2026-11-16T05:30"),
        ("sun 09:00", "2026-11-29T06:00"),
        ("sun+4 19:00", "2026-12-03T16:00"),
        ("mon 09:00", "2026-11-30T06:00"),  # never today
        ("now", "2026-11-23T07:11"),
        ("now-1h", "2026-11-23T06:11"),
        ("now+30m", "2026-11-23T07:41"),
        (datetime(2026, 12, 1, 10, tzinfo=BAHRAIN), "2026-12-01T07:00"),
    ],
)
def test_a_moment(written: Any, meant: str) -> None:
    assert moments.moment(written, NOW, BAHRAIN) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["day", "day+3", "day+3 24:00", "now+1d", "now+1", "tomorrow", "day+9999 10:00", ""]
)
def test_what_is_no_moment(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moments.moment(written, NOW, BAHRAIN)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("day", date(2026, 11, 23)),
        ("day+8", date(2026, 12, 1)),
        ("sun+4", date(2026, 12, 3)),
        (date(2027, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_day(written: Any, meant: date) -> None:
    assert moments.day(written, NOW, BAHRAIN) == meant


def test_the_day_is_the_governorates() -> None:
    late = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)  # half past midnight in Bahrain
    assert moments.day("day", late, BAHRAIN) == date(2026, 11, 24)


def test_order_holds_on_every_day_and_hour_or_not_at_all() -> None:
    assert moments.is_before("day+1 10:00", "day+1 12:00", BAHRAIN)
    assert moments.is_before("sun", "sun+4", BAHRAIN)
    assert not moments.is_before("now+2h", "day 14:00", BAHRAIN)  # true in the morning only
    assert not moments.is_before("day+3 10:00", "sun 10:00", BAHRAIN)  # not when Sunday is tomorrow
    assert not moments.is_before("day", "day", BAHRAIN)
    assert moments.is_before("day", "day", BAHRAIN, or_same=True)
