"""Ownership, roles, faults in what is sent, keys and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from asimati.service_requests.sync import sync
from tests.service_requests.town import PART, SAID, filed, service, words

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]
Move = Callable[..., Any]


def test_somebody_else_s_case_is_not_there(
    town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers], submit: Submit
) -> None:
    case = submit(resident)
    path, other = f"/api/v1/service-requests/{case['reference']}", as_resident()
    assert town.get(path, headers=other).status_code == 404
    for deed, body in (("messages", {"text": "x"}), ("withdraw", {}), ("reopen", {}), ("rating", {"stars": 1})):
        assert town.post(f"{path}/{deed}", json=body, headers=other).status_code == 404, deed
    assert town.get("/api/v1/service-requests", headers=other).json["items"] == []
    mine = town.get("/api/v1/service-requests", headers=resident).json["items"]
    assert [one["reference"] for one in mine] == [case["reference"]]


def test_roles(
    town: FlaskClient,
    resident: Headers,
    reviewer: Headers,
    as_staff: Callable[..., Headers],
    submit: Submit,
    move: Move,
) -> None:
    case = submit(resident)
    auditor, coordinator = as_staff("auditor"), as_staff("coordinator")
    path = f"/api/v1/staff/service-requests/{case['reference']}"
    assert town.get(path, headers=auditor).status_code == 200
    assert move(auditor, case, "claim").status_code == 403
    assert town.get(path, headers=coordinator).status_code == 403
    seen = [one["name"] for one in town.get("/api/v1/staff/queues", headers=coordinator).json["items"]]
    assert "bookings" in seen and "mine" not in seen
    assert town.get("/api/v1/staff/queues/mine", headers=coordinator).status_code == 403
    assert move(reviewer, case, "assign", reviewer="00000000-0000-7000-8000-000000000000").status_code == 403


def test_only_the_holder_or_a_supervisor_goes_on(
    town: FlaskClient,
    resident: Headers,
    reviewer: Headers,
    supervisor: Headers,
    as_staff: Callable[..., Headers],
    submit: Submit,
    move: Move,
) -> None:
    case, colleague = submit(resident), as_staff("reviewer")
    mine = move(reviewer, case, "claim").json
    refused = move(colleague, case, "resolve", message=SAID)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/claimed-by-another")
    assert move(colleague, case, "note", note="I know this lamp.").status_code == 200
    assert move(supervisor, case, "release").json["claimed_by"] is None
    assigned = move(supervisor, case, "assign", reviewer=mine["claimed_by"]).json
    assert (assigned["status"], assigned["claimed_by"]) == ("in_review", mine["claimed_by"])
    nobody = move(supervisor, case, "assign", reviewer="00000000-0000-7000-8000-000000000000")
    assert nobody.json["errors"][0]["pointer"] == "/reviewer"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"service": "nothing"}, "/service"),
        ({"answers": {"text": "x"}}, "/answers/text"),
        ({"answers": {"text": "fine", "phone": "12"}}, "/answers/phone"),
        ({"answers": {"text": "fine", "colour": "red"}}, "/answers/colour"),
        ({"location": {"block": "999"}}, "/location/block"),
        ({"location": {"road": "1"}}, "/location/block"),
        ({"location": None}, "/location/block"),
        ({"location": {"block": "317", "lat": 26}}, "/location"),
        ({"location": {"block": "317", "lat": 91, "lon": 0}}, "/location/lat"),
        ({"answers": []}, "/answers"),
    ],
)
def test_what_is_wrong_is_named_in_both_languages(
    town: FlaskClient, resident: Headers, change: dict[str, Any], pointer: str
) -> None:
    said = {}
    for language in ("ar", "en"):
        headers = {**resident, "Accept-Language": language}
        answer = town.post("/api/v1/service-requests", json=filed(**change), headers=headers)
        assert answer.status_code == 422, answer.json
        said[language] = {one["pointer"]: one["detail"] for one in answer.json["errors"]}
    assert pointer in said["en"] and pointer in said["ar"]
    assert said["en"][pointer] != said["ar"][pointer]


def test_the_block_may_be_written_in_arabic_digits(resident: Headers, submit: Submit) -> None:
    assert submit(resident, location={"block": "٣١٧"})["location"]["block"] == "317"


def test_one_key_files_one_case(town: FlaskClient, resident: Headers) -> None:
    keyed = {**resident, "Idempotency-Key": "once"}
    first = town.post("/api/v1/service-requests", json=filed(), headers=keyed)
    second = town.post("/api/v1/service-requests", json=filed(), headers=keyed)
    assert first.json == second.json and second.headers["Idempotency-Replayed"] == "true"
    other = town.post("/api/v1/service-requests", json=filed(service="idea"), headers=keyed)
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(town.get("/api/v1/service-requests", headers=resident).json["items"]) == 1


def test_tags_and_versions(town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit) -> None:
    path = f"/api/v1/staff/service-requests/{submit(resident)['reference']}"
    tag = town.get(path, headers=reviewer).headers["ETag"]
    assert town.get(path, headers={**reviewer, "If-None-Match": tag}).status_code == 304
    claimed = town.post(f"{path}/claim", json={}, headers={**reviewer, "If-Match": tag})
    assert claimed.status_code == 200 and claimed.headers["ETag"].startswith('"2-')
    stale = town.post(f"{path}/release", json={}, headers={**reviewer, "If-Match": tag})
    assert (stale.status_code, stale.json["type"]) == (412, "/problems/stale")


def test_the_catalogue_is_searched_in_either_language(town: FlaskClient) -> None:
    for q, found in (
        ("اناره", ["street-lamp"]),
        ("إنارةُ الشارع", []),
        ("LAMP street", ["street-lamp"]),
        ("100%", []),
    ):
        items = town.get("/api/v1/services", query_string={"q": q}).json["items"]
        assert [one["code"] for one in items] == found, q
    assert len(town.get("/api/v1/services").json["items"]) == len(PART["services"])
    one = town.get("/api/v1/services/street-lamp")
    assert one.headers["ETag"] and one.json["form"]["version"] == 1
    assert one.json["form"]["schema"]["required"] == ["text"] and one.json["target_time"] == "P5D"


def test_the_catalogue_says_what_the_pack_says_of_a_service(town: FlaskClient) -> None:
    said: dict[str, Any] = {
        "kind": "request", "domain": "social", "assurance": "standard", "location": "none", "targets": ["1.3"],
        "documents": [words("Proof of income", "إثبات الدخل"), words("Lease", "عقد الإيجار")],
        "fee": words("2 dinars", "ديناران"),
    }  # fmt: skip
    grant = service("grant", words("Grant", "منحة"), target="PT12H", eligibility={"age_from": 21}, **said)
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [*PART["services"], grant]})
    seen = town.get("/api/v1/services/grant").json
    assert {name: seen[name] for name in said} == said
    assert (seen["title"], seen["description"]) == (grant["title"], grant["description"])
    assert (seen["target_time"], seen["available"]) == ("PT12H", True)
    (condition,) = seen["conditions"]
    assert condition["code"] == "age_from" and "21" in condition["text"]["ar"]
    assert (seen["form"]["version"], seen["form"]["ui"]) == (1, grant["form"]["ui"])
    plain = town.get("/api/v1/services/street-lamp").json
    assert (plain["fee"], plain["documents"], plain["conditions"]) == (None, [], [])


def test_staff_find_a_case_by_what_it_says(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit
) -> None:
    case = submit(resident)
    for q in (case["reference"].lower(), "المصباح امام", "1702"):
        items = town.get("/api/v1/staff/queues/unassigned", query_string={"q": q}, headers=reviewer).json["items"]
        assert [one["reference"] for one in items] == [case["reference"]], q
    other = {"q": "سيارة"}
    assert town.get("/api/v1/staff/queues/unassigned", query_string=other, headers=reviewer).json["items"] == []


def test_syncing_again_changes_nothing_and_a_changed_form_is_a_new_version(
    town: FlaskClient, resident: Headers, submit: Submit
) -> None:
    with db.transaction() as tx:
        assert set(sync(tx, PART).values()) == {0}
    case = submit(resident)
    changed = service("street-lamp", words("Street lamp out", "إنارة شارع معطلة"))
    changed["form"]["schema"]["required"] = ["text", "phone"]
    with db.transaction() as tx:
        counts = sync(tx, {"services": [changed], "entities": []})
    assert counts == {"added": 0, "changed": 1, "retired": 4, "forms": 1}
    assert town.get("/api/v1/services/street-lamp").json["form"]["version"] == 2
    old = town.get(f"/api/v1/service-requests/{case['reference']}", headers=resident).json
    assert old["form"]["version"] == 1 and old["form"]["schema"]["required"] == ["text"]
    refused = town.post("/api/v1/service-requests", json=filed(), headers=resident)
    assert (refused.status_code, refused.json["form_version"]) == (409, 2)
    assert [one["code"] for one in town.get("/api/v1/services").json["items"]] == ["street-lamp"]
    assert town.get("/api/v1/services/idea").json["available"] is False
    assert town.post("/api/v1/service-requests", json=filed(service="idea"), headers=resident).status_code == 422


def test_two_who_ask_for_the_same_row_wait_for_each_other(
    town: FlaskClient, resident: Headers, submit: Submit
) -> None:
    """Each move is written once: the row's version counts moves, not statements."""
    case = submit(resident)
    with db.transaction() as tx:
        version = tx.scalar(text("SELECT version FROM service_request"))
    town.post(f"/api/v1/service-requests/{case['reference']}/withdraw", json={}, headers=resident)
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT version FROM service_request")) == version + 1


def test_a_move_that_needs_no_words_needs_no_body(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit
) -> None:
    path = f"/api/v1/staff/service-requests/{submit(resident)['reference']}"
    assert town.post(f"{path}/claim", headers=reviewer).status_code == 200
    assert town.post(f"{path}/resolve", headers=reviewer).json["errors"][0]["pointer"] == "/message"
