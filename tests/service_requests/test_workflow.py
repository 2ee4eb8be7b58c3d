"""The workflow as data: what a service's pack file changes, second officers, interests, merging, scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.accounts.models import RoleGrant
from asimati.kit import db
from asimati.kit.errors import IllegalMove
from asimati.service_requests.rules import Move, Party, Status, UnusableWorkflow, after, legal_moves, workflow_of
from asimati.service_requests.sync import sync
from tests.service_requests.town import PART, SAID, filed, service, words

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]
AsStaff = Callable[..., Headers]
NOBODY = "00000000-0000-7000-8000-000000000000"


def offer(client: FlaskClient, workflow: dict[str, Any], **more: Any) -> None:
    """Put a service with its own workflow beside the town's others."""
    own = service("grant", words("Grant", "منحة"), location="optional", workflow=workflow, **more)
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [*PART["services"], own]})


def identifier(client: FlaskClient, who: Headers) -> str:
    found: str = client.get("/api/v1/staff/me", headers=who).json["id"]
    return found


def test_a_pack_narrows_the_workflow() -> None:
    flow = workflow_of({"without": ["appeal"], "four_eyes": ["decline"], "moves": {"refer": {"needs": ["note"]}}})
    assert Move.APPEAL not in legal_moves(Status.DECLINED, Party.RESIDENT, flow)
    assert after(Status.IN_REVIEW, Move.DECLINE, Party.STAFF, flow) is Status.PROPOSED
    assert after(Status.IN_REVIEW, Move.RESOLVE, Party.STAFF, flow) is Status.RESOLVED
    assert flow.moves[Move.REFER].needs == {"entity", "note"}
    with pytest.raises(IllegalMove):
        after(Status.DECLINED, Move.APPEAL, Party.RESIDENT, flow)


@pytest.mark.parametrize(
    "data",
    [
        {"without": ["return"]},
        {"four_eyes": ["claim"]},
        {"moves": {"fly": {}}},
        {"moves": {"ask": {"needs": ["x"]}}},
    ],
)
def test_a_workflow_in_which_a_case_could_hang_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnusableWorkflow):
        workflow_of(data)


def test_two_officers_answer_where_the_service_asks_for_it(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_staff: AsStaff, submit: Submit, move: Any
) -> None:
    offer(town, {"four_eyes": ["resolve", "decline"]})
    case, first, second = submit(resident, service="grant"), as_staff("supervisor"), as_staff("supervisor")
    path = f"/api/v1/service-requests/{case['reference']}"
    move(first, case, "claim")
    assert move(first, case, "resolve", message=SAID).json["status"] == "proposed"
    seen = town.get(path, headers=resident).json
    assert seen["turn"] == "us" and SAID["en"] not in str(seen), "the answer is nobody's before it is approved"
    refused = move(first, case, "approve")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/different-officer-needed")
    assert move(reviewer, case, "approve").status_code == 403
    assert move(second, case, "return").json["status"] == "in_review"
    move(first, case, "decline", message=SAID)
    assert move(second, case, "approve").json["status"] == "declined"
    seen = town.get(path, headers=resident).json
    assert seen["history"][-1]["text"] == SAID and seen["messages"][-1]["text"] == SAID


def test_a_proposed_case_can_be_withdrawn(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any
) -> None:
    offer(town, {"four_eyes": ["resolve"]})
    case = submit(resident, service="grant")
    move(reviewer, case, "claim")
    move(reviewer, case, "resolve", message=SAID)
    answer = town.post(f"/api/v1/service-requests/{case['reference']}/withdraw", json={}, headers=resident)
    assert answer.json["status"] == "withdrawn"


def test_a_service_says_who_may_what_is_needed_and_what_is_told(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Submit, move: Any
) -> None:
    told = words("Studied with care", "تدرس بعناية")
    offer(town, {"moves": {"claim": {"told": told}, "refer": {"may": ["supervisor"], "needs": ["note"]}}})
    case = submit(resident, service="grant")
    assert move(reviewer, case, "claim").json["history"][-1]["text"] == told
    assert move(reviewer, case, "refer", entity="works", note="x").status_code == 403
    assert move(supervisor, case, "refer", entity="works").json["errors"][0]["pointer"] == "/note"
    assert move(supervisor, case, "refer", entity="works", note="Call them").json["status"] == "referred"


def test_a_case_is_handed_over_with_a_note(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_staff: AsStaff, submit: Submit, move: Any
) -> None:
    case, colleague, other = submit(resident), as_staff("reviewer"), as_staff("reviewer")
    move(reviewer, case, "claim")
    to = identifier(town, colleague)
    assert move(reviewer, case, "hand-over", reviewer=to).json["errors"][0]["pointer"] == "/note"
    assert move(other, case, "hand-over", reviewer=to, note="mine now").status_code == 409
    assert move(reviewer, case, "hand-over", reviewer=to, note="Half done").json["claimed_by"] == to


def test_an_interest_keeps_an_officer_out_of_a_case(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Submit, move: Any
) -> None:
    case = submit(resident)
    move(reviewer, case, "claim")
    left = move(reviewer, case, "declare", note="He is my cousin").json
    assert (left["status"], left["claimed_by"]) == ("submitted", None)
    for deed, body in (("claim", {}), ("note", {"note": "still"})):
        refused = move(reviewer, case, deed, **body)
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/interest-declared"), deed
    given = move(supervisor, case, "assign", reviewer=identifier(town, reviewer))
    assert given.json["errors"][0]["pointer"] == "/reviewer"
    seen = town.get(f"/api/v1/service-requests/{case['reference']}", headers=resident).json
    assert "cousin" not in str(seen)


def test_a_case_is_declined_for_a_reason_of_the_pack(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any
) -> None:
    case, reasons = submit(resident), town.get("/api/v1/staff/decline-reasons", headers=reviewer).json["items"]
    move(reviewer, case, "claim")
    assert move(reviewer, case, "decline").json["errors"][0]["pointer"] == "/message"
    assert move(reviewer, case, "decline", reason="whim").json["errors"][0]["pointer"] == "/reason"
    declined = move(reviewer, case, "decline", reason=reasons[0]["code"]).json
    assert declined["history"][-1]["text"] == reasons[0]["text"]
    assert declined["entries"][-1]["facts"]["reason"] == reasons[0]["code"]


def test_an_appeal_goes_to_a_different_officer_once(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_staff: AsStaff, submit: Submit, move: Any
) -> None:
    case, colleague = submit(resident), as_staff("reviewer")
    move(reviewer, case, "claim")
    move(reviewer, case, "decline", message=SAID)
    path = f"/api/v1/service-requests/{case['reference']}/appeal"
    appealed = town.post(path, json={"text": "أنتم مخطئون"}, headers=resident).json
    assert (appealed["status"], appealed["turn"]) == ("submitted", "us")
    refused = move(reviewer, case, "claim")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/different-officer-needed")
    assert move(colleague, case, "claim").status_code == 200
    assert move(colleague, case, "hand-over", reviewer=identifier(town, reviewer), note="x").status_code == 409
    move(colleague, case, "resolve", message=SAID)
    again = town.post(path, json={"text": "again"}, headers=resident)
    assert (again.status_code, again.json["type"]) == (409, "/problems/already-appealed")


def test_a_duplicate_goes_on_in_the_earlier_case_and_its_resident_hears_the_answer(
    town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers], reviewer: Headers, submit: Submit,
    move: Any,
) -> None:  # fmt: skip
    main, neighbour = submit(resident), as_resident()
    other, elsewhere = submit(neighbour), submit(neighbour, service="idea")
    move(reviewer, main, "claim")
    move(reviewer, other, "claim")
    for wrong in (other["reference"], elsewhere["reference"]):
        assert move(reviewer, other, "merge", into=wrong).json["errors"][0]["pointer"] == "/into"
    merged = move(reviewer, other, "merge", into=main["reference"]).json
    assert (merged["status"], merged["turn"]) == ("merged", "nobody")
    seen = town.get(f"/api/v1/service-requests/{other['reference']}", headers=neighbour).json
    assert main["reference"] not in str(seen), "somebody else's case is not named"
    move(reviewer, main, "resolve", message=SAID)
    with db.transaction() as tx:
        told = tx.scalars(
            text("SELECT payload->>'person' FROM message WHERE topic LIKE '%followed_request_answered'")
        )
        person = tx.scalar(text("SELECT person_id FROM service_request WHERE status = 'merged'"))
        assert list(told) == [str(person)]


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        ({"service": ["street-lamp"]}, True), ({"service": ["idea"]}, False),
        ({"area": ["317"]}, True), ({"area": ["325"]}, False),
        ({"service": ["street-lamp"], "area": ["325"]}, False),
        ({"department": ["lighting"]}, True), ({"department": ["roads"]}, False), ({"programme": ["week"]}, False),
    ],
)  # fmt: skip
def test_a_role_holds_within_its_scope_alone(
    town: FlaskClient, resident: Headers, supervisor: Headers, as_staff: AsStaff, submit: Submit, move: Any,
    scope: dict[str, list[str]], sees: bool,
) -> None:  # fmt: skip
    lit = service("street-lamp", words("Street lamp out", "إنارة شارع معطلة"), department="lighting")
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [lit, *PART["services"][1:]]})
    case, scoped = submit(resident), as_staff("reviewer")
    staff = identifier(town, scoped)
    with db.transaction() as tx:
        tx.query(RoleGrant).filter_by(staff_id=staff).update({"scopes": scope})
    path = f"/api/v1/staff/service-requests/{case['reference']}"
    assert town.get(path, headers=scoped).status_code == (200 if sees else 404)
    items = town.get("/api/v1/staff/queues/unassigned", headers=scoped).json["items"]
    assert len(items) == int(sees)
    assert move(supervisor, case, "assign", reviewer=staff).status_code == (200 if sees else 422)
    assert move(scoped, case, "note", note="here").status_code == (200 if sees else 404)
    taken = town.post("/api/v1/staff/intake", json=filed(channel="office"), headers=scoped)
    assert taken.status_code == (201 if sees else 403)
