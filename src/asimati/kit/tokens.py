"""Access tokens: JSON Web Tokens under keys that change by the calendar.

Every period has its own Ed25519 key, derived from the master key and the period's number. No process has to be
told of a new key, and none is ever missing: whoever can derive this month's can derive the last one's. Keys of the
period before and of the one after are published too, so that a verifier who looks once a day is never behind.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from asimati.kit import clock, secrets
from asimati.settings import settings

ISSUER = AUDIENCE = "asimati"
DAY = 86400


def sign(claims: Mapping[str, Any]) -> str:
    """A compact JWT signed with Ed25519 (RFC 8037), typed as an access token (RFC 9068)."""
    kid = _kid(max(secrets.versions()), _period())
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": kid}
    whole = {"iss": ISSUER, "aud": AUDIENCE, **claims}
    return jwt.encode(header, whole, _key(kid), registry=_registry())


def read(token: str) -> Mapping[str, Any] | None:
    """The claims of a token that we signed, that is meant for us and has not expired; None otherwise."""
    try:
        kid, claims = _verified(token)
    except (JoseError, ValueError, UnicodeError):
        return None
    still_good = kid in _known() and clock.utcnow().timestamp() < claims.get("exp", 0)
    return claims if still_good else None


def made_for(token: str) -> str | None:
    """The sign-in a token was made for, whether it still holds or not; None for what we did not sign."""
    try:
        sign_in = _verified(token)[1].get("sid")
    except (JoseError, ValueError, UnicodeError):
        return None
    return sign_in if isinstance(sign_in, str) else None


@lru_cache(maxsize=4096)
def _verified(token: str) -> tuple[str, Mapping[str, Any]]:
    """A token's key and claims. Its signature is verified once in a process, a quarter of what a check costs;
    its time and its key are asked each time, what does not verify is not remembered. Raises JoseError, ValueError.
    """
    found = jwt.decode(token, _of_header, registry=_registry())
    claims = found.claims
    if found.header.get("typ") != "at+jwt" or claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise ValueError
    return found.header["kid"], MappingProxyType(claims)


def published() -> Sequence[Mapping[str, Any]]:
    """The public keys that verify what is signed now, was signed in the last period, or will be in the next."""
    keys = [_key(kid) for version in sorted(secrets.versions()) for kid in _kids(version)]
    return [dict(key.as_dict(private=False), alg="Ed25519", use="sig") for key in keys]


def _of_header(token: Any) -> OKPKey:
    """The key a token names. Raises ValueError for a name that is not one of ours at this time."""
    kid = token.headers().get("kid")
    if kid not in _known():
        raise ValueError(kid)
    return _key(kid)


def _known() -> set[str]:
    """The names of the keys that are ours at this time."""
    return {kid for version in secrets.versions() for kid in _kids(version)}


def _period() -> int:
    return int(clock.utcnow().timestamp() // (settings().tokens.key_days * DAY))


def _kids(version: int) -> list[str]:
    now = _period()
    return [_kid(version, period) for period in (now - 1, now, now + 1)]


def _kid(version: int, period: int) -> str:
    return f"{version}.{period}"


@cache
def _key(kid: str) -> OKPKey:
    version, _, period = kid.partition(".")
    raw = secrets.derived(int(version), f"sign|access-token|{period}")
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": kid, "d": _base64url(raw), "x": _base64url(public)}
    return OKPKey.import_key(jwk)  # type: ignore[arg-type]


@cache
def _registry() -> jws.JWSRegistry:
    return jws.JWSRegistry(algorithms=["Ed25519"])


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
