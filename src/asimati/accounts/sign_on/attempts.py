"""One way to the provider and back.

What an attempt needs to remember travels in a sealed cookie of the browser that began it: nobody else can end it,
and strangers who begin thousands leave nothing behind. The app's own proof (`challenge`, RFC 7636) goes with it, so
that what the browser brings back is worth nothing to whoever does not hold the app's verifier.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets as random
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from asimati.accounts.refusals import AssuranceTooLow, NoSuchReturn, SignOnRefused
from asimati.accounts.sign_on import calling, proof
from asimati.accounts.sign_on.proof import Identity
from asimati.accounts.sign_on.providers import LEVELS, STAFF, Provider, providers
from asimati.kit import secrets, words
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.settings import settings

COOKIE = "asimati_sign_on"
PATH = "/api/v1/auth/oidc"
_PURPOSE = "sign-on"
BY_PHONE = _("One-time code by text message")
CONSOLE_RETURN = "/console/sign-in/back"


@dataclass(frozen=True)
class Attempt:
    """What is remembered while somebody is with the provider."""

    provider: str
    redirect_uri: str
    challenge: str
    app_state: str
    max_age: int | None
    until: float  # epoch seconds
    state: str = field(default_factory=lambda: random.token_urlsafe(32), repr=False)
    nonce: str = field(default_factory=lambda: random.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: random.token_urlsafe(48), repr=False)

    def sealed(self) -> str:
        return base64.urlsafe_b64encode(secrets.seal(json.dumps(asdict(self)), _PURPOSE)).decode()

    def back(self, **told: str) -> str:
        """The app's address with what it is told; its own state comes back with it."""
        parts = urlsplit(self.redirect_uri)
        more = urlencode(told | ({"state": self.app_state} if self.app_state else {}))
        return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more)))))


def begin(provider: Provider, redirect_uri: str, challenge: str, app_state: str, level: str | None) -> Attempt:
    """An attempt to sign on. Raises NoSuchReturn for an address to return to that nobody named.

    Who asks for `advanced` is asked by the provider who they are, unless that was a moment ago.
    """
    own = [settings().base_url + CONSOLE_RETURN] if provider.serves == STAFF else settings().sign_on.redirects
    if redirect_uri not in own:
        raise NoSuchReturn
    max_age = settings().sign_on.fresh if level == LEVELS[-1] else None
    until = time.time() + settings().sign_on.attempt
    return Attempt(provider.name, redirect_uri, challenge, app_state, max_age, until)


def address(provider: Provider, attempt: Attempt, level: str | None, language: str) -> str:
    """Where the browser goes to sign on. Raises SignOnAway, SignOnRefused."""
    wanted = provider.levels.get(level or "", ())
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.callback,
        "scope": " ".join(provider.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
        "ui_locales": language,
        **({"max_age": str(attempt.max_age)} if attempt.max_age is not None else {}),
        **({"acr_values": " ".join(wanted)} if wanted and provider.levels.get("claim", "acr") == "acr" else {}),
    }
    own = calling.discovered(provider)["authorization_endpoint"]
    return f"{own}{'&' if '?' in own else '?'}{urlencode(asked)}"


def resumed(provider: Provider, cookie: str, state: str) -> Attempt:
    """The attempt this browser began with this provider. Raises SignOnRefused for anybody else's."""
    try:
        attempt = Attempt(**json.loads(secrets.unseal(base64.urlsafe_b64decode(cookie), _PURPOSE)))
    except (secrets.Unsealable, ValueError, TypeError):
        raise SignOnRefused(reason="state") from None
    same = hmac.compare_digest(attempt.state.encode(), state.encode())
    if not same or attempt.provider != provider.name or attempt.until < time.time():
        raise SignOnRefused(reason="state")
    return attempt


def finished(provider: Provider, attempt: Attempt, told: Mapping[str, Any]) -> Identity:
    """Who it is, by what the provider sent back. Raises SignOnAway, SignOnRefused with a reason."""
    named = calling.discovered(provider).get("authorization_response_iss_parameter_supported") is True
    if told.get("iss", "" if named else provider.issuer) != provider.issuer:
        raise SignOnRefused(reason="issuer")  # another's answer: mixed up, or made to look so (RFC 9207)
    if told.get("error") or not told.get("code"):
        raise SignOnRefused(reason="declined" if told.get("error") == "access_denied" else "provider")
    answer = calling.tokens_for(provider, told["code"], attempt.verifier)
    return proof.identity(provider, answer, attempt.nonce, max_age=attempt.max_age)


def is_verifier(verifier: str, challenge: str) -> bool:
    """Whether the app's verifier is the one its challenge was made from."""
    return hmac.compare_digest(create_s256_code_challenge(verifier), challenge)


def require_level(actor: Actor, level: str) -> None:
    """Raise AssuranceTooLow where the actor's sign-in does not reach a level."""
    if not actor.assured(level):
        raise AssuranceTooLow(needed=level, present=actor.assurance, ways=ways(level))


def ways(level: str) -> list[dict[str, Any]]:
    """How a resident comes to a level: for each way its name, its title and where it begins (docs/sign-on.md)."""
    if level not in LEVELS:
        titles = {language: words.translate(BY_PHONE, language) for language in words.LANGUAGES}
        return [{"by": "phone", "title": titles, "start": "/api/v1/auth/otp"}]
    reached = LEVELS[LEVELS.index(level) :]
    return [
        {"by": one.name, "title": dict(one.title), "start": f"{PATH}/{one.name}/start?level={level}"}
        for one in providers().values()
        if set(one.gives) & set(reached)
    ]
