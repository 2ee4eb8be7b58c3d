"""Whatever staff are shown of a resident, a line of the trail names that resident: looked for in the answers.

The owner of one of each thing (`belongings.py`) stands in what staff read by name, telephone or number, or in a
file. Every route that staff read by is asked, and every queue, as two of the roles that may.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from asimati.http.queues import DESKS
from asimati.http.routes import Route
from asimati.kit import audit, clock, db
from asimati.kit.audit import AuditLine
from asimati.kit.policy import Actor, Role
from asimati.volunteering.models import Edition, HoursLine
from tests.house import belongings
from tests.house.belongings import House, member, signed_in
from tests.house.test_everywhere import ids
from tests.house.test_openings import READS
from tests.house.test_others_things import said

AT_WORK = [route for route in READS if "anonymous" not in route.who.kinds]
QUEUES = [name for desk in DESKS for name in desk.titles]
# Where the owner stands and is not told, by need.
TOLD_OTHERWISE = {
    "GET /api/v1/staff/audit": "numbers alone; whose lines are asked for (`person`) is told",
}


@pytest.fixture(scope="module")
def house(app: Flask, database: str) -> House:
    made = belongings.alone(app)
    unmasked(made)
    made.values["editions/code"] = ranked(made)
    return made


def unmasked(house: House) -> None:
    """The owner's details are open to the desk."""
    why = {"purpose": "legal", "reason": "a court asked"}
    at = f"/staff/people/{house.person}/unmask"
    house.ask("POST", at, house.staff["data_protection_officer"], json=why)


def ranked(house: House) -> str:
    """An edition that was frozen with the owner in its ranking, and whose hours were corrected since."""
    upheld = {"minutes": 45, "answer": "You were there"}
    at = f"/staff/hours-disputes/{house.values['hours-disputes/dispute_id']}/uphold"
    house.ask("POST", at, other := signed_in(staff=member(Role.COORDINATOR)), 200, json=upheld)
    with db.transaction() as tx:
        code = tx.scalars(select(HoursLine.edition).distinct()).one()
        edition, yesterday = tx.get_one(Edition, code), clock.local_day(clock.now(tx)) - timedelta(days=1)
        edition.starts_on, edition.ends_on = min(edition.starts_on, yesterday), yesterday
    house.ask("POST", f"/staff/editions/{code}/freeze", house.staff["supervisor"], 200, json={"despite": True})
    less = {"minutes": 30, "reason": "left earlier"}
    house.ask("POST", f"/staff/hours/{house.values['hours/claim_id']}/correct", other, 200, json=less)
    return str(code)


def lines() -> dict[Any, Any]:
    """Who is named, by line."""
    with db.transaction() as tx:
        return {row.id: row.people for row in tx.execute(select(AuditLine.id, AuditLine.people))}


def read(house: House, path: str, role: str) -> tuple[Any, bool, bool]:
    """The answer, whether the owner stands in it, and whether a line names them as somebody who was looked at."""
    before = lines()
    answer = house.client.get(path, headers=house.staff[role])
    named = any(house.person in (people or ()) for line, people in lines().items() if line not in before)
    return answer, stands(house, answer), named


def stands(house: House, answer: Any) -> bool:
    told = said(answer)
    if answer.mimetype == "application/pdf":
        told = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.get_data())).pages)
    marks = (str(house.person), *belongings.MARKS)
    return answer.mimetype.startswith("image/") or any(mark in told for mark in marks)


@pytest.mark.parametrize("route", AT_WORK, ids=ids)
def test_whoever_stands_in_what_staff_read_is_named(house: House, route: Route) -> None:
    for role in sorted(route.who.roles or Role)[: 2 if route.opens else 1]:
        answer, shown, named = read(house, house.path(route), str(role))
        if ids(route) in TOLD_OTHERWISE:
            assert shown and not named, "take the excuse away"
        else:
            assert named or not shown, (role, said(answer)[:2000])


@pytest.mark.parametrize("queue", QUEUES)
def test_whoever_stands_in_a_queue_is_named(house: House, queue: str) -> None:
    (desk,) = [desk for desk in DESKS if queue in desk.titles]
    may = [role for role in Role if desk.may(Actor("staff", house.members[role], frozenset({role})))]
    for role in may[:2]:
        answer, shown, named = read(house, f"/api/v1/staff/queues/{queue}", role)
        assert answer.status_code == 200 and (named or not shown), role


def test_without_its_line_a_reading_would_be_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(audit, "opened", lambda *_said, **_facts: None)
    shown = {
        "GET /api/v1/staff/service-requests/<reference>", "GET /api/v1/staff/bookings",
        "GET /api/v1/staff/letters/<letter>/pdf", "GET /api/v1/staff/events/<uuid:event_id>/attendance.xlsx",
        "GET /api/v1/staff/editions/<code>/corrections", "GET /api/v1/staff/volunteers/<uuid:person_id>",
    }  # fmt: skip
    for route in [one for one in READS if ids(one) in shown]:
        with pytest.raises(AssertionError):
            test_whoever_stands_in_what_staff_read_is_named(house, route)
        shown -= {ids(route)}
    assert not shown
