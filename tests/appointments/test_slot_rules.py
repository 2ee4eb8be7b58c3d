"""The arithmetic of a desk's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.appointments import rules
from asimati.appointments.rules import Move, Status, comes_again
from asimati.kit.errors import IllegalMove

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + minute * MINUTE


def spans(*pairs: tuple[int, int]) -> list[rules.Span]:
    return [(at(a), at(b)) for a, b in pairs]


def test_a_desk_is_open_only_while_the_office_is() -> None:
    assert rules.meet(spans((0, 60), (90, 200)), spans((30, 100))) == spans((30, 60), (90, 100))
    assert rules.meet(spans((0, 60)), []) == []


def test_a_slot_fits_into_one_opening_whole() -> None:
    found = list(rules.starts(spans((0, 50), (60, 75)), 15 * MINUTE, 30 * MINUTE))
    assert found == [at(0), at(15)]


def test_times_that_touch_do_not_overlap() -> None:
    assert not rules.overlap((at(0), at(15)), (at(15), at(30)))
    assert rules.overlap((at(0), at(16)), (at(15), at(30)))


@pytest.mark.parametrize(
    ("start", "reserved"), [(300, True), (241, True), (240, False), (100, False), (700, False)]
)
def test_a_reserved_time_is_released_shortly_before(start: int, reserved: bool) -> None:
    assert rules.is_reserved(at(start), spans((0, 600)), NOON, timedelta(hours=4)) is reserved


@pytest.mark.parametrize(
    ("busy", "found"),
    [
        ([], 5),
        ([(0, 20)], 20),
        ([(10, 20)], 20),
        ([(25, 40)], 5),
        ([(20, 60)], 5),
        ([(0, 50)], 100),
        ([(0, 200)], None),
    ],
)
def test_whoever_walks_in_gets_the_earliest_gap(busy: list[tuple[int, int]], found: int | None) -> None:
    gap = rules.first_gap(spans((0, 60), (100, 160)), spans(*busy), at(5), 15 * MINUTE)
    assert gap == (None if found is None else at(found))


pairs = st.tuples(st.integers(0, 400), st.integers(1, 90)).map(lambda pair: (at(pair[0]), at(pair[0] + pair[1])))


@given(st.lists(pairs, max_size=6), st.lists(pairs, max_size=12), st.integers(0, 400), st.integers(1, 60))
def test_the_gap_is_the_one_a_slow_search_finds(
    open_: list[rules.Span], busy: list[rules.Span], now: int, length: int
) -> None:
    def fits(minute: int) -> bool:
        span = (at(minute), at(minute + length))
        return rules.is_free(span, busy) and any(a <= span[0] and span[1] <= b for a, b in open_)

    slow = next((minute for minute in range(now, 600) if fits(minute)), None)
    gap = rules.first_gap(open_, busy, at(now), length * MINUTE)
    assert gap == (None if slow is None else at(slow))


def test_every_status_is_reached_and_no_living_one_is_a_dead_end() -> None:
    reached = {Status.BOOKED} | {to for leads in rules.MOVES.values() for to in leads.values()}
    assert reached == set(Status)
    ends = {status for status in Status if not rules.legal_moves(status)}
    assert ends == {Status.SERVED, Status.CANCELLED}


def test_an_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(IllegalMove) as refused:
        rules.after(Status.CANCELLED, Move.ARRIVE)
    assert refused.value.facts["legal"] == []
    with pytest.raises(IllegalMove) as refused:
        rules.after(Status.ARRIVED, Move.CANCEL)
    assert refused.value.facts["legal"] == [Move.SERVE]


@pytest.mark.parametrize(
    ("day", "every", "comes"),
    [
        ("2026-12-03", 1, True), ("2026-12-10", 1, True), ("2026-12-17", 1, True), ("2026-12-24", 1, False),
        ("2026-11-26", 1, False), ("2026-12-03", 2, True), ("2026-12-10", 2, False), ("2026-12-17", 2, True),
        ("2026-12-05", 2, True),  # a Saturday ends the week that its Thursday lies in
        ("2026-12-06", 2, False), ("2026-12-13", 2, True),  # weeks begin on Sunday
        ("2026-12-17", 3, False),
    ],
)  # fmt: skip
def test_what_comes_again_comes_in_its_weeks_alone(day: str, every: int, comes: bool) -> None:
    first, last = date(2026, 12, 3), date(2026, 12, 20)
    assert comes_again(date.fromisoformat(day), first, last, every) is comes
    assert comes_again(date.fromisoformat(day), first, None, every) >= comes
