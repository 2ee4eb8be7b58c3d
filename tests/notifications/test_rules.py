"""When a notice may go out: over time zones, seasons and wishes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from asimati.notifications.rules import Channel, Lane, Quiet, backoff, may_go_at, may_repeat, waking

ZONES = ("Asia/Bahrain", "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
HOURS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
QUIET = st.one_of(st.just(Quiet()), st.builds(Quiet, HOURS, HOURS, st.booleans()))


def house(zone: str, start: str = "08:00", end: str = "22:00") -> dict[str, object]:
    return {"time_zone": zone, "waking_hours": {"from": start, "to": end, "friday_prayer": "11:30-13:00"}}


def within(at: time, start: time, end: time) -> bool:
    return start <= at < end if start < end else at >= start or at < end


@given(MOMENTS, st.sampled_from(ZONES), QUIET)
@example(datetime(2026, 11, 27, 9, 0, tzinfo=UTC), "Asia/Bahrain", Quiet())  # noon on a Friday
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "Europe/Berlin", Quiet())  # the night the clocks go forward
def test_what_can_wait_never_goes_in_quiet_hours(moment: datetime, zone: str, quiet: Quiet) -> None:
    goes = may_go_at(waking(house(zone), quiet), moment, critical=False)
    local = goes.astimezone(ZoneInfo(zone))
    assert goes >= moment
    assert goes - moment < timedelta(days=8)
    if quiet.start is not None and quiet.end is not None and quiet.start != quiet.end:
        assert not within(local.time(), quiet.start, quiet.end)
    if quiet.prayer and local.weekday() == 4 and _leaves_room(quiet):
        assert not within(local.time(), time(11, 30), time(13))
    if _leaves_room(quiet):
        assert within(local.time(), time(8), time(22))


@given(MOMENTS, st.sampled_from(ZONES), QUIET)
def test_it_goes_at_the_first_moment_that_is_not_quiet(moment: datetime, zone: str, quiet: Quiet) -> None:
    """Minute by minute: at every earlier minute somebody's quiet hours hold."""
    calendar = waking(house(zone), quiet)
    goes = may_go_at(calendar, moment, critical=False)
    minute = moment
    while minute < goes:
        assert may_go_at(calendar, minute, critical=False) == goes
        minute += timedelta(minutes=47)


@given(MOMENTS, st.sampled_from(ZONES), QUIET)
def test_what_is_critical_goes_at_once(moment: datetime, zone: str, quiet: Quiet) -> None:
    assert may_go_at(waking(house(zone), quiet), moment, critical=True) == moment


def test_a_night_worker_is_told_outside_of_their_own_hours() -> None:
    calendar = waking(house("Asia/Bahrain"), Quiet(time(7), time(23)))
    noon = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert may_go_at(calendar, noon, critical=False) == datetime(2026, 11, 24, 20, tzinfo=UTC)  # 23:00 there


def test_whoever_does_not_keep_the_prayer_is_told_in_it() -> None:
    friday = datetime(2026, 11, 27, 9, tzinfo=UTC)  # 12:00 in Manama
    asked = may_go_at(waking(house("Asia/Bahrain"), Quiet(prayer=False)), friday, critical=False)
    kept = may_go_at(waking(house("Asia/Bahrain"), Quiet()), friday, critical=False)
    assert (asked, kept) == (friday, datetime(2026, 11, 27, 10, tzinfo=UTC))


@given(st.integers(1, 100), st.floats(0, 1))
def test_waits_grow_to_an_hour_and_a_half_at_most(attempts: int, chance: float) -> None:
    assert timedelta(seconds=1) <= backoff(attempts, chance) <= timedelta(hours=1.5)


def test_what_may_be_repeated_in_doubt() -> None:
    assert not may_repeat(Channel.SMS, Lane.CODE, 1, 8)
    assert [may_repeat(Channel.SMS, Lane.NORMAL, doubts, 8) for doubts in (1, 2)] == [True, False]
    assert [may_repeat(Channel.PUSH, Lane.BULK, doubts, 8) for doubts in (7, 8)] == [True, False]


def _leaves_room(quiet: Quiet) -> bool:
    """Whether a person's own quiet hours leave anything of the governorate's waking hours."""
    if quiet.start is None or quiet.end is None or quiet.start == quiet.end:
        return True
    minutes = [time(hour, minute) for hour in range(8, 22) for minute in range(60)]
    return any(not within(at, quiet.start, quiet.end) for at in minutes)
