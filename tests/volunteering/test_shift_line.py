"""The line for a full shift: offers, turns, rest, who did not come, who is called in, and a rush on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import queries
from asimati.volunteering.actions.waitlist import lapse_offers
from asimati.volunteering.models import Edition, Shift, SignUp
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_shift, now

SignIn = Callable[..., Headers]
Move = Callable[..., Any]


@pytest.fixture(autouse=True)
def edition(client: FlaskClient) -> None:
    """An edition that asks for half an hour of rest."""
    days = {"starts_on": date(2020, 1, 1), "ends_on": date(2099, 12, 31)}
    with db.transaction() as tx:
        facts = {"minimum_age": 15, "tolerance_minutes": 15, "rest_minutes": 30, "categories": []}
        tx.add(Edition(code="now", title=TITLE, **facts, **days))


def full(places: int = 1, *, review: bool = False, begins: timedelta = timedelta(days=5)) -> UUID:
    return make_shift(now() + begins, places=places, waitlist=True, review=review)


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200) -> Any:
    answer = client.post(f"{V1}{path}", json={}, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


def join(client: FlaskClient, shift: UUID, who: Headers) -> Any:
    return post(client, f"/shifts/{shift}/sign-ups", who, 201)


def mine(client: FlaskClient, who: Headers) -> Any:
    return client.get(f"{V1}/sign-ups", headers=who).json["items"][0]


def leave(client: FlaskClient, sign_up: Any, who: Headers) -> None:
    assert client.delete(f"{V1}/sign-ups/{sign_up['id']}", headers=who).status_code == 200


def consistent() -> bool:
    with db.transaction() as tx:
        return bool(queries.verify_hours(tx)["ok"])


def told(topic: str) -> int:
    with db.transaction() as tx:
        return tx.scalar(select(func.count()).where(OutboxMessage.topic == f"volunteering.{topic}")) or 0


def test_who_finds_a_shift_full_waits_and_is_offered_the_place_that_comes_free(
    client: FlaskClient, as_resident: SignIn
) -> None:
    shift, (first, second, third) = full(), (as_resident(), as_resident(), as_resident())
    placed, waits, _last = (join(client, shift, who) for who in (first, second, third))
    assert (placed["status"], waits["status"], waits["place"]) == ("confirmed", "waitlisted", 1)
    assert waits["shift"]["waiting"] == 1
    again = post(client, f"/shifts/{shift}/sign-ups", second, 409)
    assert again["type"] == "/problems/already-signed-up"
    leave(client, placed, first)
    assert mine(client, second)["status"] == "offered"
    assert mine(client, third)["status"] == "waitlisted"
    assert join(client, shift, first)["status"] == "waitlisted"  # no newcomer takes the place from the line
    assert post(client, f"/sign-ups/{waits['id']}/accept", second)["status"] == "confirmed"
    assert (told("sign_up_waitlisted"), told("sign_up_offered")) == (3, 1)
    assert consistent()


def test_an_offer_that_runs_out_goes_to_the_next(
    client: FlaskClient, as_resident: SignIn, moved_clock: Move
) -> None:
    shift, (first, second, third) = full(), (as_resident(), as_resident(), as_resident())
    placed, late, _next = (join(client, shift, who) for who in (first, second, third))
    leave(client, placed, first)
    with moved_clock(days=3):
        refused = post(client, f"/sign-ups/{late['id']}/accept", second, 409)
        assert refused["type"] == "/problems/shift-offer-lapsed"
        with db.transaction() as tx:
            assert lapse_offers(tx) == 1
        with db.transaction() as tx:
            assert lapse_offers(tx) == 0
        assert (mine(client, second)["status"], mine(client, third)["status"]) == ("lapsed", "offered")
    assert told("sign_up_offer_lapsed") == 1
    assert consistent()


def test_an_accepted_offer_of_a_reviewed_shift_waits_for_a_word(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    shift, first, second, staff = full(review=True), as_resident(), as_resident(), as_staff("coordinator")
    placed, waits = join(client, shift, first), join(client, shift, second)
    post(client, f"/staff/sign-ups/{waits['id']}/approve", staff, 409)  # not out of the line
    post(client, f"/staff/sign-ups/{placed['id']}/decline", staff)
    post(client, f"/staff/sign-ups/{waits['id']}/approve", staff, 409)  # nor over the volunteer's head
    assert post(client, f"/sign-ups/{waits['id']}/accept", second)["status"] == "pending"
    assert post(client, f"/staff/sign-ups/{waits['id']}/approve", staff)["status"] == "confirmed"
    assert consistent()


def test_more_places_are_offered_to_the_line(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    shift, staff, people = full(), as_staff("coordinator"), [as_resident() for _ in range(3)]
    for who in people:
        join(client, shift, who)
    path = f"{V1}/staff/shifts/{shift}"
    tag = client.get(path, headers=staff).headers["ETag"]
    assert client.patch(path, json={"places": 3}, headers={**staff, "If-Match": tag}).status_code == 200
    assert [mine(client, who)["status"] for who in people] == ["confirmed", "offered", "offered"]
    assert consistent()


def test_shifts_are_half_an_hour_apart(client: FlaskClient, as_resident: SignIn) -> None:
    who, begins = as_resident(), now() + timedelta(days=1)
    join(client, make_shift(begins, hours=2), who)
    near = make_shift(begins + timedelta(hours=2, minutes=29), hours=1)
    refused = post(client, f"/shifts/{near}/sign-ups", who, 409)
    assert (refused["type"], refused["minutes"], refused["with"]["kind"]) == (
        "/problems/too-little-rest", 30, "shift",
    )  # fmt: skip
    join(client, make_shift(begins + timedelta(hours=2, minutes=30), hours=1), who)
    assert consistent()


def test_an_offer_at_a_taken_time_is_made_and_can_be_taken_once_that_time_is_free(
    client: FlaskClient, as_resident: SignIn
) -> None:
    shift, first, second = full(), as_resident(), as_resident()
    placed, waits = join(client, shift, first), join(client, shift, second)
    other = join(client, full(), second)
    leave(client, placed, first)
    assert post(client, f"/sign-ups/{waits['id']}/accept", second, 409)["type"] == "/problems/overlaps"
    leave(client, other, second)
    assert post(client, f"/sign-ups/{waits['id']}/accept", second)["status"] == "confirmed"
    assert consistent()


def test_who_did_not_come_leaves_a_place_and_somebody_in_line_is_called_in(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    shift, staff = full(begins=timedelta(hours=1)), as_staff("coordinator")
    absent, waits = join(client, shift, as_resident()), join(client, shift, as_resident())
    early = post(client, f"/staff/sign-ups/{absent['id']}/no-show", staff, 409)
    assert early["type"] == "/problems/not-now"
    taken = post(client, f"/staff/sign-ups/{waits['id']}/call-in", staff, 409)
    assert taken["type"] == "/problems/shift-full"
    with moved_clock(hours=1, minutes=20):
        assert post(client, f"/staff/sign-ups/{absent['id']}/no-show", staff)["status"] == "no_show"
        assert post(client, f"/staff/sign-ups/{waits['id']}/call-in", staff)["status"] == "confirmed"
        post(client, f"/staff/sign-ups/{absent['id']}/call-in", staff, 409)
    assert told("no_show_noted") == 1
    assert consistent()


def rush(app: Flask, shift: UUID, number: int) -> Counter[str]:
    """So many at once on one shift; how many got which status, or which refusal."""
    people = make_people(number)
    answers = all_at_once(app, [(f"/shifts/{shift}/sign-ups", {}, signed_in(who)) for who in people])
    return Counter(one.json.get("status") if one.status_code == 201 else one.json["type"] for one in answers)


def test_thirty_two_at_once_take_the_places_and_stand_in_one_line(app: Flask, client: FlaskClient) -> None:
    shift = full(5)
    assert rush(app, shift, 32) == {"confirmed": 5, "waitlisted": 27}
    with db.transaction() as tx:
        line = select(SignUp.place).where(SignUp.shift_id == shift, SignUp.status == "waitlisted")
        assert sorted(tx.scalars(line.order_by(SignUp.place))) == list(range(1, 28))
    assert consistent()


def test_without_the_lock_the_line_is_seen_to_break(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    without("place_lock")
    seen = rush(app, full(5), 32)
    assert seen != {"confirmed": 5, "waitlisted": 27}


def test_places_given_back_by_all_at_once_go_to_the_head_of_the_line(app: Flask, client: FlaskClient) -> None:
    shift = full(8)
    people = [signed_in(who) for who in make_people(32)]
    joined = [join(client, shift, who) for who in people]
    leaving = [(f"/shifts/{shift}/sign-ups", {}, signed_in(who)) for who in make_people(8)]
    with ThreadPoolExecutor(8) as pool:
        gone = pool.map(lambda i: leave(app.test_client(), joined[i], people[i]), range(8))
        came = all_at_once(app, leaving)
        list(gone)
    assert Counter(one.json["status"] for one in came) == {"waitlisted": 8}
    with db.transaction() as tx:
        offered = select(SignUp.place).where(SignUp.shift_id == shift, SignUp.status == "offered")
        assert sorted(tx.scalars(offered)) == list(range(1, 9))
        assert tx.get_one(Shift, shift).taken == 8
    assert consistent()
