"""Old rows are found as new ones are, once the job has passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
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
