"""A passport's token, checked as a stranger would: with another library and the published key."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient

from asimati.volunteering import credentials

SAID = {"id": "0190", "edition": "now", "hours": "12.50"}


def raw(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def test_the_published_key_verifies_it(client: FlaskClient) -> None:
    key = client.get("/api/v1/credentials/key").json
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    body, signature = map(raw, credentials.issue(SAID).split("."))
    published = Ed25519PublicKey.from_public_bytes(raw(key["x"]))
    published.verify(signature, body)
    assert json.loads(body) == SAID
    with pytest.raises(InvalidSignature):
        published.verify(signature, body.replace(b"12.50", b"92.50"))


def test_any_other_letter_anywhere_and_it_does_not_hold() -> None:
    token = credentials.issue(SAID)
    assert credentials.read(token) == SAID
    for at, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        assert credentials.read(token[:at] + other + token[at + 1 :]) is None


@pytest.mark.parametrize("token", ["", ".", "a", "a.b", "a.b.c", "é.é", "x" * 5000])
def test_what_is_no_token_says_nothing(token: str) -> None:
    assert credentials.read(token) is None
