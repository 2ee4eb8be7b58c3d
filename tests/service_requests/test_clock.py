"""The clock between moves: holidays that move, what is late, words for the resident; queues and bulk moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from asimati.places import sync as places
from asimati.service_requests.actions.timing import escalate
from tests.service_requests.town import BLOCKS, HOLIDAY, SAID, next_working_days

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]


def test_a_holiday_moves_what_is_due_and_tells_the_resident_once(
    town: FlaskClient, resident: Headers, supervisor: Headers, submit: Submit, run_listeners: Callable[[], int]
) -> None:
    case = submit(resident)
    path, day = f"/api/v1/service-requests/{case['reference']}", next_working_days(2)[1]
    made = town.post("/api/v1/staff/holidays", json={"day": str(day), **HOLIDAY}, headers=supervisor)
    assert made.status_code == 201, made.json
    run_listeners()
    later = town.get(path, headers=resident).json["due_at"]
    assert later > case["due_at"]
    at = f"/api/v1/staff/holidays/{day}"
    assert town.patch(at, json={"standing": "confirmed"}, headers=supervisor).status_code == 428
    tagged = {**supervisor, "If-Match": town.get(at, headers=supervisor).headers["ETag"]}
    assert town.patch(at, json={"standing": "confirmed"}, headers=tagged).json["standing"] == "confirmed"
    late = town.patch(at, json={"standing": "provisional"}, headers=tagged)
    assert (late.status_code, late.json["type"]) == (412, "/problems/stale")
    run_listeners()
    assert town.get(path, headers=resident).json["due_at"] == later, "the same days off, the same due time"
    assert town.delete(f"/api/v1/staff/holidays/{day}", headers=supervisor).status_code == 204
    run_listeners()
    assert town.get(path, headers=resident).json["due_at"] == case["due_at"]
    with db.transaction() as tx:
        facts = list(tx.scalars(text("SELECT facts FROM request_entry WHERE move = 'recount' ORDER BY at")))
        told = tx.scalar(text("SELECT count(*) FROM message WHERE topic = 'service_requests.due_time_moved'"))
    assert len(facts) == 2 == told
    assert facts[0]["due_before"] == facts[1]["due_at"] and facts[0]["due_at"] == facts[1]["due_before"]


def test_a_pack_that_moves_a_holiday_has_it_counted_anew(
    town: FlaskClient, resident: Headers, submit: Submit, run_listeners: Callable[[], int]
) -> None:
    (first,) = next_working_days(1)
    for days in ((date(2020, 1, 1),), (date(2020, 1, 1), first), (date(2020, 1, 1), first)):
        with db.transaction() as tx:
            places.sync(tx, {**BLOCKS, "holidays": [{"day": day, **HOLIDAY} for day in days]})
    with db.transaction() as tx:
        count = tx.scalar(text("SELECT count(*) FROM message WHERE topic = 'places.working_time_changed'"))
    assert count == 1


def test_what_is_late_is_escalated_once_however_late_we_look(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any,
    moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    case, asked = submit(resident), submit(resident)
    move(reviewer, asked, "claim")
    move(reviewer, asked, "ask", message=SAID)
    with db.transaction() as tx:
        assert escalate(tx) == 0
    with moved_clock(days=60):
        for expected in (1, 1, 0, 0):  # late; then two working days later too; then never again
            with db.transaction() as tx:
                assert escalate(tx) == expected
        with db.transaction() as tx:
            rows = tx.execute(text(
                "SELECT reference, e.facts->>'level' FROM request_entry e JOIN service_request r"
                " ON r.id = e.request_id WHERE e.move = 'escalate' ORDER BY e.at, 2"
            ))  # fmt: skip
            assert [tuple(row) for row in rows] == [(case["reference"], "1"), (case["reference"], "2")]


def test_the_resident_reads_the_clock_in_words(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any
) -> None:
    case = submit(resident)
    assert "our turn" in case["clock"]["en"] and "الطلب لدينا" in case["clock"]["ar"]
    move(reviewer, case, "claim")
    referred = move(reviewer, case, "refer", entity="works").json["clock"]
    assert "Ministry of Works" in referred["en"] and "وزارة الأشغال" in referred["ar"]
    move(reviewer, case, "return")
    assert "stands still" in move(reviewer, case, "ask", message=SAID).json["clock"]["en"]


def test_many_cases_are_moved_at_once_with_a_result_for_each(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any
) -> None:
    cases = [submit(resident) for _ in range(3)]
    move(reviewer, cases[0], "claim")
    body = {"move": "claim", "references": [one["reference"] for one in cases] + ["SR-NOWHERE"]}
    answer = town.post("/api/v1/staff/service-requests/moves", json=body, headers=reviewer)
    got = {one["reference"]: one["problem"] for one in answer.json["items"]}
    assert got == {
        cases[0]["reference"]: "illegal-move", cases[1]["reference"]: None, cases[2]["reference"]: None,
        "SR-NOWHERE": "not-found",
    }  # fmt: skip
    mine = town.get("/api/v1/staff/queues/mine", headers=reviewer).json["items"]
    assert {one["reference"] for one in mine} == {one["reference"] for one in cases}
    odd = town.post("/api/v1/staff/service-requests/moves", json={**body, "move": "withdraw"}, headers=reviewer)
    assert odd.json["errors"][0]["pointer"] == "/move"


def test_arabic_words_are_found_by_index_with_and_without_the_article(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit
) -> None:
    case = submit(resident, answers={"text": "الحفرةُ أمام المدرسة وبالشارع"})
    queue = "/api/v1/staff/queues/unassigned"
    for q, found in (("حفره", 1), ("الحفرة", 1), ("مدرس", 1), ("فره", 0), ("a' | b:*", 0), ("\\", 0)):
        items = town.get(queue, query_string={"q": q}, headers=reviewer).json["items"]
        assert [one["reference"] for one in items] == [case["reference"]] * found, q
    with db.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))
        plan = tx.scalars(text(
            "EXPLAIN SELECT 1 FROM service_request WHERE array_to_tsvector(string_to_array(search, ' ')) @@"
            " CAST($$'حفره':*$$ AS tsquery)"
        )).all()  # fmt: skip
    assert "service_request_words_idx" in str(plan)


def test_how_long_answers_took_is_told_from_five_on(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit, move: Any
) -> None:
    for count in range(1, 6):
        case = submit(resident)
        move(reviewer, case, "claim")
        move(reviewer, case, "resolve", message=SAID)
        times = town.get("/api/v1/services/street-lamp/times").json
        assert times["cases"] == count
        assert (times["median_minutes"] is None) == (count < 5)
