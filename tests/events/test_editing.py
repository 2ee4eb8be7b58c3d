"""What staff do with a programme: copies, tables, one language by exception, moves that holders hear of."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from asimati.accounts.models import Engagement
from asimati.events import actions
from asimati.events.models import Event
from asimati.events.rules import Publication
from asimati.kit import db
from asimati.kit.errors import Invalid
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import SYSTEM
from asimati.kit.sheets import csv_of, xlsx_of
from tests.events.ground import make_event, make_people

V1 = "/api/v1"
SignIn = Callable[..., dict[str, str]]
HEADERS = ["title_ar", "title_en", "type", "language", "mode", "starts_at", "ends_at", "capacity", "waitlist"]
GOOD = ["ورشة", "Workshop", "workshop", "ar", "online", "2026-12-01 18:30", "2026-12-01 20:00", "٢٠", "نعم"]
BAD = ["", "", "party", "ar", "online", "tomorrow", "2026-12-01 20:00", "0", "perhaps"]


@pytest.mark.parametrize("xlsx", [False, True])
def test_a_table_becomes_drafts_or_each_fault_is_named(
    client: FlaskClient, clean: str, as_staff: SignIn, *, xlsx: bool
) -> None:
    make_event()
    staff = as_staff("coordinator") | {"Accept-Language": "en"}

    def send(rows: list[list[str]], dry: str) -> Any:
        data = xlsx_of({"Week": (HEADERS, rows)}, language="en") if xlsx else csv_of(HEADERS, rows)
        form = {"file": (io.BytesIO(data), "week")}
        answer = client.post(f"{V1}/staff/programmes/week/import?dry_run={dry}", data=form, headers=staff)
        assert answer.status_code == 200, answer.json
        return answer.json

    def drafts() -> int:
        with db.transaction() as tx:
            return tx.scalar(select(func.count()).where(Event.status == Publication.DRAFT)) or 0

    told = send([GOOD, BAD], "false")
    assert told["created"] == 0
    assert {(fault["row"], fault["column"]) for fault in told["faults"]} == {
        (3, "title_ar"), (3, "type"), (3, "starts_at"), (3, "capacity"), (3, "waitlist"),
    }  # fmt: skip
    late = [*GOOD[:6], "2026-12-01 18:00", *GOOD[7:]]
    assert [(one["row"], one["column"]) for one in send([GOOD, late], "true")["faults"]] == [(3, "ends_at")]
    assert (send([GOOD], "true")["created"], drafts()) == (0, 0)
    assert (send([GOOD, GOOD], "false")["created"], drafts()) == (2, 2)


def test_a_table_brings_everything_an_event_has(client: FlaskClient, clean: str, as_staff: SignIn) -> None:
    make_event()
    row = {
        **dict(zip(HEADERS, GOOD, strict=True)), "description_ar": "وصف", "venue_en": "Hall",
        "audience_ar": "الشباب",
        "endorsement_en": "With UNIDO", "co_hosts_ar": "أ؛ ب", "co_hosts_en": "A; B",
        "speakers_ar": "سارة | مدربة", "speakers_en": "Sara | Trainer", "series": "x", "block": "٣١٧",
        "stated_for": "first_timers", "minimum_age": "15", "maximum_age": "25", "late_cancel_hours": "0",
        "tags": "youth، skills", "targets": "8.3, 17.17", "room_capacity": "30",
        "party_limit": "2", "approval": "no",
    }  # fmt: skip

    def send(row: dict[str, str]) -> Any:
        form = {"file": (io.BytesIO(csv_of(list(row), [list(row.values())])), "week.csv")}
        url = f"{V1}/staff/programmes/week/import?dry_run=false"
        return client.post(url, data=form, headers=as_staff("coordinator")).json

    assert send(row) == {"rows": 1, "created": 1, "faults": []}
    with db.transaction() as tx:
        made = tx.scalars(select(Event).where(Event.status == Publication.DRAFT)).one()
        assert made.co_hosts == [{"ar": "أ", "en": "A"}, {"ar": "ب", "en": "B"}]
        assert made.speakers == [{"name": {"ar": "سارة", "en": "Sara"}, "role": {"ar": "مدربة", "en": "Trainer"}}]
        assert (made.tags, made.targets, made.block) == (["youth", "skills"], ["8.3", "17.17"], "317")
        assert (made.minimum_age, made.maximum_age, made.late_cancel_hours) == (15, 25, 0)
        assert made.audience == {"ar": "الشباب", "en": None}
    wrong = row | {"co_hosts_en": "A", "targets": "eight", "block": "x", "minimum_age": "-1", "colour": "red"}
    faults = send(wrong)["faults"]
    assert {one["column"] for one in faults} == {"co_hosts_en", "targets", "block", "minimum_age", "colour"}
    assert [one["column"] for one in send(row | {"minimum_age": "30"})["faults"]] == ["maximum_age"]


def test_a_copy_is_a_draft_at_another_time(client: FlaskClient, clean: str, as_staff: SignIn) -> None:
    staff = as_staff("coordinator")
    event = make_event()
    first = client.get(f"{V1}/events/{event}").json
    body = {"starts_at": "2030-01-01T08:00:00Z"}
    made = client.post(f"{V1}/staff/events/{event}/copy", json=body, headers=staff).json
    assert made["status"] == "draft"  # type: ignore[index]
    assert (made["starts_at"], made["ends_at"]) == ("2030-01-01T08:00:00Z", "2030-01-01T10:00:00Z")  # type: ignore[index]
    assert (made["title"], made["seats_left"]) == (first["title"], first["capacity"])  # type: ignore[index]


def test_one_language_is_published_only_when_somebody_said_why(clean: str) -> None:
    event = make_event(title={"ar": "ورشة", "en": None}, status=Publication.DRAFT)
    with pytest.raises(Invalid), db.transaction() as tx:
        actions.edit_event(tx, SYSTEM, event, None, status=Publication.PUBLISHED)
    with db.transaction() as tx:
        published = {"status": Publication.PUBLISHED, "waiver": "Held in Arabic for speakers of Arabic"}
        assert actions.edit_event(tx, SYSTEM, event, None, **published).status is Publication.PUBLISHED


def test_whoever_holds_a_place_hears_of_a_move_and_has_the_new_time(clean: str) -> None:
    event, other = make_event(), make_event()
    free, busy = make_people(2)
    with db.transaction() as tx:
        for who in (free, busy):
            actions.book(tx, who, event)
        actions.book(tx, busy, other)
    with db.transaction() as tx:
        there = tx.get_one(Event, other).starts_at
        actions.edit_event(tx, SYSTEM, event, None, starts_at=there, ends_at=there + timedelta(hours=1))
    with db.transaction() as tx:
        told = tx.scalars(select(OutboxMessage.payload).where(OutboxMessage.topic == "events.event_changed")).all()
        assert {one["person"]: one["clashes"] for one in told} == {str(free.id): False, str(busy.id): True}
        moved = tx.scalars(select(Engagement.during).where(Engagement.person_id == free.id)).one()
        assert moved.lower == there


def test_a_room_holds_no_more_than_it_holds(clean: str) -> None:
    event = make_event(room_capacity=10)
    with pytest.raises(Invalid), db.transaction() as tx:
        actions.edit_event(tx, SYSTEM, event, None, capacity=11)
