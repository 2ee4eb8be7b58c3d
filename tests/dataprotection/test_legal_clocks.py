"""The law's clocks: the desk is told before one ends, and those who watch over it once one has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.dataprotection import actions, queries
from asimati.kit import clock, db
from asimati.kit.pages import PageArgs
from asimati.kit.policy import SYSTEM
from tests.dataprotection.test_desk import _carry_out, ask, me, officer  # noqa: F401 - fixtures

V1 = "/api/v1"
Call = Callable[..., Any]
Headers = dict[str, str]


@pytest.fixture
def at(moved_clock: Call) -> Callable[[str, timedelta], Any]:
    """`with at(ends, -timedelta(hours=71)):` is so long before, or after, a moment."""

    def move(ends: str, by: timedelta) -> Any:
        left = datetime.fromisoformat(ends) + by - clock.utcnow()
        return moved_clock(seconds=left.total_seconds())

    return move


def remind() -> int:
    with db.transaction() as tx:
        return actions.remind(tx)


def pressing(queue: str = "data-requests") -> list[str | None]:
    with db.transaction() as tx:
        return [one["pressing"] for one in queries.queue(tx, SYSTEM, queue, PageArgs()).items]


@pytest.fixture
def told(client: FlaskClient, run_listeners: Call) -> Callable[[Headers], list[str]]:
    """What somebody of the staff was told of cases of the desk so far."""

    def read(who: Headers) -> list[str]:
        run_listeners()
        items = client.get(f"{V1}/staff/notices?limit=100", headers=who).json["items"]
        assert all(one["about"]["type"] == "data_request" for one in items)
        return sorted(one["topic"].partition(".")[2] for one in items)

    return read


def test_the_desk_is_told_once_before_each_of_its_hours_and_those_above_it_once_time_is_over(
    client: FlaskClient, me: Headers, officer: Headers, as_staff: Call, at: Call, told: Call  # noqa: F811
) -> None:  # fmt: skip
    auditor, reviewer = as_staff("auditor"), as_staff("reviewer")
    due = ask(client, me, "copy").json["due_at"]
    for by, expected, near in (
        (-timedelta(hours=80), 0, None),
        (-timedelta(hours=71), 1, "soon"),
        (-timedelta(hours=70), 0, "soon"),
        (-timedelta(hours=23), 1, "soon"),
        (timedelta(hours=1), 1, "late"),
        (timedelta(hours=2), 0, "late"),
        (timedelta(hours=73), 1, "late"),
    ):
        with at(due, by):
            assert (remind(), pressing()) == (expected, [near]), by
    assert told(officer) == ["request_due_soon"] * 2 + ["request_overdue"] * 2
    assert told(auditor) == ["request_overdue"] * 2
    assert told(reviewer) == []


def test_a_beat_that_was_away_tells_the_latest_alone(
    client: FlaskClient, me: Headers, officer: Headers, at: Call, told: Call  # noqa: F811
) -> None:  # fmt: skip
    due = ask(client, me, "copy").json["due_at"]
    with at(due, timedelta(hours=100)):
        assert (remind(), remind()) == (1, 0)
    assert told(officer) == ["request_overdue"]


def test_whoever_received_the_data_is_to_be_told_in_time_too(
    client: FlaskClient, me: Headers, officer: Headers, at: Call, told: Call  # noqa: F811
) -> None:  # fmt: skip
    reference = ask(client, me, "rectify", changes={"name_latin": "Maryam"}).json["reference"]
    until = _carry_out(client, officer, reference)["pass_on_by"]
    with at(until, -timedelta(hours=20)):
        assert (remind(), pressing("data-to-pass-on")) == (1, ["soon"])
    assert told(officer) == ["request_due_soon"]
    said = client.get(f"{V1}/staff/notices", headers=officer).json["items"][0]["text"]
    assert "Telling those who had received the data" in said["en"] and reference in said["ar"]
    assert client.post(f"{V1}/staff/data-requests/{reference}/passed-on", headers=officer).status_code == 200
    with at(until, timedelta(hours=1)):
        assert remind() == 0


def test_of_what_is_answered_nobody_is_told(
    client: FlaskClient, me: Headers, officer: Headers, at: Call  # noqa: F811
) -> None:  # fmt: skip
    made = ask(client, me, "copy").json
    _carry_out(client, officer, made["reference"])
    with at(made["due_at"], timedelta(days=9)):
        assert remind() == 0


def test_while_nobody_holds_the_desk_nothing_counts_as_told(
    client: FlaskClient, me: Headers, as_staff: Call, at: Call, told: Call  # noqa: F811
) -> None:  # fmt: skip
    due = ask(client, me, "copy").json["due_at"]
    with at(due, timedelta(hours=1)):
        assert remind() == 0
    newcomer = as_staff("data_protection_officer")
    with at(due, timedelta(hours=2)):
        assert remind() == 1
    assert told(newcomer) == ["request_overdue"]
