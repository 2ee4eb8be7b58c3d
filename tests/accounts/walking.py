"""The way of an app and a browser through a sign-on."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from asimati.accounts.sign_on import calling, providers
from asimati.accounts.sign_on.providers import Provider
from asimati.settings import settings
from tests.accounts.provider import CLIENT, SECRET, HostileProvider

V1 = "/api/v1"
APP = "bh.example.app:/signed-on"
CLAIMS = {
    "number": "cpr", "name_ar": "name_ar", "name_latin": "name", "birth_date": "birthdate", "sex": "gender",
    "phone": "phone_number",
}  # fmt: skip
LEVELS = {"standard": ["substantial"], "advanced": ["high"]}


def as_described(monkeypatch: pytest.MonkeyPatch, issuer: str, **more: Any) -> None:
    """Set both providers up as an operator would; `more` overrides the residents' one."""
    common = {
        "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "claims": CLAIMS, "local": True,
        "title": {"ar": "الدخول الوطني", "en": "National sign-on"},
    }  # fmt: skip
    national = Provider(**{"name": "national", "serves": "residents", "levels": LEVELS, **common, **more})
    own = {"second_factor": {"amr": ["mfa"]}, "claims": {"email": "email"}}
    staff = Provider(**{"name": "staff", "serves": "staff", **common, **own})
    listed = {one.name: providers._checked(one) for one in (national, staff)}
    monkeypatch.setattr(providers, "_listed", lambda _file: listed)
    monkeypatch.setattr(settings().sign_on, "redirects", [APP])
    calling.forget()


@dataclass
class Walk:
    """One attempt: `to` walks it up to the code; `tokens` fetches them."""

    app: Flask
    at: HostileProvider
    provider: str = "national"
    level: str | None = None
    redirect: str = APP
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def __post_init__(self) -> None:
        self.browser = self.app.test_client()
        self.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        self.answer: Any = None
        self.code = ""

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def start(self, **more: Any) -> Any:
        query = {"redirect_uri": self.redirect, "code_challenge": self.challenge, "state": "the app's own"}
        query |= {"level": self.level} if self.level else {}
        return self.browser.get(f"{V1}/auth/oidc/{self.provider}/start", query_string=query | more)

    def to(self, subject: str) -> Walk:
        """To the provider, where `subject` says yes, and back to the app."""
        begun = self.start()
        assert begun.status_code == 302, begun.get_data(as_text=True)
        return self.back(self.at.approve(subject, begun.headers["Location"]))

    def back(self, address: str) -> Walk:
        """The browser follows the provider's redirect, and ours."""
        parts = urlsplit(address)
        self.answer = self.browser.get(f"{parts.path}?{parts.query}")
        if self.answer.status_code == 302:
            self.code = self.told.get("code", "")
        return self

    @property
    def told(self) -> dict[str, str]:
        """What the app hears from the browser."""
        location = self.answer.headers["Location"]
        assert location.startswith(self.redirect + "?"), location
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def tokens(self, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The app, which is not the browser, fetches its tokens; the answer."""
        body = {"code": self.code, "code_verifier": self.verifier} | more
        own = self.app.test_client()
        return own.post(f"{V1}/auth/oidc/token", json=body, headers={"Accept-Language": "en", **(headers or {})})


def bearer(tokens: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}
