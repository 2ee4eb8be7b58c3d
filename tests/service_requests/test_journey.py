"""A resident's case from the door to the rating, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from tests.service_requests.town import SAID, filed

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]
Move = Callable[..., Any]


def messages() -> list[tuple[str, dict[str, Any]]]:
    """What the house was told, in order."""
    with db.transaction() as tx:
        rows = tx.execute(
            text("SELECT topic, payload FROM message WHERE topic LIKE 'service_requests.%' ORDER BY id")
        )
        return [(topic.partition(".")[2], payload) for topic, payload in rows]


def test_from_the_door_to_the_rating(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move
) -> None:
    case = submit(resident)
    assert case["reference"].startswith("SR-")
    assert (case["service"], case["status"], case["turn"]) == ("street-lamp", "submitted", "us")
    assert case["due_at"].endswith("Z") and case["due_at"] > case["submitted_at"]
    assert [hop["who"] for hop in case["hops"]] == ["us"]

    waiting = town.get("/api/v1/staff/queues/unassigned", headers=reviewer).json["items"]
    assert [one["reference"] for one in waiting] == [case["reference"]]
    assert move(reviewer, case, "claim").json["status"] == "in_review"
    referred = move(reviewer, case, "refer", entity="works", note="They have the poles.").json
    assert (referred["status"], referred["turn"]) == ("referred", "entity")
    assert referred["hops"][-1]["target"] == "P10D" and referred["hops"][-1]["due_at"] > referred["due_at"]
    assert move(reviewer, case, "return").json["turn"] == "us"
    assert move(reviewer, case, "resolve", message=SAID).status_code == 200

    path = f"/api/v1/service-requests/{case['reference']}"
    mine = town.get(path, headers=resident).json
    assert (mine["status"], mine["turn"]) == ("resolved", "nobody")
    assert [line["status"] for line in mine["history"]] == [
        "submitted", "in_review", "referred", "in_review", "resolved",
    ]  # fmt: skip
    assert mine["history"][2]["text"]["ar"] == "تمت إحالة طلبكم إلى وزارة الأشغال."
    assert mine["history"][-1]["text"] == SAID
    assert [(hop["who"], hop["paused"]) for hop in mine["hops"]] == [
        ("us", False),
        ("entity", False),
        ("us", False),
    ]
    assert all(hop["ended_at"] for hop in mine["hops"])
    assert "They have the poles." not in str(mine)

    rated = town.post(f"{path}/rating", json={"stars": 5, "comment": "شكرًا"}, headers=resident)
    assert rated.status_code == 201 and rated.json["rating"]["stars"] == 5
    again = town.post(f"{path}/rating", json={"stars": 1}, headers=resident)
    assert (again.status_code, again.json["type"]) == (409, "/problems/already-rated")

    told = dict(messages())
    assert list(told) == [
        "request_submitted", "request_claimed", "request_referred", "request_returned", "request_resolved",
        "request_rated",
    ]  # fmt: skip
    counted = told["request_resolved"]
    assert counted["in_time"] is True and counted["group"]["block"] == "317"
    assert (counted["channel"], counted["kind"], counted["domain"]) == ("app", "complaint", "service")
    assert counted["targets"] == ["11.1"] and counted["source"].startswith("service_requests.resolve:")
    assert told["request_rated"]["stars"] == 5


def test_the_clock_stands_still_while_the_resident_is_asked(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move, moved_clock: Any
) -> None:
    case = submit(resident)
    move(reviewer, case, "claim")
    asked = move(reviewer, case, "ask", message={"ar": "أي عمود؟", "en": "Which pole?"}).json
    assert (asked["status"], asked["turn"], asked["hops"][-1]["paused"]) == ("waiting", "resident", True)
    path = f"/api/v1/service-requests/{case['reference']}"
    mine = town.get(path, headers=resident).json
    assert mine["due_at"] is None and mine["messages"][-1]["from"] == "staff"

    with moved_clock(days=14):
        overdue = town.get("/api/v1/staff/queues/overdue", headers=reviewer).json["items"]
        assert overdue == []
        answered = town.post(f"{path}/messages", json={"text": "الثالث"}, headers=resident).json
    assert (answered["status"], answered["turn"]) == ("in_review", "us")
    assert answered["messages"][-1] == answered["messages"][-1] | {
        "from": "resident",
        "text": {"ar": "الثالث", "en": None},
    }
    moved_by = datetime.fromisoformat(answered["due_at"]) - datetime.fromisoformat(case["due_at"])
    assert 12 <= moved_by.days <= 16, "two weeks, give or take a weekend"


def test_a_late_case_and_a_late_entity_are_overdue(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move, moved_clock: Any
) -> None:
    urgent, calm = submit(resident), submit(resident)
    move(reviewer, urgent, "claim")
    with moved_clock(days=12):
        overdue = town.get("/api/v1/staff/queues/overdue", headers=reviewer).json["items"]
        assert [one["reference"] for one in overdue] == [urgent["reference"], calm["reference"]]
        assert move(reviewer, urgent, "resolve", message=SAID).status_code == 200
    assert dict(messages())["request_resolved"]["in_time"] is False


def test_reopening_starts_a_new_clock_and_takes_back_what_was_counted(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move, moved_clock: Any
) -> None:
    case = submit(resident)
    move(reviewer, case, "claim")
    move(reviewer, case, "resolve", message=SAID)
    path = f"/api/v1/service-requests/{case['reference']}"
    town.post(f"{path}/rating", json={"stars": 1}, headers=resident)
    with moved_clock(days=31):
        late = town.post(f"{path}/reopen", json={}, headers=resident)
        assert (late.status_code, late.json["type"]) == (409, "/problems/reopen-window-over")
        late = town.post(f"{path}/rating", json={"stars": 2}, headers=resident)
        assert late.json["type"] == "/problems/already-rated"
    with moved_clock(days=10):
        anew = town.post(f"{path}/reopen", json={"text": "It broke again."}, headers=resident).json
    assert (anew["status"], anew["rating"], anew["closed_at"]) == ("submitted", None, None)
    assert anew["due_at"] > case["due_at"]
    assert anew["history"][-1]["text"] == {"ar": None, "en": "It broke again."}
    told = dict(messages())
    assert told["request_reopened"]["source"] == told["request_resolved"]["source"]


def test_withdrawn_is_over(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move
) -> None:
    case = submit(resident)
    gone = town.post(f"/api/v1/service-requests/{case['reference']}/withdraw", json={}, headers=resident).json
    assert (gone["status"], gone["turn"], gone["moves"]) == ("withdrawn", "nobody", [])
    refused = move(reviewer, case, "claim")
    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/illegal-move" and refused.json["legal"] == ["note"]


def test_anyone_may_suggest_without_a_sign_in(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Move
) -> None:
    case = submit({}, service="idea", location=None)
    assert case["turn"] == "us"
    assert town.get(f"/api/v1/service-requests/{case['reference']}", headers=resident).status_code == 404
    move(reviewer, case, "claim")
    assert move(reviewer, case, "ask", message=SAID).json["type"] == "/problems/nobody-to-ask"
    assert dict(messages())["request_submitted"]["person"] is None

    for who, service, level in (({}, "street-lamp", "phone"), (resident, "certificate", "advanced")):
        refused = town.post("/api/v1/service-requests", json=filed(service=service), headers=who)
        assert refused.status_code == 403
        assert (refused.json["type"], refused.json["needed"]) == ("/problems/assurance-too-low", level)


def test_intake_is_the_same_case_from_any_channel(
    town: FlaskClient, reviewer: Headers, resident: Headers, as_resident: Callable[..., Headers]
) -> None:
    body = filed(channel="tawasul", external_ref="T-1", phone="٣٦٠٠٠٠٠١", note="By file")
    made = town.post("/api/v1/staff/intake", json=body, headers=reviewer)
    assert made.status_code == 201, made.json
    assert (made.json["channel"], made.json["external_ref"]) == ("tawasul", "T-1")
    assert made.json["entries"][0]["note"] == "By file"
    filer = as_resident("+97336000001")
    seen = town.get(f"/api/v1/service-requests/{made.json['reference']}", headers=filer)
    assert seen.status_code == 200 and "By file" not in seen.get_data(as_text=True)
    again = town.post("/api/v1/staff/intake", json=body, headers=reviewer)
    assert (again.status_code, again.json["type"]) == (409, "/problems/already-taken-in")
    assert town.post("/api/v1/staff/intake", json=body, headers=resident).status_code == 403
