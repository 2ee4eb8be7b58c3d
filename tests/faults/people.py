"""Residents and staff of the fault suite, over HTTP, with the patience of a real client: it tries again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

COORDINATOR = "coordinator@asimati.example"
# One client for all threads: one for each question would read the world's certificates before its first word.
HTTP = httpx.Client(limits=httpx.Limits(max_connections=None, max_keepalive_connections=0), timeout=10)


def sign_in(address: str, **who: str) -> dict[str, str]:
    """Headers of somebody signed in."""
    answer = HTTP.post(f"{address}/dev/sign-in", json=who)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def make_event(address: str, capacity: int, *, party_limit: int = 4, days: int = 5) -> str:
    """A published event tomorrow or later; its id."""
    staff = sign_in(address, email=COORDINATOR)
    starts = datetime.now(UTC) + timedelta(days=days)
    with httpx.Client(base_url=f"{address}/api/v1", headers=staff, timeout=10) as http:
        programme = http.get("/programmes").json()["items"][0]["slug"]
        made = http.post(
            "/staff/events",
            json={
                "programme": programme, "type": "workshop", "language": "ar", "mode": "in_person",
                "title": {"ar": "ورشة", "en": "Workshop"}, "capacity": capacity, "party_limit": party_limit,
                "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
            },
        )  # fmt: skip
        made.raise_for_status()
        at = f"/staff/events/{made.json()['id']}"
        http.patch(at, json={"status": "published"}, headers={"If-Match": made.headers["ETag"]}).raise_for_status()
    return str(made.json()["id"])


def book(addresses: Sequence[str], event: str, headers: dict[str, str], *, seconds: float = 40) -> httpx.Response:
    """Book with one key until somebody answers, at whichever web process is there; pauses grow."""
    key = {"Idempotency-Key": str(uuid4())}
    until = time.monotonic() + seconds
    attempt = 0
    last: Any = None
    while time.monotonic() < until:
        address = addresses[attempt % len(addresses)]
        attempt += 1
        try:
            answer = HTTP.post(
                f"{address}/api/v1/events/{event}/bookings", json={}, headers={**headers, **key}, timeout=5
            )
            if answer.status_code < 500:
                return answer
            last = answer.text
        except httpx.HTTPError as fault:
            last = fault
        time.sleep(random.uniform(0.5, 1) * min(2, 0.1 * 2**attempt))
    raise AssertionError(f"no answer within {seconds} s: {last!r}")
