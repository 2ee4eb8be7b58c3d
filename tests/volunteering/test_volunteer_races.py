"""Many at once, through the application, on real PostgreSQL. Each race has a twin without the protection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import queries
from asimati.volunteering.actions import joining
from asimati.volunteering.models import HoursClaim, HoursLine, Shift, SignUp
from asimati.volunteering.rules import ClaimStatus, SignUpStatus
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import V1, Headers, all_at_once, held, make_edition, make_shift, now

SignIn = Callable[..., Headers]


def faults() -> dict[str, Any]:
    with db.transaction() as tx:
        return queries.verify_hours(tx)


def rush(app: Flask, shift: UUID, number: int) -> list[Any]:
    return all_at_once(app, [(f"/shifts/{shift}/sign-ups", {}, signed_in(who)) for who in make_people(number)])


def problems(answers: list[Any]) -> Counter[str]:
    return Counter(one.json["type"] for one in answers if one.status_code >= 400)


def test_thirty_want_the_last_three_places(app: Flask, client: FlaskClient) -> None:
    shift = make_shift(now() + timedelta(days=1), places=3)
    answers = rush(app, shift, 30)
    assert Counter(one.status_code for one in answers) == {201: 3, 409: 27}
    assert problems(answers) == {"/problems/shift-full": 27}
    assert held(shift) == 3
    assert faults()["ok"]


def test_without_the_lock_the_check_still_holds_the_places(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    without("place_lock")
    shift = make_shift(now() + timedelta(days=1), places=3)
    answers = rush(app, shift, 30)
    assert problems(answers)["/problems/conflict"] > 0  # the race is seen: the check spoke, not the rule
    assert held(shift) == 3
    assert faults()["ok"]


def test_without_lock_and_check_places_are_given_twice(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    without("place_lock")
    with lifted("shift", "shift_places_check"):
        shift = make_shift(now() + timedelta(days=1), places=3)
        rush(app, shift, 30)
        assert held(shift) > 3


def test_one_volunteer_thirty_times_at_once_takes_one_place(app: Flask, client: FlaskClient) -> None:
    shift, (who,) = make_shift(now() + timedelta(days=1)), make_people(1)
    answers = all_at_once(app, [(f"/shifts/{shift}/sign-ups", {}, signed_in(who))] * 30)
    assert Counter(one.status_code for one in answers) == {201: 1, 409: 29}
    assert problems(answers) == {"/problems/already-signed-up": 29}
    assert held(shift) == 1


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Looking at the calendar finds nothing, as if the other engagement came the moment after."""
    unseen = text(joining._READ.replace("during &&", "false AND during &&") + "FOR NO KEY UPDATE OF shift, person")
    monkeypatch.setattr(joining, "_READ_AND_LOCK", unseen)
    monkeypatch.setattr(joining, "_STILL_FREE", "true")
    joining._statement.cache_clear()
    yield
    joining._statement.cache_clear()


def overlapping(app: Flask, people: int) -> list[Any]:
    """Three shifts that overlap, all wanted at once by each of some people."""
    starts = now() + timedelta(days=1)
    shifts = [make_shift(starts + timedelta(minutes=30 * i), places=50) for i in range(3)]
    volunteers = [signed_in(who) for who in make_people(people)]
    return all_at_once(app, [(f"/shifts/{shift}/sign-ups", {}, who) for who in volunteers for shift in shifts])


def test_overlapping_shifts_at_once_take_a_volunteers_time_once(app: Flask, client: FlaskClient) -> None:
    answers = overlapping(app, 12)
    assert Counter(one.status_code for one in answers) == {201: 12, 409: 24}
    assert problems(answers) == {"/problems/overlaps": 24}
    assert faults()["ok"]


def too_near(app: Flask, people: int) -> list[Any]:
    """Three shifts with ten minutes between them, all wanted at once by each of some people."""
    starts = now() + timedelta(days=1)
    shifts = [make_shift(starts + timedelta(minutes=70 * i), hours=1, places=50) for i in range(3)]
    volunteers = [signed_in(who) for who in make_people(people)]
    return all_at_once(app, [(f"/shifts/{shift}/sign-ups", {}, who) for who in volunteers for shift in shifts])


def rested() -> bool:
    """Whether nobody has two shifts with less than half an hour between them."""
    with db.transaction() as tx:
        near = text(
            "SELECT count(*) FROM engagement AS one JOIN engagement AS other USING (person_id)"
            " WHERE one.id < other.id AND one.during && tstzrange(lower(other.during) - interval '30 minutes',"
            " upper(other.during) + interval '30 minutes')"
        )
        return tx.scalar(near) == 0


def test_shifts_too_near_each_other_at_once_leave_their_rest(app: Flask, client: FlaskClient) -> None:
    make_edition(rest_minutes=30)
    answers = too_near(app, 10)
    assert set(problems(answers)) == {"/problems/too-little-rest"}
    assert Counter(one.status_code for one in answers)[201] in range(10, 21)  # the first and last of three may do
    assert rested()
    assert faults()["ok"]


@pytest.mark.usefixtures("blind")
def test_without_looking_once_more_rest_is_lost(app: Flask, client: FlaskClient) -> None:
    make_edition(rest_minutes=30)
    too_near(app, 10)
    assert not rested()


@pytest.mark.usefixtures("blind")
def test_the_calendars_constraint_decides_where_looking_did_not(app: Flask, client: FlaskClient) -> None:
    answers = overlapping(app, 2)
    assert Counter(one.status_code for one in answers) == {201: 2, 409: 4}
    assert problems(answers) == {"/problems/overlaps": 4}
    assert faults()["ok"]


@pytest.mark.usefixtures("blind")
def test_without_the_calendars_constraint_time_is_given_twice(app: Flask, client: FlaskClient) -> None:
    with lifted("engagement", "engagement_no_overlap"):
        assert Counter(one.status_code for one in overlapping(app, 2))[201] > 2


def test_giving_back_while_others_come_loses_no_place(app: Flask, client: FlaskClient) -> None:
    shift = make_shift(now() + timedelta(days=1), places=5)
    first = [signed_in(who) for who in make_people(5)]
    taken = [client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=who).json["id"] for who in first]
    rushing = threading.Thread(target=rush, args=(app, shift, 30))
    rushing.start()
    for who, mine in zip(first, taken, strict=True):
        assert client.delete(f"{V1}/sign-ups/{mine}", headers=who).status_code == 200
    rushing.join()
    with db.transaction() as tx:
        assert tx.get_one(Shift, shift).taken == held(shift) <= 5
    assert faults()["ok"]


def pending_claim() -> UUID:
    """Hours somebody has served; committed."""
    (who,), shift = make_people(1), make_shift()
    with db.transaction() as tx:
        times = {"checked_in_at": now() - timedelta(hours=1), "checked_out_at": now()}
        served = SignUp(shift_id=shift, person_id=who.id, status=SignUpStatus.CHECKED_OUT, **times)
        tx.get_one(Shift, shift).taken = 1
        tx.add(served)
        tx.flush()
        claim = HoursClaim(sign_up_id=served.id, person_id=who.id, minutes=60, status=ClaimStatus.PENDING)
        tx.add(claim)
        tx.flush()
        return claim.id


def counted(claim: UUID) -> tuple[int, int]:
    """Minutes the ledger has for a claim, and how many approvals the house was told of."""
    with db.transaction() as tx:
        minutes = tx.scalar(select(func.sum(HoursLine.minutes)).where(HoursLine.claim_id == claim)) or 0
        told = select(func.count()).where(OutboxMessage.topic == "volunteering.hours_approved")
        return minutes, tx.scalar(told) or 0


def decide(app: Flask, claim: UUID, staff: list[Headers], deed: str = "approve", **body: Any) -> list[Any]:
    return all_at_once(app, [(f"/staff/hours/{claim}/{deed}", body, who) for who in staff])


def test_many_coordinators_approving_at_once_count_once(app: Flask, client: FlaskClient, as_staff: SignIn) -> None:
    make_edition()
    claim, staff = pending_claim(), [as_staff("coordinator") for _ in range(2)] * 8
    answers = decide(app, claim, staff)
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 15}
    assert problems(answers) == {"/problems/hours-decided": 15}
    assert counted(claim) == (60, 1)
    assert faults()["ok"]


def test_without_the_lock_the_version_and_the_step_still_hold(
    app: Flask, client: FlaskClient, as_staff: SignIn, without: Callable[..., None]
) -> None:
    without("hours_lock")
    claim = pending_claim()
    answers = decide(app, claim, [as_staff("coordinator") for _ in range(2)] * 8)
    assert Counter(one.status_code for one in answers)[200] == 1
    assert counted(claim) == (60, 1)
    assert faults()["ok"]


def test_without_any_of_them_hours_count_twice(
    app: Flask, client: FlaskClient, as_staff: SignIn, without: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without("hours_lock")
    monkeypatch.setattr(HoursClaim.__mapper__, "version_id_generator", False)  # nobody raises it
    with lifted("hours_line", "hours_line_step_key"):
        for _ in range(5):
            claim = pending_claim()
            decide(app, claim, [as_staff("coordinator") for _ in range(2)] * 8)
            if counted(claim)[0] > 60:
                break
        assert counted(claim)[0] > 60
        assert faults()["claims"] >= 1


def test_correcting_at_once_leaves_one_correction_standing(
    app: Flask, client: FlaskClient, as_staff: SignIn
) -> None:
    claim, staff = pending_claim(), [as_staff("coordinator") for _ in range(2)] * 5
    answers = decide(app, claim, staff, "correct", minutes=90, reason="came before the code was shown")
    assert {one.status_code for one in answers} == {200}
    assert counted(claim)[0] == 90
    assert faults()["ok"]


def test_one_yes_and_one_no_at_once_end_as_one_of_them(app: Flask, client: FlaskClient, as_staff: SignIn) -> None:
    staff = [as_staff("coordinator") for _ in range(2)]
    for _ in range(5):
        claim = pending_claim()
        answers = all_at_once(
            app,
            [
                (f"/staff/hours/{claim}/approve", {}, staff[0]),
                (f"/staff/hours/{claim}/reject", {"reason": "was elsewhere"}, staff[1]),
            ],
        )
        with db.transaction() as tx:
            status = tx.get_one(HoursClaim, claim).status
        assert answers[1].status_code == 200  # a no may follow a yes; a yes does not follow a no
        assert (status, counted(claim)[0]) == (ClaimStatus.REJECTED, 0)
    assert faults()["ok"]


@contextmanager
def lifted(table: str, constraint: str) -> Iterator[None]:
    """A constraint taken away for a while."""
    with db.engine().begin() as owner:
        which = {"name": constraint}
        rule = owner.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"), which
        )
        owner.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
    try:
        yield
    finally:
        with db.engine().begin() as owner:
            owner.execute(text(f"TRUNCATE {table} CASCADE"))
            owner.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {rule}"))
