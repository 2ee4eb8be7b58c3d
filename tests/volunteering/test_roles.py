"""Shifts with roles: each has its places, what it asks, and its line; one lock holds them all."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import select

from asimati.accounts.models import Person
from asimati.kit import clock, db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import catalogues, queries, role_rules
from asimati.volunteering.models import Shift, SignUp, Skill, Volunteer
from asimati.volunteering.rules import HOLDING, SignUpStatus
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_edition, make_shift, now
from tests.volunteering.test_volunteer_races import lifted

SignIn = Callable[..., Headers]
AID = {"title": {"ar": "إسعاف", "en": "First aid"}, "places": 1, "skills": ["first-aid"], "minimum_age": 21}
HANDS = {"title": {"ar": "مساعدة", "en": "Helping hands"}, "places": 2}
STEWARD = {"title": {"ar": "تنظيم", "en": "Steward"}, "places": 1}


@pytest.fixture(autouse=True)
def ground(client: FlaskClient) -> None:
    make_edition(rest_minutes=30)
    named = {"ar": "مهارة", "en": "A skill"}
    with db.transaction() as tx:
        catalogues.sync(tx, Skill, [{"code": code, "title": named} for code in ("first-aid", "driving")])


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


def with_roles(*roles: Any, days: int = 4, **opportunity: Any) -> UUID:
    """A shift with these roles, committed."""
    asked = role_rules.numbered(roles)
    places = role_rules.places(asked)
    shift = make_shift(now() + timedelta(days=days), places=places, waitlist=True, **opportunity)
    with db.transaction() as tx:
        tx.get_one(Shift, shift).roles = role_rules.opened(asked)
    return shift


def join(client: FlaskClient, shift: UUID, who: Headers, role: str | None = None, expect: int = 201) -> Any:
    return post(client, f"/shifts/{shift}/sign-ups", who, expect, **({"role": role} if role else {}))


def leave(client: FlaskClient, sign_up: Any, who: Headers) -> None:
    assert client.delete(f"{V1}/sign-ups/{sign_up['id']}", headers=who).status_code == 200


def mine(client: FlaskClient, who: Headers) -> tuple[str, str | None]:
    found = client.get(f"{V1}/sign-ups", headers=who).json["items"][0]
    return found["status"], found["role"]


def patch(client: FlaskClient, shift: UUID, staff: Headers, expect: int = 200, **body: Any) -> Any:
    path = f"{V1}/staff/shifts/{shift}"
    tag = client.get(path, headers=staff).headers["ETag"]
    answer = client.patch(path, json=body, headers={**staff, "If-Match": tag})
    assert answer.status_code == expect, answer.json
    return answer.json


def holding(shift: UUID) -> Counter[str | None]:
    """How many sign-ups hold a place in each role."""
    statuses: list[SignUpStatus] = list(HOLDING)
    with db.transaction() as tx:
        rows = select(SignUp.role).where(SignUp.shift_id == shift, SignUp.status.in_(statuses))
        return Counter(tx.scalars(rows))


def consistent() -> bool:
    with db.transaction() as tx:
        return bool(queries.verify_hours(tx)["ok"])


def skilled(who: Any, *skills: str) -> Headers:
    with db.transaction() as tx:
        tx.add(Volunteer(person_id=who.id, skills=list(skills)))
    return signed_in(who)


# --- rules -----------------------------------------------------------------------------------------------------

codes = st.integers(1, 25).map(str)
asked = st.lists(st.one_of(st.none(), codes), max_size=20, unique_by=lambda code: code or object())


@given(asked)
def test_every_role_has_a_code_of_its_own_and_keeps_the_one_it_said(said: list[str | None]) -> None:
    kept = role_rules.numbered([{**HANDS, **({"code": code} if code else {})} for code in said])
    assert [one["code"] for one, code in zip(kept, said, strict=True) if code] == [code for code in said if code]
    assert len({one["code"] for one in kept}) == len(said)
    assert all(len(one["code"]) <= 3 for one in kept)


def test_who_names_no_role_has_the_one_that_asks_for_nothing() -> None:
    roles = role_rules.opened(role_rules.numbered([AID, HANDS, STEWARD]))
    assert role_rules.chosen({}, None) is None
    assert role_rules.chosen(roles, None) == "2"
    assert role_rules.chosen(roles, "1") == "1"
    assert role_rules.chosen({"7": roles["1"]}, None) == "7"


# --- one after the other ---------------------------------------------------------------------------------------


def test_each_role_has_its_places_and_its_line(client: FlaskClient, as_resident: SignIn) -> None:
    shift, people = with_roles(HANDS, STEWARD), [as_resident() for _ in range(5)]
    first, _second, third = (join(client, shift, who) for who in people[:3])
    assert [(first["status"], first["role"]), (third["status"], third["role"])] == [
        ("confirmed", "1"), ("waitlisted", "1"),
    ]  # fmt: skip
    steward = join(client, shift, people[3], "2")
    assert (steward["status"], steward["shift"]["places_left"]) == ("confirmed", 0)
    shown = [(one["code"], one["places_left"], one["waiting"]) for one in steward["shift"]["roles"]]
    assert shown == [("1", 0, 1), ("2", 0, 0)]
    assert join(client, shift, people[4], "2")["status"] == "waitlisted"
    leave(client, steward, people[3])
    assert mine(client, people[2]) == ("waitlisted", "1")  # came first, for another role
    assert mine(client, people[4]) == ("offered", "2")
    assert consistent()


def test_a_role_has_room_while_another_has_a_line(client: FlaskClient, as_resident: SignIn) -> None:
    shift, people = with_roles(STEWARD, HANDS), [as_resident() for _ in range(3)]
    assert [join(client, shift, who, "1")["status"] for who in people[:2]] == ["confirmed", "waitlisted"]
    assert join(client, shift, people[2], "2")["status"] == "confirmed"
    assert consistent()


def test_a_shift_without_roles_takes_none(client: FlaskClient, as_resident: SignIn) -> None:
    shift, who = make_shift(now() + timedelta(days=4)), as_resident()
    assert join(client, shift, who, "1", 422)["errors"][0]["pointer"] == "/role"
    found = join(client, shift, who)
    assert (found["role"], found["shift"]["roles"]) == (None, [])


def test_a_role_asks_for_its_skill_and_its_age(client: FlaskClient, as_resident: SignIn) -> None:
    shift, (young, other, able) = with_roles(AID, {**AID, "skills": ["driving"]}), make_people(3)
    refused = join(client, shift, signed_in(able), None, 409)
    assert (refused["type"], refused["roles"]) == ("/problems/role-needed", ["1", "2"])
    assert join(client, shift, signed_in(able), "9", 422)["errors"][0]["pointer"] == "/role"
    assert join(client, shift, skilled(other, "driving"), "1", 409)["skills"] == ["first-aid"]
    with db.transaction() as tx:
        tx.get_one(Person, young.id).birth_date = clock.local_day(now()) - timedelta(days=365 * 20)
    assert join(client, shift, skilled(young, "first-aid"), "1", 403)["minimum_age"] == 21
    assert join(client, shift, skilled(able, "first-aid"), "1")["status"] == "confirmed"


def test_roles_come_from_the_shift_or_from_its_opportunity(
    client: FlaskClient, as_staff: SignIn, as_resident: SignIn
) -> None:
    staff = as_staff("coordinator")
    made = post(client, "/staff/opportunities", staff, 201, title=TITLE, published=True, roles=[AID, HANDS])
    assert [(one["code"], one["places"], one["skills"]) for one in made["roles"]] == [
        ("1", 1, ["first-aid"]), ("2", 2, []),
    ]  # fmt: skip
    times = {"opportunity": made["id"], "starts_at": (now() + timedelta(days=3)).isoformat()}
    times["ends_at"] = (now() + timedelta(days=3, hours=2)).isoformat()
    inherits = post(client, "/staff/shifts", staff, 201, **times)
    assert (inherits["places"], [one["code"] for one in inherits["roles"]]) == (3, ["1", "2"])
    assert post(client, "/staff/shifts", staff, 201, **times, places=8)["roles"] == []
    own = post(client, "/staff/shifts", staff, 201, **times, roles=[STEWARD])
    assert (own["places"], own["roles"][0]["title"]["en"]) == (1, "Steward")
    plain = post(client, "/staff/opportunities", staff, 201, title=TITLE)
    nothing = post(client, "/staff/shifts", staff, 422, **times | {"opportunity": plain["id"]})
    assert nothing["errors"][0]["pointer"] == "/places"
    wrong = [{**AID, "skills": ["juggling"]}]
    said = post(client, "/staff/opportunities", staff, 422, title=TITLE, roles=wrong)
    assert said["errors"][0]["pointer"] == "/roles/0/skills/0"
    twice = [{**HANDS, "code": "4"}, {**AID, "code": "4"}]
    post(client, "/staff/opportunities", staff, 422, title=TITLE, roles=twice)


def test_every_shift_of_a_series_has_the_roles_and_a_later_change_reaches_them(
    client: FlaskClient, as_staff: SignIn, as_resident: SignIn
) -> None:
    staff = as_staff("coordinator")
    made = post(client, "/staff/opportunities", staff, 201, title=TITLE, published=True, roles=[HANDS, STEWARD])
    first = clock.local_day(now()) + timedelta(days=7)
    rule = {"opportunity": made["id"], "weekdays": ["sun", "tue"], "begins": "16:00", "minutes": 120}
    days = {"first_day": str(first), "until": str(first + timedelta(days=13))}
    assert post(client, "/staff/shift-series", staff, **rule, **days)["made"] == 4
    with db.transaction() as tx:
        found = select(Shift.id).where(Shift.opportunity_id == UUID(made["id"])).order_by(Shift.starts_at)
        shifts = list(tx.scalars(found))
    join(client, shifts[2], as_resident(), "2")
    more = [{**HANDS, "code": "1", "places": 5}, {**STEWARD, "code": "2"}]
    assert patch(client, shifts[0], staff, roles=more, scope="later")["places"] == 6
    with db.transaction() as tx:
        assert {(one.places, one.roles["1"]["places"]) for one in tx.scalars(select(Shift))} == {(6, 5)}
    assert patch(client, shifts[0], staff, 409, roles=more[:1], scope="later")["type"] == "/problems/roles-used"
    with db.transaction() as tx:
        assert {one.places for one in tx.scalars(select(Shift))} == {6}  # for any of them, and then for none
    assert consistent()


def test_what_somebody_signed_up_for_stays(client: FlaskClient, as_staff: SignIn, as_resident: SignIn) -> None:
    shift, staff, people = with_roles(HANDS, STEWARD), as_staff("coordinator"), [as_resident() for _ in range(4)]
    for who in people[:2]:
        join(client, shift, who)
    waits = join(client, shift, people[2])
    assert patch(client, shift, staff, 422, places=9)["errors"][0]["pointer"] == "/places"
    assert patch(client, shift, staff, 409, roles=[{**STEWARD, "code": "2"}])["type"] == "/problems/roles-used"
    assert patch(client, shift, staff, 409, roles=[])["type"] == "/problems/roles-used"
    fewer = patch(client, shift, staff, 409, roles=[{**HANDS, "code": "1", "places": 1}])
    assert (fewer["type"], fewer["taken"]) == ("/problems/places-taken", 2)
    assert mine(client, people[2]) == ("waitlisted", "1")
    after = patch(client, shift, staff, roles=[{**HANDS, "code": "1", "places": 3}, AID])  # the steward goes
    assert [(one["code"], one["places_left"]) for one in after["roles"]] == [("1", 0), ("2", 1)]
    assert (mine(client, people[2]), after["places"]) == (("offered", "1"), 4)  # the place that was added
    assert post(client, f"/sign-ups/{waits['id']}/accept", people[2])["status"] == "confirmed"
    plain = make_shift(now() + timedelta(days=9))
    join(client, plain, people[3])
    assert patch(client, plain, staff, 409, roles=[HANDS])["type"] == "/problems/roles-used"
    assert consistent()


def test_a_swap_hands_on_the_role_and_asks_for_what_it_asks(client: FlaskClient) -> None:
    shift, (giver, taker, plain) = with_roles(AID, HANDS), make_people(3)
    giving = skilled(giver, "first-aid")
    swap = post(client, f"/sign-ups/{join(client, shift, giving, '1')['id']}/swap", giving, 201)
    assert swap["role"] == "1"
    for who in make_people(2):
        join(client, shift, signed_in(who))
    taking = skilled(taker, "first-aid")
    assert join(client, shift, taking)["status"] == "waitlisted"  # for the other role
    refused = post(client, "/swaps/take", signed_in(plain), 409, code=swap["code"])
    assert refused["type"] == "/problems/skill-needed"
    taken = post(client, "/swaps/take", taking, code=swap["code"])
    assert (taken["status"], taken["role"]) == ("confirmed", "1")
    assert [(one["places_left"], one["waiting"]) for one in taken["shift"]["roles"]] == [(0, 0), (0, 0)]
    assert consistent()


def test_an_open_swap_is_shown_to_those_who_can_do_what_its_role_asks(client: FlaskClient) -> None:
    shift, (giver, able, other, nobody) = with_roles(AID, HANDS), make_people(4)
    giving = skilled(giver, "first-aid")
    swap = post(client, f"/sign-ups/{join(client, shift, giving, '1')['id']}/swap", giving, 201, open=True)
    shown = [
        [one["id"] for one in client.get(f"{V1}/swaps", headers=who).json["items"]]
        for who in (giving, skilled(able, "first-aid", "driving"), skilled(other, "driving"), signed_in(nobody))
    ]
    assert shown == [[swap["id"]], [swap["id"]], [], []]


def test_notices_name_the_role(client: FlaskClient) -> None:
    shift, people = with_roles(HANDS, STEWARD), make_people(3)
    for who in people:
        join(client, shift, signed_in(who), "2")
    client.delete(f"{V1}/sign-ups/{mine_id(client, signed_in(people[0]))}", headers=signed_in(people[0]))
    with db.transaction() as tx:
        said = tx.execute(select(OutboxMessage.topic, OutboxMessage.payload["title"])).all()
    told = {topic: title for topic, title in said if topic.startswith("volunteering.")}
    assert {"volunteering.signed_up", "volunteering.sign_up_waitlisted"} < told.keys()
    for language in ("ar", "en"):
        assert {title[language].rpartition(" – ")[2] for title in told.values()} == {STEWARD["title"][language]}


def test_an_open_swap_waits_for_its_own_line_alone(client: FlaskClient, as_resident: SignIn) -> None:
    shift, people = with_roles(STEWARD, HANDS), [as_resident() for _ in range(5)]
    placed = join(client, shift, people[0], "2")
    join(client, shift, people[1], "1")
    join(client, shift, people[2], "1")  # waits, for the steward's place
    swap = post(client, f"/sign-ups/{placed['id']}/swap", people[0], 201, open=True)
    assert [one["id"] for one in client.get(f"{V1}/swaps", headers=people[3]).json["items"]] == [swap["id"]]
    assert post(client, f"/swaps/{swap['id']}/take", people[3])["role"] == "2"
    again = post(client, f"/sign-ups/{mine_id(client, people[3])}/swap", people[3], 201, open=True)
    join(client, shift, people[0], "2")
    assert join(client, shift, people[4], "2")["status"] == "waitlisted"
    assert client.get(f"{V1}/swaps", headers=as_resident()).json["items"] == []
    newcomer = post(client, f"/swaps/{again['id']}/take", as_resident(), 409)
    assert newcomer["type"] == "/problems/line-waits"
    assert post(client, f"/swaps/{again['id']}/take", people[4])["status"] == "confirmed"
    assert consistent()


def mine_id(client: FlaskClient, who: Headers) -> str:
    return str(client.get(f"{V1}/sign-ups", headers=who).json["items"][0]["id"])


def test_a_replacement_is_called_in_where_their_role_has_room(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Callable[..., Any]
) -> None:
    shift, staff = with_roles(STEWARD, HANDS, days=1), as_staff("coordinator")
    absent, waits = (join(client, shift, as_resident(), "1") for _ in range(2))
    full = post(client, f"/staff/sign-ups/{waits['id']}/call-in", staff, 409)  # others have room
    assert (full["type"], full["places"]) == ("/problems/shift-full", 1)
    with moved_clock(days=1, minutes=20):
        post(client, f"/staff/sign-ups/{absent['id']}/no-show", staff)
        assert post(client, f"/staff/sign-ups/{waits['id']}/call-in", staff)["role"] == "1"
    assert holding(shift) == {"1": 1}
    assert consistent()


def test_who_was_taken_for_absent_and_replaced_came_after_all(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Callable[..., Any]
) -> None:
    shift, staff, who = with_roles(STEWARD, HANDS, days=1), as_staff("coordinator"), as_resident()
    absent, waits = join(client, shift, who, "1"), join(client, shift, as_resident(), "1")
    with moved_clock(days=1, minutes=20):
        post(client, f"/staff/sign-ups/{absent['id']}/no-show", staff)
        post(client, f"/staff/sign-ups/{waits['id']}/call-in", staff)
    with moved_clock(days=1, hours=4):
        said = {"arrived_at": (now() + timedelta(days=1)).isoformat(), "note": "I was there"}
        said["left_at"] = (now() + timedelta(days=1, hours=2)).isoformat()
        claim = post(client, f"/sign-ups/{absent['id']}/hours", who, 201, **said)
        reason = {"minutes": 60, "reason": "the host confirms it"}
        post(client, f"/staff/hours/{claim['id']}/correct", staff, **reason)
    assert holding(shift) == {"1": 2}
    with db.transaction() as tx:
        found = tx.get_one(Shift, shift)
        assert (found.places, found.taken, found.roles["1"]["places"]) == (4, 2, 2)
    assert consistent()


def test_a_call_is_for_a_role_and_reaches_those_who_have_its_skill(client: FlaskClient, as_staff: SignIn) -> None:
    shift, staff, (aider, driver) = with_roles(AID, HANDS), as_staff("coordinator"), make_people(2)
    aiding, driving = skilled(aider, "first-aid"), skilled(driver, "driving")
    path = f"/staff/shifts/{shift}/call-outs"
    fit = client.get(f"{V1}{path}/preview?role=1", headers=staff).json
    assert (fit["role"], fit["volunteers"], fit["fit"], fit["would_call"]) == ("1", 2, 1, 1)
    assert client.get(f"{V1}{path}/preview", headers=staff).json["role"] == "2"
    called = post(client, path, staff, 201, role="1")
    assert (called["role"], called["called"]) == ("1", 1)
    assert client.get(f"{V1}/me/call-outs", headers=driving).json["items"] == []
    assert post(client, f"/me/call-outs/{called['id']}/come", aiding)["answer"] == "comes"
    assert mine(client, aiding) == ("confirmed", "1")
    assert post(client, path, staff, 409, role="1")["type"] == "/problems/shift-full"
    assert consistent()


def test_the_role_that_fits_is_suggested(client: FlaskClient, as_resident: SignIn) -> None:
    shift, (aider, other) = with_roles(AID, STEWARD), make_people(2)
    aiding = skilled(aider, "first-aid")
    path = f"{V1}/opportunities/suggestions"
    found = client.get(path, headers=aiding).json["items"]
    assert [(one["role"], one["reasons"][0]["code"]) for one in found] == [("1", "skills")]
    assert [one["role"] for one in client.get(path, headers=signed_in(other)).json["items"]] == ["2"]
    for who in (as_resident(), as_resident()):  # takes it, and waits for it
        join(client, shift, who, "2")
    assert client.get(path, headers=signed_in(other)).json["items"] == []
    assert [one["role"] for one in client.get(path, headers=aiding).json["items"]] == ["1"]


def test_roster_and_sheet_go_by_role(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    shift, staff = with_roles(HANDS, STEWARD), as_staff("coordinator")
    for role in "212":
        join(client, shift, as_resident(), role)
    roster = client.get(f"{V1}/staff/sign-ups?shift={shift}", headers=staff).json["items"]
    assert Counter(one["role"] for one in roster) == {"1": 1, "2": 2}
    sheet = client.get(f"{V1}/staff/shifts/{shift}/attendance.pdf?language=en", headers=staff)
    words = PdfReader(io.BytesIO(sheet.data)).pages[0].extract_text()
    assert words.index("Helping hands") < words.index("Steward")
    assert words.count("Steward") == 1  # one confirmed; the other waits


# --- all at once -----------------------------------------------------------------------------------------------


def rush(app: Flask, shift: UUID, number: int) -> Counter[Any]:
    """So many for each of two roles at once; how many got which status, by role."""
    wanted = [(who, role) for who, role in zip(make_people(2 * number), "12" * number, strict=True)]
    path = f"/shifts/{shift}/sign-ups"
    answers = all_at_once(app, [(path, {"role": role}, signed_in(who)) for who, role in wanted])
    statuses = (one.json["status"] if one.status_code == 201 else "refused" for one in answers)
    return Counter(zip((role for _, role in wanted), statuses, strict=True))


MANY = ({**HANDS, "places": 5}, {**STEWARD, "places": 2})
HELD = {("1", "confirmed"): 5, ("1", "waitlisted"): 11, ("2", "confirmed"): 2, ("2", "waitlisted"): 14}


def test_thirty_two_at_once_take_each_roles_places_and_stand_in_its_line(app: Flask, client: FlaskClient) -> None:
    shift = with_roles(*MANY)
    assert rush(app, shift, 16) == HELD
    assert consistent()


def test_without_the_lock_the_check_still_holds_each_role(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    without("place_lock")
    shift = with_roles(*MANY)
    assert rush(app, shift, 16) != HELD  # the race is seen
    assert holding(shift)["1"] <= 5 and holding(shift)["2"] <= 2
    assert consistent()


def test_without_lock_and_checks_a_roles_places_are_given_twice(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    without("place_lock")
    with lifted("shift", "shift_roles_check"), lifted("shift", "shift_places_check"):
        shift = with_roles(*MANY)
        rush(app, shift, 16)
        assert holding(shift)["1"] > 5 or holding(shift)["2"] > 2


def test_places_given_back_by_all_at_once_go_to_their_own_line(app: Flask, client: FlaskClient) -> None:
    shift = with_roles({**HANDS, "places": 4}, {**STEWARD, "places": 4})
    people = [signed_in(who) for who in make_people(24)]
    joined = [join(client, shift, who, "12"[n % 2]) for n, who in enumerate(people)]
    newcomers = [(f"/shifts/{shift}/sign-ups", {"role": "1"}, signed_in(who)) for who in make_people(8)]
    with ThreadPoolExecutor(8) as pool:
        gone = pool.map(lambda n: leave(app.test_client(), joined[n], people[n]), range(8))
        came = all_at_once(app, newcomers)
        list(gone)
    assert Counter(one.json["status"] for one in came) == {"waitlisted": 8}
    with db.transaction() as tx:
        offered = tx.scalars(select(SignUp).where(SignUp.status == SignUpStatus.OFFERED)).all()
        assert Counter(one.role for one in offered) == {"1": 4, "2": 4}
        assert sorted(one.place or 0 for one in offered) == list(range(1, 9))  # who waited longest, in each
    assert consistent()
