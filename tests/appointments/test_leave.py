"""A desk is closed at a time that comes again; who was expected in it is told, and offered another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import clock, db
from asimati.kit.worktime import WEEKDAYS
from tests.appointments.ground import V1, Headers

Slots = Callable[..., list[dict[str, Any]]]
REASON = {"ar": "إجازة", "en": "Leave"}


def local(slot: dict[str, Any]) -> datetime:
    return clock.local(datetime.fromisoformat(slot["starts_at"]))


def leave_on(slot: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Leave on the weekday of a slot, from today on."""
    today = clock.local_day(clock.utcnow())
    return {"weekdays": [WEEKDAYS[local(slot).weekday()]], "starts_on": str(today), "reason": REASON, **more}


@pytest.fixture
def supervisor(hall: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("supervisor")


@pytest.fixture
def away(hall: FlaskClient, supervisor: Headers) -> Callable[..., Any]:
    def go(who: Headers | None = None, desk: str = "officer", **body: Any) -> Any:
        return hall.post(f"{V1}/staff/desks/{desk}/leaves", json=body, headers=who or supervisor)

    return go


def test_a_leave_takes_its_weekday_every_week_until_it_is_taken_back(
    hall: FlaskClient, reviewer: Headers, supervisor: Headers, slots: Slots, away: Callable[..., Any]
) -> None:
    before = slots("review")
    day = local(before[0]).weekday()
    assert {local(one).weekday() for one in before} > {day}
    assert away(reviewer, **leave_on(before[0])).status_code == 403
    made = away(**leave_on(before[0]))
    assert made.status_code == 201, made.text
    assert made.json["every_weeks"] == 1 and made.json["hours"] == "00:00-24:00"
    after = slots("review")
    assert after == [one for one in before if local(one).weekday() != day] and len(after) < len(before)
    shown = {desk["code"]: desk for desk in hall.get(f"{V1}/staff/desks", headers=reviewer).json["items"]}
    assert [one["id"] for one in shown["officer"]["leaves"]] == [made.json["id"]] and not shown["one"]["leaves"]
    assert hall.delete(f"{V1}/staff/desk-leaves/{made.json['id']}", headers=supervisor).status_code == 204
    assert slots("review") == before
    assert hall.delete(f"{V1}/staff/desk-leaves/{made.json['id']}", headers=supervisor).status_code == 404


def test_a_leave_may_be_some_hours_and_every_second_week(slots: Slots, away: Callable[..., Any]) -> None:
    before = slots("review")
    first, day = local(before[0]), local(before[0]).weekday()
    same_days = sorted({local(one).date() for one in before if local(one).weekday() == day})
    hours = f"{first:%H:%M}-{first + timedelta(hours=1):%H:%M}"
    begins = str(first.date())  # weeks are counted from that of this day
    assert away(**leave_on(before[0], hours=hours, every_weeks=2, starts_on=begins)).status_code == 201
    gone = [local(one) for one in before if one not in slots("review")]
    assert {moment.date() for moment in gone} == {same_days[0]}, "the same day next week is free"
    assert all(first - timedelta(hours=1) < moment < first + timedelta(hours=1) for moment in gone)


def test_who_was_expected_is_told_why_and_offered_another_time(
    hall: FlaskClient, resident: Headers, slots: Slots, book: Callable[..., Any], away: Callable[..., Any]
) -> None:
    slot = slots("review")[0]
    booked = book(resident, slot["starts_at"], "review").json
    asked = away(**leave_on(slot))
    assert (asked.status_code, asked.json["count"]) == (409, 1)
    assert book(resident, slots("review")[0]["starts_at"], "review").status_code == 201, "nothing was kept of it"
    assert away(**leave_on(slot), cancel_booked=True).status_code == 201
    mine = hall.get(f"{V1}/appointments/{booked['reference']}", headers=resident).json
    assert (mine["status"], mine["reason"]) == ("cancelled", REASON)
    with db.transaction() as tx:
        (told, *_) = tx.scalars(
            text("SELECT payload FROM message WHERE topic = 'appointments.appointment_cancelled' ORDER BY id")
        )
    following = next(one for one in slots("review") if local(one).weekday() != local(slot).weekday())
    assert f"{local(following):%Y-%m-%d %H:%M}" in told["offer"]["en"] and "أقرب موعد" in told["offer"]["ar"]
    late = book(resident, slot["starts_at"], "review")
    assert late.json["type"] == "/problems/slot-taken"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"hours": "noon"}, "/hours"), ({"hours": "14:00-12:00"}, "/hours"),
        ({"weekdays": ["someday"]}, "/weekdays"), ({"weekdays": []}, "/weekdays"),
        ({"ends_on": "2020-01-01"}, "/ends_on"), ({"every_weeks": 0}, "/every_weeks"),
    ],
)  # fmt: skip
def test_what_is_no_leave_is_named(
    slots: Slots, away: Callable[..., Any], more: dict[str, Any], pointer: str
) -> None:
    answer = away(**(leave_on(slots("review")[0]) | more))
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"].startswith(pointer)
