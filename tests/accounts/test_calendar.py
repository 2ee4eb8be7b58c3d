"""One person, one calendar: nobody is in two places at once, whoever asks at whatever moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import asimati.accounts.api  # noqa: F401 - says what the constraint means
from asimati.accounts import calendar
from asimati.accounts.actions import ensure_person
from asimati.accounts.calendar import Overlaps
from asimati.accounts.models import Engagement
from asimati.http import problems
from asimati.kit import db

NOON = datetime(2026, 12, 1, 9, tzinfo=UTC)
TITLE = {"ar": "ورشة", "en": "Workshop"}


def hold(tx: Session, person: UUID, start: int, minutes: int = 60, kind: str = "booking") -> UUID:
    """Give a person's time, so many minutes after noon, to something new."""
    begins, source = NOON + timedelta(minutes=start), uuid4()
    calendar.hold(tx, person, begins, begins + timedelta(minutes=minutes), kind, source, TITLE)
    return source


def test_what_is_in_the_way_is_named(tx: Session) -> None:
    person = ensure_person(tx, "+97333778801").id
    hold(tx, person, 0, kind="shift")
    with pytest.raises(Overlaps) as refusal:
        hold(tx, person, 59)
    assert refusal.value.slug == "overlaps"
    assert problems.status_of(refusal.value) == 409
    assert refusal.value.facts["with"] == {
        "kind": "shift", "title": TITLE, "starts_at": "2026-12-01T09:00:00Z", "ends_at": "2026-12-01T10:00:00Z",
    }  # fmt: skip


def test_one_thing_may_follow_another(tx: Session) -> None:
    person = ensure_person(tx, "+97333778802").id
    for start in (60, 0, 120):
        hold(tx, person, start)
    found = calendar.conflicts(tx, person, NOON + timedelta(minutes=30), NOON + timedelta(minutes=90))
    assert [one.during.lower for one in found] == [NOON, NOON + timedelta(hours=1)]


def test_two_people_have_two_calendars(tx: Session) -> None:
    for phone in ("+97333778803", "+97333778804"):
        hold(tx, ensure_person(tx, phone).id, 0)


def test_time_given_back_is_free(tx: Session) -> None:
    person = ensure_person(tx, "+97333778805").id
    source = hold(tx, person, 0)
    calendar.release(tx, "shift", source)  # of another kind: nothing happens
    with pytest.raises(Overlaps):
        hold(tx, person, 0)
    calendar.release(tx, "booking", source)
    calendar.release(tx, "booking", source)
    hold(tx, person, 0)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.booleans()), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=SPANS)
def test_any_life_fits_a_plain_list(tx: Session, spans: list[tuple[int, int, bool]]) -> None:
    person = ensure_person(tx, "+97333778806").id
    tx.execute(text("DELETE FROM engagement WHERE person_id = :person"), {"person": person})
    kept: list[tuple[int, int, UUID]] = []
    for start, length, gives_back in spans:
        end = start + length
        free = all(end <= begins or ends <= start for begins, ends, _ in kept)
        if free:
            kept.append((start, end, hold(tx, person, start, length)))
        else:
            with pytest.raises(Overlaps):
                hold(tx, person, start, length)
        if gives_back and kept:
            calendar.release(tx, "booking", kept.pop()[2])
    assert tx.scalar(select(func.count()).where(Engagement.person_id == person)) == len(kept)


# --- many at once ----------------------------------------------------------------------------------------------


@pytest.fixture
def person(clean: str) -> UUID:
    with db.transaction() as tx:
        return ensure_person(tx, "+97333778807").id


def race(person: UUID, number: int = 20, wait: float = 0) -> list[str]:
    """So many threads each give the same hour of one person to something; what became of each."""
    barrier = threading.Barrier(number)

    def one(_: int) -> str:
        barrier.wait()
        try:
            with db.transaction() as tx:
                hold(tx, person, 0)
                time.sleep(wait)
        except Overlaps as refusal:
            return "named" if "with" in refusal.facts else "bare"
        except Exception as fault:
            return type(problems.meaning(fault)).__name__
        return "held"

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def test_of_many_at_once_one_is_held_and_the_others_hear_why(person: UUID) -> None:
    assert Counter(race(person, 8)) == {"held": 1, "named": 7}


def test_without_the_check_the_constraint_refuses(person: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second line: who writes without asking first is refused by the database, and told the same."""
    monkeypatch.setattr(calendar, "conflicts", lambda *_: [])
    assert Counter(race(person, 8)) == {"held": 1, "Overlaps": 7}


def test_without_the_lock_the_refused_do_not_hear_why(person: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the race is there, and the constraint alone decides it. Who waits for whom in it may be a
    circle, of which the database undoes one (`Unavailable`).
    """
    look = calendar.conflicts
    monkeypatch.setattr(calendar, "conflicts", lambda *given: (look(*given), time.sleep(0.1))[0])
    monkeypatch.setattr(Select, "with_for_update", lambda statement, **_: statement)
    told = Counter(race(person, 8))
    assert told["held"] == 1 and told.keys() <= {"held", "Overlaps", "Unavailable"}


def test_without_any_protection_somebody_is_in_two_places(person: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: neither check nor constraint, and the tests above would fail."""
    monkeypatch.setattr(calendar, "conflicts", lambda *_: [])
    with unconstrained():
        assert race(person, 4).count("held") > 1


def test_two_statements_of_their_own_cannot_overlap_either(person: UUID) -> None:
    """As the booking rush writes it: straight into the table, in two transactions that do not see each other."""
    row = text(
        "INSERT INTO engagement (id, person_id, person_number, during, kind, source, title)"
        " SELECT gen_random_uuid(), id, number, tstzrange(:begins, :ends), 'booking', gen_random_uuid(),"
        """ '{"ar": "أ", "en": "A"}' FROM person WHERE id = :person"""
    )
    values = {"person": person, "begins": NOON, "ends": NOON + timedelta(hours=1)}
    outcomes: list[Any] = []

    def second() -> None:
        try:
            with db.transaction() as tx:
                tx.execute(row, values)
        except IntegrityError as fault:
            outcomes.append(problems.meaning(fault))

    with db.transaction() as tx:
        tx.execute(row, values)
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.3)
        assert not outcomes  # it waits for the first to decide
    other.join()
    assert [type(one) for one in outcomes] == [Overlaps]


@contextmanager
def unconstrained() -> Iterator[None]:
    """The calendar without its constraint, for a while."""
    find = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'engagement_no_overlap'"
    with db.engine().begin() as owner:
        constraint = owner.scalar(text(find))
        owner.execute(text("ALTER TABLE engagement DROP CONSTRAINT engagement_no_overlap"))
    try:
        yield
    finally:
        with db.engine().begin() as owner:
            owner.execute(text("DELETE FROM engagement"))
            owner.execute(text(f"ALTER TABLE engagement ADD CONSTRAINT engagement_no_overlap {constraint}"))
