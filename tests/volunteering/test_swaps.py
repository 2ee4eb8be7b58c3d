"""A place on a shift goes from one volunteer to another: never to two, never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from asimati.accounts.models import Engagement, Person
from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import queries
from asimati.volunteering.models import SignUp
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import V1, Headers, all_at_once, held, make_edition, make_shift, now

SignIn = Callable[..., Headers]


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


@pytest.fixture
def shift(client: FlaskClient) -> UUID:
    make_edition(rest_minutes=30)
    return make_shift(now() + timedelta(days=4), places=1, waitlist=True)


def join(client: FlaskClient, shift: UUID, who: Headers) -> Any:
    return post(client, f"/shifts/{shift}/sign-ups", who, 201)


def offered(client: FlaskClient, sign_up: Any, who: Headers, **body: Any) -> Any:
    return post(client, f"/sign-ups/{sign_up['id']}/swap", who, 201, **body)


def status(client: FlaskClient, who: Headers) -> Any:
    return client.get(f"{V1}/sign-ups", headers=who).json["items"][0]["status"]


def consistent() -> bool:
    with db.transaction() as tx:
        engaged = tx.scalar(select(func.count()).select_from(Engagement).where(Engagement.kind == "shift"))
        holding = select(func.count()).select_from(SignUp).where(SignUp.status.in_(["confirmed", "pending"]))
        return bool(queries.verify_hours(tx)["ok"]) and engaged == tx.scalar(holding)


def told(topic: str) -> int:
    with db.transaction() as tx:
        return tx.scalar(select(func.count()).where(OutboxMessage.topic == f"volunteering.{topic}")) or 0


def test_whoever_has_the_code_takes_the_place(client: FlaskClient, as_resident: SignIn, shift: UUID) -> None:
    giver, taker, third = as_resident(), as_resident(), as_resident()
    swap = offered(client, join(client, shift, giver), giver)
    assert (swap["status"], swap["open"], swap["mine"]) == ("offered", False, True)
    assert client.get(f"{V1}/swaps", headers=taker).json["items"] == []
    post(client, f"/swaps/{swap['id']}/take", taker, 404)  # it is not open: the code is needed
    post(client, "/swaps/take", taker, 404, code="another")
    assert status(client, giver) == "confirmed"
    assert post(client, "/swaps/take", taker, code=swap["code"])["status"] == "confirmed"
    assert (status(client, giver), status(client, taker)) == ("withdrawn", "confirmed")
    assert post(client, "/swaps/take", third, 409, code=swap["code"])["type"] == "/problems/swap-settled"
    assert (held(shift), told("swap_taken"), told("signed_up")) == (1, 1, 2)
    assert consistent()


def test_an_open_offer_is_seen_and_taken_by_who_is_free(
    client: FlaskClient, as_resident: SignIn, shift: UUID
) -> None:
    giver, taker, busy = as_resident(), as_resident(), as_resident()
    join(client, make_shift(now() + timedelta(days=4), places=1), busy)
    swap = offered(client, join(client, shift, giver), giver, open=True)
    assert "code" not in client.get(f"{V1}/swaps", headers=giver).json["items"][0]
    assert client.get(f"{V1}/swaps", headers=busy).json["items"] == []
    assert post(client, f"/swaps/{swap['id']}/take", busy, 409)["type"] == "/problems/overlaps"
    assert status(client, giver) == "confirmed"  # all of it was undone
    assert [one["mine"] for one in client.get(f"{V1}/swaps", headers=taker).json["items"]] == [False]
    post(client, f"/swaps/{swap['id']}/take", giver, 409)
    assert post(client, f"/swaps/{swap['id']}/take", taker)["status"] == "confirmed"
    assert client.get(f"{V1}/swaps", headers=giver).json["items"] == []
    assert consistent()


def test_rest_and_age_are_asked_of_who_takes(client: FlaskClient, as_resident: SignIn) -> None:
    make_edition(rest_minutes=30)
    begins = now() + timedelta(days=4)
    shift = make_shift(begins, hours=2, places=1, minimum_age=18)
    giver, tired, young = as_resident(), as_resident(), as_resident()
    join(client, make_shift(begins + timedelta(hours=2, minutes=10), hours=1), tired)
    me = client.get(f"{V1}/me", headers=young).json["id"]
    with db.transaction() as tx:
        tx.get_one(Person, UUID(me)).birth_date = date(date.today().year - 16, 1, 1)
    swap = offered(client, join(client, shift, giver), giver, open=True)
    assert client.get(f"{V1}/swaps", headers=young).json["items"] == []
    assert post(client, "/swaps/take", young, 403, code=swap["code"])["type"] == "/problems/too-young"
    assert post(client, "/swaps/take", tired, 409, code=swap["code"])["type"] == "/problems/too-little-rest"
    assert status(client, giver) == "confirmed"
    assert consistent()


def test_the_line_comes_first_unless_the_place_is_for_one_person(
    client: FlaskClient, as_resident: SignIn, shift: UUID
) -> None:
    giver, waits, other = as_resident(), as_resident(), as_resident()
    mine = join(client, shift, giver)
    swap = offered(client, mine, giver, open=True)
    assert join(client, shift, waits)["status"] == "waitlisted"
    assert post(client, f"/swaps/{swap['id']}/take", other, 409)["type"] == "/problems/line-waits"
    assert post(client, f"/sign-ups/{mine['id']}/swap", giver, 409)["type"] == "/problems/swap-offered"
    assert client.delete(f"{V1}/swaps/{swap['id']}", headers=giver).json["status"] == "ended"
    assert client.delete(f"{V1}/swaps/{swap['id']}", headers=other).status_code == 404
    again = post(client, f"/sign-ups/{mine['id']}/swap", giver, 409, open=True)
    assert again["type"] == "/problems/line-waits"
    by_code = offered(client, mine, giver)
    assert post(client, "/swaps/take", waits, code=by_code["code"])["status"] == "confirmed"
    assert status(client, giver) == "withdrawn"
    assert consistent()


def test_a_reviewed_place_waits_for_a_word_in_other_hands(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    shift = make_shift(now() + timedelta(days=4), places=1, review=True, waitlist=True)
    giver, taker = as_resident(), as_resident()
    mine = join(client, shift, giver)
    post(client, f"/sign-ups/{mine['id']}/swap", giver, 409)  # nobody said yes yet
    post(client, f"/staff/sign-ups/{mine['id']}/approve", as_staff("coordinator"))
    join(client, shift, taker)  # in line
    swap = offered(client, mine, giver)
    assert post(client, "/swaps/take", taker, code=swap["code"])["status"] == "pending"
    assert consistent()


def test_a_place_given_back_or_begun_is_offered_no_more(
    client: FlaskClient, as_resident: SignIn, shift: UUID, moved_clock: Callable[..., Any]
) -> None:
    giver, taker = as_resident(), as_resident()
    mine = join(client, shift, giver)
    swap = offered(client, mine, giver)
    with moved_clock(days=4, minutes=5):
        assert post(client, "/swaps/take", taker, 409, code=swap["code"])["type"] == "/problems/shift-over"
    assert client.delete(f"{V1}/sign-ups/{mine['id']}", headers=giver).status_code == 200
    assert post(client, "/swaps/take", taker, 409, code=swap["code"])["type"] == "/problems/swap-settled"
    assert consistent()


def race(app: Flask, client: FlaskClient, shift: UUID) -> Counter[int]:
    """Ten want the one place by its code while ten more sign up; what the ten were answered."""
    giver, *others = make_people(21)
    holder = signed_in(giver)
    mine = join(client, shift, holder)
    code = offered(client, mine, holder)["code"]
    takers: list[tuple[str, Any, Headers]] = [
        ("/swaps/take", {"code": code}, signed_in(who)) for who in others[:10]
    ]
    newcomers: list[tuple[str, Any, Headers]] = [
        (f"/shifts/{shift}/sign-ups", {}, signed_in(who)) for who in others[10:]
    ]
    answers = all_at_once(app, [*takers, *newcomers])
    return Counter(one.status_code for one in answers[:10])


def test_ten_want_one_place_at_once_and_one_has_it(app: Flask, client: FlaskClient, shift: UUID) -> None:
    assert race(app, client, shift) == {200: 1, 409: 9}
    assert held(shift) == 1
    assert consistent()


def test_without_the_lock_one_place_goes_to_several(
    app: Flask, client: FlaskClient, shift: UUID, without: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from asimati.volunteering.models import Swap

    without("place_lock")
    for model in (Swap, SignUp):
        monkeypatch.setattr(model.__mapper__, "version_id_generator", False)  # nobody raises it
    taken = race(app, client, shift)[200]
    assert taken > 1 or not consistent()
