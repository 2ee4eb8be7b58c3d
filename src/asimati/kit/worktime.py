"""Working time: due times in the hours a governorate keeps.

One engine serves office hours (what a case may take) and waking hours (when a person may be disturbed): both
are a `Calendar`, a list of open spans in local time. Moments come in aware, whatever their zone, and leave in
UTC. Spans are half open: at 14:15 sharp an office that closes at 14:15 is closed. Time is measured as it
passes, so a span over a change of clocks is an hour longer or shorter; an hour the clocks repeat is opened
once.

A pause is an interval (start, end), not a flag: the clock stands still in it. Overlapping pauses count once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[int, int]  # minutes after local midnight, half open; 1440 is the end of the day
Hours = tuple[Span, ...]  # of one day, in order
Week = tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]  # Monday first, as date.weekday() counts
Pauses = Iterable[tuple[datetime, datetime]]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FRIDAY = WEEKDAYS.index("fri")
DAY = 24 * 60
HORIZON = timedelta(days=40 * 366)  # how far ahead a due time is looked for


class NoWorkingTime(ValueError):
    """The calendar does not hold that much open time within the horizon; with no hours it never will."""


@dataclass(frozen=True)
class SpecialHours:
    """Hours that replace the ordinary week from `first` to `last`, both included: Ramadan's, say."""

    first: date
    last: date
    week: Week

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"special hours end on {self.last}, before they begin on {self.first}")
        _check(self.week)


@dataclass(frozen=True)
class Calendar:
    """When someone is there. Where special hours overlap the last listed hold; a holiday beats all."""

    zone: ZoneInfo
    week: Week
    special: tuple[SpecialHours, ...] = ()
    holidays: frozenset[date] = field(default=frozenset())

    def __post_init__(self) -> None:
        _check(self.week)

    @classmethod
    def waking(cls, governorate: Mapping[str, Any]) -> Calendar:
        """The hours in which people may be disturbed: every day, holidays too, but not Friday prayer.

        Reads `time_zone` and `[waking_hours]` (`from`, `to`, perhaps `friday_prayer`) of governorate.toml.
        """
        waking = governorate["waking_hours"]
        awake = _hours(f"{waking['from']}-{waking['to']}")
        week = [awake] * 7
        for prayer in _hours(waking.get("friday_prayer", ())):
            week[FRIDAY] = _without(week[FRIDAY], prayer)
        return cls(ZoneInfo(governorate["time_zone"]), _as_week(week))

    def hours(self, day: date) -> Hours:
        """The open spans of a local day; empty when closed."""
        if day in self.holidays:
            return ()
        weeks = (special.week for special in reversed(self.special) if special.first <= day <= special.last)
        return next(weeks, self.week)[day.weekday()]

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open spans of a local day as moments in UTC."""
        hours = self.hours(day)
        if not hours:
            return []
        midnight = datetime.combine(day, time(), self.zone)
        spans = [(_after(midnight, start), _after(midnight, end)) for start, end in hours]
        return [span for span in spans if span[0] < span[1]]  # clocks put forward can swallow a span


def from_pack(governorate: Mapping[str, Any], holidays: Iterable[date] = ()) -> Calendar:
    """The office calendar of a governorate, by its file's `time_zone`, `working_week` and `special_hours`.

    A weekday's hours are "07:00-14:15", or several spans separated by commas; a weekday that is absent is
    off, in special hours too (there they stand beside `name`, `from` and `to`, or in a table `hours`).
    `holidays` are the days off, provisional ones included. Raises ValueError saying what cannot be read.
    """
    return Calendar(
        zone=ZoneInfo(governorate["time_zone"]),
        week=_week(governorate["working_week"]),
        special=tuple(_special(entry) for entry in governorate.get("special_hours", ())),
        holidays=frozenset(map(_date, holidays)),
    )


# Questions of a calendar


def is_working(calendar: Calendar, moment: datetime) -> bool:
    """Whether the office is open (the person awake) at a moment."""
    moment = _utc(moment)
    return any(start <= moment < end for start, end in calendar.spans(_day(calendar, moment)))


def next_working_moment(calendar: Calendar, moment: datetime) -> datetime:
    """The moment itself if it is working time, else the next opening. Raises NoWorkingTime."""
    moment = _utc(moment)
    for start, _ in _running(calendar, moment, _horizon(moment), ()):
        return start
    raise NoWorkingTime(f"no working time after {moment:%Y-%m-%d}")


def working_minutes_between(calendar: Calendar, start: datetime, end: datetime, pauses: Pauses = ()) -> int:
    """Whole minutes of working time from start to end, pauses left out; negative when end is before start.

    From now to a due time it is what is left, and how late it is once negative.
    """
    start, end = _utc(start), _utc(end)
    if end < start:
        return -working_minutes_between(calendar, end, start, pauses)
    running = (finish - begin for begin, finish in _running(calendar, start, end, pauses))
    return sum(running, timedelta()) // timedelta(minutes=1)


def add_working_minutes(calendar: Calendar, start: datetime, minutes: int, pauses: Pauses = ()) -> datetime:
    """The moment at which so many working minutes have passed; none have passed at `start` itself.

    What fills a day exactly ends at its closing, not at the next opening. Raises NoWorkingTime past the
    horizon.
    """
    start = _utc(start)
    if minutes < 0:
        raise ValueError("working minutes cannot be negative")
    left = timedelta(minutes=minutes)
    if not left:
        return start
    for begin, finish in _running(calendar, start, _horizon(start), pauses):
        if left <= finish - begin:
            return begin + left
        left -= finish - begin
    raise NoWorkingTime(f"no {minutes} working minutes after {start:%Y-%m-%d}")


def add_working_days(calendar: Calendar, start: datetime, days: int, pauses: Pauses = ()) -> datetime:
    """The closing of the last of so many working days after the local day of `start`.

    Five working days from Tuesday 10:00 end next Tuesday at closing: Wednesday is the first, Thursday the
    second, Sunday the third. The day on which a period begins is not counted, as civil procedure has it for
    periods set in days; the ten working days of the PDPL (Law 30 of 2018) are counted so too. What is sent at
    any hour of one day falls due together, and a request late in the day costs nobody any time. The period
    ends at closing rather than at midnight: an answer by then is in time under either reading, and nobody is
    there afterwards. A day counts if the clock runs when it closes; a pause over closing loses that day.
    Raises NoWorkingTime past the horizon.
    """
    start = _utc(start)
    if days < 1:
        raise ValueError("working days are counted from one")
    stops = _ordered(pauses)
    for day in _days(_day(calendar, start) + timedelta(days=1), _day(calendar, _horizon(start))):
        spans = calendar.spans(day)
        if spans and not any(stop < spans[-1][1] <= resume for stop, resume in stops):
            days -= 1
            if days == 0:
                return spans[-1][1]
    raise NoWorkingTime(f"not enough working days after {start:%Y-%m-%d}")


def add_waking_minutes(waking: Calendar, start: datetime, minutes: int) -> datetime:
    """When somebody has had so many waking minutes, by `Calendar.waking(…)`: to take an offered seat, say."""
    return add_working_minutes(waking, start, minutes)


@dataclass(frozen=True)
class Target:
    """How long something may take: working days, or working time in minutes; never both."""

    days: int = 0
    minutes: int = 0

    def __post_init__(self) -> None:
        if min(self.days, self.minutes) < 0 or (self.days > 0) == (self.minutes > 0):
            raise ValueError("a target is either working days or working minutes, and not nothing")

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read an ISO 8601 duration of days ("P5D") or of hours and minutes ("PT4H", "PT1H30M").

        Days are working days and hours working hours, so a mixture ("P1DT4H") has no one meaning.
        Raises ValueError.
        """
        found = re.fullmatch(r"P(?:([0-9]{1,3})D|T(?=[0-9])(?:([0-9]{1,4})H)?(?:([0-9]{1,5})M)?)", text)
        if not found:
            raise ValueError(f"not a target such as P5D or PT4H: {text!r}")
        days, hours, minutes = (int(part or 0) for part in found.groups())
        return cls(days=days, minutes=hours * 60 + minutes)

    def __str__(self) -> str:
        if self.days:
            return f"P{self.days}D"
        hours, minutes = divmod(self.minutes, 60)
        return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")

    def due(self, calendar: Calendar, start: datetime, pauses: Pauses = ()) -> datetime:
        """When it is due: the clock began at `start` and stood still in the pauses. Raises NoWorkingTime."""
        if self.days:
            return add_working_days(calendar, start, self.days, pauses)
        return add_working_minutes(calendar, start, self.minutes, pauses)


# The engine


def _running(
    calendar: Calendar, start: datetime, end: datetime, pauses: Pauses
) -> Iterator[tuple[datetime, datetime]]:
    """The spans between two moments in which the clock runs, in order: open and not paused."""
    stops = _ordered(pauses)
    for day in _days(_day(calendar, start), _day(calendar, end)):
        for opening, closing in calendar.spans(day):
            begin, finish = max(opening, start), min(closing, end)
            for stop, resume in stops:
                if begin < stop < finish:
                    yield begin, stop
                if stop < finish:
                    begin = max(begin, resume)
            if begin < finish:
                yield begin, finish


def _ordered(pauses: Pauses) -> list[tuple[datetime, datetime]]:
    stops = sorted((_utc(stop), _utc(resume)) for stop, resume in pauses)
    if any(resume < stop for stop, resume in stops):
        raise ValueError("a pause cannot end before it begins")
    return stops


def _days(first: date, last: date) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _day(calendar: Calendar, moment: datetime) -> date:
    return moment.astimezone(calendar.zone).date()


def _after(midnight: datetime, minutes: int) -> datetime:
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)  # added on the wall clock, told in UTC


def _horizon(start: datetime) -> datetime:
    latest = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
    return start + HORIZON if start < latest - HORIZON else latest


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC)


# Reading a pack


def _week(table: Mapping[str, Any]) -> Week:
    if unknown := set(table) - set(WEEKDAYS):
        raise ValueError(f"not a weekday: {', '.join(sorted(unknown))}")
    return _as_week([_hours(table.get(name, ())) for name in WEEKDAYS])


def _special(entry: Mapping[str, Any]) -> SpecialHours:
    inline = {key: value for key, value in entry.items() if key not in ("name", "from", "to", "hours")}
    return SpecialHours(_date(entry["from"]), _date(entry["to"]), _week(inline | entry.get("hours", {})))


def _hours(written: str | Iterable[str]) -> Hours:
    """Read "07:00-14:15", several with commas, or a list of them."""
    spans = written.split(",") if isinstance(written, str) and written.strip() else written
    return tuple(_span(span) for span in spans)


def _span(text: str) -> Span:
    found = re.fullmatch(r"\s*([0-9]{2}):([0-5][0-9])\s*-\s*([0-9]{2}):([0-5][0-9])\s*", text)
    if not found:
        raise ValueError(f"not hours such as 07:00-14:15: {text!r}")
    a, b, c, d = map(int, found.groups())
    return a * 60 + b, c * 60 + d


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _without(hours: Hours, hole: Span) -> Hours:
    pieces = [piece for a, b in hours for piece in ((a, min(b, hole[0])), (max(a, hole[1]), b))]
    return tuple((a, b) for a, b in pieces if a < b)


def _as_week(days: Iterable[Hours]) -> Week:
    mon, tue, wed, thu, fri, sat, sun = days
    return mon, tue, wed, thu, fri, sat, sun


def _check(week: Week) -> None:
    """Refuse hours that overlap, run backwards or leave the day: a night is written as part of two days."""
    for name, hours in zip(WEEKDAYS, week, strict=True):
        if any(not 0 <= a < b <= DAY for a, b in hours) or any(x[1] > y[0] for x, y in pairwise(hours)):
            raise ValueError(f"the hours of {name} overlap, run backwards or leave the day: {hours}")
