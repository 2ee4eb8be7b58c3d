"""Random lives of an event on real PostgreSQL, beside the same life told with plain lists.

Every step is one committed transaction; after each the tables must say what the lists say. Time is moved inside the
step's transaction, so that offers run out without waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from asimati.events import actions, queries
from asimati.events.models import Booking, Event
from asimati.events.rules import StatedFor
from asimati.kit import clock, db
from asimati.kit.errors import Refusal
from asimati.kit.policy import SYSTEM
from tests.events.ground import make_attended, make_event, make_people


@dataclass
class Party:
    person: int
    size: int
    status: str
    expires_at: datetime | None = None
    newcomer: bool = False
    gathers_until: datetime | None = None


@dataclass
class Told:
    """The event as lists: all bookings by reference, and the line."""

    capacity: int
    parties: dict[str, Party] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)

    @property
    def free(self) -> int:
        seated = ("confirmed", "offered")
        return self.capacity - sum(party.size for party in self.parties.values() if party.status in seated)

    def settle(self, now: datetime) -> None:
        late = [p for p in self.parties.values() if p.status == "offered" and p.expires_at and p.expires_at <= now]
        for party in late:
            party.status = "lapsed"
        if late or self.line:
            self.hand_on(now)

    def hand_on(self, now: datetime) -> None:
        """Strictly in turn, until the head needs more than there is; past it when that has lasted long enough."""
        head = self.parties[self.line[0]] if self.line else None
        past_the_head = head and head.gathers_until and head.gathers_until <= now
        for reference in list(self.line):
            party = self.parties[reference]
            if party.size <= self.free:
                self.line.remove(reference)
                party.status, party.gathers_until = "offered", None
            elif not past_the_head:
                break

    def place(self, reference: str, person: int, size: int, now: datetime) -> str:
        seated = not self.line and size <= self.free
        newcomer = person % 3 > 0
        self.parties[reference] = Party(person, size, "confirmed" if seated else "waitlisted", newcomer=newcomer)
        if not seated:
            ahead = sum(1 for one in self.line if self.parties[one].newcomer or not newcomer)
            self.line.insert(ahead, reference)
            self.hand_on(now)
        return self.parties[reference].status

    def leave(self, reference: str, now: datetime) -> None:
        party = self.parties[reference]
        if party.status not in ("confirmed", "offered", "waitlisted"):
            return
        if party.status == "waitlisted":
            self.line.remove(reference)
        party.status = "declined" if party.status == "offered" else "cancelled"
        party.gathers_until = None
        self.hand_on(now)


class SeatsMachine(RuleBasedStateMachine):
    @initialize(capacity=st.integers(2, 6), sizes=st.lists(st.integers(1, 2), min_size=4, max_size=8))
    def open_the_event(self, capacity: int, sizes: list[int]) -> None:
        self.people = make_people(12)
        self.event = make_event(capacity=capacity, stated_for=StatedFor.FIRST_TIMERS)
        make_attended(self.people[::3])
        self.told = Told(capacity)
        self.offset = 0.0
        for person, size in enumerate(sizes):
            self.book(person, size)

    def step(self, deed: Callable[[Session], Any], retell: Callable[[Told, Any], Any]) -> Any:
        """Do it in both worlds; a refusal must leave both as they were."""
        retold = deepcopy(self.told)
        try:
            with db.transaction() as tx:
                self.travel(tx)
                self.now = clock.now(tx)
                retold.settle(self.now)
                result = deed(tx)
        except Refusal as refusal:
            return refusal
        retell(retold, result)
        self.told = retold
        with db.transaction() as tx:  # when an offer ends is told by the tables; who has one is not
            for booking in tx.scalars(select(Booking).where(Booking.event_id == self.event)):
                retold.parties[booking.reference].expires_at = booking.offer_expires_at
                retold.parties[booking.reference].gathers_until = booking.gathers_until
        return result

    def travel(self, tx: Session) -> None:
        tx.execute(text("SELECT set_config('asimati.clock_offset', :seconds, true)"), {"seconds": str(self.offset)})

    def one_of(self, which: int, *statuses: str) -> str | None:
        """Some booking, rather one in these statuses than in any other."""
        all_of_them = list(self.told.parties)
        fitting = [one for one in all_of_them if self.told.parties[one].status in statuses] or all_of_them
        return fitting[which % len(fitting)] if fitting else None

    @rule(person=st.integers(0, 11), size=st.integers(1, 4))
    def book(self, person: int, size: int) -> None:
        has_one = any(p.person == person and p.status in LIVE for p in self.told.parties.values())
        result = self.step(
            lambda tx: actions.book(tx, self.people[person], self.event, size),
            lambda told, view: told.place(view.reference, person, size, self.now),
        )
        if isinstance(result, Refusal):
            assert result.slug == ("already-booked" if has_one else "party-too-large")
            return
        party = self.told.parties[result.reference]
        assert result.status == party.status
        line = self.told.line
        assert result.position == (line.index(result.reference) + 1 if party.status == "waitlisted" else None)

    @rule(which=st.integers(0, 50), status=st.sampled_from(("confirmed", "confirmed", "offered", "waitlisted")))
    def cancel(self, which: int, status: str) -> None:
        if reference := self.one_of(which, status):
            who = self.people[self.told.parties[reference].person]
            self.step(lambda tx: actions.cancel(tx, who, reference), lambda told, gone: told.leave(gone, self.now))

    @rule(which=st.integers(0, 50))
    def accept(self, which: int) -> None:
        reference = self.one_of(which, "offered")
        if reference is None:
            return
        who, before = self.people[self.told.parties[reference].person], self.told.parties[reference].status

        def retell(told: Told, _: Any) -> None:
            assert told.parties[reference].status == "offered"
            told.parties[reference].status = "confirmed"

        result = self.step(lambda tx: actions.accept(tx, who, reference), retell)
        if isinstance(result, Refusal):
            assert before != "offered" or result.slug == "offer-lapsed"

    @rule(hours=st.sampled_from((1, 9, 40)))
    def wait(self, hours: int) -> None:
        if self.offset + hours * 3600 < 60 * 3600:  # the event itself stays ahead
            self.offset += hours * 3600

    @rule()
    def lapse(self) -> None:
        self.step(actions.lapse_offers, lambda told, _: None)
        head = self.told.parties[self.told.line[0]] if self.told.line else None
        if head and head.gathers_until and head.gathers_until <= self.now:
            waiting = [self.told.parties[one].size for one in self.told.line]
            assert min(waiting) > self.told.free, "a seat stands empty past the delay while somebody waits"

    @rule(capacity=st.integers(1, 8))
    def resize(self, capacity: int) -> None:
        def retell(told: Told, _: Any) -> None:
            told.capacity = capacity
            told.hand_on(self.now)

        result = self.step(lambda tx: actions.edit_event(tx, SYSTEM, self.event, None, capacity=capacity), retell)
        if isinstance(result, Refusal):
            assert result.slug == "capacity-too-low"

    @invariant()
    def both_say_the_same(self) -> None:
        with db.transaction() as tx:
            self.travel(tx)
            event = tx.get_one(Event, self.event)
            rows = tx.scalars(select(Booking).where(Booking.event_id == self.event).order_by(Booking.place)).all()
            assert queries.verify_seats(tx)["ok"]
        assert {row.reference: row.status for row in rows} == {r: p.status for r, p in self.told.parties.items()}
        in_line = sorted((row.priority, row.place, row) for row in rows if row.status == "waitlisted")
        assert [row.reference for *_, row in in_line] == self.told.line
        assert (event.capacity, event.capacity - event.taken, event.waiting) == (
            self.told.capacity, self.told.free, len(self.told.line),
        )  # fmt: skip
        head = self.told.parties[self.told.line[0]].size if self.told.line else None
        assert head is None or head > self.told.free, "a seat stands empty while somebody waits for it"
        if head and self.told.free:
            until = next(row.gathers_until for *_, row in in_line[:1])
            assert until is not None, "seats stand empty and nobody knows for how long"


LIVE = ("confirmed", "offered", "waitlisted")


def test_whatever_happens_the_seats_are_right(clean: str) -> None:
    limits = settings(
        max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(SeatsMachine, settings=limits)


def test_the_model_notices_a_seat_that_is_not_handed_on(clean: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a cancellation that forgets those in line."""
    from asimati.events.actions import booking

    monkeypatch.setattr(booking, "hand_on", lambda tx, event: None)
    limits = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(SeatsMachine, settings=limits)
