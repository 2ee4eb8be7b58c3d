"""Many reviewers, few cases: no case is claimed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import text

from asimati.kit import db

Headers = dict[str, str]


def test_twenty_reviewers_drain_fifty_cases(
    app: Flask,
    resident: Headers,
    as_staff: Callable[..., Headers],
    submit: Callable[..., dict[str, Any]],
) -> None:
    cases = [submit(resident)["reference"] for _ in range(50)]
    start = Barrier(20)

    def drain(who: Headers) -> list[tuple[str, int]]:
        client = app.test_client()
        start.wait()
        paths = [(case, f"/api/v1/staff/service-requests/{case}/claim") for case in cases]
        return [(case, client.post(path, json={}, headers=who).status_code) for case, path in paths]

    reviewers = [as_staff("reviewer") for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = [answer for mine in pool.map(drain, reviewers) for answer in mine]
    assert Counter(case for case, status in answers if status == 200) == dict.fromkeys(cases, 1)
    assert {status for _, status in answers} <= {200, 409, 503}
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM request_entry WHERE move = 'claim'")) == 50
        assert tx.scalar(text("SELECT count(*) FROM message WHERE topic LIKE '%request_claimed'")) == 50
