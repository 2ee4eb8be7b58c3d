"""Shifts by a rule: shown first, made once, changed and cancelled one by one or from one on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from asimati.accounts.models import Engagement
from asimati.kit import clock, db
from asimati.kit.outbox import OutboxMessage
from asimati.places.models import Holiday, Standing
from asimati.volunteering import queries, rules
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.rules import WEEKDAYS, Weekday
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_edition, now

SignIn = Callable[..., Headers]
SERIES = "/staff/shift-series"


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


@pytest.fixture
def opportunity(client: FlaskClient) -> UUID:
    make_edition()
    with db.transaction() as tx:
        offered = Opportunity(title=TITLE, targets=["14.1"], search="beach")
        tx.add(offered)
        tx.flush()
        return offered.id


@pytest.fixture
def first() -> date:
    """The Sunday after next."""
    today = clock.local_day(now())
    return today + timedelta(days=7 + (6 - today.weekday()) % 7)


def rule(opportunity: UUID, first: date, **more: Any) -> dict[str, Any]:
    """Sundays and Tuesdays for three weeks, from four to seven in the afternoon."""
    return {
        "opportunity": str(opportunity), "weekdays": ["sun", "tue"], "first_day": str(first),
        "until": str(first + timedelta(days=20)), "begins": "16:00", "minutes": 180, "places": 4, **more,
    }  # fmt: skip


def days(answer: Any) -> list[date]:
    return [date.fromisoformat(one["day"]) for one in answer["days"] if one["holiday"] is None]


def shifts(opportunity: UUID) -> list[Shift]:
    with db.transaction() as tx:
        found = select(Shift).where(Shift.opportunity_id == opportunity).order_by(Shift.starts_at)
        return list(tx.scalars(found))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared
@given(
    weekdays=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    first=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 366),
)
def test_a_rule_names_each_of_its_days_and_no_other(weekdays: set[Weekday], first: date, length: int) -> None:
    until = first + timedelta(days=length)
    found = rules.days_of(weekdays, first, until)
    named = {day.strftime("%a").lower() for day in found}
    assert named <= weekdays and found == sorted(set(found))
    assert len(found) == sum(
        (first + timedelta(days=n)).strftime("%a").lower() in weekdays for n in range(length + 1)
    )


def test_a_rule_is_shown_then_made_once(
    client: FlaskClient, as_staff: SignIn, opportunity: UUID, first: date
) -> None:
    staff = as_staff("coordinator")
    with db.transaction() as tx:
        tx.add(Holiday(day=first + timedelta(days=2), name=TITLE, standing=Standing.PROVISIONAL))
    shown = post(client, f"{SERIES}?dry_run=true", staff, **rule(opportunity, first))
    assert (shown["id"], shown["made"], shifts(opportunity)) == (None, 0, [])
    assert [one["holiday"] for one in shown["days"]] == [None, TITLE, None, None, None, None]
    made = post(client, SERIES, staff, **rule(opportunity, first))
    assert (made["made"], days(made)) == (5, days(shown))
    again = post(client, SERIES, staff, **rule(opportunity, first, weekdays=["tue", "sun"]))
    assert (again["id"], again["made"]) == (made["id"], 0)
    found = shifts(opportunity)
    assert [clock.local(one.starts_at).strftime("%a %H:%M") for one in found[:2]] == ["Sun 16:00", "Sun 16:00"]
    assert {one.ends_at - one.starts_at for one in found} == {timedelta(hours=3)}
    assert len(post(client, SERIES, staff, **rule(opportunity, first, holidays=True))["days"]) == 6
    assert len(shifts(opportunity)) == 6  # the one that was missing was made, and no other


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"until": "2020-01-01"}, "/until"),
        ({"until": "2199-01-01"}, "/until"),
        ({"weekdays": []}, "/weekdays"),
        ({"weekdays": ["someday"]}, "/weekdays/0"),
        ({"begins": "25:00"}, "/begins"),
        ({"minutes": 5}, "/minutes"),
        ({"opportunity": "00000000-0000-7000-8000-000000000000"}, "/opportunity"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    client: FlaskClient, as_staff: SignIn, opportunity: UUID, first: date, wrong: Any, pointer: str
) -> None:
    refused = post(client, SERIES, as_staff("coordinator"), 422, **rule(opportunity, first) | wrong)
    assert pointer in [one["pointer"] for one in refused["errors"]]


def test_eight_who_make_a_series_at_once_make_it_once(
    app: Flask, client: FlaskClient, as_staff: SignIn, opportunity: UUID, first: date
) -> None:
    staff = as_staff("coordinator")
    answers = all_at_once(app, [(SERIES, rule(opportunity, first), staff)] * 8)
    assert {one.status_code for one in answers} == {200}
    assert sum(one.json["made"] for one in answers) == len(shifts(opportunity)) == 6


def edit(client: FlaskClient, shift: Shift, staff: Headers, expect: int = 200, **body: Any) -> Any:
    path = f"{V1}/staff/shifts/{shift.id}"
    tag = client.get(path, headers=staff).headers["ETag"]
    answer = client.patch(path, json=body, headers={**staff, "If-Match": tag})
    assert answer.status_code == expect, answer.json
    return answer.json


def moved(shift: Shift, **by: int) -> str:
    return (shift.starts_at + timedelta(**by)).isoformat()


def test_a_change_is_for_one_shift_or_for_it_and_the_later_ones(
    client: FlaskClient, as_staff: SignIn, as_resident: SignIn, opportunity: UUID, first: date
) -> None:
    staff = as_staff("coordinator")
    post(client, SERIES, staff, **rule(opportunity, first))
    before = shifts(opportunity)
    edit(client, before[1], staff, places=9)
    assert [one.places for one in shifts(opportunity)] == [4, 9, 4, 4, 4, 4]
    edit(client, before[3], staff, places=7, scope="later")
    assert [one.places for one in shifts(opportunity)] == [4, 9, 4, 7, 7, 7]
    ends = (before[4].ends_at + timedelta(minutes=30)).isoformat()
    edit(client, before[4], staff, starts_at=moved(before[4], hours=1), ends_at=ends, scope="later")
    after = shifts(opportunity)
    assert [one.starts_at - old.starts_at for one, old in zip(after, before, strict=True)] == [
        timedelta(), timedelta(), timedelta(), timedelta(), timedelta(hours=1), timedelta(hours=1),
    ]  # fmt: skip
    assert {one.ends_at - one.starts_at for one in after[4:]} == {timedelta(minutes=150)}
    post(client, f"/shifts/{after[5].id}/sign-ups", as_resident(), 201)
    refused = edit(client, after[4], staff, 409, starts_at=moved(after[4], hours=-1), scope="later")
    assert refused["type"] == "/problems/shift-used"
    assert [one.starts_at for one in shifts(opportunity)] == [one.starts_at for one in after]  # none was moved
    assert post(client, SERIES, staff, **rule(opportunity, first))["made"] == 0  # nor made anew


def told() -> int:
    with db.transaction() as tx:
        return tx.scalar(select(func.count()).where(OutboxMessage.topic == "volunteering.shift_cancelled")) or 0


def test_a_cancelled_shift_tells_its_volunteers_and_frees_their_time(
    client: FlaskClient, as_staff: SignIn, as_resident: SignIn, opportunity: UUID, first: date
) -> None:
    staff, people = as_staff("coordinator"), [as_resident() for _ in range(6)]
    post(client, SERIES, staff, **rule(opportunity, first, places=4))
    found = shifts(opportunity)
    for who in people:  # four places, and a line of two
        post(client, f"/shifts/{found[1].id}/sign-ups", who, 201)
    post(client, f"/shifts/{found[3].id}/sign-ups", people[0], 201)
    path = f"/staff/shifts/{found[1].id}/cancel"
    post(client, path, staff, 422)  # without a reason
    reason = {"ar": "رياح", "en": "wind"}
    assert post(client, path, staff, reason=reason) == {"shifts": 1, "told": 6}
    assert post(client, path, staff, reason=reason) == {"shifts": 0, "told": 0}
    later = post(client, path, staff, reason=reason, scope="later")
    assert later == {"shifts": 4, "told": 1}
    assert told() == 7
    with db.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(Engagement)) == 0
        assert Counter(tx.scalars(select(SignUp.status))) == {"cancelled": 7}
        assert queries.verify_hours(tx)["ok"]
    refused = post(client, f"/shifts/{found[1].id}/sign-ups", people[0], 409)
    assert refused["type"] == "/problems/shift-cancelled"
    shown = client.get(f"{V1}/opportunities/{opportunity}").json["shifts"]
    assert [one["id"] for one in shown] == [str(found[0].id)]
    assert post(client, SERIES, staff, **rule(opportunity, first))["made"] == 0  # what is cancelled stays so


def test_a_shift_that_has_begun_is_not_cancelled(
    client: FlaskClient, as_staff: SignIn, opportunity: UUID, first: date, moved_clock: Callable[..., Any]
) -> None:
    staff = as_staff("coordinator")
    post(client, SERIES, staff, **rule(opportunity, first))
    shift = shifts(opportunity)[0]
    with moved_clock(seconds=(shift.starts_at - now()).total_seconds() + 60):
        refused = post(client, f"/staff/shifts/{shift.id}/cancel", as_staff("coordinator"), 409, reason=TITLE)
    assert refused["type"] == "/problems/shift-over"


def test_cancelling_while_others_sign_up_leaves_nobody_on_it(
    app: Flask, client: FlaskClient, as_staff: SignIn, as_resident: SignIn, opportunity: UUID, first: date
) -> None:
    staff = as_staff("coordinator")
    post(client, SERIES, staff, **rule(opportunity, first))
    shift = shifts(opportunity)[0].id
    joining = [(f"/shifts/{shift}/sign-ups", {}, as_resident()) for _ in range(12)]
    all_at_once(app, [*joining, (f"/staff/shifts/{shift}/cancel", {"reason": TITLE}, staff)])
    with db.transaction() as tx:
        live = select(func.count()).select_from(SignUp).where(SignUp.status.in_([str(one) for one in rules.LIVE]))
        assert tx.scalar(live) == 0
        assert tx.get_one(Shift, shift).taken == 0
        assert queries.verify_hours(tx)["ok"]


def test_the_time_of_day_is_the_governorates(
    client: FlaskClient, as_staff: SignIn, opportunity: UUID, first: date
) -> None:
    made = post(client, SERIES, as_staff("coordinator"), **rule(opportunity, first, begins="01:30"))
    starts = datetime.fromisoformat(made["days"][0]["starts_at"])
    assert clock.local(starts).strftime("%Y-%m-%d %H:%M") == f"{first} 01:30"
