"""Journey three over HTTP: a programme, booking until full, the line, an offer, a ticket, the door."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.events import tickets
from asimati.events.actions import lapse_offers
from asimati.kit import db
from asimati.kit.outbox import Delivery, OutboxMessage
from tests.events.ground import make_event

V1 = "/api/v1"
Headers = dict[str, str]
SignIn = Callable[..., Headers]
_nonces = itertools.count()


def book(client: FlaskClient, event: UUID, who: Headers, party_size: int = 1) -> Any:
    return client.post(f"{V1}/events/{event}/bookings", json={"party_size": party_size}, headers=who)


def read(client: FlaskClient, reference: str, who: Headers) -> Any:
    return client.get(f"{V1}/bookings/{reference}", headers=who).json


def scan(client: FlaskClient, staff: Headers, ticket: str, at: datetime, **more: Any) -> Any:
    body = {"ticket": ticket, "nonce": f"n{next(_nonces)}", "at": at.isoformat(), **more}
    answer = client.post(f"{V1}/staff/check-ins", json=body, headers=staff)
    assert answer.status_code == 200, answer.json
    return answer.json


def topics() -> list[str]:
    with db.transaction() as tx:
        return list(tx.scalars(select(OutboxMessage.topic).order_by(OutboxMessage.id)))


def soon() -> dict[str, datetime]:
    """Times of an event whose doors are open."""
    starts = datetime.now(UTC) + timedelta(minutes=30)
    return {"starts_at": starts, "ends_at": starts + timedelta(hours=1)}


def test_from_the_booking_to_the_door(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, run_listeners: Callable[[], int]
) -> None:
    event, staff = make_event(capacity=2, **soon()), as_staff("coordinator")
    first, second, third, fourth = (as_resident() for _ in range(4))

    booked = book(client, event, first)
    assert booked.status_code == 201
    assert booked.headers["ETag"].startswith('"1-')
    mine = booked.json
    assert mine["status"] == "confirmed"
    assert mine["event"] == str(event)
    assert mine["position"] is None
    assert tickets.read(mine["ticket"]) is not None
    assert book(client, event, second).json["status"] == "confirmed"
    waiting = book(client, event, third).json
    assert (waiting["status"], waiting["position"], waiting["ticket"]) == ("waitlisted", 1, None)
    last = book(client, event, fourth).json
    assert (last["status"], last["position"]) == ("waitlisted", 2)
    shown = client.get(f"{V1}/events/{event}").json
    assert (shown["seats_left"], shown["waitlist_length"], shown["programme"]) == (0, 2, "week")

    cancelled = client.delete(f"{V1}/bookings/{mine['reference']}", headers=first)
    assert (cancelled.status_code, cancelled.json["status"], cancelled.json["ticket"]) == (200, "cancelled", None)
    assert client.delete(f"{V1}/bookings/{mine['reference']}", headers=first).status_code == 200
    offered = read(client, waiting["reference"], third)
    assert offered["status"] == "offered"
    assert offered["offer_expires_at"].endswith("Z")
    assert read(client, last["reference"], fourth)["position"] == 1

    accepted = client.post(f"{V1}/bookings/{waiting['reference']}/accept", headers=third)
    assert (accepted.status_code, accepted.json["status"]) == (200, "confirmed")
    picture = client.get(f"{V1}/bookings/{waiting['reference']}/ticket", headers=third)
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    again = client.post(f"{V1}/bookings/{waiting['reference']}/accept", headers=third)
    assert (again.status_code, again.json["type"]) == (409, "/problems/illegal-move")

    now = datetime.now(UTC)
    admitted = scan(client, staff, accepted.json["ticket"], now, event=str(event))
    assert admitted["outcome"] == "admitted"
    assert (admitted["booking"], admitted["party_size"]) == (waiting["reference"], 1)
    assert scan(client, staff, accepted.json["ticket"], now)["outcome"] == "already-in"
    assert scan(client, staff, mine["ticket"], now)["outcome"] == "cancelled"
    assert scan(client, staff, "no ticket", now)["outcome"] == "unknown"
    assert read(client, waiting["reference"], third)["status"] == "checked_in"
    assert client.delete(f"{V1}/bookings/{waiting['reference']}", headers=third).status_code == 409
    told = [topic for topic in topics() if topic.startswith("events.")]
    assert told == [
        "events.booking_confirmed", "events.booking_confirmed", "events.booking_waitlisted",
        "events.booking_waitlisted", "events.booking_cancelled", "events.booking_offered",
        "events.booking_confirmed", "events.participant_checked_in",
    ]  # fmt: skip
    assert run_listeners() >= len(told)
    with db.transaction() as tx:
        assert set(tx.scalars(select(Delivery.status))) == {"done"}


def test_what_booking_refuses(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    full = make_event(capacity=1, waitlist=False, party_limit=1)
    book(client, full, as_resident())
    answer = book(client, full, who)
    assert (answer.status_code, answer.json["type"], answer.json["capacity"]) == (409, "/problems/event-full", 1)

    event = make_event()
    reference = book(client, event, who).json["reference"]
    answer = book(client, event, who)
    assert (answer.json["type"], answer.json["reference"]) == ("/problems/already-booked", reference)
    assert book(client, make_event(), who, 5).json["type"] == "/problems/party-too-large"
    assert book(client, uuid4(), who).status_code == 404
    assert book(client, make_event(status="draft"), who).status_code == 404
    later = datetime.now(UTC) + timedelta(days=1)
    answer = book(client, make_event(registration_opens_at=later), who)
    assert answer.json["type"] == "/problems/registration-not-open"
    assert answer.json["opens_at"].endswith("Z")


def test_one_person_has_one_calendar(client: FlaskClient, as_resident: SignIn) -> None:
    times, who, other = soon(), as_resident(), as_resident()
    here, there = make_event(**times), make_event(capacity=1, **times)
    book(client, here, who)
    answer = book(client, there, who)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/overlaps")
    assert answer.json["with"]["kind"] == "booking"

    held = book(client, there, other).json["reference"]
    waiting = book(client, there, who).json  # the line takes nobody's time
    assert waiting["status"] == "waitlisted"
    client.delete(f"{V1}/bookings/{held}", headers=other)
    answer = client.post(f"{V1}/bookings/{waiting['reference']}/accept", headers=who)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/overlaps")
    assert read(client, waiting["reference"], who)["status"] == "offered"
    elsewhere = client.get(f"{V1}/bookings", headers=who).json["items"][1]["reference"]
    client.delete(f"{V1}/bookings/{elsewhere}", headers=who)
    answer = client.post(f"{V1}/bookings/{waiting['reference']}/accept", headers=who)
    assert (answer.status_code, answer.json["status"]) == (200, "confirmed")


def test_an_offer_lapses_and_passes_on(
    client: FlaskClient, as_resident: SignIn, moved_clock: Callable[..., Any]
) -> None:
    event, (first, second, third) = make_event(capacity=1), (as_resident() for _ in range(3))
    seated, waiting, last = (book(client, event, who).json["reference"] for who in (first, second, third))
    client.delete(f"{V1}/bookings/{seated}", headers=first)
    with moved_clock(hours=30):
        assert read(client, waiting, second)["status"] == "lapsed"  # at once, before any job looked
        answer = client.post(f"{V1}/bookings/{waiting}/accept", headers=second)
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/offer-lapsed")
        with db.transaction() as tx:
            assert lapse_offers(tx) == 1
        with db.transaction() as tx:
            assert lapse_offers(tx) == 0
        assert read(client, last, third)["status"] == "offered"
        assert book(client, event, second).json["position"] == 1  # again, at the end


def test_others_bookings_do_not_exist(client: FlaskClient, as_resident: SignIn) -> None:
    event, mine, other = make_event(), as_resident(), as_resident()
    at = f"{V1}/bookings/{book(client, event, mine).json['reference']}"
    for answer in (
        client.get(at, headers=other),
        client.get(f"{at}/ticket", headers=other),
        client.delete(at, headers=other),
        client.post(f"{at}/accept", headers=other),
    ):
        assert answer.status_code == 404
    assert client.get(f"{V1}/bookings", headers=other).json["items"] == []


def test_a_repeat_with_the_key_is_the_same_booking(client: FlaskClient, as_resident: SignIn) -> None:
    event, who = make_event(), as_resident()
    keyed = {**who, "Idempotency-Key": "once"}
    first, second = book(client, event, keyed), book(client, event, keyed)
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"


def test_nobody_gives_themselves_a_place(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    event, phone, own = make_event(capacity=1, approval=True), "+97333557711", as_staff("coordinator")
    me = client.get(f"{V1}/staff/me", headers=own).json["id"]
    known = client.put(
        f"{V1}/staff/members/{me}/identity", json={"phone": phone}, headers=as_staff("administrator")
    )
    assert known.status_code == 204
    at = f"{V1}/staff/bookings/{book(client, event, as_resident(phone)).json['reference']}"
    for word in ("approve", "decline"):
        refused = client.post(f"{at}/{word}", headers=own)
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/own-affair")
    assert client.post(f"{at}/approve", headers=as_staff("coordinator")).json["status"] == "confirmed"


def test_a_coordinator_decides(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    event, staff = make_event(capacity=1, approval=True), as_staff("coordinator")
    asked = [book(client, event, as_resident()).json for _ in range(3)]
    assert {one["status"] for one in asked} == {"pending"}
    queue = client.get(f"{V1}/staff/bookings?status=pending&event={event}", headers=staff).json["items"]
    assert len(queue) == 3
    at = [f"{V1}/staff/bookings/{one['reference']}" for one in asked]
    assert client.post(f"{at[0]}/approve", headers=staff).json["status"] == "confirmed"
    assert client.post(f"{at[1]}/approve", headers=staff).json["status"] == "waitlisted"
    assert client.post(f"{at[2]}/decline", headers=staff).json["status"] == "declined"
    assert client.post(f"{at[2]}/approve", headers=staff).status_code == 409
    assert client.post(f"{at[1]}/approve", headers=as_staff("reviewer")).status_code == 403


def test_the_roster_says_who_and_the_line_is_in_its_order(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    event, staff, names = make_event(capacity=1), as_staff("coordinator"), ["أمل", "بدر", "جنى"]
    for name in names:
        who = as_resident()
        tag = client.get(f"{V1}/me", headers=who).headers["ETag"]
        assert client.patch(f"{V1}/me", json={"name_ar": name}, headers={**who, "If-Match": tag}).status_code == 200
        assert "name" not in book(client, event, who).json

    def listed(more: str = "") -> list[str]:
        answer = client.get(f"{V1}/staff/bookings?event={event}{more}", headers=staff)
        return [one["name"]["ar"] for one in answer.json["items"]]

    assert listed() == names[::-1]  # the latest first
    assert listed("&status=waitlisted") == names[1:]  # the first in line first
    first = client.get(f"{V1}/staff/bookings?event={event}&status=waitlisted&limit=1", headers=staff).json
    assert listed(f"&status=waitlisted&after={first['next']}") == names[2:]


def test_staff_make_publish_grow_and_cancel(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    staff, who, second = as_staff("coordinator"), as_resident(), as_resident()
    body = {
        "slug": "week-9",
        "title": {"ar": "أسبوع", "en": "Week"},
        "starts_on": "2027-10-20",
        "ends_on": "2027-10-26",
    }
    made = client.post(f"{V1}/staff/programmes", json=body, headers=staff)
    assert made.status_code == 201, made.json
    assert client.post(f"{V1}/staff/programmes", json=body, headers=staff).json["type"] == "/problems/slug-taken"
    assert client.get(f"{V1}/programmes/week-9").status_code == 404
    edit = {**staff, "If-Match": made.headers["ETag"]}
    published = client.patch(f"{V1}/staff/programmes/week-9", json={"status": "published"}, headers=edit)
    assert published.status_code == 200, published.json
    assert client.get(f"{V1}/programmes/week-9").status_code == 200
    assert client.patch(f"{V1}/staff/programmes/week-9", json={}, headers=edit).status_code == 412

    starts = datetime.now(UTC) + timedelta(days=5)
    event = {
        "programme": "week-9", "type": "talk", "title": {"ar": "حديث"}, "language": "ar", "mode": "online",
        "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(), "capacity": 1,
    }  # fmt: skip
    made = client.post(f"{V1}/staff/events", json=event, headers=staff)
    assert (made.status_code, made.json["status"]) == (201, "draft")
    at, tag = f"{V1}/staff/events/{made.json['id']}", made.headers["ETag"]
    assert client.get(f"{V1}/events/{made.json['id']}").status_code == 404
    refused = client.patch(at, json={"status": "published"}, headers={**staff, "If-Match": tag})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/title")
    changes = {"status": "published", "title": {"ar": "حديث", "en": "Talk"}}
    done = client.patch(at, json=changes, headers={**staff, "If-Match": tag})
    assert (done.status_code, done.json["status"]) == (200, "published")

    seated, waiting = (book(client, UUID(made.json["id"]), one).json["reference"] for one in (who, second))
    tag = done.headers["ETag"]  # bookings moved the counts and nobody edited: the tag still holds
    assert client.patch(at, json={"capacity": 2}, headers={**staff, "If-Match": tag}).status_code == 200
    assert read(client, waiting, second)["status"] == "offered"
    stale = client.patch(at, json={"capacity": 3}, headers={**staff, "If-Match": tag})
    assert stale.status_code == 412
    tag = client.get(at, headers=staff).headers["ETag"]
    low = client.patch(at, json={"capacity": 1}, headers={**staff, "If-Match": tag})
    assert (low.status_code, low.json["taken"]) == (409, 2)
    moved = client.patch(at, json={"starts_at": event["ends_at"]}, headers={**staff, "If-Match": tag})
    assert moved.status_code in (409, 422)
    gone = client.patch(at, json={"status": "cancelled"}, headers={**staff, "If-Match": tag})
    assert (gone.status_code, gone.json["seats_left"]) == (200, 2)
    assert read(client, seated, who)["status"] == "cancelled"
    assert topics().count("events.booking_cancelled") == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("programme=week", 2),
        ("programme=none", 0),
        ("q=WORKSHOP", 2),
        ("q=باب البحرين", 2),
        ("q=بابُ البَحرين", 2),
        ("q=100%25", 0),
        ("language=en", 2),
        ("mode=online", 0),
        ("available=true", 1),
        ("available=false", 1),
        ("limit=1", 1),
    ],
)
def test_events_are_found(client: FlaskClient, as_resident: SignIn, query: str, found: int) -> None:
    full = make_event(capacity=1)
    make_event()
    book(client, full, as_resident())
    answer = client.get(f"{V1}/events?{query}")
    assert (answer.status_code, len(answer.json["items"])) == (200, found)


def test_events_of_a_day_are_those_of_the_governorates_day(client: FlaskClient) -> None:
    late = datetime(2027, 3, 1, 22, tzinfo=UTC)  # the second of March, one in the morning, in Bahrain
    make_event(starts_at=late, ends_at=late + timedelta(hours=1))
    assert len(client.get(f"{V1}/events?day=2027-03-02").json["items"]) == 1
    assert client.get(f"{V1}/events?day=2027-03-01").json["items"] == []


def test_one_event_is_cached_until_a_seat_goes(client: FlaskClient, as_resident: SignIn) -> None:
    event = make_event()
    tag = client.get(f"{V1}/events/{event}").headers["ETag"]
    assert client.get(f"{V1}/events/{event}", headers={"If-None-Match": tag}).status_code == 304
    book(client, event, as_resident())
    assert client.get(f"{V1}/events/{event}", headers={"If-None-Match": tag}).status_code == 200


def test_the_door_answers_repeats_late_sends_and_mistakes(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    staff, times = as_staff("coordinator"), soon()
    here, tomorrow = make_event(**times), make_event()
    mine, later = (book(client, event, as_resident()).json["ticket"] for event in (here, tomorrow))
    now = datetime.now(UTC)
    item = {"ticket": mine, "nonce": "a", "at": now.isoformat()}
    items = [
        {**item, "nonce": "b", "at": (now + timedelta(seconds=1)).isoformat()},
        item,
        {"ticket": later, "nonce": "c", "at": now.isoformat()},
        {"ticket": mine, "nonce": "d", "at": now.isoformat(), "event": str(tomorrow)},
    ]
    first = client.post(f"{V1}/staff/check-ins", json={"items": items, "device": "door-1"}, headers=staff)
    outcomes = [one["outcome"] for one in first.json["items"]]
    assert outcomes == ["already-in", "admitted", "wrong-day", "wrong-event"]  # in the order of the scans
    again = client.post(f"{V1}/staff/check-ins", json={"items": items[::-1], "device": "door-1"}, headers=staff)
    assert [one["outcome"] for one in again.json["items"]] == outcomes[::-1]
    other = scan(client, staff, later, now, nonce="a", device="door-1")
    assert other["outcome"] == "nonce-reused"
    for wrong in ({}, {"items": [], **item}, {"ticket": mine}):
        assert client.post(f"{V1}/staff/check-ins", json=wrong, headers=staff).status_code == 422

    reference = first.json["items"][0]["booking"]
    voided = client.post(f"{V1}/staff/bookings/{reference}/void-check-in", headers=staff)
    assert (voided.status_code, voided.json["status"]) == (200, "confirmed")
    assert scan(client, staff, mine, now)["outcome"] == "admitted"
    with db.transaction() as tx:
        came = select(OutboxMessage.payload).where(OutboxMessage.topic.in_(("events.participant_checked_in",)))
        sources = {payload["source"] for payload in tx.scalars(came)}
        undone = select(OutboxMessage.payload).where(OutboxMessage.topic == "events.check_in_voided")
        assert len(sources) == 2
        assert tx.scalars(undone).one()["source"] in sources
