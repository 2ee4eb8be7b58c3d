"""The calendar feed, read back by a calendar library."""

from __future__ import annotations

from datetime import timedelta

import vobject
from flask.testing import FlaskClient
from icalendar import Calendar

from asimati.events import actions
from asimati.events.models import Event
from asimati.kit import db
from asimati.kit.policy import SYSTEM
from tests.events.ground import make_event, make_people, signed_in

V1 = "/api/v1"


def _read(client: FlaskClient, url: str) -> dict[str, object]:
    answer = client.get(url[url.index(V1) :])
    assert answer.mimetype == "text/calendar"
    (found,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return {name: found.decoded(name) for name in ("uid", "sequence", "status", "dtstart", "dtend", "summary")}


def test_an_entry_keeps_its_uid_and_counts_every_change(client: FlaskClient) -> None:
    event, (who,) = make_event(), make_people(1)
    headers = signed_in(who)
    with db.transaction() as tx:
        reference = actions.book(tx, who, event).reference
    url = client.post(f"{V1}/me/calendar-link", headers=headers).json["url"]  # type: ignore[index]
    first = _read(client, url)
    assert (first["status"], first["sequence"]) == ("CONFIRMED", 0)
    assert first["summary"] == "ورشة"
    later = first["dtstart"] + timedelta(hours=1)  # type: ignore[operator]
    with db.transaction() as tx:
        actions.edit_event(tx, SYSTEM, event, None, starts_at=later)
    moved = _read(client, url)
    assert moved["uid"] == first["uid"]
    assert moved["dtstart"] == later
    assert moved["sequence"] > first["sequence"]  # type: ignore[operator]
    with db.transaction() as tx:
        actions.cancel(tx, who, reference)
    gone = _read(client, url)
    assert (gone["uid"], gone["status"]) == (first["uid"], "CANCELLED")
    assert gone["sequence"] > moved["sequence"]  # type: ignore[operator]


def test_a_booking_that_moves_is_one_entry_that_moves(client: FlaskClient, clean: str) -> None:
    """Also to an event that was edited less often: SEQUENCE never falls."""
    (who,) = make_people(1)
    first, second = (make_event(series="x") for _ in range(2))
    with db.transaction() as tx:
        reference = actions.book(tx, who, first).reference
    for venue in ("A", "B", "C"):
        with db.transaction() as tx:
            actions.edit_event(tx, SYSTEM, first, None, venue={"ar": venue, "en": venue})
    url = client.post(f"{V1}/me/calendar-link", headers=signed_in(who)).json["url"]  # type: ignore[index]
    before = _read(client, url)
    with db.transaction() as tx:
        actions.reschedule(tx, who, reference, second)
        there = tx.get_one(Event, second).starts_at
    after = _read(client, url)
    assert (after["uid"], after["status"], after["dtstart"]) == (before["uid"], "CONFIRMED", there)
    assert after["sequence"] > before["sequence"]  # type: ignore[operator]


def test_the_file_is_written_as_the_standard_says_and_asked_for_again_costs_nothing(
    client: FlaskClient, clean: str
) -> None:
    (who,) = make_people(1)
    long = {"ar": "ورشة، ورشة; " * 15, "en": "Workshop"}  # folded at 75 octets, marks escaped
    event = make_event(title=long)
    with db.transaction() as tx:
        actions.book(tx, who, event)
    url = client.post(f"{V1}/me/calendar-link", headers=signed_in(who)).json["url"]  # type: ignore[index]
    answer = client.get(url[url.index(V1) :])
    assert b"\n" not in answer.data.replace(b"\r\n", b"")
    lines = answer.data.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 for line in lines)
    assert [line.decode() for line in lines]  # no letter is cut in two
    unfolded = answer.data.replace(b"\r\n ", b"").decode().split("\r\n")
    names = [line.partition(":")[0].partition(";")[0] for line in unfolded if line]
    assert (names[0], names[-1]) == ("BEGIN", "END")
    for needed in ("VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS", "SUMMARY"):
        assert names.count(needed) == 1
    assert r"ورشة، ورشة\;" in answer.data.replace(b"\r\n ", b"").decode()
    again = client.get(url[url.index(V1) :], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_another_calendar_library_reads_the_same(client: FlaskClient, clean: str) -> None:
    (who,) = make_people(1)
    event = make_event(title={"ar": "ورشة، ورشة; " * 15, "en": "Workshop"})
    with db.transaction() as tx:
        reference = actions.book(tx, who, event).reference
    url = client.post(f"{V1}/me/calendar-link", headers=signed_in(who)).json["url"]  # type: ignore[index]
    ours = _read(client, url)
    entry = vobject.readOne(client.get(url[url.index(V1) :]).get_data(as_text=True)).vevent
    assert entry.uid.value == str(ours["uid"])
    assert entry.summary.value == str(ours["summary"])
    assert (entry.dtstart.value, entry.dtend.value) == (ours["dtstart"], ours["dtend"])
    assert (entry.status.value, int(entry.sequence.value)) == ("CONFIRMED", ours["sequence"])
    assert entry.description.value == reference


def test_an_address_ends_when_its_owner_says_so_or_makes_another(client: FlaskClient) -> None:
    (who,) = make_people(1)
    headers = signed_in(who)
    made = [client.post(f"{V1}/me/calendar-link", headers=headers).json["url"] for _ in range(2)]  # type: ignore[index]
    first, second = (url[url.index(V1) :] for url in made)
    assert [client.get(url).status_code for url in (first, second)] == [404, 200]
    assert client.delete(f"{V1}/me/calendar-link", headers=headers).status_code == 204
    assert client.get(second).status_code == 404
    assert client.get(f"{V1}/calendar/{'x' * 43}.ics").status_code == 404
