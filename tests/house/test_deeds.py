"""Every deed stands in the audit trail: whatever a route changes, a line says who did it.

Each route that may change something is asked by those whom it concerns, with bodies that fit; what it did is taken
back. A route that changed a table and left no line fails, unless it is named here with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from asimati.app import ROOMS
from asimati.http.routes import Route
from asimati.kit import audit
from asimati.kit.policy import Role
from tests.house.belongings import House
from tests.house.test_everywhere import ids
from tests.house.test_others_things import ALWAYS, ask, drawer, house  # noqa: F401 - fixtures
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
    "DELETE /api/v1/request-drafts/<uuid:draft_id>": OWN_PAPER,
    "POST /api/v1/notifications/<uuid:notification_id>/read": OWN_READING,
    "POST /api/v1/notifications/read-all": OWN_READING,
    "POST /api/v1/staff/notices/<uuid:notice_id>/read": OWN_READING,
    "POST /api/v1/staff/notices/read-all": OWN_READING,
}


@pytest.fixture(scope="module")
def before(house: House) -> dict[str, str]:  # noqa: F811
    """How the tables stand before each request, as each is taken back."""
    with undone() as connection:
        return digests(connection) | {"lines": str(connection.scalar(LINES))}


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_what_a_route_changes_stands_in_the_trail(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,  # noqa: F811
    before: dict[str, str],
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
    pytest.skip("what is drawn for it here changes nothing")


def test_without_its_line_a_deed_would_be_found(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,  # noqa: F811
    before: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control."""
    monkeypatch.setattr(audit, "record", lambda *_said, **_facts: None)
    (route,) = [one for one in WRITES if ids(one) == "POST /api/v1/staff/webhooks/<uuid:webhook_id>/test"]
    with pytest.raises(AssertionError, match="no line"):
        test_what_a_route_changes_stands_in_the_trail(ask, house, before, route)


def callers(house: House, route: Route) -> list[dict[str, str]]:  # noqa: F811
    roles = sorted(route.who.roles or Role) if "staff" in route.who.kinds else []
    nobody = [{}] if "anonymous" in route.who.kinds else []
    owner = [house.owner] if "resident" in route.who.kinds else []
    return [*owner, *(house.staff[one] for one in roles), *nobody]
