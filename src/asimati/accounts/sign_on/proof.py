"""What a provider says of somebody, believed only after every check of OpenID Connect Core 3.1.3.7.

The ID token comes straight from the token endpoint, and is verified all the same: the signature by a published key
and an algorithm the operator allowed, issuer, audience and authorized party, times, the nonce of this very attempt,
the hash of the access token beside it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError

from asimati.accounts.models import Sex
from asimati.accounts.refusals import SignOnRefused
from asimati.accounts.sign_on import calling
from asimati.accounts.sign_on.providers import Provider
from asimati.kit.forms import home_country
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.text import UnfitText, clean, cpr

LEEWAY = 60  # seconds two clocks may differ
OLDEST = 600  # seconds a token may be old when it comes
LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Identity:
    """Somebody, in our words. `level` is for residents; at `proved_at` (epoch seconds) they showed who they are."""

    subject: str = field(repr=False)
    level: str
    proved_at: int
    second_factor: bool = False
    number: str | None = field(default=None, repr=False)
    name_ar: str | None = field(default=None, repr=False)
    name_latin: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    sex: str | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    def packed(self) -> str:
        """As it is kept, sealed, until the tokens are fetched."""
        return json.dumps(asdict(self))

    @classmethod
    def unpacked(cls, text: str) -> Identity:
        return cls(**json.loads(text))


def identity(provider: Provider, answer: Mapping[str, Any], nonce: str, *, max_age: int | None = None) -> Identity:
    """Who it is, by the answer of the token endpoint. Raises SignOnRefused with a reason, SignOnAway."""
    access_token = answer.get("access_token")
    claims = _verified(provider, answer["id_token"], nonce, access_token, max_age)
    if provider.userinfo and isinstance(access_token, str):
        more = calling.userinfo(provider, access_token)
        if more.get("sub") != claims["sub"]:
            raise SignOnRefused(reason="userinfo")
        claims = {**more, **claims}
    return _in_our_words(provider, claims)


def _verified(
    provider: Provider, token: str, nonce: str, access_token: Any, max_age: int | None
) -> Mapping[str, Any]:
    now = int(time.time())  # the world's clock, whatever ours was told: the provider's tokens are of the world
    try:
        # Header first: of which key it says to be. An algorithm that is not allowed is refused before any key is.
        registry = jws.JWSRegistry(algorithms=list(provider.algorithms))
        decoded = jwt.decode(token, lambda one: calling.key_of(provider, _kid(one)), registry=registry)
        said = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": provider.issuer}},
            {
                "nonce": nonce,
                "client_id": provider.client_id,
                "max_age": max_age,
                "access_token": access_token if isinstance(access_token, str) else None,
            },
        )
        said.validate(now, LEEWAY)
        if not _is_sound(provider, said, now, max_age):
            raise ValueError("claims")
    except (JoseError, ValueError, TypeError, KeyError, UnicodeError) as fault:
        raise SignOnRefused(reason="id_token") from fault
    return {**said, "proved_at": int(said.get("auth_time") or said["iat"])}


def _is_sound(provider: Provider, said: Mapping[str, Any], now: int, max_age: int | None) -> bool:
    """What the library leaves to us: for us alone, of somebody, made just now, and proved as lately as we asked."""
    audience = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
    proved = said.get("auth_time") or said["iat"]
    return (
        audience == [provider.client_id]
        and 0 < len(said["sub"]) <= LONGEST_SUBJECT
        and bool(now - OLDEST - LEEWAY <= said["iat"] <= now + LEEWAY)
        and bool(0 < proved <= now + LEEWAY)
        and (max_age is None or now - proved <= max_age + LEEWAY)
    )


def _kid(token: Any) -> str | None:
    kid = token.headers().get("kid")
    return kid if isinstance(kid, str) else None


def _in_our_words(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    """The claims as the operator mapped them. What cannot be read is left out, but for the personal number."""
    said = {ours: claims.get(theirs) for ours, theirs in provider.claims.items()}
    number = _number(said["number"]) if "number" in said else None
    level = provider.level_of(claims)
    if level is None and provider.serves == "residents":
        raise SignOnRefused(reason="level")
    return Identity(
        subject=claims["sub"],
        level=level or "standard",
        proved_at=claims["proved_at"],
        second_factor=provider.is_second_factor(claims),
        number=number,
        name_ar=_text(said.get("name_ar")),
        name_latin=_text(said.get("name_latin")),
        birth_date=_day(said.get("birth_date")),
        sex=_sex(said.get("sex")),
        phone=_phone(said.get("phone")) if claims.get("phone_number_verified") is True else None,
        email=_text(said.get("email")) if claims.get("email_verified") is True else None,
    )


def _number(said: Any) -> str:
    try:
        return cpr(str(said))
    except UnfitText:
        raise SignOnRefused(reason="number") from None


def _text(said: Any) -> str | None:
    try:
        return (clean(said).strip()[:200] or None) if isinstance(said, str) else None
    except UnfitText:
        return None


def _day(said: Any) -> str | None:
    try:
        return date.fromisoformat(said).isoformat() if isinstance(said, str) else None
    except ValueError:
        return None


def _sex(said: Any) -> str | None:
    return said if said in set(Sex) else None


def _phone(said: Any) -> str | None:
    try:
        return phone_number(said, home_country()) if isinstance(said, str) else None
    except NoPhone:
        return None
