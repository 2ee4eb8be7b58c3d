"""Many at once, through the application, on real PostgreSQL. Each race has a twin without the protection."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from asimati.events import queries
from asimati.events.models import Booking
from asimati.kit import db
from tests.events.ground import make_event, make_people, signed_in

V1 = "/api/v1"
Headers = dict[str, str]


def all_at_once(app: Flask, requests: Sequence[tuple[str, Any, Headers]]) -> list[Any]:
    """One thread and one client for each POST, released together; a client told to come back (503) does."""
    barrier = threading.Barrier(len(requests))

    def send(path: str, body: Any, headers: Headers) -> Any:
        client = app.test_client()
        barrier.wait()
        for _ in range(100):
            answer = client.post(f"{V1}{path}", json=body, headers=headers)
            if answer.status_code != 503:
                return answer
            time.sleep(0.05)
        return answer

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda one: send(*one), requests))


@contextmanager
def observed(event: UUID) -> Iterator[list[Any]]:
    """What an onlooker with a connection of its own sees committed, every few milliseconds."""
    seen: list[Any] = []
    done = threading.Event()
    question = text(
        "SELECT capacity, taken, (SELECT coalesce(sum(party_size), 0) FROM booking WHERE event_id = event.id"
        " AND status IN ('confirmed', 'offered', 'checked_in')) AS seated FROM event WHERE id = :event"
    )

    def watch() -> None:
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as onlooker:
            while not done.wait(0.005):
                seen.append(onlooker.execute(question, {"event": event}).one())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def rush(app: Flask, event: UUID, number: int) -> list[Any]:
    people = [{**signed_in(who), "Idempotency-Key": "rush"} for who in make_people(number)]
    return all_at_once(app, [(f"/events/{event}/bookings", {"party_size": 1}, who) for who in people])


def in_order(event: UUID) -> list[Any]:
    """Bookings as they were written: each moment is the database's, taken while the event was held."""
    with db.transaction() as tx:
        return list(tx.scalars(select(Booking).where(Booking.event_id == event).order_by(Booking.created_at)))


def test_two_hundred_want_the_last_ten_places(app: Flask, client: FlaskClient) -> None:
    event = make_event(capacity=10)
    with observed(event) as seen:
        answers = rush(app, event, 200)
    assert Counter(one.json.get("status") for one in answers) == {"confirmed": 10, "waitlisted": 190}
    positions = sorted(one.json["position"] for one in answers if one.json["position"])
    assert positions == list(range(1, 191))
    arrived = in_order(event)
    assert [one.status for one in arrived[:10]] == ["confirmed"] * 10
    assert [one.place for one in arrived[10:]] == list(range(1, 191))  # strictly in the order they came
    assert len(seen) > 20
    assert all(one.taken == one.seated <= one.capacity for one in seen)
    with db.transaction() as tx:
        assert queries.verify_seats(tx)["ok"]


def test_without_the_lock_the_constraints_still_refuse_but_people_lose_their_turn(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    """First negative control: the second line of defence holds the capacity, and the race is seen."""
    without("seat_lock")
    event = make_event(capacity=10)
    answers = rush(app, event, 100)
    assert Counter(one.status_code for one in answers)[409] > 0
    assert sum(one.status == "confirmed" for one in in_order(event)) <= 10


def test_without_any_protection_seats_are_sold_twice(
    app: Flask, client: FlaskClient, without: Callable[..., None]
) -> None:
    """Second negative control: neither lock nor constraints, and the tests above would fail."""
    without("seat_lock")
    with unconstrained():
        event = make_event(capacity=10)
        rush(app, event, 100)
        arrived = in_order(event)
        places = [one.place for one in arrived if one.place]
        assert sum(one.status == "confirmed" for one in arrived) > 10 or len(places) != len(set(places))


@contextmanager
def unconstrained() -> Iterator[None]:
    """The event's seats unchecked and the places in line not unique, for a while."""
    with db.engine().begin() as owner:
        check = owner.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'event_seats_check'")
        )
        index = owner.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'booking_line_key'"))
        owner.execute(text("ALTER TABLE event DROP CONSTRAINT event_seats_check"))
        owner.execute(text("DROP INDEX booking_line_key"))
    try:
        yield
    finally:
        with db.engine().begin() as owner:
            owner.execute(text("TRUNCATE event CASCADE"))
            owner.execute(text(f"ALTER TABLE event ADD CONSTRAINT event_seats_check {check}"))
            owner.execute(text(str(index)))


def test_one_key_twenty_times_at_once_is_one_booking(app: Flask, client: FlaskClient) -> None:
    event, (who,) = make_event(), make_people(1)
    headers = {**signed_in(who), "Idempotency-Key": "k"}
    answers = all_at_once(app, [(f"/events/{event}/bookings", {}, headers)] * 20)
    assert {one.status_code for one in answers} == {201}
    assert sum(one.headers.get("Idempotency-Replayed") == "true" for one in answers) == 19
    assert len({one.json["reference"] for one in answers}) == 1
    assert len(in_order(event)) == 1


def test_one_person_thirty_times_at_once_has_one_booking(app: Flask, client: FlaskClient) -> None:
    """Without a key: the unique index of live bookings answers for the instant between look and write."""
    event, (who,) = make_event(), make_people(1)
    answers = all_at_once(app, [(f"/events/{event}/bookings", {}, signed_in(who))] * 30)
    assert Counter(one.status_code for one in answers) == {201: 1, 409: 29}
    assert {one.json["type"] for one in answers if one.status_code == 409} == {"/problems/already-booked"}


def test_two_overlapping_events_at_once_take_one_persons_time_once(app: Flask, client: FlaskClient) -> None:
    starts = datetime.now(UTC) + timedelta(days=400)
    times = {"starts_at": starts, "ends_at": starts + timedelta(hours=1)}
    events = [make_event(**times) for _ in range(2)]
    people = make_people(10)
    wanted = [(f"/events/{event}/bookings", {}, signed_in(who)) for who in people for event in events]
    answers = all_at_once(app, wanted)
    assert Counter(one.status_code for one in answers) == {201: 10, 409: 10}
    assert {one.json["type"] for one in answers if one.status_code == 409} == {"/problems/overlaps"}


def test_cancelling_while_others_book_leaves_no_seat_idle(app: Flask, client: FlaskClient) -> None:
    event = make_event(capacity=10)
    seated = make_people(10)
    held = [(who, client.post(f"{V1}/events/{event}/bookings", json={}, headers=signed_in(who))) for who in seated]
    rushing = threading.Thread(target=rush, args=(app, event, 60))
    with observed(event) as seen:
        rushing.start()
        for who, answer in held:
            gone = client.delete(f"{V1}/bookings/{answer.json['reference']}", headers=signed_in(who))
            assert gone.status_code in (200, 503)
        rushing.join()
    assert all(one.taken == one.seated <= one.capacity for one in seen)
    with db.transaction() as tx:
        assert queries.verify_seats(tx)["ok"]
    waiting = [one.place for one in in_order(event) if one.status == "waitlisted"]
    served = [one.place for one in in_order(event) if one.status == "offered"]
    assert not waiting or not served or max(served) < min(waiting)
    shown = client.get(f"{V1}/events/{event}").json
    assert shown["seats_left"] == 0 and shown["waitlist_length"] == len(waiting) > 0


@pytest.mark.parametrize("protected", [True, False], ids=["", "negative control"])
def test_two_doors_at_once_let_a_party_in_once(
    app: Flask, client: FlaskClient, as_staff: Callable[..., Headers], without: Callable[..., None], protected: bool
) -> None:
    starts = datetime.now(UTC) + timedelta(minutes=30)
    event = make_event(capacity=10, starts_at=starts, ends_at=starts + timedelta(hours=1))
    (who,), staff = make_people(1), as_staff("coordinator")
    ticket = client.post(f"{V1}/events/{event}/bookings", json={}, headers=signed_in(who)).json["ticket"]
    now = datetime.now(UTC).isoformat()
    scans = [{"ticket": ticket, "nonce": str(i // 4), "at": now, "device": f"door-{i % 2}"} for i in range(40)]
    if protected:
        answers = all_at_once(app, [("/staff/check-ins", one, staff) for one in scans])
        assert Counter(one.json["outcome"] for one in answers) == {
            "admitted": 2,
            "already-in": 38,
        }  # one scan, and its repeat
        assert counted() == 1
        return
    without("door_lock")
    with admitting_twice():
        answers = all_at_once(app, [("/staff/check-ins", one, staff) for one in scans])
    assert any(one.status_code != 200 for one in answers) or counted() > 1


@contextmanager
def admitting_twice() -> Iterator[None]:
    with db.engine().begin() as owner:
        owner.execute(text("ALTER TABLE admission DROP CONSTRAINT admission_pkey"))
    try:
        yield
    finally:
        with db.engine().begin() as owner:
            owner.execute(text("TRUNCATE admission"))
            owner.execute(text("ALTER TABLE admission ADD CONSTRAINT admission_pkey PRIMARY KEY (booking_id)"))


def counted() -> int:
    with db.transaction() as tx:
        return tx.scalar(text("SELECT count(*) FROM message WHERE topic = 'events.participant_checked_in'")) or 0
