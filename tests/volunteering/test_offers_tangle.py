"""Two shifts that offer places to the same people, each in its own order, do not wait for each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import DBAPIError

from asimati.accounts import calendar
from asimati.accounts.models import Engagement, Person
from asimati.kit import db
from asimati.volunteering import queries
from asimati.volunteering.actions import waitlist
from asimati.volunteering.actions.moves import locked
from asimati.volunteering.models import Shift, SignUp
from asimati.volunteering.rules import SignUpStatus
from tests.events.ground import make_people
from tests.volunteering.ground import make_shift, now

PEOPLE, ROUNDS = 12, 6


def lines() -> tuple[UUID, UUID]:
    """Two shifts of different days with the same people in line, in opposite order, and room for all; committed."""
    people = [one.id for one in make_people(PEOPLE)]
    shifts = [make_shift(now() + timedelta(days=day), places=PEOPLE, waitlist=True) for day in (5, 6)]
    with db.transaction() as tx:
        for shift, line in zip(shifts, (people, people[::-1]), strict=True):
            row = tx.get_one(Shift, shift)
            row.waiting = row.waitlist_sequence = PEOPLE
            tx.flush()
            for place, who in enumerate(line, 1):
                tx.add(SignUp(shift_id=shift, person_id=who, status=SignUpStatus.WAITLISTED, place=place))
    return shifts[0], shifts[1]


def hand_on_both(shifts: tuple[UUID, UUID]) -> int:
    """Both shifts hand their places on at once; how many of the two were thrown out of a deadlock."""
    together = threading.Barrier(2)

    def one(shift: UUID) -> bool:
        try:
            with db.transaction() as tx:
                row = locked(tx, shift)
                together.wait()
                waitlist.hand_on(tx, row)
        except DBAPIError as fault:
            return isinstance(fault.orig, DeadlockDetected)
        return False

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, shifts))


def test_offers_of_two_shifts_to_the_same_people_do_not_tangle(client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        assert hand_on_both(lines()) == 0
    with db.transaction() as tx:
        offered = tx.query(SignUp).filter(SignUp.status == SignUpStatus.OFFERED).count()
        assert offered == ROUNDS * PEOPLE * 2
        assert queries.verify_hours(tx)["ok"]


def test_waiting_for_each_calendar_is_seen_to_tangle(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "try_hold", calendar.hold)
    assert any(hand_on_both(lines()) for _ in range(ROUNDS))


def test_the_time_of_an_offer_is_held_where_it_is_free(client: FlaskClient) -> None:
    shift, _other = lines()
    with db.transaction() as tx:
        waitlist.hand_on(tx, locked(tx, shift))
    with db.transaction() as tx:
        assert tx.query(Engagement).count() == PEOPLE


def test_an_offer_does_not_wait_for_a_calendar_that_somebody_holds(client: FlaskClient) -> None:
    shift, _other = lines()
    with db.transaction() as held:
        who = held.query(SignUp).filter(SignUp.shift_id == shift).order_by(SignUp.place).first()
        assert who is not None
        held.get(Person, who.person_id, with_for_update={"key_share": True})
        with db.transaction() as tx:
            waitlist.hand_on(tx, locked(tx, shift))
    with db.transaction() as tx:
        assert tx.query(Engagement).count() == PEOPLE - 1
        assert tx.query(SignUp).filter(SignUp.status == SignUpStatus.OFFERED).count() == PEOPLE
