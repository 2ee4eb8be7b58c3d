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
    assert directives(answer) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
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
