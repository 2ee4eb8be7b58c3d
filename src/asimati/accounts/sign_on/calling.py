"""Speaking with a provider: its discovery document, its keys, a code for a token.

What it answers is bounded in bytes and seconds, and it is called only at hosts that the operator named: whoever can
write a provider's discovery document still cannot make us knock at doors inside. Documents are kept in the process;
a key that is not known is looked for anew, but not more often than `PATIENCE` lets us. A provider that does not
answer is left alone for a moment, and few requests of a process wait for one at a time: the others have work to do.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OctKey, RSAKey

from asimati.accounts.refusals import SignOnAway, SignOnRefused
from asimati.accounts.sign_on.providers import Provider
from asimati.http import strict_json
from asimati.kit import outside
from asimati.kit.errors import Malformed
from asimati.settings import settings

KEPT = 3600.0  # seconds a document is good
PATIENCE = 30.0  # seconds between two looks for a key that is not known
REST = 3.0  # seconds a provider that did not answer is not asked again
AT_ONCE = 3  # calls of one process that wait for providers
LONGEST = 262_144  # bytes of a document
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
log = logging.getLogger(__name__)


@dataclass
class _Known:
    """What this process knows of a provider, and since when (seconds of the monotonic clock)."""

    document: Mapping[str, Any] | None = None
    document_at: float = 0.0
    keys: KeySet | None = None
    keys_at: float = 0.0
    away_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_known: dict[str, _Known] = {}
_making = threading.Lock()
_waiting = threading.BoundedSemaphore(AT_ONCE)


def discovered(provider: Provider) -> Mapping[str, Any]:
    """The provider's discovery document. Raises SignOnAway; SignOnRefused when it is another's or leads away."""
    known = _of(provider)
    with known.lock:
        if known.document is None or time.monotonic() - known.document_at > KEPT:
            try:
                known.document = _sound(provider, _get(provider, _well_known(provider)))
                known.document_at = time.monotonic()
            except SignOnAway:
                if known.document is None:
                    raise
        return known.document


def key_of(provider: Provider, kid: str | None) -> Key:
    """The key a token names, or the only one there is. Raises SignOnAway, SignOnRefused for an unpublished one."""
    document, known = discovered(provider), _of(provider)
    with known.lock:
        age = time.monotonic() - known.keys_at
        if known.keys is None or age > KEPT:
            _fetch_keys(provider, document, known)
        found = _pick(known.keys, kid)
        if found is None and age > PATIENCE:
            _fetch_keys(provider, document, known)
            found = _pick(known.keys, kid)
    if found is None:
        raise SignOnRefused(reason="unknown_key")
    return found


def tokens_for(provider: Provider, code: str, verifier: str) -> Mapping[str, Any]:
    """What the provider gives for a code. Raises SignOnAway, SignOnRefused when it takes the code for none."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.callback,
        "code_verifier": verifier,
        "client_id": provider.client_id,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if provider.client_secret and provider.authentication == "basic":
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    elif provider.client_secret:
        form["client_secret"] = provider.client_secret
    answer = _ask(provider, "POST", discovered(provider)["token_endpoint"], urlencode(form).encode(), headers)
    if not isinstance(answer.get("id_token"), str):
        raise SignOnRefused(reason="no_id_token")
    return answer


def userinfo(provider: Provider, access_token: str) -> Mapping[str, Any]:
    """What the provider says of the holder of its own access token. Raises SignOnAway, SignOnRefused."""
    url = discovered(provider).get("userinfo_endpoint")
    if not isinstance(url, str) or not provider.may_call(url):
        raise SignOnRefused(reason="discovery")
    return _get(provider, url, {"Authorization": f"Bearer {access_token}"})


def forget() -> None:
    """Know nothing of any provider any more."""
    _known.clear()


def _of(provider: Provider) -> _Known:
    with _making:
        return _known.setdefault(provider.issuer, _Known())


def _well_known(provider: Provider) -> str:
    return provider.issuer.rstrip("/") + "/.well-known/openid-configuration"


def _sound(provider: Provider, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document, if it is the issuer's own and names addresses of its own."""
    named = [document.get(name) for name in ENDPOINTS]
    own = all(isinstance(url, str) and provider.may_call(url) for url in named)
    if document.get("issuer") != provider.issuer or not own:
        log.error("sign-on: the discovery document of %s is another's or leads elsewhere", provider.name)
        raise SignOnRefused(reason="discovery")
    return document


def _fetch_keys(provider: Provider, document: Mapping[str, Any], known: _Known) -> None:
    """The published keys anew; when they cannot be had, those we have still verify what they signed."""
    known.keys_at = time.monotonic()
    try:
        published = _get(provider, document["jwks_uri"]).get("keys")
        known.keys = KeySet(_usable(published if isinstance(published, list) else []))
    except SignOnAway:
        if known.keys is None:
            known.keys_at = 0.0
            raise


def _usable(published: list[Any]) -> list[Key]:
    """The keys for signatures that we can read; a provider may publish others beside them."""
    keys: list[Key] = []
    for one in published[:50]:
        try:
            if one.get("use", "sig") == "sig":
                keys += [key for key in KeySet.import_key_set({"keys": [one]}) if _is_strong(key)]
        except (JoseError, ValueError, TypeError, AttributeError, KeyError):
            continue
    return keys


def _is_strong(key: Key) -> bool:
    """Whether a key is half of a pair, and no short one."""
    return not isinstance(key, OctKey) and (not isinstance(key, RSAKey) or key.raw_value.key_size >= 2048)


def _pick(keys: KeySet | None, kid: str | None) -> Key | None:
    there = list(keys or ())
    if kid is None:
        return there[0] if len(there) == 1 else None
    return next((key for key in there if key.kid == kid), None)


def _get(provider: Provider, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    return _ask(provider, "GET", url, b"", {"Accept": "application/json", **(headers or {})})


def _ask(
    provider: Provider, method: str, url: str, content: bytes, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    """One call; its answer read as an object. Raises SignOnAway (nobody there) or SignOnRefused (it says no)."""
    status, body = _call(provider, method, url, content, headers)
    if status >= 500 or status == 429:
        raise SignOnAway
    if status != 200 or len(body) > LONGEST:
        raise SignOnRefused(reason="provider")
    try:
        answer = strict_json.loads(body)
    except Malformed:
        answer = None
    if not isinstance(answer, dict):
        raise SignOnRefused(reason="provider")
    return answer


def _call(
    provider: Provider, method: str, url: str, content: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    known, wait = _of(provider), settings().sign_on.timeout
    if time.monotonic() < known.away_until or not _waiting.acquire(timeout=1.0):
        raise SignOnAway
    try:
        return outside.call(
            method, url, content, headers,
            timeout=wait, longest=LONGEST + 1, private=provider.private or provider.local,
        )  # fmt: skip
    except (outside.NotAllowed, outside.NotReached, outside.NotAnswered) as fault:
        known.away_until = time.monotonic() + REST
        log.warning("sign-on: %s does not answer: %s", provider.name, type(fault).__name__)
        raise SignOnAway from fault
    finally:
        _waiting.release()
