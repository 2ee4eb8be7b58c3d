"""Organisations that volunteer together, and what they offer volunteers."""

from __future__ import annotations

from tests.house.belongings import BOTH, House
from tests.house.deeds import Go, deed
from tests.house.deeds.volunteering import guide, times

OFFERS = "/api/v1/volunteer-entities/<uuid:entity_id>/opportunities/<uuid:opportunity_id>"


def joined(house: House) -> tuple[str, str]:
    """The owner's organisation, and a neighbour who is a member of it."""
    entity = house.values["volunteer-entities/entity_id"]
    code = house.ask("POST", f"/volunteer-entities/{entity}/invitation", house.owner, 200, json={})["code"]
    house.ask("POST", "/volunteer-entities/join", house.neighbour(), 200, json={"code": code})
    members = house.ask("GET", f"/volunteer-entities/{entity}", house.owner, 200)["members"]
    return entity, next(one["id"] for one in members if not one["coordinator"])


@deed("POST /api/v1/volunteer-entities/join")
def join(house: House, go: Go) -> None:
    entity = house.values["volunteer-entities/entity_id"]
    code = house.ask("POST", f"/volunteer-entities/{entity}/invitation", house.owner, 200, json={})["code"]
    go(house.neighbour(), {"code": code})


@deed("POST /api/v1/volunteer-entities/<uuid:entity_id>/members/<uuid:member_id>/promote")
def promote(house: House, go: Go) -> None:
    entity, new = joined(house)
    go(house.owner, entity_id=entity, member_id=new)


@deed("POST /api/v1/staff/volunteer-entities/<uuid:entity_id>/decline")
def decline_an_organisation(house: House, go: Go) -> None:
    school = {"name": BOTH, "kind": "school", "contact": "office@school.example"}
    asked = house.ask("POST", "/volunteer-entities", house.neighbour(), json=school)["id"]
    go(guide(house), {"reason": "nobody knows it"}, entity_id=asked)


@deed(f"PATCH {OFFERS}")
def edit_what_we_offer(house: House, go: Go) -> None:
    go(house.owner, {"description": BOTH})


@deed(f"POST {OFFERS}/shifts")
def add_a_shift_of_ours(house: House, go: Go) -> None:
    go(house.owner, {"places": 4, **times(12)})


def ready(house: House) -> dict[str, str]:
    """A draft of the owner's organisation with all that is asked for."""
    entity = house.values["volunteer-entities/entity_id"]
    point = {"title": BOTH, "meeting_point": BOTH, "lat": 26.23, "lon": 50.58}
    made = house.ask("POST", f"/volunteer-entities/{entity}/opportunities", house.owner, json=point)["id"]
    at = f"/volunteer-entities/{entity}/opportunities/{made}"
    house.ask("POST", f"{at}/shifts", house.owner, json={"places": 4, **times(12)})
    return {"entity_id": entity, "opportunity_id": made}


@deed(f"POST {OFFERS}/submit")
def submit_what_we_offer(house: House, go: Go) -> None:
    go(house.owner, **ready(house))


def submitted(house: House) -> str:
    made = ready(house)
    at = f"/volunteer-entities/{made['entity_id']}/opportunities/{made['opportunity_id']}/submit"
    house.ask("POST", at, house.owner, 200, json={})
    return made["opportunity_id"]


@deed("POST /api/v1/staff/opportunities/<uuid:opportunity_id>/approve")
def publish_what_they_offer(house: House, go: Go) -> None:
    go(guide(house), opportunity_id=submitted(house))


@deed("POST /api/v1/staff/opportunities/<uuid:opportunity_id>/decline")
def decline_what_they_offer(house: House, go: Go) -> None:
    go(guide(house), {"reason": "say where to meet"}, opportunity_id=submitted(house))
