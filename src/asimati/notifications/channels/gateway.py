"""SMS and push by an HTTP gateway: one POST of JSON, with the reference as idempotency key.

A 2xx takes the letter; its JSON may name it in `id`. 429, 503 and a connection that was never made say it was not
taken; other 4xx that it never will be; anything else (a 500, an answer that never came) leaves it unknown.
"""

from __future__ import annotations

from typing import Any

import httpx

from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.settings import settings

CONNECT_TIMEOUT = 3.0  # seconds
NOT_NOW = {408, 425, 429, 503}
NEVER_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def sms(letter: Letter) -> Receipt:
    """Send a text message; subject lines have no place in one, nor have invisible direction marks."""
    config = settings().providers
    text = letter.text.replace("\u2068", "").replace("\u2069", "")
    body = {"to": letter.to, "text": text, "reference": letter.reference}
    return _post(config.sms_url, config.sms_token, body)


def push(letter: Letter) -> Receipt:
    """Send a push notice to one device."""
    config = settings().providers
    body = {"to": letter.to, "title": letter.subject, "text": letter.text, "reference": letter.reference}
    return _post(config.push_url, config.push_token, body)


def _post(url: str, token: str, body: dict[str, str]) -> Receipt:
    headers = {"Idempotency-Key": body["reference"], **({"Authorization": f"Bearer {token}"} if token else {})}
    timeout = httpx.Timeout(settings().providers.timeout, connect=CONNECT_TIMEOUT)
    try:
        answer = httpx.post(url, json=body, headers=headers, timeout=timeout, follow_redirects=False)
    except NEVER_REACHED as fault:
        return Receipt(Outcome.AGAIN, error=type(fault).__name__)
    except httpx.HTTPError as fault:
        return Receipt(Outcome.UNKNOWN, error=type(fault).__name__)
    return _judge(answer)


def _judge(answer: httpx.Response) -> Receipt:
    error = None if answer.is_success else f"HTTP {answer.status_code}"
    if answer.is_success:
        return Receipt(Outcome.SENT, _reference(answer))
    if answer.status_code in NOT_NOW:
        return Receipt(Outcome.AGAIN, error=error)
    return Receipt(Outcome.UNKNOWN if answer.is_server_error else Outcome.REFUSED, error=error)


def _reference(answer: httpx.Response) -> str | None:
    try:
        body: Any = answer.json()
    except ValueError:
        return None
    found = body.get("id") if isinstance(body, dict) else None
    return str(found)[:200] if found else None
