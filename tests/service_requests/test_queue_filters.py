"""Narrowing a queue and putting it into another order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.accounts.models import RoleGrant
from asimati.http import queues
from asimati.kit import db
from asimati.kit.pages import PageArgs
from asimati.kit.policy import Actor, Role
from asimati.service_requests import queries
from asimati.service_requests.sync import sync
from asimati.settings import settings
from tests.service_requests.conftest import filed
from tests.service_requests.town import PART, words

Headers = dict[str, str]
QUEUE = "/api/v1/staff/queues/unassigned"


@pytest.fixture
def three(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., dict[str, Any]]
) -> list[str]:
    """Filed three days apart, the last one taken in at the office; the first was touched last."""
    cases = [submit(resident)["reference"] for _ in range(2)]
    cases.append(
        town.post("/api/v1/staff/intake", json=filed(channel="office"), headers=reviewer).json["reference"]
    )
    with db.transaction() as tx:
        for number, reference in enumerate(cases):
            tx.execute(
                text(
                    "UPDATE service_request SET submitted_at = timestamptz '2026-03-01 20:30+00' + "
                    ":days * interval '1 day', due_at = timestamptz '2026-04-01 09:00+00' + "
                    ":due * interval '1 day', updated_at = timestamptz '2026-03-20 09:00+00' - "
                    ":days * interval '1 hour', block = :block "
                    "WHERE reference = :reference"
                ),
                {
                    "days": number * 3,
                    "due": (number + 1) % 3,
                    "reference": reference,
                    "block": ("317", "325", None)[number],
                },
            )
    return cases


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [2, 0, 1]), ({"order": "due"}, [2, 0, 1]), ({"order": "oldest"}, [0, 1, 2]),
        ({"order": "newest"}, [2, 1, 0]), ({"order": "changed"}, [0, 1, 2]),
        ({"block": "325"}, [1]), ({"channel": "office"}, [2]), ({"channel": "app"}, [0, 1]),
        ({"service": "street-lamp"}, [2, 0, 1]), ({"service": "idea"}, []), ({"service": ""}, [2, 0, 1]),
        ({"department": "lighting"}, []), ({"kind": "complaint"}, [2, 0, 1]), ({"kind": "inquiry"}, []),
        ({"status": "submitted"}, [2, 0, 1]), ({"status": "referred"}, []), ({"entity": "works"}, []),
        ({"due_from": "2026-04-02"}, [0, 1]), ({"due_to": "2026-04-01"}, [2]),
        ({"due_from": "2026-04-02", "due_to": "2026-04-02"}, [0]),
        # half past eight in the evening of UTC is the same day still in Manama, three hours ahead
        ({"filed_from": "2026-03-04"}, [2, 1]), ({"filed_to": "2026-03-01"}, [0]),
        ({"filed_from": "2026-03-02", "filed_to": "2026-03-04"}, [1]),
        ({"filed_from": "2026-03-02", "order": "oldest", "channel": "app"}, [1]),
    ],
)  # fmt: skip
def test_a_queue_shows_what_is_asked_for_in_the_order_asked_for(
    town: FlaskClient, reviewer: Headers, three: list[str], query: dict[str, str], found: list[int]
) -> None:
    items = town.get(QUEUE, query_string=query, headers=reviewer).json["items"]
    assert [one["reference"] for one in items] == [three[number] for number in found]


def test_an_area_is_found_by_its_name_in_either_language(
    town: FlaskClient, reviewer: Headers, three: list[str]
) -> None:
    with db.transaction() as tx:
        area = tx.execute(text("SELECT area FROM block WHERE number = '317'")).scalar_one()
    for name in (area["ar"], area["en"]):
        items = town.get(QUEUE, query_string={"area": name}, headers=reviewer).json["items"]
        assert three[0] in [one["reference"] for one in items]
    assert town.get(QUEUE, query_string={"area": "Atlantis"}, headers=reviewer).json["items"] == []


@pytest.mark.parametrize("order", ["due", "oldest", "newest", "changed"])
def test_pages_of_every_order_show_each_case_once(
    town: FlaskClient, reviewer: Headers, three: list[str], order: str
) -> None:
    seen, after = list[str](), None
    while True:
        query = {"order": order, "limit": 1} | ({"after": after} if after else {})
        answer = town.get(QUEUE, query_string=query, headers=reviewer).json
        seen += [one["reference"] for one in answer["items"]]
        if not (after := answer["next"]):
            break
    assert sorted(seen) == sorted(three)


@pytest.mark.parametrize(
    ("query", "at"),
    [({"channel": "pigeon"}, "/channel"), ({"order": "best"}, "/order"), ({"filed_to": "soon"}, "/filed_to")],
)
def test_what_no_queue_knows_is_refused(
    town: FlaskClient, reviewer: Headers, query: dict[str, str], at: str
) -> None:
    answer = town.get(QUEUE, query_string=query, headers=reviewer)
    assert (answer.status_code, [one["pointer"] for one in answer.json["errors"]]) == (422, [at])


def test_a_queue_that_cannot_be_narrowed_so_says_it(
    town: FlaskClient, reviewer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = next(one for one in queues.DESKS if "unassigned" in one.titles)
    monkeypatch.setattr(queues, "DESKS", [replace(desk, narrowed_by=frozenset({"q"}))])
    answer = town.get(QUEUE, query_string={"q": "x", "channel": "app"}, headers=reviewer)
    assert (answer.status_code, [one["pointer"] for one in answer.json["errors"]]) == (422, ["/channel"])


@pytest.mark.parametrize("word", ["channel", "kind", "status"])
def test_what_there_is_not_is_refused(town: FlaskClient, reviewer: Headers, word: str) -> None:
    refused = town.get(QUEUE, query_string={word: "nothing"}, headers=reviewer)
    assert refused.status_code == 422 and refused.json["errors"][0]["pointer"] == f"/{word}"


def test_all_open_cases_are_narrowed_by_who_has_them(
    town: FlaskClient, three: list[str], reviewer: Headers, move: Any
) -> None:
    path = "/api/v1/staff/queues/open"

    def found(**query: str) -> list[str]:
        return [one["reference"] for one in town.get(path, query_string=query, headers=reviewer).json["items"]]

    for reference in three[:2]:
        move(reviewer, {"reference": reference}, "claim")
    move(reviewer, {"reference": three[0]}, "refer", entity="works")
    me = town.get("/api/v1/staff/me", headers=reviewer).json["id"]
    assert set(found()) == set(three) and set(found(holder=me)) == set(three[:2])
    assert found(entity="works") == found(status="referred") == [three[0]]
    move(reviewer, {"reference": three[0]}, "return")
    assert found(entity="works") == []
    officers = town.get("/api/v1/staff/officers", headers=reviewer).json["items"]
    assert [one["id"] for one in officers] == [me]


def test_departments_are_listed_by_the_names_the_pack_gives_them(
    town: FlaskClient, reviewer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    social = {"code": "social", "title": words("Social affairs", "الشؤون الاجتماعية")}
    monkeypatch.setitem(settings().governorate.facts, "department", [social])
    lamp, idea, safety, *others = PART["services"]
    named = [lamp | {"department": "works"}, idea | {"department": "social"}, safety | {"department": "social"}]
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [*named, *others]})
    found = town.get("/api/v1/staff/departments", headers=reviewer).json["items"]
    assert found == [social, {"code": "works", "title": words("works", "works")}]


def test_a_case_is_offered_to_those_alone_who_may_take_it(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, as_staff: Any, submit: Any,
    move: Any,
) -> None:  # fmt: skip
    case = submit(resident)
    free, interested, far, auditor = (
        as_staff("reviewer"),
        as_staff("reviewer"),
        as_staff("reviewer"),
        as_staff("auditor"),
    )

    def number(who: Headers) -> str:
        return str(town.get("/api/v1/staff/me", headers=who).json["id"])

    def offered(who: Headers, case: str) -> Any:
        answer = town.get("/api/v1/staff/officers", query_string={"case": case}, headers=who)
        return {one["id"] for one in answer.json["items"]} if answer.status_code == 200 else answer.status_code

    with db.transaction() as tx:
        tx.query(RoleGrant).filter_by(staff_id=number(far)).update({"scopes": {"service": ["idea"]}})
    move(interested, case, "declare", note="My cousin's house")
    everybody = {number(who) for who in (free, reviewer, supervisor)}
    assert offered(supervisor, case["reference"]) == offered(auditor, case["reference"]) == everybody
    move(reviewer, case, "claim")
    assert offered(reviewer, case["reference"]) == everybody - {number(reviewer)}, "whoever holds it has it"
    for who in everybody - {number(reviewer)}:
        given = move(reviewer, case, "hand-over", reviewer=who, note="It stands here")
        assert given.status_code == 200, given.json
        move(supervisor, case, "assign", reviewer=number(reviewer))
    assert offered(far, case["reference"]) == 404
    assert offered(reviewer, submit(resident, service="safety")["reference"]) == 404, "in confidence"


@pytest.mark.parametrize("order", ["due", "oldest", "newest", "changed"])
def test_an_order_reads_its_index_and_pages_through_it(
    town: FlaskClient, three: list[str], reviewer: Headers, order: str
) -> None:
    seen, after = [], None
    while True:
        query = {"order": order, "limit": 1} | ({"after": after} if after else {})
        page = town.get(QUEUE, query_string=query, headers=reviewer).json
        seen += [one["reference"] for one in page["items"]]
        if not (after := page["next"]):
            break
    whole = town.get(QUEUE, query_string={"order": order}, headers=reviewer).json["items"]
    assert seen == [one["reference"] for one in whole] and len(seen) == 3
    column = {"due": "due_at", "changed": "updated_at"}.get(order, "submitted_at")
    way = "DESC" if order in ("newest", "changed") else "ASC"
    with db.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))
        tx.execute(text("SET LOCAL enable_sort = off"))
        plan = str(
            tx.scalars(
                text(
                    f"EXPLAIN SELECT id FROM service_request WHERE closed_at IS NULL AND ({column}, id) "
                    f"{'<' if way == 'DESC' else '>'} ('2026-03-10', '00000000-0000-7000-8000-000000000000') "
                    f"ORDER BY {column} {way}, id {way} LIMIT 50"
                )
            ).all()
        )
    assert "Index Cond: (ROW(" in plan and "Sort" not in plan, plan


@pytest.mark.parametrize("planned", [True, False])
def test_a_search_is_planned_for_its_words_however_often_it_is_asked(
    three: list[str], reviewer: Headers, monkeypatch: pytest.MonkeyPatch, planned: bool
) -> None:
    """A plan for any words goes through every case. The control: without asking for it, that is what one gets."""
    if not planned:
        monkeypatch.setattr(queries, "plan_for_values", lambda tx: None)
    everywhere = Actor("staff", uuid4(), roles=frozenset({Role.REVIEWER}))
    db.engine().dispose()  # a connection anew: on one in use stand the plans of other tests
    with db.transaction() as tx:
        for _ in range(15):
            assert queries.queue(tx, everywhere, "unassigned", page=PageArgs(), q="lamp")
        plans = text("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%search%'")
        assert (tx.scalar(plans) == 0) is planned
