"""Every deed stands in the audit trail: whatever a route changes, a line says who did it.

Each route that may change something is asked by those whom it concerns, with bodies that fit; what it did is taken
back. A route that changed a table and left no line fails, unless it is named here with its reason. The same is
asked of all that is done to fill the house with one of each thing (`belongings.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.app import ROOMS
from asimati.http.routes import Route
from asimati.kit import audit, db
from asimati.kit.policy import Role
from tests.house import belongings
from tests.house.belongings import House
from tests.house.test_everywhere import ids
from tests.house.test_others_things import ALWAYS, ask, drawer  # noqa: F401 - fixtures
from tests.house.undo import digests, undone

LINES = text("SELECT count(*) FROM audit_line")
WRITES = [route for room in ROOMS for route in room.blp.routes if route.method != "GET"]
OWN_PAPER = "a draft is somebody's own paper until it is filed"
OWN_READING = "what of one's own inbox one has read is nobody's business"
CHALLENGE = "a challenge that is good for minutes, and nothing yet"
WITHOUT_A_LINE = {
    "PUT /api/v1/me/devices/<installation_id>": "apps say it at every start; that one is new leaves a line",
    "POST /api/v1/staff/me/passkeys/options": CHALLENGE,
    "POST /api/v1/auth/staff/passkey/options": CHALLENGE,
    "POST /api/v1/request-drafts": OWN_PAPER,
    "DELETE /api/v1/request-drafts/<uuid:draft_id>": OWN_PAPER,
    "POST /api/v1/notifications/<uuid:notification_id>/read": OWN_READING,
    "POST /api/v1/notifications/read-all": OWN_READING,
    "POST /api/v1/staff/notices/<uuid:notice_id>/read": OWN_READING,
    "POST /api/v1/staff/notices/read-all": OWN_READING,
}


class Watched(FlaskClient):
    """A client that notes, while the house is filled, of each route that did something whether it left a line."""

    noted: dict[str, bool]
    filling = True

    def open(self, *args: Any, **more: Any) -> Any:
        if not self.filling:
            return super().open(*args, **more)
        before, answer = lines(), super().open(*args, **more)
        if answer.status_code < 300 and answer.request.method != "GET":
            rules = self.application.url_map.bind("").match  # type: ignore[attr-defined]
            rule, _names = rules(answer.request.path, method=answer.request.method, return_rule=True)
            name = f"{answer.request.method} {rule.rule}"
            self.noted[name] = self.noted.get(name, True) and lines() > before
        return answer


def lines() -> int:
    with db.transaction() as tx:
        return tx.scalar(LINES) or 0


@pytest.fixture(scope="module")
def watched(app: Flask, database: str) -> Watched:
    from tests.conftest import empty

    empty()
    made = Watched(app, app.response_class)
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    made.noted = {}
    return made


@pytest.fixture(scope="module")
def house(watched: Watched) -> House:
    made = belongings.make(watched)
    watched.filling = False
    return made


def test_all_that_fills_the_house_stands_in_the_trail(watched: Watched, house: House) -> None:
    silent = {name for name, noted in watched.noted.items() if not noted}
    assert len(watched.noted) > 30 and silent <= WITHOUT_A_LINE.keys(), silent


@pytest.fixture(scope="module")
def before(house: House) -> dict[str, str]:
    """How the tables stand before each request, as each is taken back."""
    with undone() as connection:
        return digests(connection) | {"lines": str(connection.scalar(LINES))}


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_what_a_route_changes_stands_in_the_trail(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,
    before: dict[str, str],
    watched: Watched,
    route: Route,
) -> None:
    for who in callers(house, route):
        with undone() as connection:
            status = list(ask(route, who))[-1].status_code
            assert status < 500
            if status >= 300:
                continue
            after, lines = digests(connection), str(connection.scalar(LINES))
        if changed := {name for name in after if before[name] != after[name]} - ALWAYS:
            said = "a line" if lines != before["lines"] else "no line: call audit.record where it is done"
            assert (said == "a line") == (ids(route) not in WITHOUT_A_LINE), (said, changed)
            return
    if ids(route) not in watched.noted:
        pytest.skip("nothing that is drawn or done for it here changes anything")


def test_without_its_line_a_deed_would_be_found(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,
    before: dict[str, str],
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control."""
    monkeypatch.setattr(audit, "record", lambda *_said, **_facts: None)
    (route,) = [one for one in WRITES if ids(one) == "POST /api/v1/staff/webhooks/<uuid:webhook_id>/test"]
    with pytest.raises(AssertionError, match="no line"):
        test_what_a_route_changes_stands_in_the_trail(ask, house, before, watched, route)


def callers(house: House, route: Route) -> list[dict[str, str]]:
    roles = sorted(route.who.roles or Role) if "staff" in route.who.kinds else []
    nobody = [{}] if "anonymous" in route.who.kinds else []
    owner = [house.owner] if "resident" in route.who.kinds else []
    return [*owner, *(house.staff[one] for one in roles), *nobody]
