"""What the API promises everywhere, asked of every route there is. A new route is asked too, without being told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.accounts.actions import create_staff
from asimati.accounts.api_keys import new_key
from asimati.accounts.rules import KeyScope
from asimati.app import DEVELOPMENT_ROOMS, ROOMS
from asimati.http import limits
from asimati.http.routes import Route
from asimati.kit import db
from asimati.kit.policy import Actor, Role
from asimati.settings import settings

ROUTES: list[Route] = [route for room in (*ROOMS, *DEVELOPMENT_ROOMS) for route in room.blp.routes]
API = [route for route in ROUTES if route.rule.startswith("/api/")]


def path_of(route: Route) -> str:
    """The route's path with names nobody has."""
    path = re.sub(r"<uuid:[^>]+>", "00000000-0000-7000-8000-000000000000", route.rule)
    path = re.sub(r"<int:[^>]+>", "999999", path)
    return re.sub(r"<[^>]+>", "XX-00000000", path)


def ids(route: Route) -> str:
    return f"{route.method} {route.rule}"


every = pytest.mark.parametrize("route", API, ids=ids)
with_body = pytest.mark.parametrize("route", [route for route in API if route.takes], ids=ids)
closed = pytest.mark.parametrize("route", [r for r in API if "anonymous" not in r.who.kinds], ids=ids)


@pytest.fixture(scope="module")
def client(app: Flask, database: str) -> FlaskClient:
    """One client over tables emptied once: these tests ask, and change nothing that another of them sees."""
    from tests.conftest import empty

    empty()
    made = app.test_client()
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return made


@pytest.fixture(scope="module")
def keys(client: FlaskClient) -> dict[str, dict[str, str]]:
    """Headers of a resident, of a member of staff with every role that acts, and of an organisation's system."""
    with db.transaction() as tx:
        name = {"ar": "موظف", "en": "Staff"}
        member = create_staff(tx, "house@asimati.example", "asimati-demo", name, list(Role))
        boss = Actor("staff", member.id, frozenset(Role))
        said = {"name": "A system", "scopes": [KeyScope.OFFERS], "per_minute": 600, "organisation": uuid4()}
        _made, secret = new_key(tx, boss, **said)
    signed_in = {
        "resident": client.post("/dev/sign-in", json={"phone": "+97333999999"}),
        "staff": client.post("/dev/sign-in", json={"email": "house@asimati.example"}),
    }
    tokens = {kind: f"Bearer {answer.json['access_token']}" for kind, answer in signed_in.items()}
    return {kind: {"Authorization": token} for kind, token in tokens.items()} | {"key": {"X-API-Key": secret}}


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = client.get("/api/openapi.json").json
    return found


MADE = {"text/csv", "application/pdf", "application/zip", "application/vnd.sdmx.data+csv; version=2.0.0"}


@every
def test_it_says_what_it_costs_and_how_long_to_wait(document: dict[str, Any], route: Route) -> None:
    operation = operation_of(document, route)
    assert operation["x-cost"] == route.cost in limits.COSTS
    assert "Retry-After" in operation["responses"]["429"]["headers"]
    if route.cost in ("read", "write"):
        assert (route.cost == "read") == (route.method == "GET")
    kinds = operation["responses"].get("200", {}).get("content", {}).keys()
    makes_files = (
        bool(kinds & MADE or any("officedocument" in kind for kind in kinds)) and "image/jpeg" not in kinds
    )
    assert makes_files == (route.cost in ("export", "archive")), 'say `cost="export"` where a file is made'
    assert not route.uploads or route.cost in ("upload", "signal")


def test_every_class_has_its_limits() -> None:
    """A class without a setting would have no limit at all."""
    for cost in limits.COSTS:
        assert getattr(settings().limits, cost), cost
        named = {route.cost for route in ROUTES if "anonymous" in route.who.kinds}
        assert cost not in named or getattr(settings().limits, f"{cost}_address"), cost
    assert settings().limits.write_device


def test_what_is_kept_for_everybody_is_open_to_everybody() -> None:
    kept = [route for route in API if route.kept]
    assert kept and all(route.who.name == "anyone" and route.method == "GET" for route in kept)


@pytest.fixture
def enter(client: FlaskClient, keys: dict[str, dict[str, str]]) -> Callable[..., Any]:
    """Call a route as somebody it lets in, with the headers it demands."""

    def call(route: Route, *, match: bool = True, **more: Any) -> Any:
        headers = dict(keys[next(kind for kind in ("resident", "staff", "key") if kind in route.who.kinds)])
        if route.needs_match and match:
            headers["If-Match"] = '"1-x"'
        headers |= more.pop("headers", {})
        return client.open(path_of(route), method=route.method, headers=headers, **more)

    return call


def is_problem(answer: Any, status: int) -> bool:
    body = answer.get_json(force=True, silent=True) or {}
    return (
        answer.status_code == status
        and answer.mimetype == "application/problem+json"
        and body.get("status") == status
        and body["type"].startswith("/problems/")
        and bool(body["title"])
    )


@every
def test_it_is_in_the_openapi_document_with_who_may_enter(document: dict[str, Any], route: Route) -> None:
    operation = operation_of(document, route)
    assert operation["x-who"] == route.who.name
    assert operation.get("summary") or operation.get("description"), "say in a docstring what the route does"


@closed
def test_without_a_token_one_is_asked_to_sign_in(client: FlaskClient, route: Route) -> None:
    answer = client.open(path_of(route), method=route.method)
    assert is_problem(answer, 401), answer.get_data(as_text=True)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@every
def test_a_token_that_is_not_ours_is_refused_even_where_none_is_needed(client: FlaskClient, route: Route) -> None:
    answer = client.open(path_of(route), method=route.method, headers={"Authorization": "Bearer a.b.c"})
    assert is_problem(answer, 401)


@closed
def test_the_wrong_kind_of_person_is_kept_out(
    client: FlaskClient, keys: dict[str, dict[str, str]], route: Route
) -> None:
    if {"resident", "staff"} <= route.who.kinds:
        pytest.skip("lets both in")
    wrong = keys["staff" if "resident" in route.who.kinds else "resident"]
    assert is_problem(client.open(path_of(route), method=route.method, headers=wrong), 403)


@with_body
def test_only_json_of_bounded_size_is_read(enter: Callable[..., Any], route: Route) -> None:
    assert is_problem(enter(route, data="a=b", content_type="application/x-www-form-urlencoded"), 415)
    assert is_problem(enter(route, data="{", content_type="application/json"), 400)
    assert is_problem(enter(route, data="[" * 1000, content_type="application/json"), 400)
    assert is_problem(enter(route, data=b'"' + b"a" * 70_000 + b'"', content_type="application/json"), 413)


@with_body
def test_an_unknown_field_is_named(enter: Callable[..., Any], route: Route) -> None:
    answer = enter(route, json={"no_such_field": 1})
    assert is_problem(answer, 422), answer.get_data(as_text=True)
    assert "/no_such_field" in {error["pointer"] for error in answer.json["errors"]}


HOSTILE: list[Any] = [
    "\x00",
    "\ud800",
    "a\x00b",
    10**18,
    -(10**18),
    1.9,
    True,
    None,
    [],
    {},
    "9" * 5000,
    "0001-01-01T00:00:00+14:00",
]


@with_body
def test_no_hostile_value_in_any_field_is_an_accident(
    document: dict[str, Any], enter: Callable[..., Any], route: Route
) -> None:
    for field in fields_of(document, route):
        for value in HOSTILE:
            answer = enter(route, data=json.dumps({field: value}), content_type="application/json")
            assert answer.status_code < 500, (field, value, answer.get_data(as_text=True))


@pytest.mark.parametrize("route", [r for r in API if r.method == "GET"], ids=ids)
def test_no_hostile_query_is_an_accident_and_an_unknown_one_is_named(
    document: dict[str, Any], enter: Callable[..., Any], route: Route
) -> None:
    queries = [p["name"] for p in operation_of(document, route).get("parameters", []) if p.get("in") == "query"]
    for name in queries:
        for value in ("\x00", "x" * 3000, "-1", "1e9", "0001-01-01", "٣", ""):
            answer = enter(route, query_string={name: value})
            assert answer.status_code < 500, (name, value, answer.get_data(as_text=True))
    if queries:
        assert is_problem(enter(route, query_string={"no_such_query": "1"}), 422)
    if {"after", "limit"} <= set(queries):
        for wrong in ({"limit": "0"}, {"limit": "101"}, {"after": "zzz"}):
            answer = enter(route, query_string=wrong)
            # What nobody has may be missed before its list's cursor is read.
            assert is_problem(answer, 422) or ("<" in route.rule and is_problem(answer, 404)), wrong


def test_the_openapi_document_names_what_a_list_may_be_asked(document: dict[str, Any]) -> None:
    """Else the test above asks nothing, and nobody would notice."""
    services = document["paths"]["/api/v1/services"]["get"]["parameters"]
    assert {"q", "kind", "after", "limit"} <= {one["name"] for one in services if one["in"] == "query"}
    asked = [route for route in API if route.method == "GET"]
    named = [
        r for r in asked if any(p.get("in") == "query" for p in operation_of(document, r).get("parameters", []))
    ]
    assert len(named) > 20


@pytest.mark.parametrize("route", [r for r in API if r.needs_match], ids=ids)
def test_an_edit_without_a_version_is_428(enter: Callable[..., Any], route: Route) -> None:
    assert is_problem(enter(route, json={}, match=False), 428)


@pytest.mark.parametrize("route", [r for r in API if r.method == "POST"], ids=ids)
def test_a_key_that_is_no_key_is_refused(enter: Callable[..., Any], route: Route) -> None:
    for wrong in ("", "k" * 256):
        assert is_problem(enter(route, json={}, headers={"Idempotency-Key": wrong}), 422)


@pytest.mark.parametrize("route", [r for r in API if "<" in r.rule and not r.takes], ids=ids)
def test_what_nobody_has_is_404(enter: Callable[..., Any], route: Route) -> None:
    answer = enter(route)
    assert is_problem(answer, 404), answer.get_data(as_text=True)


@every
def test_the_request_id_comes_back(client: FlaskClient, route: Route) -> None:
    answer = client.open(path_of(route), method=route.method, headers={"X-Request-ID": "house-test"})
    assert answer.headers["X-Request-ID"] == "house-test"


@pytest.mark.parametrize("rule", sorted({route.rule for route in API}))
def test_a_wrong_method_is_405_with_the_right_ones_named(client: FlaskClient, rule: str) -> None:
    used = {route.method for route in API if route.rule == rule}
    wrong = next(method for method in ("PUT", "DELETE", "PATCH", "POST", "GET") if method not in used)
    path = path_of(next(route for route in API if route.rule == rule))
    answer = client.open(path, method=wrong)
    if answer.status_code in (404, 401):  # another rule with a name in that place answers this method
        return
    assert is_problem(answer, 405)
    assert used <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_every_rule_of_the_application_was_declared(app: Flask) -> None:
    declared = {(route.rule, route.method) for route in ROUTES}
    plain = {"/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/docs", "/api/docs/<name>"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            continue  # pages; tests/console asks each of them to be closed
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert rule.rule in plain or (rule.rule, method) in declared, f"{method} {rule.rule} was born open"


def operation_of(document: dict[str, Any], route: Route) -> dict[str, Any]:
    described = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
    found: dict[str, Any] = document["paths"][described][route.method.lower()]
    return found


def fields_of(document: dict[str, Any], route: Route) -> Iterator[str]:
    body = operation_of(document, route)["requestBody"]["content"]["application/json"]["schema"]
    name = body.get("$ref", "").rpartition("/")[2]
    yield from document["components"]["schemas"].get(name, body).get("properties", {})
