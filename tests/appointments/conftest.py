"""Two counters and an officer, and the people who come to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.appointments.sync import sync
from asimati.kit import db
from tests.appointments.ground import PART, V1, Headers


@pytest.fixture
def hall(client: FlaskClient) -> FlaskClient:
    """The desks in the tables; the client to use them with."""
    with db.transaction() as tx:
        sync(tx, PART)
    return client


@pytest.fixture
def resident(hall: FlaskClient, as_resident: Callable[..., Headers]) -> Headers:
    return as_resident()


@pytest.fixture
def reviewer(hall: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("reviewer")


@pytest.fixture
def slots(hall: FlaskClient) -> Callable[..., list[dict[str, Any]]]:
    """The free times of a service in the next ten days, as somebody sees them."""

    def ask(service: str = "help", who: Headers | None = None) -> list[dict[str, Any]]:
        from datetime import timedelta

        from asimati.kit import clock

        last = clock.local_day(clock.utcnow()) + timedelta(days=10)
        answer = hall.get(f"{V1}/services/{service}/slots", query_string={"to": str(last)}, headers=who or {})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["items"]
        return found

    return ask


@pytest.fixture
def book(hall: FlaskClient) -> Callable[..., Any]:
    """Ask for a time; the whole answer."""

    def go(who: Headers, starts_at: str, service: str = "help", **more: Any) -> Any:
        body = {"service": service, "starts_at": starts_at, **more}
        return hall.post(f"{V1}/appointments", json=body, headers=who)

    return go
