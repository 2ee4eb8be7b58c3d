"""Entities as the staff keep them: added, changed, taken out of use, and left alone by the pack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.service_requests.sync import sync
from tests.service_requests.town import PART

Headers = dict[str, str]
V1 = "/api/v1/staff/entities"
NEW = {"code": "water", "name": {"ar": "هيئة الماء", "en": "Water Authority"}, "kind": "authority", "target": "P3D"}


def named(client: FlaskClient, who: Headers) -> dict[str, Any]:
    return {one["code"]: one for one in client.get(f"{V1}?limit=100", headers=who).json["items"]}  # type: ignore[index]


def change(client: FlaskClient, who: Headers, code: str, **said: Any) -> Any:
    tag = client.get(f"{V1}/{code}", headers=who).headers["ETag"]
    return client.patch(f"{V1}/{code}", json=said, headers={**who, "If-Match": tag})


def test_a_supervisor_adds_an_entity_once(town: FlaskClient, supervisor: Headers) -> None:
    assert town.post(V1, json=NEW, headers=supervisor).status_code == 201
    again = town.post(V1, json=NEW, headers=supervisor)
    assert (again.status_code, again.json["type"].split("/")[-1]) == (409, "entity-there")  # type: ignore[index]
    assert named(town, supervisor)["water"]["by_staff"]


@pytest.mark.parametrize("target", ["P0D", "PT0H", "3 days", "P1DT4H", ""])
def test_a_time_that_is_none_is_refused_by_its_name(town: FlaskClient, supervisor: Headers, target: str) -> None:
    answer = town.post(V1, json={**NEW, "target": target}, headers=supervisor)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/target"]  # type: ignore[index]


def test_what_the_staff_wrote_a_sync_leaves_alone(town: FlaskClient, supervisor: Headers) -> None:
    code = PART["entities"][0]["code"]
    town.post(V1, json=NEW, headers=supervisor)
    assert change(town, supervisor, code, target="P9D").status_code == 200
    with db.transaction() as tx:
        counts = sync(tx, PART)
    assert counts["retired"] == counts["changed"] == 0
    found = named(town, supervisor)
    assert (found[code]["target"], found["water"]["retired_at"]) == ("P9D", None)


def test_a_change_on_an_old_reading_is_refused(town: FlaskClient, supervisor: Headers) -> None:
    code = PART["entities"][0]["code"]
    tag = town.get(f"{V1}/{code}", headers=supervisor).headers["ETag"]
    change(town, supervisor, code, target="P9D")
    late = town.patch(f"{V1}/{code}", json={"target": "P2D"}, headers={**supervisor, "If-Match": tag})
    assert late.status_code == 412


def test_one_out_of_use_takes_no_case_and_cases_with_it_are_counted(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers,
    submit: Callable[..., dict[str, Any]], move: Callable[..., Any],
) -> None:  # fmt: skip
    town.post(V1, json=NEW, headers=supervisor)
    case = submit(resident)
    assert move(reviewer, case, "claim").status_code == 200
    referred = move(reviewer, case, "refer", entity="water")
    assert referred.status_code == 200, referred.json
    assert named(town, reviewer)["water"]["waiting"] == 1
    assert change(town, supervisor, "water", retired=True).json["retired_at"]
    other = submit(resident)
    move(reviewer, other, "claim")
    assert move(reviewer, other, "refer", entity="water").status_code == 422
