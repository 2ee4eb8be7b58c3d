"""From end to end over a provider that others wrote (oidc-provider-mock): its pages, its keys, its redirects."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati import seed
from asimati.accounts.actions import create_staff
from asimati.accounts.sign_on import calling, providers
from asimati.kit import db
from asimati.kit.policy import Role
from asimati.settings import settings
from asimati.supervisor import vouching
from tests.accounts.walking import Walk, bearer

V1 = "/api/v1"


@pytest.fixture
def house(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The providers of a newcomer's machine, as config/sign-on.development.toml describes them."""
    served = vouching.server(0)
    address = f"http://localhost:{served.server_port}"
    thread = threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv(providers.LOCAL, address)
    monkeypatch.setattr(settings().sign_on, "file", "sign-on.development.toml")
    monkeypatch.setattr(settings().sign_on, "redirects", ["asimati-demo:/signed-on"])
    providers._listed.cache_clear()
    calling.forget()
    yield address
    providers._listed.cache_clear()
    served.shutdown()
    served.server_close()
    thread.join(5)


def agree(address: str, subject: str) -> str:
    """Somebody chooses themselves on the provider's own page; where their browser is sent back to."""
    page = httpx.get(address)
    assert page.status_code == 200 and subject in page.text
    return str(httpx.post(address, data={"sub": subject}).headers["Location"])


def walk(app: Flask, subject: str, **more: Any) -> Walk:
    going = Walk(app, None, redirect="asimati-demo:/signed-on", **more)  # type: ignore[arg-type]
    begun = going.start()
    assert begun.status_code == 302, begun.get_data(as_text=True)
    return going.back(agree(begun.headers["Location"], subject))


def test_a_resident_signs_on_is_found_again_and_steps_up(
    app: Flask, house: str, client: FlaskClient, as_resident: Callable[..., dict[str, str]]
) -> None:
    def me(headers: dict[str, str]) -> Any:
        return client.get(f"{V1}/me", headers=headers).json

    first = me(bearer(walk(app, "ali").tokens().json))
    again = me(bearer(walk(app, "ali").tokens().json))
    assert (first["id"], first["assurance"], first["cpr"]) == (again["id"], "standard", "••••••033")
    phone = as_resident("+97333112233")
    raised = me(bearer(walk(app, "maryam", level="advanced").tokens(phone).json))
    assert (raised["id"], raised["assurance"], raised["name_ar"]) == (me(phone)["id"], "advanced", "مريم")


def test_who_is_not_known_to_the_provider_by_a_number_does_not_come_in(app: Flask, house: str) -> None:
    going = Walk(app, None, redirect="asimati-demo:/signed-on")  # type: ignore[arg-type]
    address = going.start().headers["Location"]
    back = httpx.post(address, data={"sub": f"stranger {secrets.token_hex(4)}"}).headers["Location"]
    assert going.back(back).told["error"] == "sign-on-refused"


def test_who_declines_on_the_providers_page_comes_back_without_a_code(app: Flask, house: str) -> None:
    going = Walk(app, None, redirect="asimati-demo:/signed-on")  # type: ignore[arg-type]
    back = httpx.post(going.start().headers["Location"], data={"action": "deny"}).headers["Location"]
    if "state=" not in back:  # the library forgets it here; a provider must not (RFC 6749, 4.1.2.1)
        back += "&state=" + re.findall(r"[?&]state=([^&]+)", going.start().headers["Location"])[0]
    assert going.back(back).told["error"] == "access_denied"


def test_a_colleague_signs_in_on_the_pages(app: Flask, house: str) -> None:
    with db.transaction() as tx:
        create_staff(tx, "reviewer@asimati.example", "asimati-demo", {"ar": "نور", "en": "Noor"}, [Role.REVIEWER])
    browser = app.test_client()
    browser.post("/console/language", data={"language": "en"})
    page = browser.get("/console/sign-in").get_data(as_text=True)
    button = re.findall(r'href="(/console/sign-in/with/[^"]+)"', page)[0].replace("&amp;", "&")
    assert "Sign in with Work account (trial)" in page
    begun = browser.get(browser.get(button).headers["Location"])
    address = agree(begun.headers["Location"], "reviewer@asimati.example")
    for _hop in ("the provider's redirect", "ours"):
        parts = urlsplit(address)
        answer = browser.get(f"{parts.path}?{parts.query}")
        address = answer.headers["Location"]
    assert answer.status_code == 303
    sessions = browser.get("/console/me").get_data(as_text=True)
    assert "work" in sessions


def test_everybody_whom_the_demonstration_seeds_is_known_to_its_provider() -> None:
    assert {f"{name}@asimati.example" for name in seed.STAFF} <= vouching.PEOPLE.keys()
