"""Schools, companies and societies: accredited, joined by a code, ranked by what members served while they were."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from asimati.accounts.models import StaffMember
from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import rankings
from asimati.volunteering.models import Edition, EntityMember, HoursClaim, HoursLine, Shift, SignUp
from asimati.volunteering.rules import ClaimStatus, LineKind, SignUpStatus
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_edition, make_shift, now

SignIn = Callable[..., Headers]
NAME = {"ar": "مدرسة المنامة", "en": "Manama School"}
CATEGORIES = [
    {"code": "youth", "title": TITLE},
    {"code": "education", "title": TITLE, "entity": "school"},
    {"code": "company", "title": TITLE, "entity": "company"},
]


@pytest.fixture(autouse=True)
def edition(client: FlaskClient) -> None:
    make_edition(categories=CATEGORIES, ties=["shifts"], default_category="youth")


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


def apply(client: FlaskClient, who: Headers, kind: str = "school", name: Any = NAME) -> str:
    body = {"name": name, "kind": kind, "contact": "office@school.example"}
    return str(post(client, "/volunteer-entities", who, 201, **body)["id"])


@pytest.fixture
def accredited(client: FlaskClient, as_staff: SignIn) -> Callable[..., str]:
    """Make an accredited entity that takes part in the edition; its id."""

    def make(who: Headers, kind: str = "school", name: Any = NAME) -> str:
        entity = apply(client, who, kind, name)
        post(client, f"/staff/volunteer-entities/{entity}/accredit", as_staff("coordinator"))
        post(client, f"/volunteer-entities/{entity}/enrolment", who)
        return entity

    return make


def code_of(client: FlaskClient, entity: str, who: Headers) -> str:
    return str(post(client, f"/volunteer-entities/{entity}/invitation", who)["code"])


def me(client: FlaskClient, who: Headers) -> UUID:
    return UUID(client.get(f"{V1}/me", headers=who).json["id"])


def serve(person: UUID, minutes: int, begins: Any, staff: UUID) -> HoursLine:
    """Hours somebody served on a shift, approved; committed."""
    shift = make_shift(begins)
    with db.transaction() as tx:
        served = SignUp(shift_id=shift, person_id=person, status=SignUpStatus.CHECKED_OUT)
        tx.get_one(Shift, shift).taken = 1
        tx.add(served)
        tx.flush()
        claim = HoursClaim(sign_up_id=served.id, person_id=person, minutes=minutes, status=ClaimStatus.APPROVED)
        tx.add(claim)
        tx.flush()
        line = HoursLine(
            claim_id=claim.id, step=1, person_id=person, edition="now", kind=LineKind.APPROVED, minutes=minutes,
            targets=["11.7"], decided_by=staff,
        )  # fmt: skip
        tx.add(line)
        tx.flush()
        return line


def staff_id() -> UUID:
    with db.transaction() as tx:
        return tx.scalars(select(StaffMember.id).limit(1)).one()


def standing(client: FlaskClient, staff: Headers) -> list[tuple[str, int, str]]:
    rows = client.get(f"{V1}/staff/editions/now/entities", headers=staff).json["items"]
    return [(row["name"]["en"], row["place"], row["hours"]) for row in rows]


def test_an_entity_is_applied_for_accredited_and_takes_part(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    entity = apply(client, who)
    path = f"{V1}/volunteer-entities/{entity}"
    assert client.get(path, headers=as_resident()).status_code == 404
    assert client.get(path, headers=who).json["status"] == "applied"
    early = post(client, f"/volunteer-entities/{entity}/enrolment", who, 409)
    assert early["type"] == "/problems/not-accredited"
    waiting = client.get(f"{V1}/staff/volunteer-entities?status=applied", headers=staff).json["items"]
    assert [(one["id"], one["members_count"]) for one in waiting] == [(entity, 1)]
    post(client, f"/staff/volunteer-entities/{entity}/decline", staff, 422)  # a no needs a reason
    post(client, f"/staff/volunteer-entities/{entity}/decline", staff, reason="who are you?")
    assert client.get(path, headers=who).json["reason"] == "who are you?"
    post(client, f"/staff/volunteer-entities/{entity}/accredit", staff)
    again = post(client, f"/staff/volunteer-entities/{entity}/accredit", staff, 409)
    assert again["legal"] == ["ended"]
    for _twice in range(2):
        assert post(client, f"/volunteer-entities/{entity}/enrolment", who)["category"] == "education"
    assert client.get(path, headers=who).json["edition"] == "now"
    with db.transaction() as tx:
        told = select(OutboxMessage.topic).where(OutboxMessage.topic.like("volunteering.entity_%"))
        assert Counter(tx.scalars(told)) == {
            "volunteering.entity_refused": 1, "volunteering.entity_accredited": 1,
        }  # fmt: skip


def test_people_join_with_a_code_one_of_a_kind_and_leave(
    client: FlaskClient, as_resident: SignIn, accredited: Callable[..., str]
) -> None:
    head, other_head, pupil = as_resident(), as_resident(), as_resident()
    school, second = accredited(head), accredited(other_head)
    old = code_of(client, school, head)
    code = code_of(client, school, head)
    post(client, "/volunteer-entities/join", pupil, 404, code=old)
    joined = post(client, "/volunteer-entities/join", pupil, code=code)
    assert (joined["coordinator"], joined["members"]) == (False, [])
    post(client, f"/volunteer-entities/{school}/invitation", pupil, 404)  # not a coordinator
    other = code_of(client, second, other_head)
    refused = post(client, "/volunteer-entities/join", pupil, 409, code=other)
    assert refused["type"] == "/problems/member-elsewhere"
    boss = as_resident()
    firm = accredited(boss, "company")
    assert post(client, "/volunteer-entities/join", pupil, code=code_of(client, firm, boss))["kind"] == "company"
    alone = post(client, f"/volunteer-entities/{school}/leave", head, 409)
    assert alone["type"] == "/problems/last-coordinator"
    members = client.get(f"{V1}/volunteer-entities/{school}", headers=head).json["members"]
    (member,) = [one["id"] for one in members if not one["coordinator"]]
    post(client, f"/volunteer-entities/{school}/members/{member}/promote", head)
    assert client.post(f"{V1}/volunteer-entities/{school}/leave", headers=head).status_code == 204
    assert client.get(f"{V1}/volunteer-entities", headers=head).json["items"] == []
    assert post(client, "/volunteer-entities/join", head, code=other)["id"] == second


def test_members_are_removed_by_their_coordinator_alone(
    client: FlaskClient, as_resident: SignIn, accredited: Callable[..., str]
) -> None:
    head, pupil, stranger = as_resident(), as_resident(), as_resident()
    school = accredited(head)
    post(client, "/volunteer-entities/join", pupil, code=code_of(client, school, head))
    members = client.get(f"{V1}/volunteer-entities/{school}", headers=head).json["members"]
    (member,) = [one["id"] for one in members if not one["coordinator"]]
    path = f"/volunteer-entities/{school}/members/{member}/remove"
    for nobody in (pupil, stranger):
        post(client, path, nobody, 404)
    assert client.post(f"{V1}{path}", headers=head).status_code == 204
    assert len(client.get(f"{V1}/volunteer-entities/{school}", headers=head).json["members"]) == 1
    assert client.get(f"{V1}/volunteer-entities/{school}", headers=pupil).status_code == 404


def test_hours_count_for_whom_one_was_with_when_the_shift_began(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, accredited: Callable[..., str]
) -> None:
    staff = as_staff("coordinator")
    decided_by = staff_id()
    head, other_head, pupil = as_resident(), as_resident(), as_resident()
    school, second = accredited(head), accredited(other_head, name={"ar": "أخرى", "en": "Second"})
    firm = accredited(as_resident(), "company", {"ar": "شركة", "en": "Firm"})
    post(client, "/volunteer-entities/join", pupil, code=code_of(client, school, head))
    who = me(client, pupil)
    serve(who, 60, now() - timedelta(days=2), decided_by)  # before joining: nobody's
    with db.transaction() as tx:
        mine = tx.scalars(select(EntityMember).where(EntityMember.person_id == who)).one()
        mine.joined_at = now() - timedelta(days=1)
    serve(who, 90, now() - timedelta(hours=6), decided_by)
    assert standing(client, staff) == [("Manama School", 1, "1.50")]
    seen = client.get(f"{V1}/volunteer-entities/{school}", headers=head).json["members"]
    assert {one["hours"] for one in seen} == {"0.00", "1.50"}
    assert client.post(f"{V1}/volunteer-entities/{school}/leave", headers=pupil).status_code == 204
    post(client, "/volunteer-entities/join", pupil, code=code_of(client, second, other_head))
    serve(who, 30, now() + timedelta(minutes=1), decided_by)
    assert standing(client, staff) == [("Manama School", 1, "1.50"), ("Second", 2, "0.50")]
    assert firm not in {row[0] for row in standing(client, staff)}
    with db.transaction() as tx:
        whole = tx.scalar(select(func.sum(HoursLine.minutes)))
        assert whole == 180  # 60 of them before any school: no hour was counted twice


def test_people_choose_no_category_of_entities(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    for category, expect in (("education", 422), ("youth", 200)):
        answer = client.put(f"{V1}/me/enrolment", json={"category": category}, headers=who)
        assert answer.status_code == expect, answer.json


def test_a_frozen_ranking_signs_the_places_of_entities_too(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, accredited: Callable[..., str]
) -> None:
    staff, head = as_staff("coordinator"), as_resident()
    school = accredited(head)
    serve(me(client, head), 120, now() + timedelta(minutes=1), staff_id())
    with db.transaction() as tx:
        tx.get_one(Edition, "now").ends_on = date.today() - timedelta(days=2)
    closer = as_staff("administrator")
    frozen = post(client, "/staff/editions/now/freeze", closer, despite=True)
    assert (frozen["rows"], frozen["intact"]) == (2, True)  # the person, and their school
    file = client.get(f"{V1}/staff/editions/now/snapshot.csv", headers=closer).data
    assert f"education,1,{school},120,1\n" in file.decode()
    assert hashlib.sha256(file).hexdigest() == frozen["digest"]
    serve(me(client, head), 120, now() + timedelta(minutes=2), staff_id())
    assert standing(client, staff) == [("Manama School", 1, "2.00")]  # as it was frozen
    with db.transaction() as tx:
        assert rankings.snapshot(tx, tx.get_one(Edition, "now"))["intact"]  # type: ignore[index]


def test_organisations_are_called_to_the_stage_too(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, accredited: Callable[..., str]
) -> None:
    staff, heads = as_staff("coordinator"), [as_resident(), as_resident()]
    accredited(heads[0])
    accredited(heads[1], name={"ar": "مدرسة أخرى", "en": "Second"})
    for head, minutes in zip(heads, (120, 150), strict=True):
        serve(me(client, head), minutes, now() + timedelta(minutes=1), staff_id())
    book = client.get(f"{V1}/staff/editions/now/ceremony.xlsx", headers=staff)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_name("Organisations").to_python()
    assert [[row[1], *row[3:]] for row in sheet[1:]] == [
        [1, "Second", 2.5, 1, "Gold medal"], [2, "Manama School", 2, 1, "Silver medal"],
    ]  # fmt: skip
    table = client.get(f"{V1}/staff/editions/now/ceremony.csv", headers=staff).data.decode()
    assert "Second" in table and "Manama School" in table


def test_joining_two_schools_at_once_joins_one(
    app: Flask, client: FlaskClient, as_resident: SignIn, accredited: Callable[..., str]
) -> None:
    codes = []
    for _number in range(4):
        head = as_resident()
        codes.append(code_of(client, accredited(head), head))
    (who,) = make_people(1)
    answers = all_at_once(app, [("/volunteer-entities/join", {"code": code}, signed_in(who)) for code in codes])
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 3}
