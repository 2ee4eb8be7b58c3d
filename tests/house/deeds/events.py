"""Programmes, events, bookings, the door, and what comes after."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from asimati.kit.sheets import csv_of
from tests.events.ground import make_event
from tests.events.test_editing import GOOD, HEADERS
from tests.house.belongings import BOTH, STRANGER, Headers, House, now
from tests.house.deeds import Go, deed, later


def guide(house: House) -> Headers:
    return house.staff["coordinator"]


def booked(house: House, who: Headers | None = None, event: object = None, **facts: Any) -> dict[str, Any]:
    """A booking of the owner's, of an event of its own."""
    path = f"/events/{event or make_event(**facts)}/bookings"
    found: dict[str, Any] = house.ask("POST", path, who or house.owner, json={"party_size": 1})
    return found


# --- the programme ---------------------------------------------------------------------------------------------


@deed("POST /api/v1/staff/programmes")
def make_a_programme(house: House, go: Go) -> None:
    go(guide(house), {"slug": "another", "title": BOTH, "starts_on": "2026-01-01", "ends_on": "2027-12-31"})


@deed("PATCH /api/v1/staff/programmes/<slug>")
def edit_a_programme(house: House, go: Go) -> None:
    go(guide(house), {"title": BOTH})


@deed("POST /api/v1/staff/events")
def make_it(house: House, go: Go) -> None:
    begins = now() + timedelta(days=9)
    event = {
        "type": "talk", "title": BOTH, "language": "both", "mode": "online", "capacity": 9, "programme": "week",
        "starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    go(guide(house), event)


@deed("POST /api/v1/staff/programmes/<slug>/import")
def import_a_table(house: House, go: Go) -> None:
    go(guide(house), data={"file": (io.BytesIO(csv_of(HEADERS, [GOOD])), "week.csv")}, query={"dry_run": "false"})


# --- bookings --------------------------------------------------------------------------------------------------


@deed("POST /api/v1/bookings/<reference>/accept")
def take_the_seat(house: House, go: Go) -> None:
    neighbour, event = house.neighbour(), make_event(capacity=1)
    first, mine = booked(house, neighbour, event), booked(house, event=event)
    house.ask("DELETE", f"/bookings/{first['reference']}", neighbour, 200)
    go(house.owner, reference=mine["reference"])


@deed("POST /api/v1/staff/bookings/<reference>/approve")
def approve(house: House, go: Go) -> None:
    go(guide(house), reference=booked(house, approval=True)["reference"])


@deed("POST /api/v1/staff/bookings/<reference>/decline")
def decline(house: House, go: Go) -> None:
    go(guide(house), reference=booked(house, approval=True)["reference"])


def soon() -> dict[str, Any]:
    begins = now() + timedelta(minutes=5)
    return {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}


def shown(booking: dict[str, Any]) -> dict[str, Any]:
    """What the door sends of a ticket."""
    return {"ticket": booking["ticket"], "nonce": "a", "at": now().isoformat(), "device": "one"}


def let_in(house: House) -> str:
    """A neighbour who came, as the owner is elsewhere; the booking."""
    booking = booked(house, house.neighbour(), **soon())
    house.ask("POST", "/staff/check-ins", guide(house), 200, json=shown(booking))
    return str(booking["reference"])


@deed("POST /api/v1/staff/check-ins")
def check_in(house: House, go: Go) -> None:
    go(guide(house), shown(booked(house, house.neighbour(), **soon())))


@deed("POST /api/v1/staff/bookings/<reference>/void-check-in")
def it_was_somebody_else(house: House, go: Go) -> None:
    go(guide(house), reference=let_in(house))


@deed("POST /api/v1/staff/events/<uuid:event_id>/walk-ins")
def let_somebody_in_without_a_booking(house: House, go: Go) -> None:
    go(guide(house), {"phone": STRANGER, "party_size": 1}, event_id=make_event(**soon()))


@deed("POST /api/v1/bookings/<reference>/feedback")
def say_how_it_was(house: House, go: Go) -> None:
    go(house.neighbour(), {"stars": 5, "comment": "Well told"}, reference=let_in(house))


@deed("POST /api/v1/bookings/<reference>/certificate")
def ask_for_the_certificate(house: House, go: Go) -> None:
    booking = let_in(house)
    later(hours=3)
    go(house.neighbour(), reference=booking)


@deed("POST /api/v1/staff/appeals/<uuid:deferral_id>/decide")
def decide_an_appeal(house: House, go: Go) -> None:
    deferral = house.values["deferrals/deferral_id"]
    house.ask("POST", f"/me/deferrals/{deferral}/appeal", house.owner, 200, json={"text": "I was ill"})
    go(guide(house), {"lift": True, "note": BOTH})
