"""Signing in as an app does it, and many callers at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.accounts import queries
from asimati.kit import db
from tests.accounts.provider import HostileProvider, running
from tests.accounts.walking import Walk, as_described

V1 = "/api/v1"


@pytest.fixture
def ask(client: FlaskClient) -> Callable[..., Any]:
    """Ask for a one-time code; the answer."""

    def post(phone: str = "+97333112233", device_token: str = "", **more: Any) -> Any:
        body = {"phone": phone} | ({"device_token": device_token} if device_token else {})
        return client.post(f"{V1}/auth/otp", json=body, **more)

    return post


@pytest.fixture
def guess(client: FlaskClient) -> Callable[..., Any]:
    """Give a code back; the answer."""
    return lambda challenge, code: client.post(
        f"{V1}/auth/otp/verify", json={"challenge_id": str(challenge), "code": code}
    )


@pytest.fixture
def code_of() -> Callable[[str], str | None]:
    """The code of a challenge, as the text message would carry it; None when there is none to send."""

    def read(challenge: str) -> str | None:
        with db.transaction() as tx:
            found = queries.code_to_send(tx, UUID(challenge))
        return found.code if found else None

    return read


@pytest.fixture
def sign_in(
    client: FlaskClient, ask: Callable[..., Any], guess: Callable[..., Any], code_of: Callable[[str], str]
) -> Callable[..., Any]:
    """Sign in by a one-time code; the tokens."""

    def through(phone: str = "+97333112233") -> Any:
        challenge = ask(phone).json["challenge_id"]
        return guess(challenge, code_of(challenge)).json

    return through


@pytest.fixture
def all_at_once(app: Flask, client: FlaskClient) -> Callable[..., list[Any]]:
    """Post every body in a thread of its own, released together; who is told to come back (503) does."""

    def send(path: str, bodies: Sequence[Any]) -> list[Any]:
        barrier = threading.Barrier(len(bodies))

        def one(body: Any) -> Any:
            own = app.test_client()
            barrier.wait()
            for _ in range(100):
                answer = own.post(f"{V1}{path}", json=body, headers={"Accept-Language": "en"})
                if answer.status_code != 503:
                    return answer
                time.sleep(0.05)
            return answer

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(one, bodies))

    return send


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Change a setting for one test: `setting("codes", attempts=2)`."""
    from asimati.settings import settings

    def change(section: str, **values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setattr(getattr(settings(), section), name, value)

    yield change
    monkeypatch.undo()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> Iterator[HostileProvider]:
    """A provider over real HTTP, which vouches for residents as `national` and for staff as `staff`."""
    with running() as made:
        as_described(monkeypatch, made.issuer)
        yield made


@pytest.fixture
def sign_on(app: Flask, provider: HostileProvider) -> Callable[..., Walk]:
    """Somebody's way to the provider, up to where their app gets a code: `sign_on("subject", level="advanced")`."""
    return lambda subject, **more: Walk(app, provider, **more).to(subject)
