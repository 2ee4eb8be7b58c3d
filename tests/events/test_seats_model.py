"""Random lives of an event on real PostgreSQL, beside the same life told with plain lists.

Every step is one committed transaction; after each the tables must say what the lists say. Time is moved inside the
step's transaction, from days before the event to the morning after, and back a little as clocks are set right:
offers run out, the doors open, people are let in, walk in, come twice, and are uploaded late.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

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

from asimati.events import actions, queries, tickets
from asimati.events.actions.check_in import Shown
from asimati.events.models import Booking, Event
from asimati.events.rules import StatedFor
from asimati.kit import clock, db
from asimati.kit.errors import Refusal
from asimati.kit.policy import SYSTEM
from tests.events.ground import make_attended, make_event, make_people
from tests.events.told import DOORS, LIVE, Told

STARTS, LASTS = timedelta(hours=62), timedelta(hours=2)


class SeatsMachine(RuleBasedStateMachine):
    @initialize(
        capacity=st.integers(2, 6),
        sizes=st.lists(st.integers(1, 2), min_size=4, max_size=8),
        later=st.sampled_from((0, 0, 61)),
    )
    def open_the_event(self, capacity: int, sizes: list[int], later: int) -> None:
        self.people = make_people(12)
        starts_at = datetime.now(UTC).replace(microsecond=0) + STARTS
        times = {"starts_at": starts_at, "ends_at": starts_at + LASTS, "late_cancel_hours": 0}
        self.event = make_event(capacity=capacity, stated_for=StatedFor.FIRST_TIMERS, **times)
        make_attended(self.people[::3])
        self.told = Told(capacity, starts_at, starts_at + LASTS)
        self.door, self.begun = f"door of {self.event}", False
        self.offset, self.scans, self.now = 0.0, list[tuple[Shown, str]](), datetime.now(UTC)
        for person, size in enumerate(sizes):
            self.book(person, size)
        self.offset = later * 3600.0  # some lives are told from the door on

    def step(
        self, deed: Callable[[Session], Any], retell: Callable[[Told, Any], Any], *, settles: bool = True
    ) -> Any:
        """Do it in both worlds; a refusal must leave both as they were. `settles`: it is done holding the event."""
        retold = deepcopy(self.told)
        try:
            with db.transaction() as tx:
                self.travel(tx)
                self.now = clock.now(tx)
                self.begun = self.begun or self.now >= self.told.starts_at
                if settles:
                    retold.settle(self.now)
                self.asked = deepcopy(retold)
                result = deed(tx)
        except Refusal as refusal:
            return refusal
        retell(retold, result)
        self.told = retold
        with db.transaction() as tx:  # when an offer ends is told by the tables; who has one is not
            for booking in tx.scalars(select(Booking).where(Booking.event_id == self.event)):
                retold.parties[booking.reference].expires_at = booking.offer_expires_at
                retold.parties[booking.reference].gathers_until = booking.gathers_until
                retold.parties[booking.reference].id = booking.id
        return result

    def travel(self, tx: Session) -> None:
        tx.execute(text("SELECT set_config('asimati.clock_offset', :seconds, true)"), {"seconds": str(self.offset)})

    def one_of(self, which: int, *statuses: str) -> str | None:
        """Some booking, rather one in these statuses than in any other."""
        all_of_them = list(self.told.parties)
        fitting = [one for one in all_of_them if self.told.parties[one].status in statuses] or all_of_them
        return fitting[which % len(fitting)] if fitting else None

    def asks(self, reference: str) -> Any:
        """Whose booking it is; of somebody who walked in (100 and above) another, who is refused."""
        return self.people[self.told.parties[reference].person % 100]

    @rule(person=st.integers(0, 11), size=st.integers(1, 4))
    def book(self, person: int, size: int) -> None:
        result = self.step(
            lambda tx: actions.book(tx, self.people[person], self.event, size),
            lambda told, view: told.place(view.reference, person, size, self.now),
        )
        if isinstance(result, Refusal):
            has_one = any(p.person == person and p.status in LIVE for p in self.asked.parties.values())
            over = self.now >= self.told.starts_at
            late = "registration-closed" if over else "party-too-large"
            assert result.slug == ("already-booked" if has_one else late)
            return
        party = self.told.parties[result.reference]
        assert result.status == party.status
        line = self.told.line
        assert result.position == (line.index(result.reference) + 1 if party.status == "waitlisted" else None)

    @rule(which=st.integers(0, 50), status=st.sampled_from(("confirmed", "confirmed", "offered", "waitlisted")))
    def cancel(self, which: int, status: str) -> None:
        if reference := self.one_of(which, status):
            who = self.asks(reference)
            self.step(lambda tx: actions.cancel(tx, who, reference), lambda told, gone: told.leave(gone, self.now))

    @rule(which=st.integers(0, 50))
    def accept(self, which: int) -> None:
        reference = self.one_of(which, "offered")
        if reference is None:
            return
        who, before = self.asks(reference), self.told.parties[reference].status

        def retell(told: Told, _: Any) -> None:
            assert told.parties[reference].status == "offered"
            told.parties[reference].status = "confirmed"

        result = self.step(lambda tx: actions.accept(tx, who, reference), retell)
        if isinstance(result, Refusal):
            assert before != "offered" or result.slug == "offer-lapsed"

    @rule(hours=st.sampled_from((1, 9, 40, -0.5)))
    def wait(self, hours: float) -> None:
        """Until the morning after; sometimes a clock is set back."""
        if 0 <= self.offset + hours * 3600 < 75 * 3600:
            self.offset += hours * 3600

    @rule(hours=st.sampled_from((-1, 1, 3)))
    def go_to_the_door(self, hours: int) -> None:
        if len(self.told.parties) > 6:  # not before something has happened
            self.offset = max(self.offset, STARTS.total_seconds() + hours * 3600)

    @rule(
        which=st.integers(0, 50), hours=st.sampled_from((0, 0, 1, 4)), status=st.sampled_from(("confirmed", None))
    )
    def scan(self, which: int, hours: int, status: str | None) -> None:
        """A ticket, at the door or uploaded hours later."""
        reference = self.one_of(which, status) if status else self.one_of(which)
        if reference is None:
            return
        party = self.told.parties[reference]
        token = tickets.issue(tickets.Ticket(party.id or UUID(int=0), self.event, party.size))
        at = datetime.now(UTC) + timedelta(seconds=self.offset, hours=-hours)
        shown = Shown(token, f"{len(self.scans)}", at, self.event)
        self.show(shown, reference)

    def show(self, shown: Shown, reference: str) -> None:
        expected: list[str] = []

        def retell(told: Told, said: Any) -> None:
            at = min(shown.at, self.now)
            days = {clock.local_day(told.starts_at), clock.local_day(told.ends_at)}
            expected.append(told.scanned(reference, at, same_day=clock.local_day(at) in days))

        result = self.step(lambda tx: actions.check_in(tx, SYSTEM, [shown], self.door)[0], retell, settles=False)
        assert expected == [result.outcome]
        self.scans.append((shown, result.outcome))

    @rule(which=st.integers(0, 50))
    def scan_again(self, which: int) -> None:
        """A device that was offline sends what it has once more: the same answer, and nothing moves."""
        if self.scans:
            shown, outcome = self.scans[which % len(self.scans)]
            said = self.step(
                lambda tx: actions.check_in(tx, SYSTEM, [shown], self.door)[0], lambda told, _: None, settles=False
            )
            assert said.outcome == outcome

    @rule(which=st.integers(0, 50))
    def take_back(self, which: int) -> None:
        if reference := self.one_of(which, "checked_in"):
            before = self.told.parties[reference].status

            def retell(told: Told, _: Any) -> None:
                told.parties[reference].status = "confirmed"

            result = self.step(lambda tx: actions.void_check_in(tx, SYSTEM, reference), retell, settles=False)
            assert isinstance(result, Refusal) == (before != "checked_in")

    @rule(number=st.integers(0, 5), size=st.integers(1, 3))
    def walk_in(self, number: int, size: int) -> None:
        phone = f"+9733500000{number}"
        result = self.step(
            lambda tx: actions.walk_in(tx, SYSTEM, self.event, phone, size),
            lambda told, answer: told.walked_in(answer.booking, 100 + number, size),
        )
        if isinstance(result, Refusal):
            closed = not self.told.starts_at - DOORS <= self.now < self.told.ends_at
            assert (result.slug == "door-closed") == closed

    @rule()
    def close(self) -> None:
        """The job after the event."""

        def all_of_them(tx: Session) -> None:
            while actions.mark_no_shows(tx):
                pass

        self.step(all_of_them, lambda told, _: told.closed(self.now), settles=False)

    @rule()
    def lapse(self) -> None:
        self.step(actions.lapse_offers, lambda told, _: None)
        head = self.told.parties[self.told.line[0]] if self.told.line and not self.begun else None
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
        if self.begun:  # the line was served while the event was to come
            return
        head = self.told.parties[self.told.line[0]].size if self.told.line else None
        assert head is None or head > self.told.free, "a seat stands empty while somebody waits for it"
        if head and self.told.free:
            until = next(row.gathers_until for *_, row in in_line[:1])
            assert until is not None, "seats stand empty and nobody knows for how long"


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
