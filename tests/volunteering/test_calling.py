"""Suggestions with their reasons, and calls at short notice: who is called, how often, and what an answer does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range

from asimati.accounts.models import Person
from asimati.kit import clock, db
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import catalogues, profile_rules
from asimati.volunteering.actions import calling as deeds
from asimati.volunteering.models import Call, Edition, Shift, Skill, SpokenLanguage, Volunteer
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, held, make_edition, make_shift

SignIn = Callable[..., Headers]
FIRST_AID = {"code": "first-aid", "title": {"ar": "الإسعافات الأولية", "en": "First aid"}}
ARABIC = {"code": "ar", "title": {"ar": "العربية", "en": "Arabic"}}


def at(days: int, hour: int = 9) -> datetime:
    """An hour of a day to come, on the governorate's clock."""
    with db.transaction() as tx:
        day = clock.local_day(clock.now(tx)) + timedelta(days=days)
    return datetime.combine(day, time(hour), settings().governorate.time_zone)


@pytest.fixture(autouse=True)
def ground(client: FlaskClient) -> None:
    make_edition()
    with db.transaction() as tx:
        catalogues.sync(tx, Skill, [FIRST_AID])
        catalogues.sync(tx, SpokenLanguage, [ARABIC])


def volunteers(number: int, **said: Any) -> list[Actor]:
    """So many people with a profile that says this; committed."""
    people = make_people(number)
    with db.transaction() as tx:
        tx.add_all(Volunteer(person_id=one.id, **said) for one in people)
    return people


def free_on(moment: datetime) -> list[Range[int]]:
    local = clock.local(moment)
    return [Range(*span) for span in profile_rules.stretch(local, local + timedelta(hours=4))]


# --- suggestions -----------------------------------------------------------------------------------------------


def suggested(client: FlaskClient, who: Actor, limit: int = 20) -> list[dict[str, Any]]:
    answer = client.get(f"{V1}/opportunities/suggestions?limit={limit}", headers=signed_in(who))
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def shifts_of(items: Sequence[dict[str, Any]]) -> list[str]:
    return [one["shift"]["id"] for one in items]


def test_what_fits_is_suggested_with_the_reasons_in_words(client: FlaskClient) -> None:
    start = at(3)
    plain, fitting = make_shift(start), make_shift(start, skills=["first-aid"], languages=["ar"], block="317")
    make_shift(start, block="436")  # out of reach
    said = {"skills": ["first-aid"], "languages": ["ar"], "blocks": ["317"], "free": free_on(start)}
    (who,) = volunteers(1, **said)
    found = suggested(client, who)
    assert shifts_of(found) == [str(fitting), str(plain)]
    assert [one["code"] for one in found[0]["reasons"]] == ["skills", "languages", "near", "free", "needed"]
    assert found[0]["reasons"][0]["text"] == {
        "ar": "مهاراتكم مطلوبة فيها: الإسعافات الأولية", "en": "Your skills are asked for: First aid"
    }  # fmt: skip


def test_nothing_is_suggested_that_could_not_be_taken(client: FlaskClient) -> None:
    start, (who, other) = at(3), make_people(2)
    mine, full = make_shift(start), make_shift(start + timedelta(days=1), places=1)
    for person, shift in ((who, mine), (other, full)):
        client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=signed_in(person))
    make_shift(start + timedelta(hours=1))  # overlaps
    make_shift(start + timedelta(days=2), published=False)
    make_shift(at(-1))
    make_shift(start + timedelta(days=90))  # too far ahead
    old = make_shift(start + timedelta(days=3), minimum_age=30)
    free = make_shift(start + timedelta(days=4))
    with db.transaction() as tx:
        tx.execute(update(Person).where(Person.id == who.id).values(birth_date=date(start.year - 20, 1, 1)))
    assert shifts_of(suggested(client, who)) == [str(free)]
    assert str(old) in shifts_of(suggested(client, other))  # who has not said their age is taken at their word


def test_rest_around_other_engagements_is_kept(client: FlaskClient) -> None:
    with db.transaction() as tx:
        tx.execute(update(Edition).values(rest_minutes=60))
    start, (who,) = at(3), make_people(1)
    mine = make_shift(start, hours=2)
    client.post(f"{V1}/shifts/{mine}/sign-ups", json={}, headers=signed_in(who))
    make_shift(start + timedelta(hours=2, minutes=30))
    rested = make_shift(start + timedelta(hours=3))
    assert shifts_of(suggested(client, who)) == [str(rested)]


def test_one_opportunity_does_not_fill_the_list(client: FlaskClient) -> None:
    start, (who,) = at(3), make_people(1)
    first = make_shift(start)
    with db.transaction() as tx:
        opportunity = tx.get_one(Shift, first).opportunity_id
        for days in range(1, 4):
            times = {"starts_at": start + timedelta(days=days), "ends_at": start + timedelta(days=days, hours=3)}
            tx.add(Shift(opportunity_id=opportunity, places=5, taken=0, **times))
    other = make_shift(start + timedelta(days=9))
    assert shifts_of(suggested(client, who)) == [str(first), str(other)]
    assert shifts_of(suggested(client, who, limit=1)) == [str(first)]


# --- calls -----------------------------------------------------------------------------------------------------


def preview(client: FlaskClient, coordinator: Headers, shift: UUID) -> Any:
    return client.get(f"{V1}/staff/shifts/{shift}/call-outs/preview", headers=coordinator).json


def call(client: FlaskClient, coordinator: Headers, shift: UUID, **said: Any) -> Any:
    return client.post(f"{V1}/staff/shifts/{shift}/call-outs", json=said, headers=coordinator)


def called(topic: str = "called_out") -> Counter[str]:
    with db.transaction() as tx:
        found = select(OutboxMessage.payload).where(OutboxMessage.topic == f"volunteering.{topic}")
        return Counter(str(one["person"]) for one in tx.scalars(found))


def say(client: FlaskClient, who: Actor, word: str, call_out: str) -> Any:
    return client.post(f"{V1}/me/call-outs/{call_out}/{word}", headers=signed_in(who))


def problem(answer: Any) -> str:
    return str(answer.json["type"]).rpartition("/")[2]


def test_the_preview_says_how_many_fit_and_what_speaks_against_the_others(
    client: FlaskClient, as_staff: SignIn
) -> None:
    start = at(3)
    shift = make_shift(start, places=2, skills=["first-aid"], block="317", languages=["ar"])
    fit = {"skills": ["first-aid"], "languages": ["ar"]}
    volunteers(3, **fit)
    volunteers(1, **fit, call_outs=False)
    volunteers(1, languages=["ar"])
    volunteers(1, skills=["first-aid"])
    volunteers(1, **fit, blocks=["436"])
    volunteers(1, **fit, free=free_on(start + timedelta(days=1)))
    volunteers(1, **fit, away=[Range(start.date(), start.date() + timedelta(days=1))])
    (young, busy, mine) = volunteers(3, **fit)
    with db.transaction() as tx:
        tx.execute(update(Person).where(Person.id == young.id).values(birth_date=date(start.year - 16, 1, 1)))
    for who, taken in ((busy, make_shift(start)), (mine, shift)):
        client.post(f"{V1}/shifts/{taken}/sign-ups", json={}, headers=signed_in(who))
    found = preview(client, as_staff("coordinator"), shift)
    assert (found["volunteers"], found["fit"], found["would_call"], found["urgent"]) == (12, 3, 3, False)
    assert {one["code"]: one["people"] for one in found["against"]} == {
        "signed_up": 1, "called_already": 0, "no_calls": 1, "age": 1, "skills": 1, "languages": 1, "reach": 1,
        "times": 2, "engaged": 2, "called_enough": 0,
    }  # fmt: skip


def test_those_who_fit_are_called_and_one_answer_signs_up(client: FlaskClient, as_staff: SignIn) -> None:
    shift, coordinator = make_shift(at(3), places=1), as_staff("coordinator")
    people = volunteers(2)
    words = {"ar": "نحتاجكم", "en": "We need you"}
    made = call(client, coordinator, shift, text=words)
    assert (made.status_code, made.json["called"], made.json["urgent"]) == (201, 2, False)
    assert called() == Counter(str(one.id) for one in people)
    (mine,) = client.get(f"{V1}/me/call-outs", headers=signed_in(people[0])).json["items"]
    assert (mine["text"], mine["answer"], mine["title"]) == (words, None, TITLE)
    for _ in range(2):
        answer = say(client, people[0], "come", mine["id"])
        assert (answer.status_code, answer.json["answer"], held(shift)) == (200, "comes", 1)
    assert problem(say(client, people[1], "come", mine["id"])) == "shift-full"
    assert say(client, people[1], "cannot", mine["id"]).json["answer"] == "cannot"
    (listed,) = client.get(f"{V1}/staff/shifts/{shift}/call-outs", headers=coordinator).json["items"]
    assert (listed["called"], listed["come"], listed["cannot"]) == (2, 1, 1)


def test_a_call_is_nobody_elses(client: FlaskClient, as_staff: SignIn) -> None:
    volunteers(1)
    made = call(client, as_staff("coordinator"), make_shift(at(3))).json
    (stranger,) = make_people(1)
    assert client.get(f"{V1}/me/call-outs", headers=signed_in(stranger)).json["items"] == []
    for word in ("come", "cannot"):
        assert say(client, stranger, word, made["id"]).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "reviewer", "supervisor"])
def test_who_may_not_organise_calls_nobody(client: FlaskClient, as_staff: SignIn, role: str) -> None:
    volunteers(1)
    assert call(client, as_staff(role), make_shift(at(3))).status_code == 403
    assert not called()


def test_nobody_is_called_twice_for_a_shift_or_too_often_in_a_week(
    client: FlaskClient, as_staff: SignIn, moved_clock: Callable[..., Any]
) -> None:
    coordinator = as_staff("coordinator")
    shifts = [make_shift(at(days)) for days in (10, 11, 12)]
    volunteers(1)
    assert call(client, coordinator, shifts[0]).status_code == 201
    assert problem(call(client, coordinator, shifts[0])) == "nobody-to-call"
    assert call(client, coordinator, shifts[1]).status_code == 201
    assert problem(call(client, coordinator, shifts[2])) == "nobody-to-call"
    with moved_clock(days=8):
        assert call(client, as_staff("coordinator"), shifts[2]).status_code == 201


def test_turns_go_round(client: FlaskClient, as_staff: SignIn) -> None:
    """Ten people, five calls of two: everybody once."""
    coordinator, people = as_staff("coordinator"), volunteers(10)
    for days in range(3, 8):
        assert call(client, coordinator, make_shift(at(days)), people=2).json["called"] == 2
    assert called() == Counter(str(one.id) for one in people)


def test_a_call_for_a_shift_within_hours_is_urgent(client: FlaskClient, as_staff: SignIn) -> None:
    volunteers(1)
    with db.transaction() as tx:
        soon = clock.now(tx) + timedelta(hours=3)
    made = call(client, as_staff("coordinator"), make_shift(soon))
    assert (made.json["urgent"], len(called()), len(called("called_out_urgently"))) == (True, 0, 1)


def test_there_is_no_call_without_places_or_for_what_has_begun(client: FlaskClient, as_staff: SignIn) -> None:
    coordinator, (who, _) = as_staff("coordinator"), volunteers(2)
    full = make_shift(at(3), places=1)
    client.post(f"{V1}/shifts/{full}/sign-ups", json={}, headers=signed_in(who))
    assert problem(call(client, coordinator, full)) == "shift-full"
    assert problem(call(client, coordinator, make_shift(at(-1)))) == "shift-over"


def test_more_answer_than_there_are_places(app: Flask, client: FlaskClient, as_staff: SignIn) -> None:
    shift, people = make_shift(at(3), places=3), volunteers(12)
    made = call(client, as_staff("coordinator"), shift, people=12).json
    answers = all_at_once(app, [(f"/me/call-outs/{made['id']}/come", None, signed_in(who)) for who in people])
    assert held(shift) == 3
    assert {one.status_code for one in answers} == {200, 409}
    assert {problem(one) for one in answers if one.status_code == 409} == {"shift-full"}
    with db.transaction() as tx:
        came = tx.scalars(select(Call.person_id).where(Call.answer == "comes")).all()
    assert len(came) == 3  # whoever has no place is not written down as coming


def six_calls_at_once(app: Flask, coordinator: Headers) -> list[Any]:
    shifts = [make_shift(at(days)) for days in range(3, 9)]
    return all_at_once(app, [(f"/staff/shifts/{shift}/call-outs", {}, coordinator) for shift in shifts])


def test_two_calls_at_once_call_nobody_too_often(app: Flask, client: FlaskClient, as_staff: SignIn) -> None:
    coordinator, (who,) = as_staff("coordinator"), volunteers(1)
    answers = six_calls_at_once(app, coordinator)
    assert Counter(one.status_code for one in answers) == {201: 2, 409: 4}
    assert called() == {str(who.id): 2}


def test_without_one_call_at_a_time_somebody_is_called_too_often(
    app: Flask, client: FlaskClient, as_staff: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "CALLING", func.pg_backend_pid())  # each call locks a number of its own
    coordinator = as_staff("coordinator")
    for _ in range(5):
        volunteers(1)
        six_calls_at_once(app, coordinator)
        if max(called().values()) > 2:
            break
    assert max(called().values()) > 2
