"""Every deed stands in the audit trail: whatever a route changes, a line says who did it.

Each route that may change something does so once: by its deed (`deeds`), while the house is filled with one of
each thing (`belongings.py`), or asked by those whom it concerns with drawn bodies; what it did is taken back. A
route that left no line fails unless it is named here with its reason, and so does one that nobody does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from asimati.app import ROOMS
from asimati.http.routes import Route
from asimati.kit import audit, db, tokens
from asimati.kit.policy import Role
from asimati.kit.privacy import HOLDINGS
from tests.house import belongings
from tests.house.belongings import House
from tests.house.deeds import DONE, Go
from tests.house.deeds.jobs import BY_ITSELF, years_later
from tests.house.test_everywhere import ids
from tests.house.test_others_things import ALWAYS, ask, drawer, named, owned  # noqa: F401 - fixtures
from tests.house.undo import digests, undone
from workers.schedule import JOBS, Job

LINES = text("SELECT id, actor_kind, actor_id, action, subject_type, subject_id, facts, people FROM audit_line")
WRITES = [route for room in ROOMS for route in room.blp.routes if route.method != "GET"]
OWN_PAPER = "a draft is somebody's own paper until it is filed"
OWN_READING = "what of one's own inbox one has read is nobody's business"
CHALLENGE = "a challenge that is good for minutes, and nothing yet"
NOT_DONE = "nobody does it here: give its state and its body in tests/house/deeds, and see that it leaves a line"
WITHOUT_A_LINE = {
    "PUT /api/v1/me/devices/<installation_id>": "apps say it at every start; that one is new leaves a line",
    "POST /api/v1/auth/otp": CHALLENGE,
    "POST /api/v1/auth/otp/by-message": CHALLENGE,
    "POST /api/v1/auth/refresh": "the sign-in goes on; that it began, ended or was stolen leaves a line",
    "POST /api/v1/staff/me/passkeys/options": CHALLENGE,
    "POST /api/v1/auth/staff/passkey/options": CHALLENGE,
    "POST /api/v1/request-drafts": OWN_PAPER,
    "PATCH /api/v1/request-drafts/<uuid:draft_id>": OWN_PAPER,
    "DELETE /api/v1/request-drafts/<uuid:draft_id>": OWN_PAPER,
    "POST /api/v1/notifications/<uuid:notification_id>/read": OWN_READING,
    "POST /api/v1/notifications/read-all": OWN_READING,
    "POST /api/v1/staff/notices/<uuid:notice_id>/read": OWN_READING,
    "POST /api/v1/staff/notices/read-all": OWN_READING,
    "POST /api/v1/providers/<name>/messages": "a code comes back; whoever signs in by it leaves a line",
    "POST /api/v1/providers/<name>/receipts": "what became of a letter stands with the letter",
}
# Asked by POST, because what is asked must stand in no address or log; nothing is changed and nobody's file opened.
ASKED = {
    "POST /api/v1/integrity/reports/follow",
    "POST /api/v1/credentials/verify",
    "POST /api/v1/staff/reply-templates/preview",
    "POST /api/v1/staff/templates/<topic>/preview",
}
# Things of a resident's that are an organisation's: what staff do with them is no matter of one person's.
OF_MANY = {"volunteer-entities/entity_id", "opportunities/opportunity_id"}


class Watched(FlaskClient):
    """A client that keeps, of each route that did something, the lines it left in the trail."""

    left: dict[str, list[Left]]

    def open(self, *args: Any, **more: Any) -> Any:
        before, answer = {line.id for line in lines()}, super().open(*args, **more)
        if answer.status_code < 300 and answer.request.method != "GET":
            rules = self.application.url_map.bind("").match  # type: ignore[attr-defined]
            rule, _names = rules(answer.request.path, method=answer.request.method, return_rule=True)
            token = answer.request.headers.get("Authorization", "").removeprefix("Bearer ")
            told = (tokens.read(token) or {}).get("sub") if token else None
            new = [line for line in lines() if line.id not in before]
            shows = (
                any(mark in answer.get_data(as_text=True) for mark in belongings.MARKS) if answer.is_json else False
            )
            self.left.setdefault(f"{answer.request.method} {rule.rule}", []).append(Left(told, new, shows))
        return answer


@dataclass(frozen=True)
class Left:
    """What one request left in the trail, who sent it (none without a sign-in), and whether it shows the owner."""

    by: str | None
    lines: list[Any]
    shows: bool = False


def lines() -> list[Any]:
    with db.transaction() as tx:
        return list(tx.execute(LINES))


@pytest.fixture(scope="module")
def watched(app: Flask, database: str) -> Watched:
    from tests.conftest import empty

    empty()
    made = Watched(app, app.response_class)
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    made.left = {}
    return made


@pytest.fixture(scope="module")
def house(watched: Watched) -> House:
    return belongings.make(watched)


@pytest.fixture(scope="module")
def filled(watched: Watched, house: House) -> dict[str, list[Left]]:
    """What filling the house left."""
    return dict(watched.left)


def test_all_that_fills_the_house_stands_in_the_trail(filled: dict[str, list[Left]]) -> None:
    silent = {name for name, each in filled.items() if not all(one.lines for one in each)}
    assert len(filled) > 30 and silent <= WITHOUT_A_LINE.keys(), silent
    assert not [fault for each in filled.values() for one in each for fault in faults(one)]


@pytest.fixture(scope="module")
def before(filled: object) -> dict[str, str]:
    """How the tables stand before each request, as each is taken back."""
    with undone() as connection:
        return digests(connection)


@pytest.mark.parametrize("route", WRITES, ids=ids)
def test_what_a_route_changes_stands_in_the_trail(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,
    before: dict[str, str],
    filled: dict[str, list[Left]],
    watched: Watched,
    route: Route,
) -> None:
    name = ids(route)
    if name in ASKED:
        assert not asked(house, route), "it changes something"
        return
    left = done(house, watched, route) or filled.get(name) or drawn(ask, house, before, watched, route)
    assert left, NOT_DONE
    silent = [one for one in left if not one.lines]
    assert bool(silent) == (name in WITHOUT_A_LINE), "no line: call audit.record where it is done"
    assert not [fault for one in left for fault in faults(one)]
    at_work = [one for one in left if one.by in map(str, house.members.values())]
    owners = "<" in route.rule and named(route) in owned(house).values() and named(route) not in OF_MANY
    assert all(any(line.people for line in one.lines) for one in at_work if owners), "say whose it is: `people`"
    shown = [one for one in at_work if one.shows]
    assert all(any(house.person in (line.people or ()) for line in one.lines) for one in shown), "say who was shown"


def faults(left: Left) -> Iterator[str]:
    """What is wrong with the lines of a deed: they say who did what to what, and nothing that is anybody's."""
    doers = {str(line.actor_id) for line in left.lines if line.actor_kind not in ("anonymous", "system")}
    if left.by and doers - {left.by}:
        yield f"{left.by} did it, not {doers}"
    for line in left.lines:
        if not re.fullmatch(r"[a-z_0-9]+\.[a-z_]+", line.action):
            yield f"name the deed room.deed: {line}"
        if not line.subject_type or line.subject_id == "None":
            yield f"name the thing: {line}"
        if line.people and line.subject_type not in audit.SUBJECTS:
            yield f"say in audit.SUBJECTS how the people read it: {line}"
        if not all(PLAIN(fact) for fact in leaves(json.loads(line.facts))):
            yield f"facts are ids, enums and numbers: {line}"


def leaves(facts: Any) -> Iterator[str]:
    inner = facts.values() if isinstance(facts, dict) else facts if isinstance(facts, list) else ()
    if isinstance(facts, str):
        yield facts
    for one in inner:
        yield from leaves(one)


# An id, a name of ours, a date or moment: no word with a blank or of another script, no telephone, no address.
PLAIN = re.compile(r"(?!\+?\d{7,}\Z)[\w.:+/-]*( [\d:.+]+)?", re.ASCII).fullmatch


def asked(house: House, route: Route) -> set[str]:
    """The tables that a route changes by what is done for it."""
    go = Go(house, route, looks=True)
    with undone():
        DONE[ids(route)](house, go)
    return go.changed


def done(house: House, watched: Watched, route: Route) -> list[Left]:
    """What the deed of a route leaves, where it has one."""
    watched.left = {}
    if ids(route) in DONE:
        with undone():
            DONE[ids(route)](house, Go(house, route))
    return watched.left.get(ids(route), [])


def drawn(
    ask: Callable[..., Iterator[Any]],  # noqa: F811
    house: House,
    before: dict[str, str],
    watched: Watched,
    route: Route,
) -> list[Left]:
    """What a request that fits leaves, whoever sends it; nothing where none changes anything."""
    for who in callers(house, route):
        watched.left = {}
        with undone() as connection:
            status = list(ask(route, who))[-1].status_code
            assert status < 500
            if status < 300 and changes(connection, before):
                return watched.left[ids(route)]
    return []


def changes(connection: Connection, before: dict[str, str]) -> set[str]:
    after = digests(connection)
    return {name for name in after if before[name] != after[name]} - ALWAYS


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
        test_what_a_route_changes_stands_in_the_trail(ask, house, before, {}, watched, route)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_what_the_house_changes_by_itself_stands_in_the_trail(house: House, job: Job) -> None:
    """Each periodic job, on what it has to do with people's things or, if that is nothing, after eleven years."""
    with undone() as connection:
        BY_ITSELF.get(job.name, years_later)(house)
        before, had = digests(connection), {line.id for line in lines()}
        with db.transaction() as tx:
            job.deed(tx)
        changed = changes(connection, before) & HOLDINGS.keys()
        new = [line for line in lines() if line.id not in had]
    assert changed or job.name not in BY_ITSELF, "it does nothing: give it its state in tests/house/deeds/jobs.py"
    assert new or not changed, f"no line: call audit.record where {changed} are changed"
    assert {line.actor_kind for line in new} <= {"system"} and not list(faults(Left(None, new)))


def test_what_is_named_here_is_a_route_or_a_job() -> None:
    assert BY_ITSELF.keys() <= {job.name for job in JOBS}
    routes = {ids(route) for route in WRITES}
    assert DONE.keys() | WITHOUT_A_LINE.keys() | ASKED <= routes
    assert DONE.keys() >= ASKED


def callers(house: House, route: Route) -> list[dict[str, str]]:
    roles = sorted(route.who.roles or Role) if "staff" in route.who.kinds else []
    nobody = [{}] if "anonymous" in route.who.kinds else []
    owner = [house.owner] if "resident" in route.who.kinds else []
    return [*owner, *(house.staff[one] for one in roles), *nobody]
