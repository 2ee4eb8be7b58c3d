"""The arithmetic of hours, and the moves of a sign-up. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.kit.errors import IllegalMove
from asimati.volunteering import rules
from asimati.volunteering.rules import SignUpStatus

BAHRAIN = ZoneInfo("Asia/Bahrain")
TOLERANCE = timedelta(minutes=15)


def at(clock: str, day: int = 23) -> datetime:
    hours, minutes, seconds = (int(part) for part in f"{clock}:00".split(":")[:3])
    return datetime(2026, 11, day, hours, minutes, seconds, tzinfo=BAHRAIN)


# A shift from 16:00 to 19:00.
@pytest.mark.parametrize(
    ("arrived", "left", "minutes"),
    [
        pytest.param("16:00", "19:00", 180, id="on time"),
        pytest.param("16:20", "19:00", 160, id="late in"),
        pytest.param("16:00", "18:10", 130, id="early out"),
        pytest.param("16:20", "18:10", 110, id="late in, early out"),
        pytest.param("15:50", "19:00", 190, id="early in, within the tolerance"),
        pytest.param("15:30", "19:00", 195, id="early in, beyond the tolerance"),
        pytest.param("16:00", "19:10", 190, id="late out, within the tolerance"),
        pytest.param("15:30", "19:40", 195, id="long on both sides: the tolerance counts once"),
        pytest.param("16:00", "23:59", 195, id="forgot to check out"),
        pytest.param("15:30", "15:40", 0, id="gone before it began"),
        pytest.param("19:30", "19:40", 0, id="came when it was over"),
        pytest.param("17:00", "17:00", 0, id="in and out at once"),
        pytest.param("17:00", "16:30", 0, id="out before in"),
        pytest.param("16:00", "16:59:59", 59, id="whole minutes only"),
    ],
)
def test_minutes_of_a_shift(arrived: str, left: str, minutes: int) -> None:
    counted = rules.accredited_minutes(at(arrived), at(left), at("16:00"), at("19:00"), TOLERANCE)
    assert counted == minutes


@pytest.mark.parametrize(
    ("arrived", "left", "minutes"),
    [
        pytest.param(at("22:00"), at("02:00", 24), 240, id="the whole night shift"),
        pytest.param(at("23:50"), at("00:10", 24), 20, id="round midnight"),
        pytest.param(at("22:00"), at("23:30"), 90, id="left before midnight"),
        pytest.param(at("00:30", 24), at("02:40", 24), 105, id="came after midnight"),
        pytest.param(at("19:00").astimezone(UTC), at("02:00", 24), 255, id="mixed zones, early"),
    ],
)
def test_a_shift_over_midnight(arrived: datetime, left: datetime, minutes: int) -> None:
    counted = rules.accredited_minutes(arrived, left, at("22:00"), at("02:00", 24), TOLERANCE)
    assert counted == minutes


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
lengths = st.timedeltas(timedelta(seconds=1), timedelta(hours=12))
slack = st.timedeltas(timedelta(), timedelta(hours=2))
aways = st.timedeltas(timedelta(hours=-14), timedelta(hours=14))


@given(moments, lengths, aways, aways, slack)
def test_never_more_than_was_served_nor_than_was_planned(
    starts: datetime, length: timedelta, came: timedelta, went: timedelta, tolerance: timedelta
) -> None:
    ends, arrived, left = starts + length, starts + came, starts + went
    counted = rules.accredited_minutes(arrived, left, starts, ends, tolerance)
    served = timedelta(minutes=counted)
    assert served >= timedelta()
    assert served <= max(left - arrived, timedelta())
    assert served <= length + tolerance
    assert counted <= rules.most_minutes(starts, ends, tolerance)
    if arrived >= starts and left <= ends and left >= arrived:  # inside the shift all that was served counts
        assert counted == (left - arrived) // timedelta(minutes=1)


@given(
    moments.map(lambda one: one.replace(second=0, microsecond=0)),
    st.integers(1, 14 * 60), st.integers(-180, 16 * 60), st.integers(-180, 16 * 60), st.integers(0, 120),
)  # fmt: skip
def test_minutes_are_those_one_counts_one_by_one(
    starts: datetime, length: int, came: int, went: int, tolerance: int
) -> None:
    """Late in, early out, over midnight, forgotten: minutes there, of those the shift and its tolerance hold."""
    count = sum(came <= minute < went for minute in range(-tolerance, length + tolerance))
    arrived, left, ends = (starts + timedelta(minutes=one) for one in (came, went, length))
    counted = rules.accredited_minutes(arrived, left, starts, ends, timedelta(minutes=tolerance))
    assert counted == min(count, length + tolerance)


@given(moments, lengths, aways, aways, slack, slack)
def test_staying_longer_or_coming_earlier_never_costs_minutes(
    starts: datetime, length: timedelta, came: timedelta, went: timedelta, tolerance: timedelta, more: timedelta
) -> None:
    ends, arrived, left = starts + length, starts + came, starts + went
    counted = rules.accredited_minutes(arrived, left, starts, ends, tolerance)
    assert rules.accredited_minutes(arrived, left + more, starts, ends, tolerance) >= counted
    assert rules.accredited_minutes(arrived - more, left, starts, ends, tolerance) >= counted
    assert rules.accredited_minutes(arrived, left, starts, ends, tolerance + more) >= counted


@given(moments, lengths, aways, aways, slack, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_the_hour_of_the_day_and_the_zone_do_not_matter(
    starts: datetime, length: timedelta, came: timedelta, went: timedelta, tolerance: timedelta, later: timedelta
) -> None:
    times = (starts + came, starts + went, starts, starts + length)
    counted = rules.accredited_minutes(*times, tolerance)
    assert rules.accredited_minutes(*(moment + later for moment in times), tolerance) == counted
    assert rules.accredited_minutes(*(moment.astimezone(BAHRAIN) for moment in times), tolerance) == counted


def test_an_hour_stands_in_the_stamp_of_each_goal_it_serves_and_once_only() -> None:
    lines = [(60, ["14.1", "14.2", "12.5"]), (30, ["12.5"]), (45, [])]
    assert rules.stamps(lines) == {12: 90, 14: 60}
    assert rules.goals_of(["9.c", "16.6", "9.1"]) == [9, 16]


ledger_lines = st.tuples(st.integers(0, 600), st.lists(st.sampled_from(["3.4", "9.c", "14.1", "14.a"]), max_size=4))


@given(st.lists(ledger_lines, max_size=20), st.randoms(use_true_random=False))
def test_stamps_do_not_depend_on_order_and_taking_back_leaves_nothing(lines, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(lines, len(lines))
    assert rules.stamps(shuffled) == rules.stamps(lines)
    assert rules.stamps([*lines, *((-minutes, targets) for minutes, targets in shuffled)]) == {}
    total = sum(minutes for minutes, _ in lines)
    assert all(0 < minutes <= total for minutes in rules.stamps(lines).values())


@pytest.mark.parametrize(
    ("minutes", "hours"), [(0, "0.00"), (20, "0.33"), (90, "1.50"), (-75, "-1.25"), (6000, "100.00")]
)
def test_hours_are_decimal(minutes: int, hours: str) -> None:
    assert rules.hours(minutes) == hours


LEGAL = {
    ("pending", "confirmed"), ("pending", "declined"), ("pending", "withdrawn"),
    ("confirmed", "checked_in"), ("confirmed", "withdrawn"), ("confirmed", "no_show"),
    ("checked_in", "checked_out"),
    ("waitlisted", "offered"), ("waitlisted", "confirmed"), ("waitlisted", "withdrawn"),
    ("offered", "pending"), ("offered", "confirmed"), ("offered", "lapsed"), ("offered", "withdrawn"),
    *((status, "cancelled") for status in ("waitlisted", "offered", "pending", "confirmed")),
}  # fmt: skip


@pytest.mark.parametrize("before", SignUpStatus)
@pytest.mark.parametrize("after", SignUpStatus)
def test_moves_of_a_sign_up(before: SignUpStatus, after: SignUpStatus) -> None:
    if (before, after) in LEGAL:
        rules.require_move(before, after)
        return
    with pytest.raises(IllegalMove) as refusal:
        rules.require_move(before, after)
    assert refusal.value.facts["legal"] == sorted(legal for status, legal in LEGAL if status == before)


def test_a_place_is_held_until_it_is_given_back() -> None:
    given_back = {
        SignUpStatus.DECLINED, SignUpStatus.WITHDRAWN, SignUpStatus.NO_SHOW, SignUpStatus.LAPSED,
        SignUpStatus.CANCELLED,
    }  # fmt: skip
    assert set(SignUpStatus) - given_back == rules.LIVE
    assert rules.LIVE - {SignUpStatus.WAITLISTED} == rules.HOLDING
