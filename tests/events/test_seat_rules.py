"""The arithmetic of seats, without a database."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.events import rules
from asimati.events.rules import BookingStatus, Outcome, Publication
from asimati.kit.errors import IllegalMove
from asimati.kit.waitlist import Priority

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
START, END = NOW + timedelta(days=1), NOW + timedelta(days=1, hours=2)


def desk(**more: Any) -> Any:
    facts = {
        "status": Publication.PUBLISHED,
        "starts_at": START,
        "registration_opens_at": None,
        "registration_closes_at": None,
        "party_limit": 4,
        "approval": False,
        "waitlist": True,
        "capacity": 10,
        "taken": 0,
        "waiting": 0,
    }
    return SimpleNamespace(**facts | more)


def test_a_party_is_seated_whole_or_not_at_all() -> None:
    assert rules.placed(desk(taken=6), 4) is BookingStatus.CONFIRMED
    assert rules.placed(desk(taken=7), 4) is BookingStatus.WAITLISTED


def test_nobody_overtakes_those_in_line() -> None:
    assert rules.placed(desk(taken=7, waiting=1), 1) is BookingStatus.WAITLISTED


def test_full_without_a_line_is_refused() -> None:
    with pytest.raises(rules.EventFull) as refused:
        rules.placed(desk(taken=10, waitlist=False), 1)
    assert refused.value.facts == {"capacity": 10}


def test_where_a_coordinator_decides_nobody_is_seated_before() -> None:
    assert rules.placed(desk(approval=True), 2) is BookingStatus.PENDING
    assert rules.placed(desk(approval=True), 2, approved=True) is BookingStatus.CONFIRMED


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"status": Publication.CANCELLED}, rules.EventCancelled),
        ({"registration_opens_at": NOW + timedelta(seconds=1)}, rules.RegistrationNotOpen),
        ({"registration_closes_at": NOW}, rules.RegistrationClosed),
        ({"starts_at": NOW}, rules.RegistrationClosed),
    ],
)
def test_booking_has_its_window(facts: dict[str, Any], refusal: type[Exception]) -> None:
    rules.require_open(desk(), NOW)
    with pytest.raises(refusal):
        rules.require_open(desk(**facts), NOW)


def test_no_party_is_larger_than_the_limit_or_the_room() -> None:
    rules.require_party(desk(), 4)
    for event, limit in ((desk(), 4), (desk(capacity=3), 3)):
        with pytest.raises(rules.PartyTooLarge) as refused:
            rules.require_party(event, 5)
        assert refused.value.facts == {"limit": limit}


def test_the_line_has_stated_classes() -> None:
    newcomers, everybody = rules.StatedFor.FIRST_TIMERS, rules.StatedFor.EVERYBODY
    assert rules.priority_of(newcomers, attended=False, deferred=False) is Priority.FIRST
    assert rules.priority_of(newcomers, attended=True, deferred=False) is Priority.ORDINARY
    assert rules.priority_of(everybody, attended=False, deferred=False) is Priority.ORDINARY
    assert rules.priority_of(newcomers, attended=False, deferred=True) is Priority.LATER


def test_capacity_holds_everybody_seated_and_the_largest_party_in_line() -> None:
    rules.require_capacity(5, taken=5, largest_party=4)
    for taken, largest in ((6, 0), (2, 6)):
        with pytest.raises(rules.CapacityTooLow):
            rules.require_capacity(5, taken=taken, largest_party=largest)


def test_every_status_has_its_moves_and_the_last_ones_have_none() -> None:
    assert set(rules.MOVES) == set(BookingStatus)
    assert {status for status, moves in rules.MOVES.items() if not moves} == rules.OVER
    assert rules.SEATED <= rules.LIVE


@given(st.sampled_from(BookingStatus), st.sampled_from(BookingStatus), st.integers(1, 9))
def test_a_way_there_and_back_changes_no_count(a: BookingStatus, b: BookingStatus, party: int) -> None:
    there, back = rules.change_of_counts(a, b, party), rules.change_of_counts(b, a, party)
    assert [x + y for x, y in zip(there, back, strict=True)] == [0, 0]


def test_an_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(IllegalMove) as refused:
        rules.require_move(BookingStatus.WAITLISTED, BookingStatus.CHECKED_IN)
    assert refused.value.facts == {"current": "waitlisted", "legal": ["cancelled", "offered"]}


@pytest.mark.parametrize(
    ("status", "at", "outcome"),
    [
        (BookingStatus.CONFIRMED, START, Outcome.ADMITTED),
        (BookingStatus.NO_SHOW, START, Outcome.ADMITTED),
        (BookingStatus.CHECKED_IN, START, Outcome.ALREADY_IN),
        (BookingStatus.CANCELLED, START, Outcome.CANCELLED),
        (BookingStatus.OFFERED, START, Outcome.NOT_CONFIRMED),
        (BookingStatus.CONFIRMED, START - timedelta(hours=2, seconds=1), Outcome.TOO_EARLY),
        (BookingStatus.CONFIRMED, END, Outcome.TOO_LATE),
    ],
)
def test_what_the_door_says(status: BookingStatus, at: datetime, outcome: Outcome) -> None:
    assert rules.outcome_of(status, START, END, at) is outcome


def test_the_door_says_when_the_day_is_another() -> None:
    for at in (START - timedelta(days=1), END + timedelta(days=1)):
        assert rules.outcome_of(BookingStatus.CONFIRMED, START, END, at, same_day=False) is Outcome.WRONG_DAY
    night = START - timedelta(hours=1)  # doors of an event just after midnight open the day before
    assert rules.outcome_of(BookingStatus.CONFIRMED, START, END, night, same_day=False) is Outcome.ADMITTED


@pytest.mark.parametrize(
    ("born", "youngest", "oldest", "fits"),
    [
        (date(2010, 6, 1), None, None, True),
        (None, None, None, True),
        (None, 0, None, False),  # whoever did not say is not let through by guessing
        (None, None, 25, False),
        (date(2010, 6, 1), 15, 25, True),
        (date(2010, 6, 2), 16, None, False),
        (date(2000, 6, 1), None, 25, False),
    ],
)
def test_whom_an_event_is_for(born: date | None, youngest: int | None, oldest: int | None, *, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(rules.NotEligible):
        rules.require_age(born, youngest, oldest, date(2026, 6, 1))
