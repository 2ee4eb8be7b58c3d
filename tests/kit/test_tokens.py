"""Access tokens: under keys that change, read by whoever has the published ones."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
import time_machine
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import encode

from asimati.kit import tokens
from asimati.settings import settings

MONTH = 30 * 86400


def claims(seconds: int = 600) -> dict[str, object]:
    now = int(tokens.clock.utcnow().timestamp())
    return {"sub": "somebody", "sid": "x", "iat": now, "exp": now + seconds}


def test_a_token_says_who_made_it_and_for_whom() -> None:
    read = tokens.read(tokens.sign(claims()))
    assert read is not None
    assert (read["iss"], read["aud"], read["sub"]) == ("asimati", "asimati", "somebody")


@pytest.mark.parametrize("wrong", [{"iss": "else"}, {"aud": "else"}, {"exp": int(time.time()) - 1}])
def test_a_token_for_somebody_else_or_too_old_is_not_read(wrong: dict[str, object]) -> None:
    assert tokens.read(tokens.sign(claims() | wrong)) is None


def test_a_token_of_another_key_type_or_algorithm_is_not_read() -> None:
    head, body, signature = tokens.sign(claims()).split(".")
    assert tokens.read(f"{head}.{body}.{signature[:-4]}AAAA") is None
    for altered in (
        {"alg": "none"},
        {"alg": "HS256"},
        {"typ": "JWT"},
        {"kid": "1.1"},
        {"kid": None},
        {"kid": "../x"},
    ):
        header = json.loads(base64.urlsafe_b64decode(head + "==")) | altered
        written = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        assert tokens.read(f"{written}.{body}.{signature}") is None, altered
    assert tokens.read("a.b.c") is None


def test_a_key_that_a_token_brings_along_is_not_looked_at() -> None:
    """Neither a key in the header, nor an address of one, nor one of the forger's under a name of ours."""
    theirs = OKPKey.generate_key("Ed25519", {"kid": "theirs"}, auto_kid=False)
    ours = jwt.get_unverified_header(tokens.sign(claims()))["kid"]
    said = {"iss": "asimati", "aud": "asimati", **claims()}
    for kid in (ours, "theirs"):
        for brought in ({}, {"jwk": theirs.as_dict(private=False)}, {"jku": "https://theirs.example/keys"}):
            header = {"alg": "Ed25519", "typ": "at+jwt", "kid": kid, **brought}
            registry = JWSRegistry(algorithms=["Ed25519"])
            forged = encode(header, said, theirs, registry=registry)
            assert tokens.read(forged) is None and tokens.made_for(forged) is None, header


def test_keys_change_and_the_last_one_verifies_until_its_tokens_expire() -> None:
    end_of_a_period = (int(time.time()) // MONTH + 1) * MONTH
    assert settings().tokens.key_days * 86400 == MONTH
    with time_machine.travel(end_of_a_period - 5, tick=False):
        before = tokens.sign(claims())
        announced = {key["kid"] for key in tokens.published()}
    with time_machine.travel(end_of_a_period + 5, tick=False):
        after = tokens.sign(claims())
        assert tokens.read(before) is not None
        assert tokens.read(after) is not None
    kids = [jwt.get_unverified_header(token)["kid"] for token in (before, after)]
    assert kids[0] != kids[1]
    assert set(kids) <= announced  # the next key stands in the set before it signs
    with time_machine.travel(end_of_a_period + 2 * MONTH, tick=False):
        assert kids[0] not in {key["kid"] for key in tokens.published()}


def test_a_signature_is_verified_once_and_its_time_and_its_key_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.sign(claims(10 * MONTH))
    assert tokens.read(token) is not None
    with monkeypatch.context() as nowhere:
        nowhere.setattr(tokens.jwt, "decode", None)  # it would raise
        assert tokens.read(token) is not None
        nowhere.setattr(tokens.secrets, "versions", lambda: [2])
        assert tokens.read(token) is None, "a master key that was dropped"
    for later in (3 * MONTH, 11 * MONTH):
        with time_machine.travel(time.time() + later, tick=False):
            assert tokens.read(token) is None, "its key is not ours any more, or it has expired"


def test_anybody_verifies_a_token_with_the_published_keys() -> None:
    token = tokens.sign(claims())
    kid = jwt.get_unverified_header(token)["kid"]
    published = next(key for key in tokens.published() if key["kid"] == kid)
    assert "d" not in published
    key = jwt.PyJWK({**published, "alg": "EdDSA"})  # the library's older name of the same algorithm
    raw = base64.urlsafe_b64decode(token.split(".")[2] + "==")
    assert key.Algorithm.verify(token.rpartition(".")[0].encode(), key.key, raw)
