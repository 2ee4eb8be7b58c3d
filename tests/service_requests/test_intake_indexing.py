"""Old rows are found as new ones are, once the job has passed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from asimati.kit.text import fold
from asimati.service_requests import searching
from asimati.service_requests.intake import indexing
from asimati.service_requests.intake.indexing import index_again

Headers = dict[str, str]


def test_cases_of_an_older_rule_of_searching_are_indexed_again_and_stay_as_they_were(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., dict[str, Any]]
) -> None:
    case = submit(resident, answers={"text": "بالمصباح عطل"})

    def found() -> list[str]:
        query = {"q": "مصباح"}
        items = town.get("/api/v1/staff/queues/unassigned", query_string=query, headers=reviewer).json["items"]
        return [one["reference"] for one in items]

    def state() -> Any:
        with db.transaction() as tx:
            return tx.execute(text("SELECT version, updated_at, search_edition FROM service_request")).one()

    fresh = state()
    with db.transaction() as tx:
        assert index_again(tx) == 0
        tx.execute(text("UPDATE service_request SET search = 'بالمصباح عطل', search_edition = 0"))
    assert found() == []
    with db.transaction() as tx:
        assert index_again(tx) == 1
    assert found() == [case["reference"]] and state() == fresh


def test_many_are_indexed_again_in_batches(
    town: FlaskClient, resident: Headers, submit: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        submit(resident)
    monkeypatch.setattr(indexing, "AT_ONCE", 2)
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET search_edition = :other"), {"other": searching.EDITION % 2 + 1})
    batches = []
    for _ in range(3):
        with db.transaction() as tx:
            batches.append(index_again(tx))
    assert batches == [2, 1, 0]


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("fold", lambda text: fold(text.replace("ة", "ت"))),
        ("fold", lambda text: fold(text).replace("ؤ", "و").replace("ك", "گ")),
        ("_FRONT", re.compile(r"^(?:ال|لل)(?=\w{2})")),
        ("LONGEST", 3),
    ],
)
def test_whoever_changes_the_rule_changes_its_mark(part: str, other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert searching.edition() == searching.EDITION != 0, "rows from before there were marks bear 0"
    monkeypatch.setattr(searching, part, other)
    assert searching.edition() != searching.EDITION
