"""A role that is limited to a part of the house, room by room: what lies outside is not there, or not open."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from asimati.kit.policy import Role
from tests.events.ground import make_event
from tests.house import belongings
from tests.house.belongings import House, member, signed_in

# Each list and deed beside a role's limits: how many items it shows, or the status of the refusal.
HERE, ELSEWHERE = {"programme": ["week"]}, {"programme": ["elsewhere"]}
LISTS: list[tuple[str, Role, Any, Any]] = [
    ("/staff/programmes", Role.COORDINATOR, HERE, 1),
    ("/staff/programmes", Role.COORDINATOR, ELSEWHERE, 0),
    ("/staff/programmes", Role.COORDINATOR, {"area": ["317"]}, 0),
    ("/staff/events", Role.COORDINATOR, HERE, "some"),
    ("/staff/events", Role.COORDINATOR, ELSEWHERE, 0),
    ("/staff/events", Role.COORDINATOR, {"service": ["suggestion"]}, 0),
    ("/staff/bookings", Role.COORDINATOR, HERE, 1),
    ("/staff/bookings", Role.COORDINATOR, ELSEWHERE, 0),
    ("/staff/bookings", Role.SUPERVISOR, {"department": ["roads"]}, 0),
    ("/staff/queues/appeals", Role.COORDINATOR, HERE, 403),
    ("/staff/queues/unassigned", Role.REVIEWER, {"service": ["suggestion"]}, "some"),
    ("/staff/queues/unassigned", Role.REVIEWER, {"service": ["elsewhere"]}, 0),
    ("/staff/queues/unassigned", Role.REVIEWER, HERE, 0),
    ("/staff/appointments", Role.REVIEWER, {"service": ["elsewhere"]}, 0),
    ("/staff/sign-ups", Role.COORDINATOR, HERE, 403),
    ("/staff/hours", Role.COORDINATOR, {"area": ["317"]}, 403),
    ("/staff/queues/sign-ups", Role.COORDINATOR, HERE, 403),
    ("/staff/broadcasts", Role.COORDINATOR, HERE, 403),
    ("/staff/templates", Role.SUPERVISOR, {"area": ["317"]}, 403),
    ("/staff/webhooks", Role.ADMINISTRATOR, HERE, 403),
]


@pytest.fixture(scope="module")
def house(app: Flask, database: str) -> House:
    return belongings.alone(app)


def limited(role: Role, scope: Any) -> dict[str, str]:
    return signed_in(staff=member(role, scopes=[scope]))


@pytest.mark.parametrize(("path", "role", "scope", "seen"), LISTS, ids=lambda value: str(value))
def test_a_list_shows_the_part_of_the_house(house: House, path: str, role: Role, scope: Any, seen: Any) -> None:
    everywhere = house.client.get(f"/api/v1{path}", headers=house.staff[str(role)])
    assert everywhere.status_code == 200
    if seen not in (403, "some"):
        assert len(everywhere.json["items"]) >= seen
    answer = house.client.get(f"/api/v1{path}", headers=limited(role, scope))
    if seen == 403:
        assert answer.status_code == 403
    else:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        shown = len(answer.json["items"])
        assert shown > 0 if seen == "some" else shown == seen


def test_nobody_edits_or_makes_anything_in_another_part(house: House) -> None:
    mine = limited(Role.COORDINATOR, HERE)
    event = house.values["events/event_id"]
    other = {"slug": "other", "title": belongings.BOTH, "starts_on": "2026-01-01", "ends_on": "2027-12-31"}
    house.ask("POST", "/staff/programmes", house.staff["coordinator"], json=other)
    house.ask("PATCH", f"/staff/events/{event}", limited(Role.COORDINATOR, ELSEWHERE), 404,
              json={"venue": belongings.BOTH})  # fmt: skip
    house.ask("PATCH", f"/staff/events/{event}", mine, 200, json={"venue": belongings.BOTH})
    house.ask("POST", "/staff/programmes", mine, 404, json=other | {"slug": "third"})
    assert house.ask("GET", f"/staff/events/{event}", mine, 200)["programme"] == "week"


def test_what_was_issued_is_ended_by_a_role_without_limits(house: House) -> None:
    path, why = (
        f"/staff/credentials/{house.values['credentials/credential_id']}/revoke",
        {"reason": "a mistake"},
    )
    house.ask("POST", path, limited(Role.COORDINATOR, HERE), 403, json=why)
    house.ask("POST", path, house.staff["coordinator"], 200, json=why)


def test_the_door_of_another_programme_stays_shut(house: House) -> None:
    """A ticket of an event outside one's reach is of a wrong event; inside it is judged as everybody's."""
    event = make_event(series="talks")
    booked = house.ask("POST", f"/events/{event}/bookings", house.owner, json={"party_size": 1})
    scan = {"ticket": booked["ticket"], "at": belongings.now().isoformat()}
    outside = house.ask("POST", "/staff/check-ins", limited(Role.COORDINATOR, ELSEWHERE), 200,
                        json=scan | {"nonce": "a", "device": "one"})  # fmt: skip
    inside = house.ask("POST", "/staff/check-ins", limited(Role.COORDINATOR, HERE), 200,
                       json=scan | {"nonce": "b", "device": "two"})  # fmt: skip
    assert outside["outcome"] == "wrong-event" and inside["outcome"] != "wrong-event"
