"""Before another one is filed: where it is, what is similar, and following it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from asimati.places import sync as places
from tests.service_requests.test_journey import messages
from tests.service_requests.town import BLOCKS, SAID

Headers = dict[str, str]
Submit = Callable[..., dict[str, Any]]
Move = Callable[..., Any]

HERE = {"block": "317", "lat": 26.23, "lon": 50.58}


@pytest.fixture
def mapped(town: FlaskClient) -> None:
    """The town with the point of one of its blocks."""
    blocks = [dict(one) for one in BLOCKS["blocks"]]
    blocks[0] |= {"lat": 26.23, "lon": 50.58}
    with db.transaction() as tx:
        places.sync(tx, BLOCKS | {"blocks": blocks})


@pytest.mark.parametrize(
    ("query", "inside", "block"),
    [
        ({"block": "٣٢٥"}, True, "325"),
        ({"block": "999"}, False, None),
        ({"lat": "26.2301", "lon": "50.5801"}, True, "317"),
        ({"lat": "26.30", "lon": "50.60"}, None, None),  # between blocks whose points we do not know
        ({"lat": "25.2", "lon": "55.3"}, False, None),  # Dubai
    ],
)
def test_a_place_is_checked_as_far_as_we_know(
    town: FlaskClient, mapped: None, query: dict[str, str], inside: bool | None, block: str | None
) -> None:
    found = town.get("/api/v1/places/check", query_string=query)
    assert found.status_code == 200, found.json
    assert found.json["inside"] is inside
    assert (found.json["block"] or {}).get("number") == block


@pytest.mark.parametrize("query", [{}, {"lat": "26"}, {"lat": "x", "lon": "1"}, {"lat": "nan", "lon": "1"}])
def test_half_a_place_is_refused(town: FlaskClient, query: dict[str, str]) -> None:
    assert town.get("/api/v1/places/check", query_string=query).status_code == 422


def test_a_point_names_its_block_and_does_not_contradict_it(
    town: FlaskClient, mapped: None, resident: Headers, submit: Submit
) -> None:
    assert submit(resident, location={"lat": 26.2302, "lon": 50.5802})["location"]["block"] == "317"
    from tests.service_requests.town import filed

    for location, pointer in (
        ({"block": "317", "lat": 26.30, "lon": 50.58}, "/location"),
        ({"lat": 25.2, "lon": 55.3}, "/location/block"),
    ):
        refused = town.post("/api/v1/service-requests", json=filed(location=location), headers=resident)
        assert [one["pointer"] for one in refused.json["errors"]] == [pointer]


def test_a_neighbour_is_shown_the_matter_and_nothing_anybody_wrote(
    town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers], submit: Submit
) -> None:
    first = submit(
        resident, answers={"text": "سرّ لا يعرفه أحد"}, location={**HERE, "building": "1234", "road": "7"}
    )
    submit(resident, location={"block": "317", "lat": 26.24, "lon": 50.58})  # a kilometre away
    query = {"block": "317", "lat": "26.2304", "lon": "50.58"}
    found = town.get("/api/v1/services/street-lamp/similar", query_string=query, headers=as_resident())
    assert [one["reference"] for one in found.json["items"]] == [first["reference"]]
    one = found.json["items"][0]
    assert (one["metres"], one["mine"], one["road"], one["followers"]) == (50, False, "7", 0)
    said = found.get_data(as_text=True)
    assert "سرّ" not in said and "1234" not in said and "26.23" not in said
    mine = town.get("/api/v1/services/street-lamp/similar", query_string=query, headers=resident)
    assert mine.json["items"][0]["mine"] is True


def test_nobody_is_measured_out_by_asking_from_many_points(
    town: FlaskClient, resident: Headers, submit: Submit
) -> None:
    """Distances in fifties and a sharp edge, asked from points a few metres apart, would draw circles that meet."""
    submit(resident, location={"block": "317", "lat": 26.2296, "lon": 50.5796})
    steps = [step * 0.0001 for step in range(-30, 31)]
    points = [(26.23 + step, 50.58) for step in steps] + [(26.23, 50.58 + step) for step in steps]

    def answers() -> list[Any]:
        asked = [{"lat": f"{lat:.4f}", "lon": f"{lon:.4f}"} for lat, lon in points]
        path = "/api/v1/services/street-lamp/similar"
        return [[one["metres"] for one in town.get(path, query_string=one).json["items"]] for one in asked]

    before = answers()
    assert any(before) and not all(before)
    with db.transaction() as tx:  # fifty metres further, and within what the public map shows as one point
        tx.execute(text("UPDATE service_request SET lat = 26.2303, lon = 50.5803"))
    assert answers() == before


def test_what_concerns_people_is_nobody_elses_matter(
    town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers], submit: Submit
) -> None:
    case = submit(resident, service="safety")
    found = town.get("/api/v1/services/safety/similar", query_string={"block": "317"})
    assert found.json["items"] == []
    path = f"/api/v1/service-requests/{case['reference']}/follow"
    assert town.post(path, headers=as_resident()).status_code == 404


def test_by_block_and_road_where_there_is_no_point(town: FlaskClient, resident: Headers, submit: Submit) -> None:
    on_seven = submit(resident, location={"block": "317", "road": "7"})
    anywhere = submit(resident, location={"block": "317"})
    submit(resident, location={"block": "317", "road": "8"})
    submit(resident, location={"block": "325", "road": "7"})
    query = {"block": "317", "road": "7"}
    found = town.get("/api/v1/services/street-lamp/similar", query_string=query).json["items"]
    assert {one["reference"] for one in found} == {on_seven["reference"], anywhere["reference"]}


def test_whoever_follows_hears_that_it_was_answered_and_not_what_was_said(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_resident: Callable[..., Headers], submit: Submit,
    move: Move,
) -> None:  # fmt: skip
    case, neighbour = submit(resident), as_resident()
    path = f"/api/v1/service-requests/{case['reference']}"
    assert town.post(f"{path}/follow", headers=resident).json["type"] == "/problems/already-yours"
    made = town.post(f"{path}/follow", headers=neighbour)
    assert (made.status_code, made.json["status"]) == (201, "submitted")
    assert town.post(f"{path}/follow", headers=neighbour).status_code == 201, "twice is once"
    assert town.get(path, headers=neighbour).status_code == 404, "it is still not theirs"
    listed = town.get("/api/v1/followed-requests", headers=neighbour).json["items"]
    assert [one["reference"] for one in listed] == [case["reference"]]
    move(reviewer, case, "claim")
    move(reviewer, case, "resolve", message=SAID)
    told = [payload for topic, payload in messages() if topic == "followed_request_answered"]
    assert len(told) == 1 and told[0]["note"] is None and told[0]["about"]["type"] == "service"
    assert town.get("/api/v1/followed-requests", headers=neighbour).json["items"][0]["status"] == "resolved"


def test_a_withdrawn_case_leaves_nobody_waiting(
    town: FlaskClient, resident: Headers, as_resident: Callable[..., Headers], submit: Submit
) -> None:
    case, stays, goes = submit(resident), as_resident(), as_resident()
    path = f"/api/v1/service-requests/{case['reference']}"
    for who in (stays, goes):
        town.post(f"{path}/follow", headers=who)
    assert town.delete(f"{path}/follow", headers=goes).status_code == 204
    assert town.delete(f"{path}/follow", headers=goes).status_code == 404
    town.post(f"{path}/withdraw", json={}, headers=resident)
    assert [topic for topic, _ in messages()].count("followed_request_withdrawn") == 1


def test_staff_are_shown_what_to_join_and_the_residents_can_read_that_they_were(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Submit
) -> None:
    first, second = submit(resident), submit(resident)
    path = f"/api/v1/staff/service-requests/{second['reference']}/similar"
    found = town.get(path, headers=reviewer).json["items"]
    assert [one["reference"] for one in found] == [first["reference"]]
    with db.transaction() as tx:
        lines = tx.scalars(text("SELECT action FROM audit_line WHERE facts LIKE '%similar_to%'")).all()
    assert lines
