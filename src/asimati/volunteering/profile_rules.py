"""When volunteers are free, reckoned in minutes of the week: plain Python.

A week begins on Sunday at midnight of the governorate, and its last minute is followed by its first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from enum import StrEnum

DAY = 24 * 60
WEEK = 7 * DAY
Span = tuple[int, int]  # from this minute of the week until before that one


class Weekday(StrEnum):
    SUNDAY = "sun"
    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"


WEEKDAYS = tuple(Weekday)


def minute_of_week(moment: datetime) -> int:
    """The minute of the week of a local moment: 0 to 10,079."""
    return (moment.isoweekday() % 7) * DAY + moment.hour * 60 + moment.minute


def slot(weekday: Weekday, begins: time, ends: time) -> Span:
    """A stretch of one day; one that ends no later than it begins goes on into the next day."""
    start = WEEKDAYS.index(weekday) * DAY + begins.hour * 60 + begins.minute
    length = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
    return start, start + (length if length > 0 else length + DAY)


def stretch(starts: datetime, ends: datetime) -> list[Span]:
    """The minutes of the week that lie between two local moments; those of a whole week or longer are all."""
    seconds = (ends - starts).total_seconds()
    start = minute_of_week(starts)
    return merged([(start, start + min(WEEK, -int(-seconds // 60)))])


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same minutes as spans that neither touch nor leave the week, in order."""
    whole: list[Span] = []
    for start, end in sorted(part for span in spans for part in _within_the_week(span)):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def covers(free: Iterable[Span], wanted: Iterable[Span]) -> bool:
    """Whether every wanted minute is free; both are `merged`."""
    known = list(free)
    return all(any(start <= begins and ends <= end for start, end in known) for begins, ends in wanted)


def _within_the_week(span: Span) -> list[Span]:
    start, end = span
    return [(start, end)] if end <= WEEK else [(start, WEEK), (0, end - WEEK)]
