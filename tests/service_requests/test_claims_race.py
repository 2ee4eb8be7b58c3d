"""Many reviewers, few cases: no case is claimed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm.attributes import set_committed_value

from asimati.kit import db
from asimati.service_requests.actions import reviewing
from asimati.service_requests.models import ServiceRequest

Headers = dict[str, str]
# 499 more like the one that was filed, with their first hops.
MANY = text(
    """
    WITH more AS (
        INSERT INTO service_request (id, reference, service_id, form_id, person_id, channel, confidential, answers,
            block, status, target_time, submitted_at, clock_started_at, due_at, search, version, updated_at)
        SELECT gen_random_uuid(), 'SR-MANY-' || n, service_id, form_id, person_id, channel, confidential, answers,
            block, status, target_time, submitted_at, clock_started_at, due_at, search, version, updated_at
        FROM service_request, generate_series(1, 499) n WHERE reference = :reference
        RETURNING id, submitted_at)
    INSERT INTO hop (id, request_id, who, started_at, paused)
    SELECT gen_random_uuid(), id, 'us', submitted_at, false FROM more
    """
)


def test_fifty_reviewers_drain_a_queue_of_five_hundred(
    app: Flask,
    resident: Headers,
    as_staff: Callable[..., Headers],
    submit: Callable[..., dict[str, Any]],
) -> None:
    client = app.test_client()
    first = submit(resident)["reference"]
    with db.transaction() as tx:
        tx.execute(MANY, {"reference": first})
        cases = list(tx.scalars(text("SELECT reference FROM service_request ORDER BY reference")))
    assert len(cases) == 500
    reviewers = [as_staff("reviewer") for _ in range(50)]
    start = Barrier(50)

    def drain(number: int) -> list[tuple[str, int]]:
        """Take from the front of the queue what is there, until it is empty; many see the same front."""
        client, taken = app.test_client(), []
        start.wait()
        for case in cases[number // 5 * 50 :][:50]:  # five reviewers see the same fifty
            path = f"/api/v1/staff/service-requests/{case}/claim"
            taken.append((case, client.post(path, json={}, headers=reviewers[number]).status_code))
        return taken

    with ThreadPoolExecutor(50) as pool:
        answers = [answer for mine in pool.map(drain, range(50)) for answer in mine]
    again = [case for case, status in answers if status == 503]
    won = Counter(case for case, status in answers if status == 200)
    assert set(won.values()) == {1}, "no case is claimed twice"
    assert {status for _, status in answers} <= {200, 409, 503}
    for case in set(again) - set(won):  # whoever was turned away for lack of a connection asks again
        path = f"/api/v1/staff/service-requests/{case}/claim"
        assert client.post(path, json={}, headers=reviewers[0]).status_code in (200, 409)
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM service_request WHERE status = 'submitted'")) == 0
        assert tx.scalar(text("SELECT count(*) FROM request_entry WHERE move = 'claim'")) == 500
        assert tx.scalar(text("SELECT count(*) FROM message WHERE topic LIKE '%request_claimed'")) == 500


@pytest.mark.parametrize(
    ("lock", "version", "answers"),
    [(True, True, [200, 409]), (False, True, [200, 412]), (False, False, [200, 200])],
)
def test_without_its_lock_and_its_version_one_case_would_be_claimed_twice(
    app: Flask, resident: Headers, as_staff: Callable[..., Headers], submit: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch, lock: bool, version: bool, answers: list[int],
) -> None:  # fmt: skip
    """Negative control: both have read the case before either writes; the second writes after the first."""
    path = f"/api/v1/staff/service-requests/{submit(resident)['reference']}/claim"
    first, second = (as_staff("reviewer") for _ in range(2))
    both_have_read, first_is_done, slow = Barrier(2), Event(), {}

    def unlocked(tx: Any, actor: Any, reference: str, _version: int | None = None) -> ServiceRequest:
        found = tx.scalars(select(ServiceRequest).where(ServiceRequest.reference == reference)).one()
        both_have_read.wait(60)
        if actor.id == slow["id"]:
            first_is_done.wait(60)
            if not version:
                now = tx.scalar(text("SELECT version FROM service_request WHERE id = :id"), {"id": found.id})
                set_committed_value(found, "version", now)
        return found

    def claim(who: Headers) -> int:
        status = app.test_client().post(path, json={}, headers=who).status_code
        first_is_done.set()
        return status

    slow["id"] = UUID(app.test_client().get("/api/v1/staff/me", headers=second).json["id"])
    if not lock:
        monkeypatch.setattr(reviewing, "case", unlocked)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(claim, (first, second))) == answers
