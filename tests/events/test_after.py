"""What comes after an event, fair use, and moving between parallel events."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from asimati.accounts.models import Engagement, Person, StaffMember
from asimati.events import actions, queries, rules
from asimati.events.actions.check_in import Shown
from asimati.events.models import Booking, Deferral, Event
from asimati.events.rules import BookingStatus, DeferralStatus, Outcome
from asimati.kit import db, secrets
from asimati.kit.errors import Invalid
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.sheets import read_sheet
from tests.events.ground import make_event, make_people, signed_in

V1 = "/api/v1"
SignIn = Callable[..., dict[str, str]]


def soon(**more: Any) -> UUID:
    """An event that has begun a moment ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    return make_event(
        starts_at=now + timedelta(minutes=5), ends_at=now + timedelta(minutes=65), **{"late_cancel_hours": 0} | more
    )


def booked(who: Actor, event: UUID, **more: Any) -> Any:
    with db.transaction() as tx:
        return actions.book(tx, who, event, **more)


def at(tx: Any, hours: float) -> None:
    tx.execute(text("SELECT set_config('asimati.clock_offset', :s, true)"), {"s": str(hours * 3600)})


def let_in(view: Any, hours: float = 0) -> Outcome:
    with db.transaction() as tx:
        at(tx, hours)
        shown = Shown(view.ticket, f"n-{view.reference}", datetime.now(UTC), view.event)
        return actions.check_in(tx, SYSTEM, [shown])[0].outcome


def status_of(reference: str) -> BookingStatus:
    with db.transaction() as tx:
        return tx.scalars(select(Booking.status).where(Booking.reference == reference)).one()


def pass_by(hours: float) -> None:
    with db.transaction() as tx:
        at(tx, hours)
        actions.mark_no_shows(tx)


def test_who_misses_twice_waits_behind_others_and_may_appeal_to_a_human(
    client: FlaskClient, clean: str, as_staff: SignIn
) -> None:
    absent, other, holder = make_people(3)
    for _ in range(2):
        one = booked(absent, soon())
        pass_by(4)
        assert status_of(one.reference) is BookingStatus.NO_SHOW
    with db.transaction() as tx:
        assert tx.scalar(select(Deferral.status).where(Deferral.person_id == absent.id)) is DeferralStatus.IN_FORCE
    full = make_event(capacity=1)
    booked(holder, full)
    assert booked(absent, full).position == 1
    assert booked(other, full).position == 1  # before whoever did not come
    mine = client.get(f"{V1}/me/deferrals", headers=signed_in(absent)).json["items"][0]  # type: ignore[index]
    asked = f"{V1}/me/deferrals/{mine['id']}/appeal"
    assert client.post(asked, json={"text": "I was ill"}, headers=signed_in(other)).status_code == 404
    assert client.post(asked, json={"text": "I was ill"}, headers=signed_in(absent)).status_code == 200
    assert client.post(asked, json={"text": "again"}, headers=signed_in(absent)).status_code == 409
    staff = as_staff("coordinator")
    queue = client.get(f"{V1}/staff/queues/appeals", headers=staff).json
    assert [one["appeal"] for one in queue["items"]] == ["I was ill"]  # type: ignore[index]
    word = {"lift": True, "note": {"en": "Be well"}}
    own = as_staff("coordinator")
    with db.transaction() as tx:  # the personnel office knows that one of the coordinators is the absent one
        own_id = UUID(client.get(f"{V1}/staff/me", headers=own).json["id"])  # type: ignore[index]
        tx.get_one(StaffMember, own_id).phone = secrets.seal("+97333557733", "phone")
        tx.get_one(Person, absent.id).phone_index = secrets.blind_index("+97333557733", "phone")
    refused = client.post(f"{V1}/staff/appeals/{mine['id']}/decide", json=word, headers=own)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/own-affair")  # type: ignore[index]
    decided = client.post(f"{V1}/staff/appeals/{mine['id']}/decide", json=word, headers=staff)
    assert decided.json["status"] == "lifted"  # type: ignore[index]
    pass_by(5)  # what a human decided is not undone by the next tick
    third = make_event(capacity=1)
    booked(holder, third)
    booked(absent, third)
    assert booked(other, third).position == 2


def test_an_upload_that_comes_late_makes_a_no_show_somebody_who_came(clean: str) -> None:
    (who,) = make_people(1)
    one = booked(who, soon())
    pass_by(4)
    assert let_in(one, 5) is Outcome.ADMITTED
    assert status_of(one.reference) is BookingStatus.CHECKED_IN


def test_feedback_once_and_a_certificate_that_verifies(client: FlaskClient, clean: str, as_staff: SignIn) -> None:
    who, absent = make_people(2)
    event = soon()
    one, two = booked(who, event), booked(absent, event)
    assert let_in(one) is Outcome.ADMITTED
    said = {"stars": 5, "comment": "=cmd()"}
    answers = [
        client.post(f"{V1}/bookings/{view.reference}/feedback", json=said, headers=signed_in(person)).status_code
        for view, person in ((one, who), (one, who), (two, absent))
    ]
    assert answers == [201, 409, 409]
    paper = f"{V1}/bookings/{one.reference}/certificate"
    early = client.post(paper, headers=signed_in(who))
    assert early.json["type"] == "/problems/not-yet-over"  # type: ignore[index]
    assert client.get(f"{paper}.pdf", headers=signed_in(who)).status_code == 404
    with db.transaction() as tx:
        at(tx, 3)
        made = actions.certify(tx, who, one.reference)
        assert actions.certify(tx, who, one.reference).id == made.id
    assert client.get(f"{V1}/credentials/{made.id}").json["valid"] is True  # type: ignore[index]
    pdf = client.get(f"{paper}.pdf", headers=signed_in(who))
    assert pdf.data.startswith(b"%PDF-")
    undone = client.post(f"{V1}/staff/bookings/{one.reference}/void-check-in", headers=as_staff("coordinator"))
    assert undone.status_code == 200
    assert client.get(f"{V1}/credentials/{made.id}").json["revoked"] is True  # type: ignore[index]


def test_small_groups_are_not_told_and_lists_hold_no_formulas(
    client: FlaskClient, clean: str, as_staff: SignIn
) -> None:
    people = make_people(7)
    event = soon(questions={"type": "object", "properties": {"firm": {"type": "string"}}})
    with db.transaction() as tx:
        for number, who in enumerate(people):
            person = tx.get_one(Person, who.id)
            person.sex, person.name_latin = ("female" if number else "male"), "=1+1"  # type: ignore[assignment]
    for who in people:
        assert let_in(booked(who, event, answers={"firm": "@firm"})) is Outcome.ADMITTED
    staff = as_staff("coordinator")
    told = client.get(f"{V1}/staff/events/{event}/statistics", headers=staff).json
    assert told["came"] == 7  # type: ignore[index]
    assert told["groups"]["sex"] == {"female": None, "male": None}  # type: ignore[index]
    assert told["groups"]["first_time"] == {"yes": 7}  # type: ignore[index]
    counts = client.get(f"{V1}/staff/events/{event}/counts", headers=staff).json
    assert counts["parties"]["checked_in"] == 7  # type: ignore[index]
    table = client.get(f"{V1}/staff/events/{event}/attendance.csv", headers=staff | {"Accept-Language": "en"})
    rows = read_sheet(table.data)
    assert len(rows) == 7
    assert (
        {row.cells["firm"][0] for row in rows} == {row.cells["Name in Latin letters"][0] for row in rows} == {"'"}
    )
    book = client.get(f"{V1}/staff/events/{event}/attendance.xlsx", headers=staff)
    assert len(read_sheet(io.BytesIO(book.data).getvalue())) == 7


def test_a_booking_moves_to_a_parallel_event_or_stays(clean: str) -> None:
    who, other, waiting = make_people(3)
    with db.transaction() as tx:
        start = tx.get_one(Event, make_event()).starts_at
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1), "capacity": 1}
    first, second = (make_event(series="ai", **times) for _ in range(2))
    alone = make_event(capacity=1)
    one = booked(who, first)
    line = booked(waiting, first)
    with pytest.raises(rules.NotParallel), db.transaction() as tx:
        actions.reschedule(tx, who, one.reference, alone)
    taken = booked(other, second)
    with pytest.raises(rules.EventFull), db.transaction() as tx:
        actions.reschedule(tx, who, one.reference, second)
    assert status_of(one.reference) is BookingStatus.CONFIRMED
    with db.transaction() as tx:
        actions.cancel(tx, other, taken.reference)
    with db.transaction() as tx:
        assert actions.reschedule(tx, who, one.reference, second) == one.reference
        moved = queries.booking(tx, who, one.reference)
        assert (moved.id, moved.status, moved.event) == (one.id, BookingStatus.CONFIRMED, second)
        assert queries.verify_seats(tx)["ok"]
        held = tx.scalars(select(Engagement.source).where(Engagement.person_id == who.id)).all()
        assert held == [one.id]
    assert status_of(line.reference) is BookingStatus.OFFERED


def test_a_moved_ticket_opens_the_new_door_alone(client: FlaskClient, clean: str, as_staff: SignIn) -> None:
    (who,) = make_people(1)
    old, new = (soon(series="ai") for _ in range(2))
    one = booked(who, old)
    url = f"{V1}/bookings/{one.reference}/reschedule"
    moved = client.post(url, json={"event": str(new)}, headers=signed_in(who)).json
    assert (moved["reference"], moved["event"]) == (one.reference, str(new))  # type: ignore[index]
    staff, now = as_staff("coordinator"), datetime.now(UTC).isoformat()
    outcomes = []
    for number, door in enumerate((old, new)):
        scan = {"ticket": moved["ticket"], "nonce": str(number), "at": now, "event": str(door)}  # type: ignore[index]
        outcomes.append(client.post(f"{V1}/staff/check-ins", json=scan, headers=staff).json["outcome"])  # type: ignore[index]
    assert outcomes == ["wrong-event", "admitted"]


def test_a_move_asks_what_a_booking_there_would_ask(clean: str) -> None:
    (who,) = make_people(1)
    form = {"type": "object", "properties": {"firm": {"type": "string"}}, "required": ["firm"]}
    first, asks, decides = make_event(series="x"), make_event(series="x", questions=form), None
    decides = make_event(series="x", approval=True)
    one = booked(who, first)
    with pytest.raises(Invalid), db.transaction() as tx:
        actions.reschedule(tx, who, one.reference, asks)
    with pytest.raises(rules.NeedsApproval), db.transaction() as tx:
        actions.reschedule(tx, who, one.reference, decides)
    with db.transaction() as tx:
        actions.reschedule(tx, who, one.reference, asks, {"firm": "A"})
        assert tx.scalars(select(Booking.answers).where(Booking.reference == one.reference)).one() == {"firm": "A"}


def told(topic: str) -> list[dict[str, Any]]:
    with db.transaction() as tx:
        said = (
            select(OutboxMessage.payload).where(OutboxMessage.topic == f"events.{topic}").order_by(OutboxMessage.id)
        )
        return list(tx.scalars(said))


def test_whoever_misses_an_event_is_told_once_and_warned_before_the_last(clean: str) -> None:
    (who,) = make_people(1)
    expected = {"last_miss_warned": 1, "no_show_recorded": 0, "deferred": 0}
    first = booked(who, soon())
    pass_by(4), pass_by(5)
    assert {topic: len(told(topic)) for topic in expected} == expected
    assert told("last_miss_warned")[0]["reference"] == first.reference
    second = booked(who, soon())
    pass_by(4)
    assert {topic: len(told(topic)) for topic in expected} == expected | {"deferred": 1}
    booked(who, soon())
    pass_by(4)  # while deferred a further one is noted, and that is all
    assert {topic: len(told(topic)) for topic in expected} == expected | {"deferred": 1, "no_show_recorded": 1}
    assert let_in(second, 5) is Outcome.ADMITTED


def test_whoever_is_offered_a_place_at_once_is_not_also_told_of_a_place_in_line(clean: str) -> None:
    seated, group, single = make_people(3)
    event = make_event(capacity=4)
    booked(seated, event, party_size=2)
    booked(group, event, party_size=3)  # does not fit; two seats are gathered for it
    with db.transaction() as tx:
        at(tx, 48)
        assert actions.book(tx, single, event).status is BookingStatus.OFFERED
    assert [one["person"] for one in told("booking_waitlisted")] == [str(group.id)]
    assert [one["person"] for one in told("booking_offered")] == [str(single.id)]


def test_an_event_asks_and_says_whom_it_is_for(clean: str) -> None:
    (who,) = make_people(1)
    form = {"type": "object", "properties": {"firm": {"type": "string"}}, "required": ["firm"]}
    event, young = make_event(questions=form, minimum_age=18), make_event(maximum_age=25)
    with pytest.raises(rules.NotEligible):
        booked(who, event, answers={"firm": "A"})
    with db.transaction() as tx:
        tx.get_one(Person, who.id).birth_date = date(1990, 1, 1)
    with pytest.raises(rules.NotEligible):
        booked(who, young)
    for wrong in (None, {"firm": "A", "other": 1}):
        with pytest.raises(Invalid):
            booked(who, event, answers=wrong)
    assert booked(who, event, answers={"firm": "A"}).status is BookingStatus.CONFIRMED


def test_somebody_without_a_booking_walks_in_while_seats_are_free(
    client: FlaskClient, clean: str, as_staff: SignIn
) -> None:
    event, staff = soon(capacity=1), as_staff("coordinator")
    url = f"{V1}/staff/events/{event}/walk-ins"
    made = client.post(url, json={"phone": "33112233"}, headers=staff)
    assert (made.status_code, made.json["outcome"]) == (201, "admitted")  # type: ignore[index]
    full = client.post(url, json={"phone": "33112244"}, headers=staff)
    assert full.json["type"] == "/problems/event-full"  # type: ignore[index]
    later = f"{V1}/staff/events/{make_event()}/walk-ins"
    closed = client.post(later, json={"phone": "33112244"}, headers=staff)
    assert closed.json["type"] == "/problems/door-closed"  # type: ignore[index]


def test_a_place_given_up_too_late_is_noted(clean: str) -> None:
    early, late = make_people(2)
    event, near = make_event(), soon(late_cancel_hours=24)
    for who, where, expected in ((early, event, False), (late, near, True)):
        one = booked(who, where)
        with db.transaction() as tx:
            actions.cancel(tx, who, one.reference)
        with db.transaction() as tx:
            assert tx.scalar(select(Booking.late).where(Booking.reference == one.reference)) is expected
            assert queries.booking(tx, who, one.reference).late is expected  # and they are told so
    assert [one["person"] for one in told("last_miss_warned")] == [str(late.id)]
