"""Reminders are read from the rows: told once, in time, anew when a thing moves, never when it is off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati import pack
from asimati.events.actions import remind as remind_of_bookings
from asimati.kit import db, reminders
from asimati.service_requests.actions.reminding import remind as remind_of_answers
from asimati.settings import settings
from asimati.volunteering.actions.reminding import remind as remind_of_shifts
from tests.events.ground import make_event
from tests.notifications.letters import ask
from tests.volunteering.ground import make_edition, make_shift
from workers.schedule import JOBS
from workers.tasks.deliver import drain

V1 = "/api/v1"
Headers = dict[str, str]


@pytest.fixture
def ground(clean: str) -> Iterator[None]:
    with db.transaction() as tx:
        pack.sync(tx, pack.load(settings().governorate.folder))
    ask("DELETE FROM event RETURNING id")
    yield


def told(topic: str) -> int:
    """How many messages of a topic there are so far, after a tick of every feature."""
    with db.transaction() as tx:
        for remind in (remind_of_bookings, remind_of_shifts, remind_of_answers):
            remind(tx)
    return int(ask("SELECT count(*) FROM message WHERE topic = :topic", topic=topic)[0][0])


def tomorrow(hours: float = 25) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


@pytest.fixture
def booked(client: FlaskClient, ground: None, resident: SimpleNamespace) -> SimpleNamespace:
    """A resident with a booking of an event in thirty hours."""
    starts = tomorrow(30)
    event = make_event(starts_at=starts, ends_at=starts + timedelta(hours=1))
    made = client.post(f"{V1}/events/{event}/bookings", json={}, headers=resident.headers)
    assert made.status_code == 201, made.json
    return SimpleNamespace(event=event, reference=made.json["reference"], headers=resident.headers)


def test_a_booking_is_reminded_of_a_day_and_two_hours_before_once_each(
    booked: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    topic = "events.booking_reminder"
    counts = [told(topic)]
    for hours in (6.1, 7, 28.1, 28.5, 31):
        with moved_clock(hours=hours):
            counts += [told(topic), told(topic)]
    assert counts == [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    drain()
    (text,) = ask("SELECT DISTINCT text->>'ar' FROM notification WHERE topic = :topic", topic=topic)[0]
    assert booked.reference in text


def test_after_a_night_without_ticks_only_the_latest_is_told(
    booked: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    with moved_clock(hours=28.5):
        assert [told("events.booking_reminder") for _ in range(2)] == [1, 1]


def test_whoever_books_at_the_last_moment_is_not_told_what_they_just_did(
    client: FlaskClient, ground: None, resident: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    event = make_event(starts_at=tomorrow(5), ends_at=tomorrow(6))
    assert client.post(f"{V1}/events/{event}/bookings", json={}, headers=resident.headers).status_code == 201
    assert told("events.booking_reminder") == 0
    with moved_clock(hours=3.5):
        assert told("events.booking_reminder") == 1  # two hours before


def test_a_moved_thing_is_reminded_of_at_its_new_time(
    booked: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    move = "UPDATE event SET starts_at = starts_at + :by, ends_at = ends_at + :by RETURNING id"
    with moved_clock(hours=6.5):
        assert told("events.booking_reminder") == 1
        ask(move, by=timedelta(days=3))
        assert told("events.booking_reminder") == 1
    with moved_clock(hours=78.5):
        assert told("events.booking_reminder") == 2
    ask(move, by=timedelta(days=-2))
    with moved_clock(hours=31):
        assert told("events.booking_reminder") == 3


def test_what_is_called_off_is_not_reminded_of(
    client: FlaskClient, booked: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    assert client.delete(f"{V1}/bookings/{booked.reference}", headers=booked.headers).status_code in (200, 204)
    with moved_clock(hours=6.5):
        assert told("events.booking_reminder") == 0


def test_a_reminder_that_waits_is_called_off_with_the_thing(
    client: FlaskClient, booked: SimpleNamespace, moved_clock: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "quiet_hours", True)
    wishes = {"channels": ["inbox", "sms"], "quiet_from": "00:00", "quiet_to": "23:59"}
    put = client.put(f"{V1}/me/preferences", json=wishes, headers=booked.headers | {"If-Match": "*"})
    assert put.status_code == 200
    with moved_clock(hours=6.5):
        told("events.booking_reminder")
        drain()
        waiting = "SELECT status FROM notification WHERE topic = 'events.booking_reminder' AND channel = 'sms'"
        assert ask(waiting) == [("pending",)]
        client.delete(f"{V1}/bookings/{booked.reference}", headers=booked.headers)
        drain()
        assert ask(waiting) == [("stopped",)]


def test_a_reminder_that_was_overtaken_by_news_is_not_told(
    client: FlaskClient, booked: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    drain()
    with moved_clock(hours=6.5):
        told("events.booking_reminder")
        ask("UPDATE message SET dispatched_at = now() WHERE topic = 'events.booking_reminder' RETURNING id")
        client.delete(f"{V1}/bookings/{booked.reference}", headers=booked.headers)
        drain()
        ask("UPDATE message SET dispatched_at = NULL WHERE topic = 'events.booking_reminder' RETURNING id")
        drain()
    assert ask("SELECT count(*) FROM notification WHERE topic = 'events.booking_reminder'") == [(0,)]
    assert ask("SELECT count(*) FROM notification WHERE topic = 'events.booking_cancelled'") != [(0,)]


def test_an_offer_that_ends_soon_is_told_at_once_in_waking_hours(
    client: FlaskClient, ground: None, as_resident: Callable[..., Headers], moved_clock: Callable[..., Any]
) -> None:
    event = make_event(starts_at=tomorrow(24 * 9), ends_at=tomorrow(24 * 9 + 1), capacity=1)
    first, second = as_resident(), as_resident()
    references = [
        client.post(f"{V1}/events/{event}/bookings", json={}, headers=who).json["reference"]
        for who in (first, second)
    ]
    client.delete(f"{V1}/bookings/{references[0]}", headers=first)
    ((ends,),) = ask("SELECT offer_expires_at FROM booking WHERE status = 'offered'")
    assert told("events.offer_reminder") == 0
    asleep = datetime.combine(ends.date(), datetime.min.time(), UTC)  # three in the morning there
    ask("UPDATE booking SET offer_expires_at = :ends WHERE status = 'offered' RETURNING id",
        ends=asleep + timedelta(hours=5, minutes=30))  # fmt: skip
    with moved_clock(seconds=(asleep + timedelta(hours=4) - datetime.now(UTC)).total_seconds()):  # 7:00
        assert told("events.offer_reminder") == 0
    with moved_clock(seconds=(asleep + timedelta(hours=5, minutes=1) - datetime.now(UTC)).total_seconds()):  # 8:01
        assert [told("events.offer_reminder") for _ in range(2)] == [1, 1]
        drain()
    told_by = ask(
        "SELECT DISTINCT lane FROM notification WHERE topic = 'events.offer_reminder' AND channel = 'sms'"
    )
    assert told_by == [("urgent",)]


def test_a_shift_is_reminded_of(
    client: FlaskClient, ground: None, resident: SimpleNamespace, moved_clock: Callable[..., Any]
) -> None:
    make_edition()
    shift = make_shift(tomorrow(30))
    client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=resident.headers)
    made = client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=resident.headers)
    assert made.status_code == 201, made.json
    assert told("volunteering.shift_reminder") == 0
    with moved_clock(hours=6.5):
        assert [told("volunteering.shift_reminder") for _ in range(2)] == [1, 1]
    assert client.delete(f"{V1}/sign-ups/{made.json['id']}", headers=resident.headers).status_code in (200, 204)
    with moved_clock(hours=29):
        assert told("volunteering.shift_reminder") == 1


def test_what_we_asked_for_is_reminded_of_after_three_days_and_a_week_until_it_comes(
    client: FlaskClient,
    ground: None,
    resident: SimpleNamespace,
    as_staff: Callable[..., Headers],
    moved_clock: Callable[..., Any],
) -> None:
    reviewer = as_staff("reviewer")
    reference = asked_for_a_photograph(client, resident.headers, reviewer)
    topic, counts = "service_requests.answer_reminder", []
    for days in (1, 3.1, 4, 7.1, 20):
        with moved_clock(days=days):
            counts.append(told(topic))
    assert counts == [0, 1, 1, 2, 2]
    drain()
    texts = ask("SELECT text->>'ar' FROM notification WHERE topic = :topic AND channel = 'inbox'", topic=topic)
    assert texts and all("صورة" in text for (text,) in texts)
    answered = client.post(
        f"{V1}/service-requests/{reference}/messages", json={"text": "تفضلوا"}, headers=resident.headers
    )
    assert answered.status_code in (200, 201), answered.json
    with moved_clock(days=30):
        assert told(topic) == 2


def asked_for_a_photograph(client: FlaskClient, resident: Headers, reviewer: Headers) -> str:
    """A case whose resident was asked for a photograph; its reference."""
    answers = {"fault": "out", "details": "المصباح أمام المنزل لا يعمل"}
    body = {"service": "street-light", "form_version": 1, "answers": answers, "location": {"block": "317"}}
    made = client.post(f"{V1}/service-requests", json=body, headers=resident)
    assert made.status_code == 201, made.json
    reference = str(made.json["reference"])
    at = f"{V1}/staff/service-requests/{reference}"
    claimed = client.post(f"{at}/claim", json={}, headers=reviewer)
    assert claimed.status_code == 200, claimed.json
    said = {"message": {"ar": "نرجو إرفاق صورة.", "en": "Please add a photograph."}}
    asked = client.post(f"{at}/ask", json=said, headers=reviewer)
    assert asked.status_code == 200, asked.json
    return reference


def test_the_governorate_says_when_and_may_say_never(
    booked: SimpleNamespace, moved_clock: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings().governorate.facts, "reminders", {"booking": []})
    with moved_clock(hours=29):
        assert told("events.booking_reminder") == 0
    monkeypatch.setitem(settings().governorate.facts, "reminders", {"booking": [48, 1]})
    with moved_clock(hours=29.5):
        assert told("events.booking_reminder") == 1


def test_every_room_with_reminders_has_a_tick() -> None:
    assert {"events.remind", "volunteering.remind", "service_requests.remind"} <= {job.name for job in JOBS}


def test_what_was_told_long_ago_is_forgotten(clean: str) -> None:
    ask(
        "INSERT INTO reminder (kind, thing, at, hours, made_at) VALUES"
        " ('shift', gen_random_uuid(), now(), 2, now() - interval '401 days'),"
        " ('shift', gen_random_uuid(), now(), 2, now()) RETURNING thing"
    )
    with db.transaction() as tx:
        reminders.purge(tx, 400)
    assert ask("SELECT count(*) FROM reminder") == [(1,)]
