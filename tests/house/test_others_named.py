"""Somebody else's thing named in a body or a query is answered like one that nobody has.

The fields are read from the OpenAPI document: every UUID, and every text that names a thing of ours. Each is asked
here with a thing of somebody else's and with a name that nobody has, and both answers are the same; or it is
excused with its reason. `test_others_things.py` asks the same of the names in paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from asimati.app import ROOMS
from asimati.kit.policy import SCOPES, Role
from tests.house import belongings
from tests.house.belongings import BOTH, NEIGHBOUR, OWNER, Headers, House, member, now, signed_in
from tests.house.deeds.cases import filing
from tests.house.test_everywhere import ids, operation_of
from tests.house.test_others_things import ALWAYS
from tests.house.undo import digests, undone

V1 = "/api/v1"
NEW = r"[0-9a-f-]{36}|SR-\w+|[\d-]+T[\d:.]+Z"
NAMES = {"case", "into", "programme", "reference", "references", "service_request_id", "ticket"}
PEOPLE = "whose part of the house a person is, nobody can say: staff who may name anybody"
COLLEAGUES = "the list of staff is one"
ANSWERED = "a challenge is good with its answer alone, which nobody else can give"
EVERYWHERE = "a role that is limited to a part of the house opens nothing of volunteering"
DOOR = "whoever shows a ticket holds it, and no door lets anybody in elsewhere: test_scopes.py"
EXCUSED = {
    "POST /api/v1/auth/otp/verify /challenge_id": ANSWERED,
    "POST /api/v1/me/phone /challenge_id": ANSWERED,
    "POST /api/v1/staff/me/passkeys /challenge": ANSWERED,
    "POST /api/v1/auth/staff/passkey /challenge": ANSWERED,
    "POST /api/v1/staff/delegations /to": COLLEAGUES,
    "POST /api/v1/staff/service-requests/moves /reviewer": COLLEAGUES,
    "POST /api/v1/staff/service-requests/<reference>/assign /reviewer": COLLEAGUES,
    "POST /api/v1/staff/service-requests/<reference>/hand-over /reviewer": COLLEAGUES,
    "POST /api/v1/staff/members/<uuid:staff_id>/grants /scopes/programme/*": "where a role shall hold",
    "POST /api/v1/staff/delegations /scopes/programme/*": "never more than the role that is lent",
    "POST /api/v1/staff/api-keys /organisation": "organisations are accredited in one place",
    "GET /api/v1/staff/audit ?actor_id": "the trail is one",
    "GET /api/v1/staff/audit ?person": "the trail is one",
    "POST /api/v1/me/data-requests /about/reference": "written down as it was said; nothing is looked up by it",
    "POST /api/v1/staff/data-requests /about/reference": "written down as it was said; nothing is looked up by it",
    "POST /api/v1/staff/data-requests /person": PEOPLE,
    "POST /api/v1/staff/account-merges /kept": PEOPLE,
    "POST /api/v1/staff/account-merges /other": PEOPLE,
    "POST /api/v1/staff/intake /person": PEOPLE,
    "POST /api/v1/staff/appointments /person": PEOPLE,
    "POST /api/v1/staff/walk-ins /person": PEOPLE,
    "POST /api/v1/staff/shifts /opportunity": EVERYWHERE,
    "POST /api/v1/staff/shift-series /opportunity": EVERYWHERE,
    "GET /api/v1/staff/sign-ups ?shift": EVERYWHERE,
    "GET /api/v1/events ?programme": "offered to everybody",
    "POST /api/v1/bookings/<reference>/reschedule /event": "offered to everybody",
    "POST /api/v1/staff/check-ins /ticket": DOOR,
    "POST /api/v1/staff/check-ins /items/*/ticket": DOOR,
    "POST /api/v1/staff/check-ins /event": DOOR,
    "POST /api/v1/staff/check-ins /items/*/event": DOOR,
    "GET /open311/v2/requests.<form> ?service_request_id": "what the public sees",
}


@dataclass(frozen=True)
class Asked:
    """How a field is asked: `ask(house, who, name)`, with a `thing` that is not theirs.

    `by`: another resident, or a role of the staff that holds elsewhere unless `within` says where.
    """

    ask: Callable[[House, Headers, str], Any]
    thing: str
    by: str = "resident"
    within: dict[str, list[str]] | None = None
    own: Callable[[House, Headers, str], Any] | None = None  # how its own is asked, where that is otherwise


def sent(method: str, path: str, **more: Any) -> Callable[[House, Headers, str], Any]:
    """A request whose path or body holds NAME in the place of the name."""

    def put(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: put(inner, name) for key, inner in value.items()}
        if isinstance(value, list):
            return [put(inner, name) for inner in value]
        return value.replace("NAME", name) if isinstance(value, str) else value

    def ask(house: House, who: Headers, name: str) -> Any:
        at = re.sub(r"{(.+?)}", lambda one: house.values[one[1]], path).replace("NAME", name)
        headers = who | {"If-Match": "*", "Idempotency-Key": uuid4().hex}
        return house.client.open(f"{V1}{at}", method=method, headers=headers, **put(more, name))

    return ask


def files(path: str, **more: Any) -> Callable[[House, Headers, str], Any]:
    return lambda house, who, name: sent("POST", path, json=filing(house, "suggestion") | more)(house, who, name)


def own_draft(house: House, who: Headers, name: str) -> Any:
    """A draft of one's own, for a member of one's household."""
    made = house.ask("POST", "/request-drafts", who, json=filing(house, "suggestion"))["id"]
    return sent("PATCH", f"/request-drafts/{made}", json={"member": "NAME"})(house, who, name)


def new_talk(house: House, who: Headers, name: str) -> Any:
    begins = now() + timedelta(days=9)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat()}
    talk = {"type": "talk", "title": BOTH, "language": "both", "mode": "online", "capacity": 9, "programme": name}
    return sent("POST", "/staff/events", json=talk | times)(house, who, name)


def lent(house: House, who: Headers, name: str) -> Any:
    """Somebody lends a role for two days."""
    days = {"ends_at": (now() + timedelta(days=2)).isoformat(), "reason": "leave"}
    lending = {"grant": name, "to": house.values["members/staff_id"], **days}
    return sent("POST", "/staff/delegations", json=lending)(house, who, name)


MEMBER, DRAFT, CASE = "household/member_id", "request-drafts/draft_id", "service-requests/reference"
EVENT, PROGRAMME = "events/event_id", "programmes/slug"
TAKEN = {"channel": "office", "member": "NAME"}
ASKED = {
    "POST /api/v1/service-requests /member": Asked(files("/service-requests", member="NAME"), MEMBER),
    "POST /api/v1/service-requests /draft": Asked(files("/service-requests", draft="NAME"), DRAFT),
    "POST /api/v1/request-drafts /member": Asked(files("/request-drafts", member="NAME"), MEMBER),
    "PATCH /api/v1/request-drafts/<uuid:draft_id> /member": Asked(own_draft, MEMBER),
    "GET /api/v1/services/<code>/eligibility ?member": Asked(
        sent("GET", "/services/suggestion/eligibility?member=NAME"), MEMBER
    ),
    "GET /api/v1/services/<code>/prefill ?member": Asked(
        sent("GET", "/services/suggestion/prefill?member=NAME"), MEMBER
    ),
    "POST /api/v1/staff/intake /member": Asked(
        files("/staff/intake", **TAKEN, phone=NEIGHBOUR), MEMBER, "reviewer", {},
        files("/staff/intake", **TAKEN, phone=OWNER),
    ),
    "POST /api/v1/staff/service-requests/moves /references/*": Asked(
        sent("POST", "/staff/service-requests/moves", json={"move": "claim", "references": ["NAME"]}),
        "another case", "reviewer",
    ),
    "POST /api/v1/staff/service-requests/<reference>/merge /into": Asked(
        sent("POST", "/staff/service-requests/{service-requests/reference}/merge", json={"into": "NAME"}),
        "/open311/v2/requests/<reference>", "reviewer", {"service": ["suggestion"]},
    ),
    "GET /api/v1/staff/officers ?case": Asked(sent("GET", "/staff/officers?case=NAME"), CASE, "reviewer"),
    "GET /api/v1/staff/queues/<name> ?holder": Asked(
        sent("GET", "/staff/queues/open?holder=NAME"), "the reviewer", "reviewer"
    ),
    "GET /api/v1/staff/bookings ?event": Asked(sent("GET", "/staff/bookings?event=NAME"), EVENT, "coordinator"),
    "GET /api/v1/staff/events ?programme": Asked(
        sent("GET", "/staff/events?programme=NAME"), PROGRAMME, "coordinator"
    ),
    "POST /api/v1/staff/events /programme": Asked(new_talk, PROGRAMME, "coordinator"),
    "POST /api/v1/staff/delegations /grant": Asked(lent, "the grant", "reviewer"),
}  # fmt: skip


@pytest.fixture(scope="module")
def house(app: Flask, database: str) -> House:
    made = belongings.alone(app)
    made.values["the reviewer"] = str(made.members["reviewer"])
    made.values["the grant"] = made.ask("GET", "/staff/me", made.staff["reviewer"], 200)["grants"][0]["id"]
    return made


def outsider(house: House, asked: Asked) -> Headers:
    if asked.by == "resident":
        return house.neighbour()
    if asked.within == {}:
        return house.staff[asked.by]
    elsewhere: list[Any] = [{kind: ["elsewhere"]} for kind in SCOPES]
    return signed_in(staff=member(Role(asked.by), scopes=[asked.within] if asked.within else elsewhere))


def outcome(house: House, ask: Callable[[House, Headers, str], Any], who: Headers, name: str) -> tuple[Any, ...]:
    """What is answered, but for the name asked for and what is new in every answer, and the tables that change."""
    with undone() as connection:
        before = digests(connection)
        answer = ask(house, who, name)
        changed = {one for one, rows in digests(connection).items() if rows != before[one]} - ALWAYS
    said = re.sub(NEW, "", answer.get_data(as_text=True).replace(name, ""))
    return answer.status_code, said, changed


@pytest.mark.parametrize("field", ASKED)
def test_what_is_somebody_elses_is_answered_like_what_nobody_has(house: House, field: str) -> None:
    asked = ASKED[field]
    theirs, who = house.values[asked.thing], outsider(house, asked)
    nobodys = str(uuid4()) if len(theirs) == 36 else theirs[:-4] + ("2222" if theirs[-4:] != "2222" else "3333")
    other = outcome(house, asked.ask, who, theirs)
    assert other == outcome(house, asked.ask, who, nobodys)
    whose = house.owner if asked.by == "resident" else house.staff[asked.by]
    assert other != outcome(house, asked.own or asked.ask, whose, theirs), "nobody finds it: what does this show?"


def named(document: Any) -> Iterator[str]:
    """Every field of a body or a query that names a thing, by its route."""
    for route in [route for room in ROOMS for route in room.blp.routes]:
        operation = operation_of(document, route)
        shapes = [
            ("?" + one["name"], one["schema"]) for one in operation.get("parameters", ()) if one["in"] == "query"
        ]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        shapes += [("", body["schema"])] if body else []
        for at, shape in shapes:
            yield from (f"{ids(route)} {field}" for field in fields(document, shape, at))


def fields(document: Any, shape: dict[str, Any], at: str) -> Iterator[str]:
    if "$ref" in shape:
        shape = document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    for inner in [one for word in ("allOf", "anyOf", "oneOf") for one in shape.get(word, ())]:
        yield from fields(document, inner, at)
    for name, inner in shape.get("properties", {}).items():
        yield from fields(document, inner, f"{at}/{name}")
    if "items" in shape:
        yield from fields(document, shape["items"], f"{at}/*")
    last = re.split(r"[?/]", at.removesuffix("/*"))[-1]
    if shape.get("format") == "uuid" or ("properties" not in shape and "items" not in shape and last in NAMES):
        yield at


def test_every_field_that_names_a_thing_is_asked_or_excused(app: Flask) -> None:
    found = set(named(app.test_client().get("/api/openapi.json").get_json()))
    known = ASKED.keys() | EXCUSED.keys()
    assert found == known, f"ask it, or say why not: {found - known}; no more there: {known - found}"
    assert not ASKED.keys() & EXCUSED.keys()
