"""The calendar feed, read back by a calendar library."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from icalendar import Calendar

from asimati.events import actions
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


def test_an_address_ends_when_its_owner_says_so_or_makes_another(client: FlaskClient) -> None:
    (who,) = make_people(1)
    headers = signed_in(who)
    made = [client.post(f"{V1}/me/calendar-link", headers=headers).json["url"] for _ in range(2)]  # type: ignore[index]
    first, second = (url[url.index(V1) :] for url in made)
    assert [client.get(url).status_code for url in (first, second)] == [404, 200]
    assert client.delete(f"{V1}/me/calendar-link", headers=headers).status_code == 204
    assert client.get(second).status_code == 404
    assert client.get(f"{V1}/calendar/{'x' * 43}.ics").status_code == 404
