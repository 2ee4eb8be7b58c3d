"""What browsers are told: cookies of this host alone, TLS from now on, pages that run only what is ours."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.accounts.actions import create_staff
from asimati.http.headers import styled
from asimati.kit import db
from asimati.kit.policy import Role
from asimati.settings import settings

V1 = "/api/v1"
STAFF = {"email": "lina@asimati.example", "password": "asimati-demo"}
STRICT_TRANSPORT = "Strict-Transport-Security"


@pytest.fixture
def over_https(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A browser of the house as production serves it, and a colleague to sign in."""
    monkeypatch.setitem(settings().values, "public_url", "https://asimati.example")  # type: ignore[index]
    with db.transaction() as tx:
        create_staff(tx, STAFF["email"], STAFF["password"], {"ar": "لينا", "en": "Lina"}, [Role.REVIEWER])
    browser = app.test_client()
    browser.environ_base["wsgi.url_scheme"] = "https"
    return browser


def is_of_this_host_alone(cookie: str) -> bool:
    parts = [part.strip() for part in cookie.split(";")]
    return parts[0].startswith("__Host-") and {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)


def test_over_https_every_cookie_is_of_this_host_alone(over_https: FlaskClient) -> None:
    language = over_https.post("/console/language", data={"language": "en"})
    signed_in = over_https.post("/console/sign-in", data=STAFF)
    inside = over_https.get("/console/", base_url="https://localhost")
    assert inside.status_code == 200 and 'lang="en"' in inside.get_data(as_text=True), (
        "so they come back and are read"
    )
    mark = re.search(r'name="mark" value="([^"]+)"', inside.get_data(as_text=True))
    assert mark
    signed_out = over_https.post("/console/sign-out", data={"mark": mark[1]}, base_url="https://localhost")
    cookies = [one for answer in (language, signed_in, signed_out) for one in answer.headers.getlist("Set-Cookie")]
    assert len(cookies) == 3
    for cookie in cookies:
        assert is_of_this_host_alone(cookie), cookie
        assert "Domain=" not in cookie
    assert over_https.get("/console/", base_url="https://localhost").status_code == 302


def test_nobody_sets_a_cookie_but_through_the_one_place() -> None:
    from pathlib import Path

    import asimati

    source = Path(asimati.__file__).parent
    setting = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if re.search(r"set_cookie|delete_cookie|Set-Cookie", path.read_text(encoding="utf-8"))
    }
    assert setting == {"http/cookies.py"}


def test_over_https_browsers_are_told_to_stay_with_it_and_else_not(
    client: FlaskClient, over_https: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = (f"{V1}/services", f"{V1}/me", "/nowhere", "/console/sign-in", "/api/docs", "/healthz")
    for path in paths:
        said = over_https.get(path).headers[STRICT_TRANSPORT]
        assert int(said.partition("max-age=")[2].partition(";")[0]) >= 31_536_000, path
    monkeypatch.setitem(settings().values, "public_url", "http://127.0.0.1:8000")  # type: ignore[index]
    assert not [path for path in paths if STRICT_TRANSPORT in client.get(path).headers]


PAGES = (
    "/api/docs", "/console/sign-in", "/console/static/console.css", "/impact", "/impact/style.css", "/dev/mailbox",
    f"{V1}/credentials/00000000-0000-7000-8000-000000000000",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_and_paints_only_what_is_ours(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.mimetype in ("text/html", "text/css"), answer.get_data(as_text=True)
    policy = directives(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert set(policy.get("script-src", [])) <= {"'self'"}
    assert not [source for sources in policy.values() for source in sources if "//" in source or "*" in source]
    if path != "/api/docs":  # Swagger UI paints from its script
        assert "unsafe" not in str(policy)


def test_an_answer_of_the_api_is_no_page_at_all(client: FlaskClient, as_resident: Callable[..., Any]) -> None:
    answer = client.get(f"{V1}/me", headers=as_resident())
    assert directives(answer) == {name: ["'none'"] for name in ("default-src", "frame-ancestors", "base-uri")}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_styles_inside_a_page_are_named_by_their_hash() -> None:
    answer = styled("<style>p { color: red }</style><p>words</p><style>b {}</style>")
    wanted = [base64.b64encode(hashlib.sha256(one).digest()).decode() for one in (b"p { color: red }", b"b {}")]
    assert directives(answer)["style-src"] == [f"'sha256-{one}'" for one in wanted]


def directives(answer: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


ASKED = (
    ("GET", f"{V1}/services"), ("GET", f"{V1}/me"), ("POST", f"{V1}/auth/otp"),
    ("GET", f"{V1}/impact/export/tallies.csv"),
    ("GET", "/open311/v2/services.xml"), ("GET", "/impact"), ("GET", "/api/docs"), ("GET", "/api/openapi.json"),
    ("GET", "/healthz"), ("GET", "/metrics"), ("GET", "/nowhere"), ("TRACE", "/impact"),
    ("GET", "/console/sign-in"), ("GET", "/console/static/console.js"), ("GET", "/console/"),
)  # fmt: skip


@pytest.mark.parametrize("method,path", ASKED)
def test_whatever_is_answered_has_the_strict_headers(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == ("same-origin" if "/console" in path else "no-referrer")
    policy = directives(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]


@pytest.mark.parametrize("path", [path for method, path in ASKED if method == "GET"])
def test_what_is_text_says_its_charset(client: FlaskClient, path: str) -> None:
    said = client.get(path).headers["Content-Type"]
    assert said.endswith("charset=utf-8") or said in ("application/json", "application/problem+json"), said


def test_a_calendar_says_its_charset(client: FlaskClient, as_resident: Callable[..., Any]) -> None:
    address = client.post(f"{V1}/me/calendar-link", headers=as_resident()).json["url"]
    assert client.get(address[address.index("/api") :]).headers["Content-Type"] == "text/calendar; charset=utf-8"


def test_tokens_are_kept_by_nobody_on_the_way(client: FlaskClient, as_resident: Callable[..., Any]) -> None:
    for path in ("/auth/otp/verify", "/auth/refresh", "/auth/staff"):
        assert client.post(V1 + path, json={}).headers["Cache-Control"] == "private, no-store"


def test_only_named_origins_are_let_in_from_a_browser(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    from flask import Flask as Small

    from asimati.http import headers

    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    assert "Access-Control-Allow-Origin" not in client.get(f"{V1}/services", headers=asked).headers, (
        "none by default"
    )
    monkeypatch.setattr(settings().web, "allowed_origins", ["https://app.example"])
    small = Small("small")
    small.get("/x")(lambda: "x")
    headers.install(small)
    for origin in ("https://app.example", "https://app.example.evil", "http://app.example", "null"):
        said = small.test_client().get("/x", headers={**asked, "Origin": origin}).headers
        let_in = said.get("Access-Control-Allow-Origin")
        assert let_in == (origin if origin == "https://app.example" else None)
        assert "Access-Control-Allow-Credentials" not in said


@pytest.mark.parametrize(
    "proxies,believed", [(0, "192.0.2.1"), (1, "203.0.113.9"), (2, "198.51.100.7")], ids=["none", "one", "two"]
)
def test_only_as_many_proxies_are_believed_as_are_named(
    app: Flask, monkeypatch: pytest.MonkeyPatch, proxies: int, believed: str
) -> None:
    """A client writes what it likes in front; each proxy adds whom it saw behind it."""
    from asimati.app import behind_proxies
    from asimati.http import limits

    monkeypatch.setattr(settings().web, "trusted_proxies", proxies)
    seen: list[str] = []
    small = Flask("small")
    small.get("/x")(lambda: seen.append(limits.address_block()) or "x")
    behind_proxies(small)
    came = {"X-Forwarded-For": "10.0.0.1, 198.51.100.7, 203.0.113.9", "X-Real-IP": "10.0.0.1"}
    small.test_client().get("/x", headers=came, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert seen == [believed.rpartition(".")[0] + ".0/24"]


@pytest.mark.parametrize("path", ["/console/static/", "/console/static", "/", "/api/", "/impact/", "/api/docs/"])
def test_no_folder_is_listed(client: FlaskClient, path: str) -> None:
    said = client.get(path, follow_redirects=True).get_data(as_text=True)
    assert "console.js" not in said and "Index of" not in said


@pytest.mark.parametrize("path", [f"{V1}/services", "/console/sign-in", "/healthz", "/api/openapi.json"])
def test_what_came_is_not_sent_back(client: FlaskClient, path: str) -> None:
    for method in ("TRACE", "TRACK", "CONNECT"):
        answer = client.open(path, method=method, headers={"Cookie": "sent=canary", "X-Sent": "canary"})
        assert answer.status_code == 405 and b"canary" not in answer.get_data()


def test_figures_of_the_house_are_for_the_addresses_that_are_named(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 200
    came = {"REMOTE_ADDR": "192.0.2.1"}
    claims = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    assert client.get("/metrics", environ_base=came, headers=claims).status_code == 404
