"""Confidential cases are for cleared staff alone, in every reading; a clearance is given, ends, and is taken."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.impact.models import Act
from asimati.kit import db
from asimati.kit.audit import AuditLine
from asimati.service_requests.letters.sync import sync as sync_letters
from asimati.service_requests.messages import RequestSubmitted
from tests.files.pictures import PDF
from tests.service_requests.test_letters import TEMPLATES
from tests.service_requests.town import SAID, filed

V1 = "/api/v1"
Headers = dict[str, str]
AsStaff = Callable[..., Headers]


def identifier(town: FlaskClient, who: Headers) -> str:
    return str(town.get(f"{V1}/staff/me", headers=who).json["id"])


def until(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


@pytest.fixture
def clear(town: FlaskClient, as_staff: AsStaff) -> Callable[..., Any]:
    """Clear somebody as an administrator would; the answer."""
    administrator = as_staff("administrator")

    def go(whom: Headers, **said: Any) -> Any:
        path = f"{V1}/staff/members/{identifier(town, whom)}/clearance"
        if said.get("end"):
            return town.delete(path, headers=administrator)
        body = {"ends_at": until(days=90), "reason": "Security desk"} | said
        return town.put(path, json=body, headers=administrator)

    return go


@pytest.fixture
def secret(
    town: FlaskClient, resident: Headers, as_staff: AsStaff, clear: Callable[..., Any], submit: Any, move: Any
) -> dict[str, Any]:
    """A confidential case with a file and a letter, held by a reviewer who is cleared."""
    with db.transaction() as tx:
        sync_letters(tx, {"letters": TEMPLATES})
    holder = as_staff("reviewer")
    assert clear(holder).status_code == 200
    case = submit(resident, service="safety")
    at = f"{V1}/staff/service-requests/{case['reference']}"
    assert move(holder, case, "claim").status_code == 200
    sent = {"file": (io.BytesIO(PDF), "paper.pdf"), "internal": "true"}
    file = town.post(f"{at}/attachments", headers=holder, data=sent).json
    letter = town.post(f"{at}/letters", json={"template": "receipt"}, headers=holder)
    assert letter.status_code == 201, letter.text
    return {**case, "holder": holder, "file": file["id"], "letter": letter.json["reference"]}


READINGS = {
    "the case": "staff/service-requests/{reference}",
    "similar cases": "staff/service-requests/{reference}/similar",
    "attachments": "staff/service-requests/{reference}/attachments",
    "an attachment": "staff/service-requests/{reference}/attachments/{file}",
    "letters": "staff/service-requests/{reference}/letters",
    "a letter": "staff/letters/{letter}/pdf",
}
DEEDS: dict[str, dict[str, Any]] = {
    "note": {"note": "I know of it"}, "release": {}, "ask": {"message": SAID}, "refer": {"entity": "works"},
    "resolve": {"message": SAID}, "decline": {"message": SAID}, "merge": {"into": "SR-NONE"},
    "declare": {"note": "A cousin"}, "letters": {"template": "receipt"},
}  # fmt: skip
QUEUES = ("mine", "unassigned", "overdue", "due_today", "referred", "waiting", "to_approve")


@pytest.mark.parametrize("role", ["reviewer", "supervisor", "auditor"])
@pytest.mark.parametrize("reading", READINGS)
def test_every_reading_is_closed_to_the_uncleared_and_open_to_the_cleared(
    town: FlaskClient, as_staff: AsStaff, clear: Callable[..., Any], secret: dict[str, Any], role: str, reading: str
) -> None:
    who, path = as_staff(role), f"{V1}/{READINGS[reading].format(**secret)}"
    assert town.get(path, headers=who).status_code == 404
    clear(who)
    assert town.get(path, headers=who).status_code == 200
    clear(who, end=True)
    assert town.get(path, headers=who).status_code == 404


@pytest.mark.parametrize("deed", DEEDS)
def test_no_deed_reaches_it_without_a_clearance(
    town: FlaskClient, supervisor: Headers, secret: dict[str, Any], move: Any, deed: str
) -> None:
    assert move(supervisor, secret, deed, **DEEDS[deed]).status_code == 404


@pytest.mark.parametrize("deed", ["note", "claim", "decline", "assign", "hand_over"])
def test_many_at_once_say_it_is_not_there(
    town: FlaskClient, supervisor: Headers, secret: dict[str, Any], deed: str
) -> None:
    body = {"move": deed, "references": [secret["reference"]], "note": "x", "message": SAID, "reason": None,
            "reviewer": identifier(town, supervisor)}  # fmt: skip
    said = {name: value for name, value in body.items() if value is not None}
    answer = town.post(f"{V1}/staff/service-requests/moves", json=said, headers=supervisor)
    assert answer.json["items"] == [
        {"reference": secret["reference"], "done": False, "status": None, "problem": "not-found"}
    ]


def test_queues_their_counts_and_the_search_are_without_it(
    town: FlaskClient, supervisor: Headers, clear: Callable[..., Any], secret: dict[str, Any], submit: Any,
    resident: Headers,
) -> None:  # fmt: skip
    waiting = submit(resident, service="safety")

    def seen() -> tuple[int, set[str]]:
        counts = town.get(f"{V1}/staff/queues", headers=supervisor).json["items"]
        asked = ({}, {"q": "المصباح"}, {"q": waiting["reference"]}, {"service": "safety"}, {"order": "newest"})
        found = {
            item["reference"]
            for name in QUEUES
            for query in asked
            for item in town.get(f"{V1}/staff/queues/{name}", query_string=query, headers=supervisor).json["items"]
        }
        return sum(one["count"] for one in counts if one["name"] in QUEUES), found

    assert seen() == (0, set())
    clear(supervisor)
    counted, found = seen()
    # The one that another holds is in none of these queues, unless the hour makes it due today.
    assert counted > 0 and found - {secret["reference"]} == {waiting["reference"]}


def test_another_case_does_not_lead_to_it(
    town: FlaskClient, resident: Headers, supervisor: Headers, reviewer: Headers, clear: Callable[..., Any],
    secret: dict[str, Any], submit: Any, move: Any,
) -> None:  # fmt: skip
    """Neither as what it is like, nor as what it could be joined to, nor by giving it to somebody uncleared."""
    other = submit(resident, service="safety")
    assert town.get(f"{V1}/services/safety/similar?block=317").json["items"] == []
    assert town.post(f"{V1}/service-requests/{secret['reference']}/follow", headers=resident).status_code == 404
    open_case = submit(resident)
    move(supervisor, open_case, "claim")
    assert move(supervisor, open_case, "merge", into=secret["reference"]).status_code == 404
    for deed in ("assign", "hand-over"):
        who = supervisor if deed == "assign" else secret["holder"]
        clear(supervisor)
        given = move(who, secret, deed, reviewer=identifier(town, reviewer), note="Yours")
        assert given.json["errors"][0]["pointer"] == "/reviewer", deed
    near = town.get(f"{V1}/staff/service-requests/{secret['reference']}/similar", headers=supervisor).json["items"]
    assert [one["reference"] for one in near] == [other["reference"]]


def test_the_public_and_the_figures_do_not_say_it(
    town: FlaskClient, secret: dict[str, Any], run_listeners: Callable[[], int]
) -> None:
    run_listeners()
    for path in ("requests/{reference}.json", "requests.json", "requests.xml", "services/safety.json"):
        answer = town.get(f"/open311/v2/{path.format(**secret)}")
        assert secret["reference"] not in answer.text or answer.status_code == 404
    with db.transaction() as tx:
        kept = " ".join(str(vars(act)) for act in tx.scalars(select(Act)))
    assert secret["reference"] not in kept and "المصباح" not in kept
    assert "answers" not in RequestSubmitted.__dataclass_fields__


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"ends_at": None}, "/ends_at"),
        ({"ends_at": until(days=-1)}, "/ends_at"),
        ({"ends_at": until(days=400)}, "/ends_at"),
        ({"reason": ""}, "/reason"),
    ],
)
def test_a_clearance_has_a_day_it_ends_and_a_reason(
    clear: Callable[..., Any], supervisor: Headers, said: dict[str, Any], pointer: str
) -> None:
    answer = clear(supervisor, **said)
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == pointer


def test_it_ends_by_itself(
    town: FlaskClient, as_staff: AsStaff, clear: Callable[..., Any], secret: dict[str, Any],
    moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    brief, path = as_staff("reviewer"), f"{V1}/staff/service-requests/{secret['reference']}"
    clear(brief, ends_at=until(minutes=5))
    assert town.get(path, headers=brief).status_code == 200
    with moved_clock(minutes=6):
        assert town.get(path, headers=brief).status_code == 404


def test_it_is_an_administrators_to_give_and_never_their_own(
    town: FlaskClient, as_staff: AsStaff, supervisor: Headers
) -> None:
    body, administrator = {"ends_at": until(days=1), "reason": "For me"}, as_staff("administrator", "reviewer")
    path = f"{V1}/staff/members/{identifier(town, administrator)}/clearance"
    assert town.put(path, json=body, headers=supervisor).status_code == 403
    own = town.put(path, json=body, headers=administrator)
    assert (own.status_code, own.json["type"]) == (409, "/problems/own-authority")
    assert town.delete(path, headers=administrator).status_code == 409
    nobody = f"{V1}/staff/members/00000000-0000-7000-8000-000000000000/clearance"
    assert town.put(nobody, json=body, headers=administrator).status_code == 404


def test_alone_it_opens_nothing(
    town: FlaskClient, as_staff: AsStaff, clear: Callable[..., Any], secret: dict[str, Any]
) -> None:
    coordinator = as_staff("coordinator")
    clear(coordinator)
    path = f"{V1}/staff/service-requests/{secret['reference']}"
    assert town.get(path, headers=coordinator).status_code == 403


def test_it_is_shown_renewed_and_written_down(
    town: FlaskClient, clear: Callable[..., Any], supervisor: Headers, reviewer: Headers
) -> None:
    first = clear(supervisor).json
    second = clear(supervisor, reason="Renewed").json
    shown = town.get(f"{V1}/staff/me", headers=supervisor).json["clearance"]
    assert first["id"] != second["id"] == shown["id"] and shown["reason"] == "Renewed"
    assert town.get(f"{V1}/staff/me", headers=reviewer).json["clearance"] is None
    assert clear(supervisor, end=True).status_code == 204
    assert clear(supervisor, end=True).status_code == 404
    with db.transaction() as tx:
        lines = tx.scalars(select(AuditLine.action).where(AuditLine.action.like("accounts.clear%"))).all()
    assert sorted(lines) == ["accounts.clearance_ended"] * 2 + ["accounts.cleared"] * 2


def test_whoever_takes_one_down_does_not_see_it_again(
    town: FlaskClient, reviewer: Headers, supervisor: Headers
) -> None:
    """A counter may write a confidential matter down for somebody; from then on it is the cleared ones'."""
    taken = town.post(f"{V1}/staff/intake", json=filed("safety", channel="office"), headers=reviewer)
    assert taken.status_code == 201
    path = f"{V1}/staff/service-requests/{taken.json['reference']}"
    assert town.get(path, headers=reviewer).status_code == 404
