"""A small town to file cases in, and the people of one case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.places import sync as places
from asimati.service_requests.sync import sync
from tests.service_requests.town import BLOCKS, PART, filed

Headers = dict[str, str]


@pytest.fixture
def town(client: FlaskClient) -> FlaskClient:
    """Services, entities and two blocks in the tables; the client to use them with."""
    with db.transaction() as tx:
        places.sync(tx, BLOCKS)
        sync(tx, PART)
    return client


@pytest.fixture
def resident(town: FlaskClient, as_resident: Callable[..., Headers]) -> Headers:
    return as_resident()


@pytest.fixture
def reviewer(town: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("reviewer")


@pytest.fixture
def supervisor(town: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("supervisor")


@pytest.fixture
def submit(town: FlaskClient) -> Callable[..., dict[str, Any]]:
    """File a case as somebody; its answer."""

    def go(who: Headers, **more: Any) -> dict[str, Any]:
        answer = town.post("/api/v1/service-requests", json=filed(**more), headers=who)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        made: dict[str, Any] = answer.json
        return made

    return go


@pytest.fixture
def move(town: FlaskClient) -> Callable[..., Any]:
    """Make a staff move on a case; the whole answer."""

    def go(who: Headers, case: dict[str, Any], name: str, **more: Any) -> Any:
        path = f"/api/v1/staff/service-requests/{case['reference']}/{name}"
        return town.post(path, json=more, headers=who)

    return go
