"""What stands in which queue, how many, and that nobody is missed while others work."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import clock, db
from asimati.service_requests import queries
from asimati.service_requests.rules import Channel
from tests.files.pictures import PDF
from tests.service_requests.test_attachments import path_of
from tests.service_requests.town import SAID, filed

Headers = dict[str, str]
V1 = "/api/v1"
DUE = text("UPDATE service_request SET due_at = :at WHERE reference = :reference")
CLOCK = text(
    "SELECT r.due_at, r.clock_started_at, array_agg(hop.started_at), array_agg(hop.due_at), array_agg(hop.ended_at)"
    " FROM service_request r JOIN hop ON hop.request_id = r.id WHERE reference = :reference"
    " GROUP BY r.due_at, r.clock_started_at"
)


def listed(town: FlaskClient, who: Headers, name: str, **query: Any) -> Any:
    answer = town.get(f"{V1}/staff/queues/{name}", query_string=query, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_each_queue_holds_what_its_name_says_and_counts_it(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., dict[str, Any]], move: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    noon = clock.local(clock.utcnow()).replace(hour=12, minute=0)
    monkeypatch.setattr(queries, "clock", SimpleNamespace(utcnow=lambda: noon, local=clock.local))
    names = ("free", "mine", "asked", "asked_today", "referred", "late", "today", "tomorrow", "over")
    cases = {name: submit(resident) for name in names}
    for name in ("mine", "asked", "asked_today", "referred", "over"):
        move(reviewer, cases[name], "claim")
    for name in ("asked", "asked_today"):
        move(reviewer, cases[name], "ask", message=SAID)
    move(reviewer, cases["referred"], "refer", entity="works")
    move(reviewer, cases["over"], "resolve", message=SAID)
    today, long_ago, soon = noon + timedelta(hours=3), noon - timedelta(days=40), noon + timedelta(days=40)
    due = {"asked": long_ago, "late": long_ago, "over": long_ago, "today": today, "asked_today": today,
           "tomorrow": noon + timedelta(days=1)}  # fmt: skip
    with db.transaction() as tx:
        for name, case in cases.items():
            tx.execute(DUE, {"at": due.get(name, soon), "reference": case["reference"]})
    wanted = {
        "mine": {"mine", "asked", "asked_today", "referred"},
        "unassigned": {"free", "late", "today", "tomorrow"},
        "overdue": {"late"},  # what waits for the resident is not
        "due_today": {"today"},
        "waiting": {"asked", "asked_today"},
        "referred": {"referred"},
        "to_approve": set(),
        "open": set(names) - {"over"},
    }
    of = {case["reference"]: name for name, case in cases.items()}
    counts = {one["name"]: one["count"] for one in town.get(f"{V1}/staff/queues", headers=reviewer).json["items"]}
    for queue, belongs in wanted.items():
        if queue == "overdue":
            continue
        found = {of[one["reference"]] for one in listed(town, reviewer, queue)["items"]}
        assert found == belongs and counts[queue] == len(belongs), queue
    late = {of[one["reference"]] for one in listed(town, reviewer, "overdue")["items"]}
    # By the database's own clock, which may be past three in the afternoon.
    assert "late" in late <= {"late", "today"} and counts["overdue"] == len(late)


def test_while_others_work_nobody_is_missed_and_nobody_shown_twice(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_staff: Callable[..., Headers],
    submit: Callable[..., dict[str, Any]], move: Any,
) -> None:  # fmt: skip
    cases, colleague = [submit(resident) for _ in range(6)], as_staff("reviewer")
    references = [case["reference"] for case in cases]
    first = listed(town, reviewer, "unassigned", order="oldest", limit=2)
    assert [one["reference"] for one in first["items"]] == references[:2]
    for taken in (0, 3):  # one that was shown, one that was not
        assert move(colleague, cases[taken], "claim").status_code == 200
    later = submit(resident)["reference"]
    seen, after = list[str](), first["next"]
    while after:
        page = listed(town, reviewer, "unassigned", order="oldest", limit=2, after=after)
        seen += [one["reference"] for one in page["items"]]
        after = page["next"]
    assert seen == [references[2], references[4], references[5], later]


def test_nothing_that_is_written_to_a_case_restarts_its_clock(
    town: FlaskClient, resident: Headers, reviewer: Headers, as_staff: Callable[..., Headers],
    submit: Callable[..., dict[str, Any]], move: Any, moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    case, colleague = submit(resident), as_staff("reviewer")
    other = town.get(f"{V1}/staff/me", headers=colleague).json["id"]

    def state() -> Any:
        with db.transaction() as tx:
            return tx.execute(CLOCK, {"reference": case["reference"]}).one()

    begun, own = state(), f"{V1}/service-requests/{case['reference']}"
    with moved_clock(minutes=7):
        answers = [
            move(reviewer, case, "claim"),
            move(reviewer, case, "note", note="Seen"),
            town.post(f"{own}/messages", json={"text": "It is the third lamp"}, headers=resident),
            town.post(path_of(case), data={"file": (io.BytesIO(PDF), "a.pdf")}, headers=resident),
            move(reviewer, case, "hand-over", reviewer=other, note="It stands here"),
            move(colleague, case, "release"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 201, 201, 200, 200]
    assert state() == begun


@pytest.mark.parametrize("channel", ["office", "phone", "majlis", "field_visit", "social_media", "tawasul"])
def test_a_case_is_taken_in_by_every_channel_and_found_by_it(
    town: FlaskClient, reviewer: Headers, channel: str
) -> None:
    made = town.post(f"{V1}/staff/intake", json=filed(channel=channel, phone="36000009"), headers=reviewer)
    assert made.status_code == 201 and made.json["channel"] == channel
    others = set(Channel) - {channel}
    assert [one["reference"] for one in listed(town, reviewer, "open", channel=channel)["items"]] == [
        made.json["reference"]
    ]
    assert all(listed(town, reviewer, "open", channel=other)["items"] == [] for other in others)
