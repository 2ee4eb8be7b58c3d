"""SMS and push by an HTTP gateway. Its form is a template, so that a new provider needs no code.

    [[provider]]
    name = "first"
    channel = "sms"
    kind = "gateway"
    url = "https://sms.example/v2/send"
    headers = { Authorization = "Bearer ${FIRST_TOKEN}", Idempotency-Key = "{reference}" }
    json = { recipient = "{to}", message = "{text}", client_reference = "{reference}" }   # or form, or query
    id = "data.message_id"                     # where its answer names the message
    error = "error.code"                       # where its answer names what is wrong, and what that means:
    meanings = { BAD_NUMBER = "wrong_address", QUEUE_FULL = "again", BLOCKED = "refused" }
    statuses = { 402 = "again" }               # HTTP statuses that mean something else than usual

`{to}`, `{text}`, `{title}`, `{reference}`, `{language}` are filled in wherever they stand. A 2xx takes the letter;
429, 503 and a connection that was never made say it was not taken; other 4xx that it never will be; anything else
(a 500, an answer that never came) leaves it unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import httpx

from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.notifications.rendering import unmarked
from asimati.settings import settings

CONNECT_TIMEOUT = 3.0  # seconds
NOT_NOW = {401, 408, 425, 429, 503}  # 401: it is us, not the letter
NEVER_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Gateway:
    """How one provider wants to be called."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    id: str = "id"
    error: str = "error"
    meanings: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """A gateway from its table in the providers' file. Raises ValueError or KeyError for an unsound one."""
        known = {name: written[name] for name in cls.__dataclass_fields__ if name in written}
        for meaning in (*known.get("meanings", {}).values(), *known.get("statuses", {}).values()):
            Outcome(meaning)
        if not str(known["url"]).startswith(("http://", "https://")):
            raise ValueError("url must be an http(s) address")
        return cls(**known)


def plain(url: str, token: str = "", *, titled: bool = False) -> Gateway:
    """The plain gateway of the settings: JSON `{"to", "text", "reference"}` (for push also `title`)."""
    body = {"to": "{to}", "text": "{text}", "reference": "{reference}", **({"title": "{title}"} if titled else {})}
    return Gateway(url, headers={"Authorization": f"Bearer {token}"} if token else {}, json=body)


def send(gateway: Gateway, letter: Letter) -> Receipt:
    """Call the gateway once."""
    facts = {
        "to": letter.to,
        "text": unmarked(letter.text),
        "title": unmarked(letter.subject),
        "reference": letter.reference,
        "language": letter.language,
    }
    headers = {"Idempotency-Key": letter.reference, **_filled(gateway.headers, facts)}
    bodies = {"params": gateway.query or None, "data": gateway.form, "json": gateway.json}
    given = {name: _filled(body, facts) for name, body in bodies.items() if body is not None}
    timeout = httpx.Timeout(settings().providers.timeout, connect=CONNECT_TIMEOUT)
    try:
        answer = client().request(gateway.method, gateway.url, headers=headers, timeout=timeout, **given)
    except NEVER_REACHED as fault:
        return Receipt(Outcome.AGAIN, error=type(fault).__name__)
    except httpx.HTTPError as fault:
        return Receipt(Outcome.UNKNOWN, error=type(fault).__name__)
    return judged(gateway, answer)


@cache
def client() -> httpx.Client:
    """One client for all threads of the process: connections are kept. Redirects are not followed."""
    return httpx.Client(follow_redirects=False, limits=httpx.Limits(max_connections=100, keepalive_expiry=20))


def judged(gateway: Gateway, answer: httpx.Response) -> Receipt:
    """What an answer means."""
    body = _body(answer)
    said = str(at(body, gateway.error) or "")[:100]
    error = None if answer.is_success and not said else f"HTTP {answer.status_code} {said}".strip()
    meaning = gateway.meanings.get(said) or gateway.statuses.get(str(answer.status_code))
    if meaning:
        return Receipt(Outcome(meaning), error=error)
    if answer.is_success:
        found = at(body, gateway.id)
        return Receipt(Outcome.SENT, str(found)[:200] if found else None)
    if answer.status_code in NOT_NOW:
        return Receipt(Outcome.AGAIN, error=error)
    return Receipt(Outcome.UNKNOWN if answer.is_server_error else Outcome.REFUSED, error=error)


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def at(body: Any, path: str) -> Any:
    """What stands at a dotted path of an answer (`data.0.id`)."""
    for step in path.split("."):
        if isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    """The template with its fields filled in; a field is replaced, never formatted: no letter can reach into it."""
    if isinstance(value, str):
        return _FIELD.sub(lambda found: facts.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: _filled(inner, facts) for key, inner in value.items()}
    return [_filled(inner, facts) for inner in value] if isinstance(value, list) else value
