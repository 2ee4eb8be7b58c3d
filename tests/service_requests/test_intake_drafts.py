"""Drafts, who may file, and what the form knows already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db, forms
from asimati.service_requests.intake.drafts import MOST, forget
from asimati.service_requests.sync import sync
from tests.service_requests.town import PART, filed, service, words

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]
DRAFTS = "/api/v1/request-drafts"


def begun(**more: Any) -> dict[str, Any]:
    return {"service": "street-lamp", "form_version": 1, "answers": {"text": "ال"}, **more}


def test_a_draft_is_kept_gone_on_with_and_goes_when_it_is_sent(town: FlaskClient, resident: Headers) -> None:
    made = town.post(DRAFTS, json=begun(), headers=resident)
    assert made.status_code == 201 and made.json["current"] is True
    assert [one["pointer"] for one in made.json["missing"]] == ["/answers/text"], "too short, and kept all the same"
    path = f"{DRAFTS}/{made.json['id']}"
    tag = town.get(path, headers=resident).headers["ETag"]
    body = {"answers": {"text": "المصباح مطفأ"}, "location": {"block": "317"}}
    gone_on = town.patch(path, json=body, headers={**resident, "If-Match": tag})
    assert gone_on.status_code == 200 and gone_on.json["missing"] == []
    assert town.patch(path, json=body, headers={**resident, "If-Match": tag}).status_code == 412
    assert town.patch(path, json=body, headers=resident).status_code == 428
    sent = filed(**{name: gone_on.json[name] for name in ("answers",)}, draft=made.json["id"])
    assert town.post("/api/v1/service-requests", json=sent, headers=resident).status_code == 201
    assert town.get(path, headers=resident).status_code == 404
    assert town.get(DRAFTS, headers=resident).json["items"] == []


def test_a_refused_case_leaves_its_draft(town: FlaskClient, resident: Headers) -> None:
    made = town.post(DRAFTS, json=begun(), headers=resident).json
    sent = filed(answers={"text": "x"}, draft=made["id"])
    assert town.post("/api/v1/service-requests", json=sent, headers=resident).status_code == 422
    assert town.get(f"{DRAFTS}/{made['id']}", headers=resident).status_code == 200


def test_a_draft_is_nobody_elses(town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers]) -> None:
    made, other = town.post(DRAFTS, json=begun(), headers=resident).json, as_resident()
    path = f"{DRAFTS}/{made['id']}"
    assert town.get(path, headers=other).status_code == 404
    assert town.delete(path, headers=other).status_code == 404
    town.post("/api/v1/service-requests", json=filed(draft=made["id"]), headers=other)
    assert town.get(path, headers=resident).status_code == 200, "nobody sends another's draft away"
    assert town.delete(path, headers=resident).status_code == 204


def test_drafts_are_counted_and_forgotten(town: FlaskClient, resident: Headers, moved_clock: Any) -> None:
    for _ in range(MOST):
        assert town.post(DRAFTS, json=begun(), headers=resident).status_code == 201
    refused = town.post(DRAFTS, json=begun(), headers=resident)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/too-many-drafts")
    with db.transaction() as tx:
        assert forget(tx) == 0
    with moved_clock(days=31), db.transaction() as tx:
        assert forget(tx) == MOST


def test_an_old_form_stays_with_its_draft_and_its_case(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit
) -> None:
    draft, case = town.post(DRAFTS, json=begun(), headers=resident).json, submit(resident)
    anew = service("street-lamp", words("Street lamp out", "إنارة شارع معطلة"))
    anew["form"] = {
        "version": 1, "ui": {"pole": {"label": words("Which pole?", "أي عمود؟"), "order": 1}},
        "schema": {"type": "object", "required": ["pole"], "properties": {"pole": {"type": "integer"}}},
    }  # fmt: skip
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [anew, *PART["services"][1:]]})
    shown = town.get(f"{DRAFTS}/{draft['id']}", headers=resident).json
    assert shown["current"] is False and {one["pointer"] for one in shown["missing"]} == {
        "/answers/pole", "/answers/text",
    }  # fmt: skip
    for path, who in (
        (f"/api/v1/service-requests/{case['reference']}", resident),
        (f"/api/v1/staff/service-requests/{case['reference']}", reviewer),
    ):
        old = town.get(path, headers=who).json
        assert old["form"]["version"] == 1
        assert forms.faults(old["form"]["schema"], old["answers"], old["form"]["ui"]) == []
        assert set(old["answers"]) <= set(old["form"]["schema"]["properties"])
        assert old["form"]["ui"]["text"]["label"] == {"ar": "ما المشكلة؟", "en": "What is wrong?"}


# --- who may file, and what is known ---------------------------------------------------------------------------


@pytest.fixture
def grown_up(town: FlaskClient) -> None:
    """The town with a service for adults who live in it, and one that knows what was answered before."""
    phone = {"type": "string", "format": "phone"}
    form = {
        "version": 1,
        "ui": {
            "who": {"label": words("Who", "من"), "order": 1, "prefill": "name"},
            "phone": {"label": words("Phone", "الهاتف"), "order": 2, "prefill": "phone"},
            "members": {"label": words("Members", "الأفراد"), "order": 3, "prefill": "earlier"},
        },
        "schema": {
            "type": "object", "required": ["who"],
            "properties": {"who": {"type": "string"}, "phone": phone, "members": {"type": "integer", "minimum": 1}},
        },
    }  # fmt: skip
    title = words("Support", "دعم")
    wanted = {"age_from": 18, "lives_here": True, "personal_number": True}
    more = [
        service("support", title, form=form, location="optional", eligibility=wanted, confidential=True),
        service("census", title, form=form, location="optional"),
    ]
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [*PART["services"], *more]})


def tell(client: FlaskClient, who: Headers, **profile: Any) -> None:
    tag = client.get("/api/v1/me", headers=who).headers["ETag"]
    said = client.patch("/api/v1/me", json=profile, headers={**who, "If-Match": tag})
    assert said.status_code == 200, said.json


def standing(client: FlaskClient, who: Headers) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/services/support/eligibility", headers=who).json
    return found


def test_conditions_are_told_before_filing_and_kept_when_filing(
    town: FlaskClient, grown_up: None, resident: Headers
) -> None:
    catalogue = town.get("/api/v1/services/support").json["conditions"]
    assert [one["code"] for one in catalogue] == ["age_from", "lives_here", "personal_number"]
    assert "18" in catalogue[0]["text"]["ar"] and "18" in catalogue[0]["text"]["en"]
    body = filed(service="support", answers={"who": "Amal"}, location=None)

    asked = standing(town, resident)
    assert (asked["eligible"], asked["may_file"]) == (None, False)
    refused = town.post("/api/v1/service-requests", json=body, headers=resident)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/profile-incomplete")
    assert {one["pointer"] for one in refused.json["missing"]} == {"/birth_date", "/block", "/cpr"}

    tell(town, resident, birth_date="2015-01-01", block="317", cpr="850101234")
    asked = standing(town, resident)
    assert (asked["eligible"], [one["met"] for one in asked["conditions"]]) == (False, [False, True, True])
    for language in ("ar", "en"):
        refused = town.post(
            "/api/v1/service-requests", json=body, headers={**resident, "Accept-Language": language}
        )
        assert refused.json["type"] == "/problems/conditions-not-met" and refused.json["title"]
    assert [one["code"] for one in refused.json["unmet"]] == ["age_from"]

    tell(town, resident, birth_date="1985-01-01")
    assert standing(town, resident)["may_file"] is True
    assert town.post("/api/v1/service-requests", json=body, headers=resident).status_code == 201
    tell(town, resident, block="999")
    assert town.post("/api/v1/service-requests", json=body, headers=resident).status_code == 403


def test_staff_judge_what_a_profile_does_not_say_and_not_what_it_denies(
    town: FlaskClient, grown_up: None, reviewer: Headers, as_resident: Callable[..., Headers]
) -> None:
    body = filed(service="support", answers={"who": "Amal"}, location=None) | {"channel": "office"}
    known = as_resident("+97336000007")
    body["phone"] = "+97336000007"
    assert town.post("/api/v1/staff/intake", json=body, headers=reviewer).status_code == 201
    tell(town, known, birth_date="2015-01-01")
    refused = town.post("/api/v1/staff/intake", json=body, headers=reviewer)
    assert refused.json["type"] == "/problems/conditions-not-met"


def test_what_was_said_once_is_not_asked_again(town: FlaskClient, grown_up: None, resident: Headers) -> None:
    tell(town, resident, name_ar="أمل", block="317", road="7")
    path = "/api/v1/services/{}/prefill"
    first = town.get(path.format("census"), headers=resident).json
    assert first["answers"]["who"] == "أمل" and first["answers"]["phone"].startswith("+973")
    assert "members" not in first["answers"] and first["location"] == {"block": "317", "road": "7"}
    body = filed(service="census", answers={"who": "أمل", "members": 5}, location=None)
    assert town.post("/api/v1/service-requests", json=body, headers=resident).status_code == 201
    again = town.get(path.format("support"), headers=resident).json
    assert again["answers"]["members"] == 5 and again["sources"]["members"] == "earlier"


def test_what_was_said_in_confidence_is_not_offered_elsewhere(
    town: FlaskClient, grown_up: None, resident: Headers
) -> None:
    tell(town, resident, birth_date="1985-01-01", block="317", cpr="850101235")
    body = filed(service="support", answers={"who": "أمل", "members": 7}, location=None)
    assert town.post("/api/v1/service-requests", json=body, headers=resident).status_code == 201
    elsewhere = town.get("/api/v1/services/census/prefill", headers=resident).json
    assert "members" not in elsewhere["answers"]
    same = town.get("/api/v1/services/support/prefill", headers=resident).json
    assert same["answers"]["members"] == 7


def test_an_answer_the_form_would_refuse_is_not_put_in(
    town: FlaskClient, grown_up: None, resident: Headers
) -> None:
    body = filed(service="census", answers={"who": "A", "members": 5}, location=None)
    assert town.post("/api/v1/service-requests", json=body, headers=resident).status_code == 201
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET answers = answers || '{\"members\": 0}'"))
    assert "members" not in town.get("/api/v1/services/census/prefill", headers=resident).json["answers"]
