"""Rest beside a shift: another shift is refused, and whoever books something else is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.accounts.actions import ensure_person
from asimati.accounts.calendar import Overlaps, TooLittleRest
from asimati.appointments.sync import sync
from asimati.kit import db
from tests.appointments.ground import PART
from tests.events.ground import make_event
from tests.volunteering.ground import TITLE, V1, Headers, make_edition, make_shift, now

SignIn = Callable[..., Headers]


def post(client: FlaskClient, path: str, who: Headers, expect: int = 201, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


@pytest.fixture
def begins() -> datetime:
    return (now() + timedelta(days=4)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def shift(client: FlaskClient, begins: datetime) -> UUID:
    make_edition(rest_minutes=30)
    return make_shift(begins, hours=2)


def event_after(begins: datetime, minutes: int) -> UUID:
    starts = begins + timedelta(hours=2, minutes=minutes)
    return make_event(starts_at=starts, ends_at=starts + timedelta(hours=1))


def test_who_books_an_event_beside_a_shift_is_told_and_has_the_seat(
    client: FlaskClient, as_resident: SignIn, shift: UUID, begins: datetime
) -> None:
    who = as_resident()
    post(client, f"/shifts/{shift}/sign-ups", who)
    booked = post(client, f"/events/{event_after(begins, 29)}/bookings", who, party_size=1)
    assert booked["status"] == "confirmed"
    (near,) = booked["near"]
    assert (near["kind"], near["title"], near["rest_minutes"]) == ("shift", TITLE, 30)
    assert datetime.fromisoformat(near["starts_at"]) == begins
    alone = client.get(f"{V1}/bookings/{booked['reference']}", headers=who).json
    assert alone["near"] == booked["near"]


def test_half_an_hour_away_nothing_is_said(
    client: FlaskClient, as_resident: SignIn, shift: UUID, begins: datetime
) -> None:
    who = as_resident()
    post(client, f"/shifts/{shift}/sign-ups", who)
    booked = post(client, f"/events/{event_after(begins, 30)}/bookings", who, party_size=1)
    assert booked["near"] == []


def test_an_event_near_another_event_is_nothing_to_tell(
    client: FlaskClient, as_resident: SignIn, shift: UUID, begins: datetime
) -> None:
    who = as_resident()
    post(client, f"/events/{event_after(begins, 0)}/bookings", who, party_size=1)
    assert post(client, f"/events/{event_after(begins, 60)}/bookings", who, party_size=1)["near"] == []


def test_a_shift_beside_what_is_booked_is_refused(
    client: FlaskClient, as_resident: SignIn, shift: UUID, begins: datetime
) -> None:
    who = as_resident()
    post(client, f"/events/{event_after(begins, 10)}/bookings", who, party_size=1)
    refused = post(client, f"/shifts/{shift}/sign-ups", who, 409)
    assert (refused["type"], refused["with"]["kind"]) == ("/problems/too-little-rest", "booking")


def test_who_books_an_appointment_beside_a_shift_is_told(client: FlaskClient, as_resident: SignIn) -> None:
    make_edition(rest_minutes=30)
    with db.transaction() as tx:
        sync(tx, PART)
    free = client.get(f"{V1}/services/help/slots").json["items"]
    first, later = (datetime.fromisoformat(slot["starts_at"]) for slot in (free[0], free[-1]))
    who = as_resident()
    post(client, f"/shifts/{make_shift(first + timedelta(minutes=20), hours=1)}/sign-ups", who)
    made = post(client, "/appointments", who, service="help", starts_at=first.isoformat())
    assert [one["kind"] for one in made["near"]] == ["shift"]
    path = f"{V1}/appointments/{made['reference']}"
    seen = client.get(path, headers=who)
    assert seen.json["near"] == made["near"]
    body = {"starts_at": later.isoformat()}
    moved = client.patch(path, json=body, headers=who | {"If-Match": seen.headers["ETag"]})
    assert (moved.status_code, moved.json["near"]) == (200, [])


@pytest.mark.parametrize("first", ["appointment", "shift", "booking"])
@pytest.mark.parametrize("second", ["appointment", "shift", "booking"])
def test_whoever_is_somewhere_is_nowhere_else(
    client: FlaskClient, as_resident: SignIn, first: str, second: str
) -> None:
    """Whatever was booked first, nothing of another kind is had at the same time."""
    make_edition()
    with db.transaction() as tx:
        sync(tx, PART)
    slot = client.get(f"{V1}/services/help/slots").json["items"][-1]
    at, who = datetime.fromisoformat(slot["starts_at"]), as_resident()

    def ask(kind: str, expect: int) -> Any:
        if kind == "appointment":
            return post(client, "/appointments", who, expect, service="help", starts_at=at.isoformat())
        if kind == "shift":
            return post(client, f"/shifts/{make_shift(at - timedelta(minutes=30), hours=1)}/sign-ups", who, expect)
        event = make_event(starts_at=at - timedelta(minutes=5), ends_at=at + timedelta(hours=1))
        return post(client, f"/events/{event}/bookings", who, expect, party_size=1)

    ask(first, 201)
    refused = ask(second, 409)
    assert (refused["type"], refused["with"]["kind"]) == ("/problems/overlaps", first)


def test_each_asks_for_its_own_rest(tx: Session, begins: datetime) -> None:
    person = ensure_person(tx, "+97333778811").id

    def hold(minutes: int, rest: int | None) -> None:
        starts = begins + timedelta(minutes=minutes)
        calendar.hold(tx, person, starts, starts + timedelta(minutes=60), "shift", uuid4(), TITLE, rest)

    hold(0, 45)
    with pytest.raises(Overlaps):
        hold(59, 0)
    with pytest.raises(TooLittleRest) as refusal:
        hold(104, 10)  # its own ten minutes are there, the other's 45 are not
    assert refusal.value.facts["minutes"] == 45
    hold(60, None)  # whatever knows of no rest is let in
    hold(165, 45)


def test_what_cannot_be_held_at_once_is_left(tx: Session, begins: datetime) -> None:
    person = ensure_person(tx, "+97333778812").id
    ends = begins + timedelta(hours=1)
    assert calendar.try_hold(tx, person, begins, ends, "shift", uuid4(), TITLE, 30)
    assert not calendar.try_hold(tx, person, begins, ends, "booking", uuid4(), TITLE)
    after = ends + timedelta(minutes=10)
    assert not calendar.try_hold(tx, person, after, after + timedelta(hours=1), "shift", uuid4(), TITLE, 30)
    assert calendar.try_hold(tx, person, after, after + timedelta(hours=1), "booking", uuid4(), TITLE)
