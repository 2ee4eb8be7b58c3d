"""An edition, shifts to sign up for, and hours that wait for a word."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from asimati.kit import db
from asimati.volunteering.models import Edition, Opportunity, Shift, SignUp
from asimati.volunteering.rules import HOLDING, SignUpStatus

V1 = "/api/v1"
Headers = dict[str, str]
TITLE = {"ar": "تنظيف الساحل", "en": "Beach clean-up"}


def now() -> datetime:
    return datetime.now(UTC)


def make_edition(**facts: Any) -> None:
    """The passport's present edition, fifteen years and older, fifteen minutes of tolerance; committed."""
    days = {"starts_on": date(2020, 1, 1), "ends_on": date(2099, 12, 31)}
    usual = {"title": TITLE, "minimum_age": 15, "tolerance_minutes": 15, "categories": []}
    with db.transaction() as tx:
        tx.add(Edition(**{"code": "now"} | usual | days | facts))


def make_shift(starts_at: datetime | None = None, *, hours: float = 3, places: int = 5, **opportunity: Any) -> UUID:
    """A shift of an opportunity of its own, begun an hour ago unless said otherwise; committed."""
    starts_at = starts_at or now() - timedelta(hours=1)
    with db.transaction() as tx:
        offered = Opportunity(
            **{"title": TITLE, "targets": ["14.1", "12.5"], "search": "beach", "waitlist": False} | opportunity
        )
        tx.add(offered)
        tx.flush()
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=hours)}
        shift = Shift(opportunity_id=offered.id, places=places, taken=0, **times)
        tx.add(shift)
        tx.flush()
        return shift.id


def held(shift: UUID) -> int:
    """How many sign-ups hold a place of a shift."""
    with db.transaction() as tx:
        statuses: list[SignUpStatus] = list(HOLDING)
        rows = select(SignUp.id).where(SignUp.shift_id == shift, SignUp.status.in_(statuses))
        return len(tx.scalars(rows).all())


def all_at_once(app: Flask, requests: Sequence[tuple[str, Any, Headers]]) -> list[Any]:
    """One thread and one client for each POST, released together."""
    barrier = threading.Barrier(len(requests))

    def send(path: str, body: Any, headers: Headers) -> Any:
        client = app.test_client()
        barrier.wait()
        return client.post(f"{V1}{path}", json=body, headers=headers)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda one: send(*one), requests))
