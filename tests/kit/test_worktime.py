"""Working time against a table of days people know, and against an oracle that walks minute by minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from asimati.kit.worktime import (
    WEEKDAYS,
    Calendar,
    NoWorkingTime,
    SpecialHours,
    Target,
    add_waking_minutes,
    add_working_days,
    add_working_minutes,
    from_pack,
    is_working,
    next_working_moment,
    working_minutes_between,
)

BAHRAIN = ZoneInfo("Asia/Bahrain")
LONG, SHORT, RAMADAN = "07:00-14:15", "07:00-14:00", "08:00-14:00"
WORKDAYS = ("sun", "mon", "tue", "wed", "thu")
GOVERNORATE = {
    "time_zone": "Asia/Bahrain",
    "working_week": {**dict.fromkeys(WORKDAYS, LONG), "thu": SHORT},
    "special_hours": [
        {
            "name": {"ar": "رمضان", "en": "Ramadan"},
            "from": date(2026, 2, 18),
            "to": date(2026, 3, 19),
            **dict.fromkeys(WORKDAYS, RAMADAN),
        }
    ],
    "waking_hours": {"from": "08:00", "to": "21:00", "friday_prayer": "11:30-13:00"},
}
EID = {date(2026, 3, 20), date(2026, 3, 21), date(2026, 3, 22)}
EID_A_DAY_LATER = {day + timedelta(days=1) for day in EID}
OFFICE = from_pack(GOVERNORATE, EID)
WAKING = Calendar.waking(GOVERNORATE)
NEVER = from_pack({"time_zone": "Asia/Bahrain", "working_week": {}})


def at(text: str, zone: ZoneInfo = BAHRAIN) -> datetime:
    """A moment by the wall clock of Manama."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


# The table. 24 November 2026 is a Tuesday.


@pytest.mark.parametrize(
    ("start", "target", "due"),
    [
        # days: the first one does not count, the last one ends at closing
        ("2026-11-24 10:00", "P5D", "2026-12-01 14:15"),
        ("2026-11-24 00:00", "P5D", "2026-12-01 14:15"),
        ("2026-11-24 23:59", "P5D", "2026-12-01 14:15"),
        ("2026-11-25 00:00", "P5D", "2026-12-02 14:15"),
        ("2026-11-24 10:00", "P2D", "2026-11-26 14:00"),  # Thursday closes earlier
        ("2026-11-26 10:00", "P1D", "2026-11-29 14:15"),  # over the weekend
        ("2026-11-27 10:00", "P1D", "2026-11-29 14:15"),  # sent on Friday
        ("2026-11-28 23:59", "P1D", "2026-11-29 14:15"),  # sent on Saturday night
        ("2026-11-29 00:00", "P1D", "2026-11-30 14:15"),
        ("2026-11-24 10:00", "P10D", "2026-12-08 14:15"),  # PDPL: ten working days
        ("2026-02-17 10:00", "P1D", "2026-02-18 14:00"),  # into Ramadan
        ("2026-03-18 10:00", "P2D", "2026-03-23 14:15"),  # over Eid, out of Ramadan
        ("2026-03-21 10:00", "P1D", "2026-03-23 14:15"),  # sent on a holiday
        # hours and minutes: only open time passes
        ("2026-11-24 07:00", "PT4H", "2026-11-24 11:00"),
        ("2026-11-24 05:00", "PT4H", "2026-11-24 11:00"),  # before opening
        ("2026-11-24 12:00", "PT4H", "2026-11-25 08:45"),
        ("2026-11-24 14:14", "PT1M", "2026-11-24 14:15"),  # exactly to closing
        ("2026-11-24 14:14", "PT2M", "2026-11-25 07:01"),
        ("2026-11-24 14:15", "PT1M", "2026-11-25 07:01"),  # at closing it is closed
        ("2026-11-24 07:00", "PT7H15M", "2026-11-24 14:15"),  # exactly a day
        ("2026-11-26 07:00", "PT7H15M", "2026-11-29 07:15"),  # Thursday is short
        ("2026-11-26 13:30", "PT1H", "2026-11-29 07:30"),
        ("2026-11-27 09:00", "PT30M", "2026-11-29 07:30"),
        ("2026-02-17 14:00", "PT30M", "2026-02-18 08:15"),  # into Ramadan
        ("2026-03-19 13:45", "PT30M", "2026-03-23 07:15"),  # over Eid, out of Ramadan
        ("2026-12-31 14:00", "PT1H", "2027-01-03 08:00"),
        ("2026-11-22 07:00", "PT36H", "2026-11-26 14:00"),  # a week: 4 × 7:15 and 7:00
        ("2026-11-22 07:00", "PT36H1M", "2026-11-29 07:01"),
    ],
)
def test_due(start: str, target: str, due: str) -> None:
    assert Target.parse(target).due(OFFICE, at(start)) == at(due)


def test_eid_moved_a_day_moves_what_is_due() -> None:
    later = from_pack(GOVERNORATE, EID_A_DAY_LATER)
    sent = at("2026-03-18 10:00")
    assert add_working_days(OFFICE, sent, 2) == at("2026-03-23 14:15")
    assert add_working_days(later, sent, 2) == at("2026-03-24 14:15")
    assert add_working_minutes(later, at("2026-03-19 13:45"), 30) == at("2026-03-24 07:15")


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-24 07:00", "2026-11-24 14:15", 435),
        ("2026-11-26 00:00", "2026-11-27 00:00", 420),
        ("2026-11-22 00:00", "2026-11-29 00:00", 4 * 435 + 420),
        ("2026-11-27 00:00", "2026-11-29 07:00", 0),
        ("2026-11-24 10:00", "2026-11-24 10:00", 0),
        ("2026-11-24 10:00", "2026-11-24 09:00", -60),  # late
        ("2026-11-24 10:00:30", "2026-11-24 10:02:00", 1),  # whole minutes
        ("2026-02-22 00:00", "2026-03-01 00:00", 5 * 360),
        ("2026-03-19 00:00", "2026-03-24 00:00", 360 + 435),
    ],
)
def test_between(start: str, end: str, minutes: int) -> None:
    assert working_minutes_between(OFFICE, at(start), at(end)) == minutes


@pytest.mark.parametrize(
    ("moment", "following"),
    [
        ("2026-11-24 07:00", "2026-11-24 07:00"),
        ("2026-11-24 14:14:59", "2026-11-24 14:14:59"),
        ("2026-11-24 06:59", "2026-11-24 07:00"),
        ("2026-11-24 14:15", "2026-11-25 07:00"),
        ("2026-11-26 14:00", "2026-11-29 07:00"),
        ("2026-02-18 07:30", "2026-02-18 08:00"),
        ("2026-03-20 09:00", "2026-03-23 07:00"),
    ],
)
def test_open_or_next_open(moment: str, following: str) -> None:
    assert next_working_moment(OFFICE, at(moment)) == at(following)
    assert is_working(OFFICE, at(moment)) == (moment == following)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-24 23:00", 120, "2026-11-25 10:00"),  # nobody is woken
        ("2026-11-24 20:30", 60, "2026-11-25 08:30"),
        ("2026-11-27 11:00", 60, "2026-11-27 13:30"),  # Friday prayer
        ("2026-11-27 11:00", 30, "2026-11-27 11:30"),
        ("2026-11-26 11:00", 60, "2026-11-26 12:00"),  # Thursday
        ("2026-03-20 11:00", 60, "2026-03-20 13:30"),  # Eid is a waking day
    ],
)
def test_waking(start: str, minutes: int, end: str) -> None:
    assert add_waking_minutes(WAKING, at(start), minutes) == at(end)


def test_waking_hours_need_no_friday_prayer() -> None:
    waking = Calendar.waking({"time_zone": "Asia/Bahrain", "waking_hours": {"from": "08:00", "to": "24:00"}})
    assert is_working(waking, at("2026-11-27 12:00"))
    assert add_waking_minutes(waking, at("2026-11-27 23:00"), 61) == at("2026-11-28 08:01")


@pytest.mark.parametrize(
    ("start", "target", "pauses", "due"),
    [
        ("2026-11-24 10:00", "PT2H", [("11:00", "12:30")], "2026-11-24 13:30"),
        ("2026-11-24 10:00", "PT2H", [("11:00", "12:30"), ("12:00", "12:30")], "2026-11-24 13:30"),
        ("2026-11-24 10:00", "PT2H", [("12:00", "13:00")], "2026-11-24 12:00"),  # due as the pause begins
        ("2026-11-24 10:00", "PT2H", [("09:00", "11:00")], "2026-11-24 13:00"),
        ("2026-11-24 10:00", "P1D", [("10:30", "11:30")], "2026-11-25 14:15"),  # not over a closing
    ],
)
def test_pauses_on_a_day(start: str, target: str, pauses: list[tuple[str, str]], due: str) -> None:
    stops = [(at(f"{start[:10]} {stop}"), at(f"{start[:10]} {resume}")) for stop, resume in pauses]
    assert Target.parse(target).due(OFFICE, at(start), stops) == at(due)


def test_a_paused_closing_loses_the_day() -> None:
    sent = at("2026-11-24 10:00")
    paused = [(at("2026-11-25 14:00"), at("2026-11-29 09:00"))]  # Wednesday's and Thursday's closing
    assert add_working_days(OFFICE, sent, 1, paused) == at("2026-11-29 14:15")
    from_closing = [(at("2026-11-25 14:15"), at("2026-11-26 14:00"))]  # Wednesday was worked, Thursday not
    assert add_working_days(OFFICE, sent, 2, from_closing) == at("2026-11-29 14:15")


def test_a_pause_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="pause"):
        add_working_days(OFFICE, at("2026-11-24"), 1, [(at("2026-11-25"), at("2026-11-24"))])


def test_every_zone_in_utc_out() -> None:
    due = add_working_minutes(OFFICE, datetime(2026, 11, 24, 12, tzinfo=BAHRAIN), 1)
    assert due == at("2026-11-24 12:01")
    assert due.tzinfo is UTC
    assert add_working_minutes(OFFICE, datetime(2026, 11, 24, 12, tzinfo=BAHRAIN), 0).tzinfo is UTC


def test_a_clock_change_lengthens_the_day() -> None:
    london = from_pack({"time_zone": "Europe/London", "working_week": dict.fromkeys(WEEKDAYS, "00:00-24:00")})
    zone = ZoneInfo("Europe/London")
    for day, hours in (("2026-10-24", 24), ("2026-10-25", 25), ("2026-03-29", 23)):
        midnight = at(day, zone)
        following = at(str(date.fromisoformat(day) + timedelta(days=1)), zone)
        assert working_minutes_between(london, midnight, following) == hours * 60
    swallowed = from_pack({"time_zone": "Europe/London", "working_week": {"sun": "01:00-02:00"}})
    assert swallowed.spans(date(2026, 3, 29)) == []


def test_hours_in_two_parts_and_a_working_saturday() -> None:
    pack = {
        "time_zone": "Asia/Bahrain",
        "working_week": {"sun": "07:00-12:00, 13:00-16:00", "mon": ["07:00-12:00", "13:00-16:00"]},
        "special_hours": [
            {"name": "first", "from": "2026-11-22", "to": "2026-11-28", "hours": {"sun": "09:00-10:00"}},
            {"name": "last holds", "from": "2026-11-28", "to": "2026-11-28", "sat": "09:00-10:00"},
        ],
    }
    calendar = from_pack(pack, {date(2026, 11, 29)})
    assert calendar.hours(date(2026, 11, 30)) == ((420, 720), (780, 960))
    assert calendar.hours(date(2026, 11, 22)) == ((540, 600),)
    assert calendar.hours(date(2026, 11, 23)) == ()  # absent is off, in special hours too
    assert calendar.hours(date(2026, 11, 28)) == ((540, 600),)
    assert calendar.hours(date(2026, 11, 29)) == ()


# What is refused


def test_naive_moments_are_refused() -> None:
    naive = datetime(2026, 11, 24)
    for call in (
        lambda: is_working(OFFICE, naive),
        lambda: next_working_moment(OFFICE, naive),
        lambda: add_working_minutes(OFFICE, naive, 0),
        lambda: add_working_days(OFFICE, naive, 1),
        lambda: working_minutes_between(OFFICE, at("2026-11-24"), naive),
    ):
        with pytest.raises(ValueError, match="time zone"):
            call()


def test_a_calendar_without_hours_ends() -> None:
    moment = at("2026-11-24 10:00")
    for call in (
        lambda: next_working_moment(NEVER, moment),
        lambda: add_working_minutes(NEVER, moment, 1),
        lambda: add_working_days(NEVER, moment, 1),
        lambda: add_working_minutes(OFFICE, moment, 10**9),
        lambda: add_working_days(OFFICE, moment, 10**9),
        lambda: next_working_moment(NEVER, datetime(9999, 12, 1, tzinfo=UTC)),
    ):
        with pytest.raises(NoWorkingTime):
            call()
    assert working_minutes_between(NEVER, moment, moment + timedelta(days=30)) == 0
    assert not is_working(NEVER, moment)


SENSELESS = ["14:15-07:00", "07:00-07:00", "7-14", "07:00-25:00", "07:00-12:00,11:00-14:00"]


@pytest.mark.parametrize("hours", SENSELESS)
def test_hours_that_make_no_sense_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        from_pack({"time_zone": "Asia/Bahrain", "working_week": {"sun": hours}})


def test_misspelt_days_and_backward_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match="thr"):
        from_pack({"time_zone": "Asia/Bahrain", "working_week": {"thr": LONG}})
    with pytest.raises(ValueError, match="before they begin"):
        SpecialHours(date(2026, 3, 2), date(2026, 3, 1), NEVER.week)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("P5D", Target(days=5)),
        ("PT4H", Target(minutes=240)),
        ("PT30M", Target(minutes=30)),
        ("PT1H30M", Target(minutes=90)),
    ],
)
def test_targets_read_and_write(text: str, target: Target) -> None:
    assert Target.parse(text) == target
    assert str(target) == text


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P0D", "PT0M", "P1DT4H", "P1W", "P-1D", "5D", "P5D ", "P٥D", "PT1.5H", "PT1M1H"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="target"):
        Target.parse(text)


def test_days_and_minutes_are_counted_forward() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_minutes(OFFICE, at("2026-11-24"), -1)
    with pytest.raises(ValueError, match="from one"):
        add_working_days(OFFICE, at("2026-11-24"), 0)


def test_ten_years_are_cheap() -> None:
    def spent() -> float:
        began = time.process_time()
        working_minutes_between(OFFICE, at("2025-01-01"), at("2035-01-01"))
        return time.process_time() - began

    assert min(spent() for _ in range(5)) < 0.05


# The oracle: plain data, one minute after the other


@dataclass(frozen=True)
class Plain:
    """A calendar as anybody would write it down: hours of the week, of a special range, and days off."""

    zone: str
    week: dict[str, list[tuple[int, int]]]
    special: tuple[date, date, dict[str, list[tuple[int, int]]]]
    holidays: frozenset[date]

    def calendar(self) -> Calendar:
        def written(week: dict[str, list[tuple[int, int]]]) -> dict[str, str]:
            return {day: ",".join(f"{clock(a)}-{clock(b)}" for a, b in spans) for day, spans in week.items()}

        first, last, week = self.special
        special = {"name": "special", "from": first, "to": last, **written(week)}
        pack = {"time_zone": self.zone, "working_week": written(self.week), "special_hours": [special]}
        return from_pack(pack, self.holidays)

    def open(self, moment: datetime) -> bool:
        wall = moment.astimezone(ZoneInfo(self.zone))
        if wall.date() in self.holidays:
            return False
        first, last, special = self.special
        week = special if first <= wall.date() <= last else self.week
        spans = week.get(WEEKDAYS[wall.weekday()], [])
        return any(a <= wall.hour * 60 + wall.minute < b for a, b in spans)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


MINUTE = timedelta(minutes=1)
LIMIT = 9 * 24 * 60  # minutes the oracle walks


def walk(start: datetime, count: int = LIMIT) -> list[datetime]:
    return [start + MINUTE * n for n in range(count)]


# Hours begin and end on quarters, but not inside the hour that clocks skip or repeat (documented apart).
QUARTERS = [quarter for quarter in range(0, 24 * 60 + 1, 15) if not 60 < quarter < 120]


def weeks(last: int = 24 * 60) -> st.SearchStrategy[dict[str, list[tuple[int, int]]]]:
    edges = st.lists(st.sampled_from([q for q in QUARTERS if q <= last]), max_size=4, unique=True).map(sorted)
    spans = edges.map(lambda found: [(a, b) for n, (a, b) in enumerate(pairwise(found)) if n % 2 == 0])
    return st.dictionaries(st.sampled_from(WEEKDAYS), spans, max_size=7)


# Ordinary days, and those around London's changes of clocks.
CHANGES = [date(2026, 3, 25), date(2026, 10, 21)]
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 1)) | st.sampled_from(CHANGES)


@st.composite
def cases(draw: st.DrawFn, last: int = 24 * 60) -> tuple[Plain, datetime]:
    """A calendar, and a moment near its holidays and its special range."""
    day = draw(DAYS)
    offset = st.integers(-1, 8).map(lambda n: day + timedelta(days=n))
    special = sorted((draw(offset), draw(offset)))
    plain = Plain(
        zone=draw(st.sampled_from(["Asia/Bahrain", "Europe/London"])),
        week=draw(weeks(last)),
        special=(special[0], special[1], draw(weeks(last))),
        holidays=draw(st.frozensets(offset, max_size=3)),
    )
    start = datetime.combine(day, datetime.min.time(), UTC) + MINUTE * draw(st.integers(0, 1439))
    return plain, start


def pauses_after(start: datetime) -> st.SearchStrategy[list[tuple[datetime, datetime]]]:
    moments = st.integers(-600, 6000).map(lambda n: start + MINUTE * n)
    pause = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))
    return st.lists(pause, max_size=3)


relaxed = settings(max_examples=60, deadline=None)


@relaxed
@given(cases(), st.data())
def test_minutes_agree_with_the_oracle(case: tuple[Plain, datetime], data: st.DataObject) -> None:
    plain, start = case
    calendar = plain.calendar()
    pauses = data.draw(pauses_after(start) | st.just([]))
    running = [m for m in walk(start) if plain.open(m) and not any(a <= m < b for a, b in pauses)]

    end = start + MINUTE * data.draw(st.integers(0, LIMIT))
    expected = sum(m < end for m in running)
    assert working_minutes_between(calendar, start, end, pauses) == expected
    assert working_minutes_between(calendar, end, start, pauses) == -expected

    assume(running)
    minutes = data.draw(st.integers(1, len(running)))
    assert add_working_minutes(calendar, start, minutes, pauses) == running[minutes - 1] + MINUTE


@relaxed
@given(cases(), st.data())
def test_opening_agrees_with_the_oracle(case: tuple[Plain, datetime], data: st.DataObject) -> None:
    plain, start = case
    calendar = plain.calendar()
    moments = walk(start, 3 * 24 * 60)
    for moment in data.draw(st.lists(st.sampled_from(moments), max_size=20)):
        assert is_working(calendar, moment) == plain.open(moment)
    following = next((m for m in moments if plain.open(m)), None)
    assume(following is not None)
    assert next_working_moment(calendar, start) == following


@relaxed
@given(cases(), st.data())
def test_days_agree_with_the_oracle(case: tuple[Plain, datetime], data: st.DataObject) -> None:
    plain, start = case
    pauses = data.draw(pauses_after(start) | st.just([]))
    zone = ZoneInfo(plain.zone)
    closing: dict[date, datetime] = {}
    for moment in walk(start):
        if plain.open(moment):
            closing[moment.astimezone(zone).date()] = moment + MINUTE
    closing.pop(start.astimezone(zone).date(), None)
    whole = (start + MINUTE * (LIMIT - 1)).astimezone(zone).date()  # the walk ends within this day
    closing.pop(whole, None)
    counted = [end for end in closing.values() if not any(a < end <= b for a, b in pauses)]
    for days, end in enumerate(counted, start=1):
        assert add_working_days(plain.calendar(), start, days, pauses) == end


# Laws


@relaxed
@given(cases(), st.integers(0, 3000), st.integers(0, 3000))
def test_minutes_add_up(case: tuple[Plain, datetime], some: int, more: int) -> None:
    calendar, start = case[0].calendar(), case[1]
    assume(any(calendar.week))
    middle = add_working_minutes(calendar, start, some)
    end = add_working_minutes(calendar, middle, more)
    assert end == add_working_minutes(calendar, start, some + more)
    assert start <= middle <= end
    assert working_minutes_between(calendar, start, middle) == some
    assert working_minutes_between(calendar, start, end) == some + more


@relaxed
@given(cases(last=23 * 60), st.integers(1, 12), st.integers(1, 12))
def test_days_add_up(case: tuple[Plain, datetime], some: int, more: int) -> None:
    calendar, start = case[0].calendar(), case[1]
    assume(any(calendar.week))
    middle = add_working_days(calendar, start, some)
    assert add_working_days(calendar, middle, more) == add_working_days(calendar, start, some + more)


@relaxed
@given(cases(), st.integers(0, 5000), st.integers(0, 3000), st.integers(1, 12))
def test_who_asks_later_is_never_answered_sooner(
    case: tuple[Plain, datetime], later: int, minutes: int, days: int
) -> None:
    calendar, start = case[0].calendar(), case[1]
    assume(any(calendar.week))
    after = start + MINUTE * later
    assert add_working_minutes(calendar, start, minutes) <= add_working_minutes(calendar, after, minutes)
    assert add_working_days(calendar, start, days) <= add_working_days(calendar, after, days)


@relaxed
@given(cases(), st.data())
def test_a_pause_adds_the_working_time_it_took(case: tuple[Plain, datetime], data: st.DataObject) -> None:
    calendar, start = case[0].calendar(), case[1]
    assume(any(calendar.week))
    pauses = data.draw(pauses_after(start))
    minutes = data.draw(st.integers(1, 3000))
    due = add_working_minutes(calendar, start, minutes, pauses)
    assert working_minutes_between(calendar, start, due, pauses) == minutes
    lost = working_minutes_between(calendar, start, due) - minutes
    assert due == add_working_minutes(calendar, start, minutes + lost)
