"""The rules of a line, without a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.kit import worktime
from asimati.kit.waitlist import Chance, Priority, chance, offer_ends, served, turn

WAKING = worktime.Calendar.waking(
    {"time_zone": "Asia/Bahrain", "waking_hours": {"from": "08:00", "to": "22:00", "friday_prayer": "11:00-13:00"}}
)
FAR = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_stated_class_comes_first_and_within_it_who_came_first() -> None:
    line = [(Priority.LATER, 1), (Priority.ORDINARY, 3), (Priority.FIRST, 4), (Priority.ORDINARY, 2)]
    assert [place for _, place in sorted(line, key=lambda one: turn(*one))] == [4, 2, 3, 1]


@pytest.mark.parametrize(
    ("free", "parties", "gathered", "turns"),
    [
        (3, [1, 1, 1, 1], False, [0, 1, 2]),
        (2, [4, 1, 1], False, []),  # gathered for the four
        (2, [4, 1, 1], True, [1, 2]),  # for as long as an offer holds, and no longer
        (4, [4, 1, 1], True, [0]),  # the head keeps its turn
        (3, [1, 4, 1], False, [0]),
        (0, [1], True, []),
    ],
)
def test_whose_turn_it_is(free: int, parties: list[int], gathered: bool, turns: list[int]) -> None:
    assert served(free, parties, gathered=gathered) == turns


@given(st.integers(0, 20), st.lists(st.integers(1, 6), max_size=15), st.booleans())
def test_nothing_is_given_twice_nor_left_if_it_would_do(free: int, parties: list[int], gathered: bool) -> None:
    turns = served(free, parties, gathered=gathered)
    left = free - sum(parties[one] for one in turns)
    assert left >= 0
    passed = [parties[one] for one in range(len(parties)) if one not in turns]
    assert all(needed > left for needed in (passed if gathered else passed[:1]))
    if not gathered:
        assert turns == list(range(len(turns)))


@pytest.mark.parametrize(
    ("now", "hours", "ends"),
    [
        ("2026-11-22T15:00", 2, "2026-11-22T17:00"),
        ("2026-11-22T21:00", 2, "2026-11-23T09:00"),  # the night does not count
        ("2026-11-27T10:00", 2, "2026-11-27T14:00"),  # nor Friday prayer
    ],
)
def test_an_offer_holds_for_waking_hours(now: str, hours: int, ends: str) -> None:
    moment, end = (datetime.fromisoformat(f"{one}+03:00") for one in (now, ends))
    assert offer_ends(WAKING, moment, hours, FAR) == end


def test_no_offer_outlives_the_beginning() -> None:
    now, begins = datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert offer_ends(WAKING, now, 12, begins) == begins


@pytest.mark.parametrize(
    ("needed", "given_up", "of", "said"),
    [
        (1, 40, 49, Chance.UNKNOWN),
        (1, 10, 100, Chance.LIKELY),
        (3, 10, 100, Chance.POSSIBLE),
        (9, 10, 100, Chance.UNLIKELY),
        (1, 0, 100, Chance.UNLIKELY),
        (31, 100, 100, Chance.UNLIKELY),  # more than there are
    ],
)
def test_a_chance_is_said_from_what_happened_before(needed: int, given_up: int, of: int, said: Chance) -> None:
    assert chance(needed, 30, given_up=given_up, of=of) is said
