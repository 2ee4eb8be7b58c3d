"""Officers are residents too: nobody decides on a case that is their own, nor twice on one that was appealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.service_requests.letters.sync import sync as sync_letters
from tests.service_requests.test_for_a_member import GRANDMOTHER, child, father, file, grandmother, grown_up
from tests.service_requests.test_letters import TEMPLATES
from tests.service_requests.test_workflow import identifier
from tests.service_requests.town import SAID, filed

V1 = "/api/v1"
Headers = dict[str, str]
Call = Callable[..., Any]
PHONE = "+97333557788"
__all__ = ["child", "father", "grandmother", "grown_up"]


@pytest.fixture
def known(town: FlaskClient, as_staff: Call) -> Call:
    """A supervisor whose telephone the personnel office gave."""

    def go(phone: str = PHONE) -> Headers:
        staff: Headers = as_staff("supervisor")
        path = f"{V1}/staff/members/{identifier(town, staff)}/identity"
        assert town.put(path, json={"phone": phone}, headers=as_staff("administrator")).status_code == 204
        return staff

    return go


def refused(answer: Any) -> bool:
    return bool(answer.status_code == 403 and answer.json["type"] == "/problems/own-affair")


def test_nobody_takes_part_in_their_own_case(
    town: FlaskClient, as_resident: Call, reviewer: Headers, known: Call, submit: Call, move: Call
) -> None:
    case, own = submit(as_resident(PHONE)), known()
    assert refused(move(own, case, "claim"))
    assert refused(move(own, case, "assign", reviewer=identifier(town, reviewer)))
    assert move(reviewer, case, "claim").status_code == 200
    handed = move(reviewer, case, "hand-over", reviewer=identifier(town, own), note="x")
    assert handed.json["errors"][0]["pointer"] == "/reviewer"
    for deed, body in (("resolve", {"message": SAID}), ("decline", {"message": SAID}), ("note", {"note": "x"})):
        assert refused(move(own, case, deed, **body)), deed
    many = {"move": "resolve", "references": [case["reference"]], "message": SAID}
    told = town.post(f"{V1}/staff/service-requests/moves", json=many, headers=own).json["items"]
    assert [one["problem"] for one in told] == ["own-affair"]
    assert move(reviewer, case, "resolve", message=SAID).status_code == 200
    assert refused(move(own, case, "reopen"))
    assert move(known("+97333557799"), case, "reopen").status_code == 200, "whom it does not concern may"


def test_saying_that_it_is_ones_own_is_open_to_everybody(
    as_resident: Call, known: Call, submit: Call, move: Call
) -> None:
    case = submit(as_resident(PHONE))
    assert move(known(), case, "declare", note="It is mine").status_code == 200


def test_nobody_takes_down_their_own_case_past_what_the_service_asks_of_residents(
    town: FlaskClient, as_resident: Call, reviewer: Headers, known: Call
) -> None:
    as_resident(PHONE)
    said = filed(service="certificate", channel="phone", phone=PHONE)
    del said["location"]
    path = f"{V1}/staff/intake"
    assert refused(town.post(path, json=said, headers=known()))
    assert town.post(path, json=said, headers=reviewer).status_code == 201


def test_a_case_filed_for_somebody_is_theirs_too(
    town: FlaskClient, father: Headers, grandmother: tuple[Headers, str], known: Call, move: Call
) -> None:
    case = file(town, father, grandmother[1]).json
    assert refused(move(known(GRANDMOTHER), case, "claim"))


def test_nobody_issues_letters_about_their_own_case_nor_where_they_declared_an_interest(
    town: FlaskClient, as_resident: Call, as_staff: Call, reviewer: Headers, known: Call, submit: Call, move: Call
) -> None:
    with db.transaction() as tx:
        sync_letters(tx, {"letters": TEMPLATES})
    case, own, other = submit(as_resident(PHONE)), known(), as_staff("supervisor")
    move(reviewer, case, "claim")
    move(other, case, "declare", note="A cousin of mine")
    path = f"{V1}/staff/service-requests/{case['reference']}/letters"
    assert refused(town.post(path, json={"template": "receipt"}, headers=own))
    interested = town.post(path, json={"template": "receipt"}, headers=other)
    assert (interested.status_code, interested.json["type"]) == (409, "/problems/interest-declared")
    assert town.post(path, json={"template": "receipt"}, headers=as_staff("supervisor")).status_code == 201


@pytest.mark.parametrize("deed", ["resolve", "decline"])
def test_standing_in_does_not_decide_ones_own_answer_anew(
    town: FlaskClient,
    resident: Headers,
    reviewer: Headers,
    supervisor: Headers,
    submit: Call,
    move: Call,
    deed: str,
) -> None:
    case = submit(resident)
    move(supervisor, case, "claim")
    move(supervisor, case, "decline", message=SAID)
    town.post(f"{V1}/service-requests/{case['reference']}/appeal", json={"text": "Wrong"}, headers=resident)
    assert move(reviewer, case, "claim").status_code == 200
    again = move(supervisor, case, deed, message=SAID)
    assert (again.status_code, again.json["type"]) == (409, "/problems/different-officer-needed")
    assert move(reviewer, case, deed, message=SAID).status_code == 200
