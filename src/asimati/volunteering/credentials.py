"""Credentials: what a passport says at a moment, signed, so that anyone can check it without asking whose it is.

A token is base64url without padding of a JSON body, a full stop, and base64url of the Ed25519 signature (RFC 8032)
over the body's bytes. The public key is at `GET /credentials/key`. Whether it was revoked only we know.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from asimati.kit import secrets

PURPOSE = "passport"


def issue(said: Mapping[str, Any]) -> str:
    """The token of what is said."""
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return f"{_written(body)}.{_written(secrets.sign(body, PURPOSE))}"


def read(token: str) -> dict[str, Any] | None:
    """What the token says, if we signed it."""
    try:
        body, signature = map(_raw, token.split("."))
    except ValueError:
        return None
    return dict(json.loads(body)) if secrets.is_signed(body, signature, PURPOSE) else None


def public_jwk() -> dict[str, str]:
    """The key that verifies tokens, as a JWK (RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "Ed25519",
        "use": "sig",
        "x": _written(secrets.public_key(PURPOSE)),
    }


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(written: str) -> bytes:
    raw = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    if _written(raw) != written:  # a last letter with other spare bits would read the same
        raise ValueError(written)
    return raw
