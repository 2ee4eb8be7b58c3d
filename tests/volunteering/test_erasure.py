"""A volunteer with a row in every table of the room is erased: what goes, what stays, what still counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

import asimati.models  # noqa: F401 - every room says what it holds
from asimati import pack
from asimati.dataprotection import actions as desk
from asimati.kit import db
from asimati.kit.policy import SYSTEM
from asimati.kit.privacy import HOLDINGS
from asimati.settings import settings
from asimati.verify import VERIFIERS
from asimati.volunteering import entities, queries
from asimati.volunteering import models as room
from asimati.volunteering.joining_rules import ConsentStatus
from asimati.volunteering.rules import DisputeStatus, SignUpStatus
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, make_edition, make_shift, now
from tests.volunteering.test_passport import waiting

SignIn = Callable[..., Headers]
ROOM = {
    name: holding
    for name, holding in HOLDINGS.items()
    if holding.whose is not None and holding.table.name in {
        one.__tablename__ for one in (getattr(room, name) for name in room.__all__)
    }
}  # fmt: skip
GONE = {
    "volunteer", "accessibility_need", "charter_acceptance", "orientation", "call_out_call", "volunteer_enrolment",
}  # fmt: skip


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


@pytest.fixture
def volunteer(client: FlaskClient, as_staff: SignIn) -> UUID:
    """Somebody with a row in every table of the room that is about people; another waits behind their place."""
    with db.transaction() as tx:
        pack.sync(tx, pack.load(settings().governorate.folder))
    rank = [{"code": "user", "title": TITLE}, {"code": "ngo", "title": TITLE, "entity": "society"}]
    make_edition(starts_on=now().date() - timedelta(days=9), categories=rank, minimum_age=0)
    (me, other, behind), staff = make_people(3), as_staff("coordinator")
    mine, who = signed_in(me), me.person
    said = {"skills": ["first-aid"], "emergency_contact": {"name": "Huda", "phone": "33123456"}}
    assert client.put(f"{V1}/me/volunteer", json=said, headers=mine).status_code < 300
    needs = {"needs": "a canary's wheelchair", "edition": 1}
    assert client.put(f"{V1}/me/volunteer/accessibility", json=needs, headers=mine).status_code < 300
    assert client.put(f"{V1}/me/enrolment", json={"category": "user"}, headers=mine).status_code < 300
    for one in (mine, signed_in(other), signed_in(behind)):
        client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=one)
    client.put(f"{V1}/staff/volunteers/{who}/orientation", json={}, headers=staff)
    society = post(client, "/volunteer-entities", mine, 201, name=TITLE, kind="society", contact="17000000")["id"]
    post(client, f"/staff/volunteer-entities/{society}/accredit", staff)
    post(client, f"/volunteer-entities/{society}/enrolment", mine)
    _served(client, staff, who)
    _called_and_swapped(client, staff, who, other, behind)
    with db.transaction() as tx:
        agreed = {"status": ConsentStatus.GIVEN, "guardian_id": other.person, "answered_at": now()}
        tx.add(room.GuardianConsent(person_id=who, edition="now", **agreed))
        placed = {"category": "user", "place": 1, "minutes": 90, "shifts": 1}
        tx.add(room.RankingRow(edition="now", person_id=who, **placed))  # as if it were frozen
    return UUID(str(who))


def _served(client: FlaskClient, staff: Headers, who: Any) -> None:
    """Hours approved, and others rejected and disputed."""
    with db.transaction() as tx:
        tx.execute(text("UPDATE volunteer_entity_member SET joined_at = app_now() - interval '9 days'"))
    post(client, f"/staff/hours/{waiting(who, 90)}/approve", staff)
    other = waiting(who, 60, days_ago=2)
    post(client, f"/staff/hours/{other}/reject", staff, reason="was elsewhere")
    with db.transaction() as tx:
        tx.get_one(room.HoursClaim, other).note = "a canary's words"
        tx.add(room.Dispute(claim_id=other, person_id=who, note="a canary was there", status=DisputeStatus.OPEN))


def _called_and_swapped(client: FlaskClient, staff: Headers, who: Any, other: Any, behind: Any) -> None:
    """A place in three days that was answered to by a call, is offered to others, and has somebody behind it."""
    shift = make_shift(now() + timedelta(days=3), places=1, waitlist=True)
    called = post(client, f"/staff/shifts/{shift}/call-outs", staff, 201)
    sign_up = post(client, f"/me/call-outs/{called['id']}/come", signed_in_as(who))["sign_up"]
    post(client, f"/sign-ups/{sign_up}/swap", signed_in_as(who), 201)
    assert post(client, f"/shifts/{shift}/sign-ups", signed_in(behind), 201)["status"] == "waitlisted"


def signed_in_as(person: Any) -> Headers:
    from asimati.accounts.actions import start_session

    with db.transaction() as tx:
        return {"Authorization": f"Bearer {start_session(tx, person=person)['access_token']}"}


def standing(person: UUID) -> dict[str, int]:
    """How many rows each table of the room has of somebody."""
    with db.transaction() as tx:
        counts = {
            name: tx.scalar(select(func.count()).select_from(one.table).where(one.whose(person)))
            for name, one in ROOM.items()
            if one.whose is not None
        }
    return {name: count for name, count in counts.items() if count}


def counted() -> dict[str, Any]:
    """What the house has counted: the ledger's sum, the organisations' places, the tallies' cells."""
    with db.transaction() as tx:
        edition = tx.get_one(room.Edition, "now")
        cells = tx.scalars(text("SELECT t::text FROM tally_cell t"))
        return {
            "minutes": tx.scalar(select(func.sum(room.HoursLine.minutes))),
            "organisations": entities.ranking(tx, edition, 10),
            "tallies": sorted(cells),
        }


def test_the_ground_has_a_row_in_every_table_about_people(volunteer: UUID) -> None:
    assert set(standing(volunteer)) == set(ROOM) > GONE


def test_what_goes_goes_what_stays_says_why_and_what_counted_counts(
    client: FlaskClient, volunteer: UUID, run_listeners: Callable[[], int]
) -> None:
    run_listeners()
    before, had = counted(), standing(volunteer)
    assert before["minutes"] == 90 and before["organisations"] and before["tallies"]
    with db.transaction() as tx:
        plan = {one["name"]: one for one in desk.plan(tx, volunteer) if one["name"] in ROOM}
        assert all(one["why"]["ar"] and one["why"]["en"] for one in plan.values())
        assert {name for name, one in plan.items() if one["fate"] == "delete"} == GONE
        assert desk.erase(tx, SYSTEM, volunteer).finished_at is not None
    run_listeners()
    assert standing(volunteer) == {name: count for name, count in had.items() if name not in GONE}
    assert counted() == before
    with db.transaction() as tx:
        places = select(room.SignUp.person_id, room.SignUp.status).where(room.SignUp.status != "checked_out")
        found = {row.person_id: row.status for row in tx.execute(places)}
        assert found.pop(volunteer) == SignUpStatus.WITHDRAWN
        assert set(found.values()) == {SignUpStatus.OFFERED}  # whoever stood behind them
        member = tx.scalars(select(room.EntityMember).where(room.EntityMember.person_id == volunteer)).one()
        assert member.left_at is not None
        for table in db.Base.metadata.sorted_tables:
            words = text(f"SELECT count(*) FROM \"{table.name}\" t WHERE t::text ~ 'canary'")
            assert tx.scalar(words) == 0, table.name
        assert queries.verify_hours(tx)["ok"]
        assert VERIFIERS["tallies"](tx)["ok"]
