"""An appointment from the free time to the desk, and what can come between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select, text

from asimati.accounts.models import Engagement, Person
from asimati.appointments.actions import remind
from asimati.appointments.models import Appointment
from asimati.appointments.queries import midnight
from asimati.appointments.sync import sync
from asimati.kit import db, worktime
from asimati.kit.clock import local_day, utcnow
from asimati.places.queries import work_calendar
from tests.appointments.ground import PART, V1, Headers


def seconds_until(moment: str | datetime, more: timedelta = timedelta()) -> float:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (at + more - utcnow()).total_seconds()


def topics() -> list[str]:
    with db.transaction() as tx:
        return list(tx.scalars(text("SELECT topic FROM message WHERE topic LIKE 'appointments.%' ORDER BY id")))


def test_a_time_is_booked_moved_and_given_up(
    hall: FlaskClient, resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    free = slots()
    assert free[0]["free"] == 2 and free[0]["desks"] == ["one", "two"]
    made = book(resident, free[0]["starts_at"])
    assert made.status_code == 201, made.text
    path = f"{V1}/appointments/{made.json['reference']}"
    assert made.json["reference"].startswith("AP-") and made.json["status"] == "booked"
    assert slots()[0]["free"] == 1
    moved = hall.patch(
        path, json={"starts_at": free[4]["starts_at"]}, headers=resident | {"If-Match": made.headers["ETag"]}
    )
    assert moved.status_code == 200, moved.text
    assert moved.json["starts_at"] == free[4]["starts_at"]
    assert [slot["free"] for slot in (slots()[0], slots()[4])] == [2, 1]
    stale = hall.patch(path, json={"starts_at": free[0]["starts_at"]}, headers=resident | {"If-Match": '"1-x"'})
    assert stale.status_code == 412
    gone = hall.delete(path, headers=resident)
    assert (gone.status_code, gone.json["status"]) == (200, "cancelled")
    assert slots()[4]["free"] == 2
    assert hall.delete(path, headers=resident).json["legal"] == []
    assert [item["reference"] for item in hall.get(f"{V1}/appointments", headers=resident).json["items"]] == [
        made.json["reference"]
    ]
    assert topics() == [f"appointments.appointment_{deed}" for deed in ("booked", "moved", "cancelled")]


def test_an_appointment_is_one_entry_of_the_persons_calendar_file(
    hall: FlaskClient, resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    free = slots()
    made = book(resident, free[0]["starts_at"])
    path = f"{V1}/appointments/{made.json['reference']}"
    url = hall.post(f"{V1}/me/calendar-link", headers=resident).json["url"]  # type: ignore[index]

    def entry() -> tuple[Any, ...]:
        (one,) = Calendar.from_ical(hall.get(url[url.index(V1) :]).data).walk("VEVENT")
        return tuple(one.decoded(name) for name in ("uid", "sequence", "status", "dtstart"))

    first = entry()
    hall.patch(
        path, json={"starts_at": free[4]["starts_at"]}, headers=resident | {"If-Match": made.headers["ETag"]}
    )
    moved = entry()
    hall.delete(path, headers=resident)
    gone = entry()
    assert first[0] == moved[0] == gone[0]
    assert first[1] < moved[1] < gone[1]
    assert [one[2] for one in (first, moved, gone)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert moved[3] == datetime.fromisoformat(free[4]["starts_at"])


def test_what_moves_to_a_taken_time_stays_where_it_was(
    hall: FlaskClient, resident: Headers, as_resident: Callable[..., Headers],
    slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any],
) -> None:  # fmt: skip
    times = [slot["starts_at"] for slot in slots("permit")]
    mine = book(resident, times[0], "permit")
    assert book(as_resident(), times[4], "permit").status_code == 201
    headers = resident | {"If-Match": mine.headers["ETag"]}
    path = f"{V1}/appointments/{mine.json['reference']}"
    taken = hall.patch(path, json={"starts_at": times[4]}, headers=headers)
    assert (taken.status_code, taken.json["type"]) == (409, "/problems/slot-taken")
    assert hall.get(path, headers=resident).json["starts_at"] == times[0]
    half_over = hall.patch(path, json={"starts_at": times[1]}, headers=headers)
    assert half_over.status_code == 200, "its own old time is not in its way"


def test_nobody_is_in_two_places_and_others_do_not_see_it(
    hall: FlaskClient, resident: Headers, as_resident: Callable[..., Headers],
    slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any],
) -> None:  # fmt: skip
    at = slots("review")[0]["starts_at"]
    made = book(resident, at, "review")
    assert made.status_code == 201, made.text
    twice = book(resident, at, "help")
    assert (twice.status_code, twice.json["type"]) == (409, "/problems/overlaps")
    assert twice.json["with"]["kind"] == "appointment"
    assert hall.get(f"{V1}/appointments/{made.json['reference']}", headers=as_resident()).status_code == 404
    with db.transaction() as tx:
        assert len(tx.scalars(select(Engagement)).all()) == 1
    hall.delete(f"{V1}/appointments/{made.json['reference']}", headers=resident)
    assert book(resident, at, "help").status_code == 201


def test_times_the_desk_does_not_have_are_refused(
    resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    at = datetime.fromisoformat(slots()[0]["starts_at"])
    for wrong in (at + timedelta(minutes=7), at + timedelta(days=90), at - timedelta(days=30)):
        answer = book(resident, wrong.isoformat())
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/no-such-slot"), wrong
    assert book(resident, at.isoformat(), desk="officer").json["type"] == "/problems/no-such-slot"
    assert book(resident, at.isoformat(), "none").status_code == 422


def test_one_holds_no_more_than_a_few(
    resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    times = [slot["starts_at"] for slot in slots()]
    answers = [book(resident, at).status_code for at in times[:3]]
    assert answers == [201, 201, 409]


@pytest.mark.parametrize("because", ["age", "disability", "nothing"])
def test_reserved_times_are_for_those_who_go_first(
    hall: FlaskClient, as_resident: Callable[..., Headers], slots: Callable[..., list[dict[str, Any]]],
    book: Callable[..., Any], because: str,
) -> None:  # fmt: skip
    who = as_resident()
    me = hall.get(f"{V1}/me", headers=who)
    with db.transaction() as tx:
        if because == "age":
            tx.get_one(Person, me.json["id"]).birth_date = date(1950, 1, 1)
        if because == "disability":
            tx.execute(
                text(f"INSERT INTO person_sensitive (person_id, disability) VALUES ('{me.json['id']}', true)")
            )
    later = slots("first", who)[-1]
    anonymous = slots("first")[-1]
    assert (anonymous["free"], anonymous["priority"]) == (0, 1)
    answer = book(who, later["starts_at"], "first")
    if because == "nothing":
        assert (later["free"], answer.status_code) == (0, 409)
        assert answer.json["type"] == "/problems/slot-reserved"
    else:
        assert (later["free"], answer.status_code, answer.json["priority"]) == (1, 201, True)


def test_staff_see_who_goes_first_and_book_for_them(
    hall: FlaskClient, reviewer: Headers, slots: Callable[..., list[dict[str, Any]]]
) -> None:
    at = slots("first")[-1]["starts_at"]
    body = {"service": "first", "starts_at": at, "phone": "+97333001122"}
    assert hall.post(f"{V1}/staff/appointments", json=body, headers=reviewer).status_code == 409
    made = hall.post(f"{V1}/staff/appointments", json=body | {"priority": True}, headers=reviewer)
    assert made.status_code == 201, made.text
    assert made.json["person"]


def test_staff_book_for_others_alone(
    hall: FlaskClient,
    reviewer: Headers,
    as_staff: Callable[..., Headers],
    slots: Callable[..., list[dict[str, Any]]],
) -> None:
    """No notice, no number and no reserve binds who books for others: for oneself one uses the app."""
    me = hall.get(f"{V1}/staff/me", headers=reviewer).json["id"]
    known = f"{V1}/staff/members/{me}/identity"
    assert hall.put(known, json={"phone": "33001122"}, headers=as_staff("administrator")).status_code == 204
    body = {
        "service": "first",
        "starts_at": slots("first")[-1]["starts_at"],
        "phone": "+97333001122",
        "priority": True,
    }
    for path, said in (("appointments", body), ("walk-ins", {"service": "first", "phone": "+97333001122"})):
        refused = hall.post(f"{V1}/staff/{path}", json=said, headers=reviewer)
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/own-affair")
    assert hall.post(f"{V1}/staff/appointments", json=body, headers=as_staff("reviewer")).status_code == 201


def test_a_reserved_time_nobody_took_is_open_to_all_shortly_before(
    resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any],
    moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    later = slots("first")[-1]
    with moved_clock(seconds=seconds_until(later["starts_at"], -timedelta(hours=3))):
        assert book(resident, later["starts_at"], "first").status_code == 201


def test_at_the_desk_one_arrives_and_is_served_and_it_counts(
    hall: FlaskClient, resident: Headers, reviewer: Headers, slots: Callable[..., list[dict[str, Any]]],
    book: Callable[..., Any],
) -> None:  # fmt: skip
    made = book(resident, slots()[0]["starts_at"]).json
    at = f"{V1}/staff/appointments/{made['reference']}"
    early = hall.post(f"{at}/no-show", json={}, headers=reviewer)
    assert early.json["type"] == "/problems/appointment-not-begun"
    illegal = hall.post(f"{at}/serve", json={}, headers=reviewer)
    assert illegal.status_code == 409 and "arrive" in illegal.json["legal"]
    assert hall.post(f"{at}/arrive", json={}, headers=reviewer).json["status"] == "arrived"
    assert hall.post(f"{at}/serve", json={}, headers=reviewer).json["status"] == "served"
    assert topics()[-1] == "appointments.appointment_kept"
    lines = hall.get(f"{V1}/me/access-log", headers=resident).json["items"]
    assert {line["action"] for line in lines} == {"appointments.arrived", "appointments.served"}


def test_who_does_not_come_frees_the_time_may_still_come_late_and_is_not_banned(
    hall: FlaskClient, resident: Headers, reviewer: Headers, slots: Callable[..., list[dict[str, Any]]],
    book: Callable[..., Any], moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    times = [slot["starts_at"] for slot in slots()]
    made = book(resident, times[0]).json
    with moved_clock(seconds=seconds_until(times[0], timedelta(minutes=12))):
        at = f"{V1}/staff/appointments/{made['reference']}"
        assert hall.delete(f"{V1}/appointments/{made['reference']}", headers=resident).status_code == 409
        assert hall.post(f"{at}/no-show", json={}, headers=reviewer).json["status"] == "no_show"
        late = hall.post(f"{at}/arrive", json={}, headers=reviewer)
        assert late.json["status"] == "arrived", late.text
    with db.transaction() as tx:
        tx.execute(text("UPDATE appointment SET status = 'no_show'"))
        for number in range(2):
            row = tx.scalars(select(Appointment)).first()
            assert row is not None
            columns = {c.name: getattr(row, c.name) for c in Appointment.__table__.columns}
            columns |= {"id": f"00000000-0000-7000-8000-00000000000{number}", "reference": f"AP-{number}"}
            tx.execute(Appointment.__table__.insert().values(**columns))
    asked = book(resident, times[-1])
    assert asked.json["type"] == "/problems/ask-at-the-desk"
    me = hall.get(f"{V1}/me", headers=resident).json["id"]
    by_staff = {"service": "help", "starts_at": times[-1], "person": me}
    assert hall.post(f"{V1}/staff/appointments", json=by_staff, headers=reviewer).status_code == 201


def test_whoever_walks_in_is_received_at_the_earliest_time_left(
    hall: FlaskClient, reviewer: Headers, moved_clock: Callable[..., Any]
) -> None:
    with db.transaction() as tx:
        tomorrow = midnight(local_day(utcnow()) + timedelta(days=1))
        opening = worktime.next_working_moment(work_calendar(tx), tomorrow)
    with moved_clock(seconds=seconds_until(opening, timedelta(minutes=31))):
        came = [hall.post(f"{V1}/staff/walk-ins", json={"service": "help"}, headers=reviewer) for _ in range(3)]
        assert [one.status_code for one in came] == [201] * 3, came[0].text
        assert [one.json["desk"]["code"] for one in came] == ["one", "two", "one"]
        first, third = (datetime.fromisoformat(came[n].json["starts_at"]) for n in (0, 2))
        assert third - first == timedelta(minutes=15)
        assert came[0].json["status"] == "arrived" and came[0].json["walk_in"]
        queue = hall.get(f"{V1}/staff/queues/appointments", headers=reviewer).json["items"]
        assert len(queue) == 3
        counts = hall.get(f"{V1}/staff/queues", headers=reviewer).json["items"]
        assert {"name": "appointments", "count": 3}.items() <= next(
            {"name": q["name"], "count": q["count"]} for q in counts if q["name"] == "appointments"
        ).items()
    with moved_clock(seconds=seconds_until(opening, timedelta(hours=14))):
        late = hall.post(f"{V1}/staff/walk-ins", json={"service": "help"}, headers=reviewer)
        assert late.json["type"] == "/problems/nobody-free-today"


def test_a_desk_closes_for_a_time_and_those_expected_are_told_why(
    hall: FlaskClient, resident: Headers, reviewer: Headers, as_staff: Callable[..., Headers],
    slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any],
) -> None:  # fmt: skip
    supervisor = as_staff("supervisor")
    slot = slots("permit")[0]
    made = book(resident, slot["starts_at"], "permit").json
    body = {**{key: slot[key] for key in ("starts_at", "ends_at")}, "reason": {"ar": "صيانة", "en": "Repairs"}}
    path = f"{V1}/staff/desks/one/closures"
    assert hall.post(path, json=body, headers=reviewer).status_code == 403
    asked = hall.post(path, json=body, headers=supervisor)
    assert (asked.status_code, asked.json["count"]) == (409, 1)
    closed = hall.post(path, json=body | {"cancel_booked": True}, headers=supervisor)
    assert closed.status_code == 201, closed.text
    mine = hall.get(f"{V1}/appointments/{made['reference']}", headers=resident).json
    assert (mine["status"], mine["reason"]) == ("cancelled", body["reason"])
    assert slot["starts_at"] not in [one["starts_at"] for one in slots("permit")]
    assert book(resident, slot["starts_at"], "permit").json["type"] == "/problems/slot-taken"
    desks = {desk["code"]: desk for desk in hall.get(f"{V1}/staff/desks", headers=reviewer).json["items"]}
    assert [one["id"] for one in desks["one"]["closures"]] == [closed.json["id"]]
    again = hall.delete(f"{V1}/staff/desk-closures/{closed.json['id']}", headers=supervisor)
    assert again.status_code == 204
    assert book(resident, slot["starts_at"], "permit").status_code == 201


def test_a_role_for_one_service_sees_and_serves_no_other(
    hall: FlaskClient, resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    from asimati.appointments import policy, queries
    from asimati.kit.errors import Forbidden, NotFound
    from asimati.kit.ids import new_id
    from asimati.kit.policy import Actor, Role

    made = book(resident, slots()[0]["starts_at"]).json
    scope = {Role.REVIEWER: ({"service": frozenset({"permit"})},)}
    narrow = Actor("staff", id=new_id(), roles=frozenset({Role.REVIEWER}), scopes=scope)
    with db.transaction() as tx:
        with pytest.raises(NotFound):
            queries.appointment(tx, narrow, made["reference"])
        assert queries.counts(tx, narrow) == {"appointments": 0}
    policy.require(narrow, "book", "permit")
    with pytest.raises(Forbidden):
        policy.require(narrow, "book", "help")


def test_one_is_reminded_once_for_each_time_and_anew_when_it_moves(
    hall: FlaskClient, resident: Headers, reviewer: Headers, slots: Callable[..., list[dict[str, Any]]],
    book: Callable[..., Any], moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    times = [slot["starts_at"] for slot in slots()]
    made = book(resident, times[-2])

    def reminded(hours: float, at: str) -> int:
        with moved_clock(seconds=seconds_until(at, -timedelta(hours=hours))), db.transaction() as tx:
            return remind(tx)

    assert [reminded(hours, times[-2]) for hours in (25, 23.9, 12, 1.9, 1)] == [0, 1, 0, 1, 0]
    headers = resident | {"If-Match": made.headers["ETag"]}
    hall.patch(f"{V1}/appointments/{made.json['reference']}", json={"starts_at": times[-1]}, headers=headers)
    assert reminded(1.5, times[-1]) == 1
    hall.delete(f"{V1}/appointments/{made.json['reference']}", headers=resident)
    assert reminded(1, times[-1]) == 0


def test_a_sync_again_changes_nothing_and_a_desk_that_is_gone_is_offered_no_more(
    hall: FlaskClient, slots: Callable[..., list[dict[str, Any]]]
) -> None:
    with db.transaction() as tx:
        assert sync(tx, PART) == {"added": 0, "changed": 0, "unchanged": 4, "retired": 0}
        less = {**PART, "desks": [one for one in PART["desks"] if one["code"] != "two"]}
        assert sync(tx, less)["retired"] == 1
    assert slots()[0]["desks"] == ["one"]
