"""After the answer: windows that close, and how long answers usually took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db
from asimati.kit.worktime import working_minutes_between
from asimati.places.queries import work_calendar
from asimati.service_requests.times import _percentiles
from tests.service_requests.town import SAID

V1 = "/api/v1"
Headers = dict[str, str]
PHONE = "+97336111222"


@pytest.mark.parametrize(
    ("took", "median", "p90"),
    [
        ([1, 2, 3, 4], None, None),
        ([10, 20, 30, 40, 50], 30, 50),
        ([10, 20, 30, 40, 50, 60], 30, 60),
        (list(range(1, 11)), 5, 9),
        (list(range(1, 101)), 50, 90),
        ([7] * 5, 7, 7),
    ],
)
def test_the_smallest_that_half_and_nine_of_ten_did_not_exceed(
    took: list[int], median: int | None, p90: int | None
) -> None:
    assert _percentiles(took) == {"median_minutes": median, "p90_minutes": p90}
    if median is not None and p90 is not None:
        assert sum(one <= median for one in took) * 2 >= len(took) > sum(one < median for one in took) * 2
        assert sum(one <= p90 for one in took) * 10 >= len(took) * 9 > sum(one < p90 for one in took) * 10


@pytest.mark.parametrize(
    ("deed", "body", "days", "slug"),
    [
        ("rating", {"stars": 4}, 14, "rating-window-over"),
        ("reopen", {"text": "Dark again"}, 30, "reopen-window-over"),
        ("appeal", {"text": "Look again"}, 30, "reopen-window-over"),
    ],
)
def test_a_window_closes(
    town: FlaskClient, as_resident: Callable[..., Headers], reviewer: Headers, submit: Any, move: Any,
    moved_clock: Callable[..., Any], deed: str, body: dict[str, Any], days: int, slug: str,
) -> None:  # fmt: skip
    case = submit(as_resident(PHONE))
    move(reviewer, case, "claim")
    move(reviewer, case, "resolve", message=SAID)
    path = f"{V1}/service-requests/{case['reference']}/{deed}"
    with moved_clock(days=days + 1):
        late = town.post(path, json=body, headers=as_resident(PHONE))
        assert (late.status_code, late.json["type"].split("/")[-1]) == (409, slug)
        assert late.json["days"] == days
    with moved_clock(days=days - 1):
        assert town.post(path, json=body, headers=as_resident(PHONE)).status_code in (200, 201)


def test_waiting_for_the_resident_is_no_time_of_ours_and_old_answers_are_forgotten(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Any, move: Any
) -> None:
    for _ in range(6):
        case = submit(resident)
        move(reviewer, case, "claim")
        move(reviewer, case, "resolve", message=SAID)
    # Six answers of four weeks of the calendar each; in one the resident was waited for from first to last.
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET clock_started_at = closed_at - interval '28 days'"))
    times = town.get(f"{V1}/services/street-lamp/times").json
    with db.transaction() as tx:
        spans = tx.execute(text("SELECT clock_started_at, closed_at FROM service_request")).all()
        worked = sorted(working_minutes_between(work_calendar(tx), start, end) for start, end in spans)
    assert (times["cases"], times["median_minutes"], times["p90_minutes"]) == (6, worked[2], worked[5])
    assert 0 < worked[5] < 28 * 24 * 60 / 3, "minutes of work, not of the calendar"
    with db.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO hop (id, request_id, who, started_at, ended_at, paused) SELECT gen_random_uuid(), id,"
                " 'resident', clock_started_at, closed_at, true FROM service_request ORDER BY reference LIMIT 4"
            )
        )
    paused = town.get(f"{V1}/services/street-lamp/times").json
    assert (paused["median_minutes"], paused["p90_minutes"]) == (0, times["p90_minutes"])
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET closed_at = closed_at - interval '91 days'"))
    assert town.get(f"{V1}/services/street-lamp/times").json["cases"] == 0
