"""Push to Android and iOS by Firebase Cloud Messaging, HTTP v1: one call for each device.

In the providers' file: `kind = "fcm"`, `account` (the path of the service account's JSON) and, to reach another
host, `url`. Access tokens come from the account's own `token_uri`, through google-auth.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from google.auth import exceptions, transport
from google.oauth2 import service_account

from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.notifications.channels.gateway import CONNECT_TIMEOUT, NEVER_REACHED, client
from asimati.notifications.rendering import unmarked
from asimati.settings import settings

HOST = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
# What FCM says of a token: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
MEANINGS = {
    "UNREGISTERED": Outcome.WRONG_ADDRESS,
    "SENDER_ID_MISMATCH": Outcome.WRONG_ADDRESS,
    "INVALID_ARGUMENT": Outcome.REFUSED,
    "QUOTA_EXCEEDED": Outcome.AGAIN,
    "UNAVAILABLE": Outcome.AGAIN,
    "THIRD_PARTY_AUTH_ERROR": Outcome.AGAIN,
}


def send(account: str, url: str, letter: Letter) -> Receipt:
    """Hand one letter to FCM."""
    project, credentials, lock = _account(account)
    try:
        with lock:
            if not credentials.valid:
                credentials.refresh(_request)
    except exceptions.GoogleAuthError as fault:
        return Receipt(Outcome.AGAIN, error=f"no access token: {type(fault).__name__}")
    headers = {"Authorization": f"Bearer {credentials.token}"}
    timeout = httpx.Timeout(settings().providers.timeout, connect=CONNECT_TIMEOUT)
    at = f"{url or HOST}/v1/projects/{project}/messages:send"
    try:
        answer = client().post(at, json={"message": written(letter)}, headers=headers, timeout=timeout)
    except NEVER_REACHED as fault:
        return Receipt(Outcome.AGAIN, error=type(fault).__name__)
    except httpx.HTTPError as fault:
        return Receipt(Outcome.UNKNOWN, error=type(fault).__name__)
    return judged(answer)


def written(letter: Letter) -> Mapping[str, Any]:
    """The letter as FCM wants it; its collapse key makes a repetition take the place of the first."""
    key = letter.reference
    return {
        "token": letter.to,
        "notification": {"title": unmarked(letter.subject), "body": unmarked(letter.text)[:1500]},
        "data": {"reference": key, "topic": letter.topic},
        "android": {"collapse_key": key, "priority": "high", "ttl": "86400s"},
        "apns": {"headers": {"apns-collapse-id": key, "apns-priority": "10"}},
    }


def judged(answer: httpx.Response) -> Receipt:
    """What FCM's answer means."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.is_success:
        return Receipt(Outcome.SENT, str(body.get("name", ""))[:200] or None)
    error = body.get("error", {}) if isinstance(body, dict) else {}
    codes = [detail.get("errorCode") for detail in error.get("details", ()) if isinstance(detail, dict)]
    said = next((code for code in (*codes, error.get("status")) if code), "")
    outcome = MEANINGS.get(said)
    if outcome is None:
        outcome = Outcome.UNKNOWN if answer.is_server_error else Outcome.REFUSED
        if answer.status_code in (401, 429, 503):
            outcome = Outcome.AGAIN
        elif answer.status_code == 404:
            outcome = Outcome.WRONG_ADDRESS
    return Receipt(outcome, error=f"HTTP {answer.status_code} {said}".strip())


@cache
def _account(path: str) -> tuple[str, Any, threading.Lock]:
    facts = json.loads(Path(path).read_text(encoding="utf-8"))
    made = service_account.Credentials.from_service_account_info(facts, scopes=[SCOPE])
    return facts["project_id"], made, threading.Lock()


class _Answer(transport.Response):
    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        return self._answer.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    @property
    def data(self) -> bytes:
        return self._answer.content


def _request(
    url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **_more: Any
) -> _Answer:
    """google-auth's way out, by the HTTP client we have."""
    try:
        return _Answer(client().request(method, url, content=body, headers=headers, timeout=10))
    except httpx.HTTPError as fault:
        raise exceptions.TransportError(str(fault)) from fault
