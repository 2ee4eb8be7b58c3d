"""Minutes of the week: slots over midnight, and weeks that end where they begin."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from asimati.volunteering.profile_rules import DAY, WEEK, Weekday, covers, merged, minute_of_week, slot, stretch

SUNDAY = datetime(2026, 11, 29)


def test_the_week_begins_on_sunday() -> None:
    assert minute_of_week(SUNDAY) == 0
    assert minute_of_week(SUNDAY + timedelta(days=6, hours=23, minutes=59)) == WEEK - 1


@pytest.mark.parametrize(
    ("weekday", "begins", "ends", "span"),
    [
        (Weekday.SUNDAY, time(8), time(12), (480, 720)),
        (Weekday.MONDAY, time(22), time(2), (DAY + 1320, DAY + 1560)),  # into Tuesday
        (Weekday.SUNDAY, time(0), time(0), (0, DAY)),  # the whole day
    ],
)
def test_a_slot(weekday: Weekday, begins: time, ends: time, span: tuple[int, int]) -> None:
    assert slot(weekday, begins, ends) == span


def test_the_night_from_saturday_goes_on_on_sunday() -> None:
    night = merged([slot(Weekday.SATURDAY, time(22), time(2))])
    assert night == [(0, 120), (WEEK - 120, WEEK)]
    saturday = SUNDAY + timedelta(days=6)
    assert covers(night, stretch(saturday + timedelta(hours=23), saturday + timedelta(hours=25)))
    assert not covers(night, stretch(saturday + timedelta(hours=23), saturday + timedelta(hours=27)))


def test_slots_that_touch_are_one() -> None:
    both = merged([slot(Weekday.SUNDAY, time(12), time(16)), slot(Weekday.SUNDAY, time(8), time(12))])
    assert both == [(480, 960)]
    assert covers(both, stretch(SUNDAY + timedelta(hours=11), SUNDAY + timedelta(hours=13)))


minutes = some.integers(0, WEEK - 1)
spans = some.lists(some.tuples(minutes, some.integers(1, 2 * DAY)).map(lambda one: (one[0], sum(one))), max_size=6)


def all_minutes(written: list[tuple[int, int]]) -> set[int]:
    return {minute % WEEK for start, end in written for minute in range(start, end)}


@given(free=spans, begins=minutes, length=some.integers(1, 2 * DAY))
def test_covering_is_every_minute_being_free(free: list[tuple[int, int]], begins: int, length: int) -> None:
    starts = SUNDAY + timedelta(minutes=begins)
    wanted = stretch(starts, starts + timedelta(minutes=length))
    assert all_minutes(merged(free)) == all_minutes(free)
    assert all_minutes(wanted) == all_minutes([(begins, begins + length)])
    assert covers(merged(free), wanted) == (all_minutes(wanted) <= all_minutes(free))
