"""Every route beside every kind of caller, against one table: `who_may.toml`.

The table is written by hand and says what we mean; the routes say what they do. A route without a row fails, and so
does a row without a route.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from asimati.accounts.actions import create_staff, ensure_person, start_session
from asimati.accounts.models import AccountSession, StaffMember
from asimati.http.routes import Route
from asimati.kit import clock, db, tokens
from asimati.kit.policy import Role
from tests.house.test_everywhere import ROUTES, ids, path_of

TABLE: dict[str, str] = {
    route: who
    for room in tomllib.loads((Path(__file__).parent / "who_may.toml").read_text(encoding="utf-8")).values()
    for route, who in room.items()
}
CALLERS = ("nobody", "resident", "no_role", *Role)
STAFF = frozenset(("no_role", *Role))
WORDS = {
    "anyone": frozenset(CALLERS),
    "people": STAFF | {"resident"},
    "residents": frozenset({"resident"}),
    "staff": STAFF,
    "keys": frozenset(),  # partners' systems with a key, and nobody who signs in
    **{str(role): frozenset({role}) for role in Role},
}


def meant(route: Route) -> frozenset[str]:
    """The callers whom the table lets in."""
    row = TABLE.get(f"{route.method} {route.rule}")
    assert row, f'say in tests/house/who_may.toml who may: "{route.method} {route.rule}" = "..."'
    return frozenset().union(*(WORDS[word] for word in row.split()))


def test_every_row_has_its_route() -> None:
    assert not TABLE.keys() - {f"{route.method} {route.rule}" for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_exactly_those_enter_whom_the_table_names(
    client: FlaskClient, callers: Callable[[str], dict[str, str]], route: Route
) -> None:
    lets_in = meant(route)
    for caller in CALLERS:
        answer = client.open(path_of(route), method=route.method, headers=callers(caller) | _match(route))
        if caller not in lets_in:
            assert answer.status_code == (401 if caller == "nobody" else 403), (caller, answer.status_code)
        elif caller != "nobody":
            assert answer.status_code not in (401, 403), (caller, answer.get_data(as_text=True))
        else:
            assert answer.status_code != 401 or _is_sign_in(route), caller


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_no_token_that_does_not_hold_is_taken_anywhere(
    client: FlaskClient, worthless: dict[str, str], route: Route
) -> None:
    for kind, token in worthless.items():
        headers = {"Authorization": f"Bearer {token}"} | _match(route)
        answer = client.open(path_of(route), method=route.method, headers=headers)
        assert answer.status_code == 401, (kind, answer.status_code)


def _match(route: Route) -> dict[str, str]:
    return {"If-Match": '"1-x"'} if route.needs_match else {}


def _is_sign_in(route: Route) -> bool:
    """What is open to anyone and refuses a wrong password, token or signature."""
    return "/auth/" in route.rule or "/providers/" in route.rule


@pytest.fixture(scope="module")
def client(app: Flask, database: str) -> FlaskClient:
    from tests.conftest import empty

    empty()
    return app.test_client()


@pytest.fixture(scope="module")
def callers(client: FlaskClient) -> Callable[[str], dict[str, str]]:
    """The headers of a caller of some kind, signed in anew if they have signed out meanwhile."""
    with db.transaction() as tx:
        members = {"no_role": _member(tx), **{role: _member(tx, role) for role in Role}}
        person = ensure_person(tx, "+97333999998").id
    standing: dict[str, str] = {}

    def headers(caller: str) -> dict[str, str]:
        if caller == "nobody":
            return {}
        if caller not in standing or _is_over(standing[caller]):
            with db.transaction() as tx:
                holder: dict[str, Any] = {"person": person} if caller == "resident" else {"staff": members[caller]}
                standing[caller] = start_session(tx, **holder, assurance="advanced")["access_token"]
        return {"Authorization": f"Bearer {standing[caller]}"}

    return headers


@pytest.fixture(scope="module")
def worthless() -> dict[str, str]:
    """Tokens that were altered, are too old, were revoked, are of another kind, or whose holder has left."""
    with db.transaction() as tx:
        good = start_session(tx, staff=_member(tx, *Role), assurance="advanced")
        revoked = start_session(tx, staff=_member(tx, *Role), assurance="advanced")["access_token"]
        left = start_session(tx, staff=(leaver := _member(tx, *Role)), assurance="advanced")["access_token"]
        tx.execute(update(StaffMember).where(StaffMember.id == leaver).values(disabled_at=clock.now(tx)))
        session = tokens.read(revoked)["sid"]  # type: ignore[index]
        over = {"revoked_at": clock.now(tx) - timedelta(seconds=1)}
        tx.execute(update(AccountSession).where(AccountSession.id == session).values(over))
    claims = dict(tokens.read(good["access_token"]) or {})
    head, body, signature = good["access_token"].split(".")
    return {
        "tampered": f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "expired": tokens.sign(claims | {"exp": int(time.time()) - 1}),
        "for others": tokens.sign(claims | {"aud": "somebody else"}),
        "revoked": revoked,
        "refresh token": good["refresh_token"],
        "holder has left": left,
        "unknown session": tokens.sign(claims | {"sid": str(uuid4())}),
    }


def _member(tx: db.Session, *roles: Role) -> Any:
    name = {"ar": "موظف", "en": "Staff"}
    return create_staff(tx, f"{uuid4().hex}@asimati.example", "asimati-demo", name, list(roles)).id


def _is_over(token: str) -> bool:
    with db.reading() as tx:
        session = tx.get(AccountSession, (tokens.read(token) or {})["sid"])
    return session is None or session.revoked_at is not None
