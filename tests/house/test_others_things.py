"""What belongs to somebody else is not there: every route with a name in its path, asked by others.

Two residents, A and B: A has one of each thing (`belongings.py`). B asks every route that lets residents in, and
staff whose roles hold in other parts of the house every route that lets them in, each with the names of A's things.
All are answered 404, and nothing changes. The control: A, and staff who reach A's things, find them there.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from asimati.app import ROOMS
from asimati.events import policy as events
from asimati.http.routes import Route
from asimati.kit.policy import SCOPES, Role
from tests.house import belongings
from tests.house.belongings import NEIGHBOUR, OWNER, PARAMETER, Headers, House, picture
from tests.house.drawn import Drawer
from tests.house.test_everywhere import ids, is_problem
from tests.house.undo import digests, undone

ROUTES = [route for room in ROOMS for route in room.blp.routes if "<" in route.rule]
CLOSED = [route for route in ROUTES if "anonymous" not in route.who.kinds]
# Things that are everybody's, or told apart by the caller: a resident asks for them by name and finds them.
EVERYBODYS = {
    "devices/installation_id": "a name the app makes up: each person has devices of their own by it",
    "consents/code": "words everybody may agree to, each for themselves",
    "services/code": "the catalogue",
    "events/event_id": "offered to everybody",
    "shifts/shift_id": "offered to everybody",
}
# Things of the house rather than of a resident: staff who hold the role find them, wherever it holds.
THE_HOUSES = {
    "members/staff_id": "the list of staff is one",
    "grants/grant_id": "the list of staff is one",
    "people/person_id": "whose part of the house a person is, nobody can say: opened with a reason, and told them",
    "household/member_id": "whose part of the house a person is, nobody can say: what is opened, they are told",
    "data-requests/reference": "the data-protection desk is one for the governorate",
    "account-merges/merge_id": "the data-protection desk is one for the governorate",
    "restrictions/restriction_id": "the data-protection desk is one for the governorate",
    "integrity-reports/reference": "the integrity channel is one",
    "holidays/day": "the calendar is one",
    "queues/name": "a queue is a question; what it lists is scoped",
    "entities/code": "referral targets are the whole house's",
    "volunteer-entities/entity_id": "organisations are accredited in one place",
    "desks/code": "opening hours are the whole house's",
    "desk-closures/closure_id": "opening hours are the whole house's",
    "desk-leaves/leave_id": "opening hours are the whole house's",
    "reply-templates/code": "the house's words",
    "credentials/credential_id": "what was issued can be revoked by whoever holds the role",
    "editions/code": "an edition is the whole passport's",
    "templates/topic": "the house's words",
    "undelivered/notification_id": "what did not arrive is looked after in one place",
    "broadcasts/broadcast_id": "the house's announcements",
    "webhooks/webhook_id": "what partners are told is kept in one place",
    "deliveries/delivery_id": "what partners are told is kept in one place",
    "stories/story_id": "told with consent, and nobody's file",
    "dossiers/code": "the house's report",
    "api-keys/key_id": "keys of other systems are kept in one place",
    # Things that lie in no part of the house: whoever is limited to one is refused (test_scopes.py).
    "opportunities/opportunity_id": "a limited role opens nothing of volunteering",
    "shifts/shift_id": "a limited role opens nothing of volunteering",
    "sign-ups/sign_up_id": "a limited role opens nothing of volunteering",
    "hours/claim_id": "a limited role opens nothing of volunteering",
    "evidence/file_id": "a limited role opens nothing of volunteering",
    "hours-disputes/dispute_id": "a limited role opens nothing of volunteering",
    "volunteers/person_id": "a limited role opens nothing of volunteering",
}
OFFERED, SHOWN, SECRET = (
    "offered to everybody",
    "what the public sees",
    "the name is a secret that only its owner was told",
)
# Routes that ask for no sign-in.
PUBLIC = {
    "GET /api/v1/calendar/<token>.ics": SECRET,
    "GET /api/v1/unsubscribe/<token>": SECRET,
    "POST /api/v1/unsubscribe/<token>": SECRET,
    "POST /api/v1/service-requests/attachments/<token>": SECRET,
    "POST /api/v1/partners/webhooks/<uuid:webhook_id>": "whoever holds the secret is the partner",
    "POST /api/v1/providers/<name>/messages": "whoever holds the secret is the provider",
    "POST /api/v1/providers/<name>/receipts": "whoever holds the secret is the provider",
    "GET /api/v1/auth/oidc/<provider>/start": OFFERED,
    "GET /api/v1/auth/oidc/<provider>/callback": "an attempt is ended by the browser that began it alone",
    "GET /api/v1/credentials/<uuid:credential_id>": "what was issued can be verified by anybody; it says no name",
    "GET /api/v1/credentials/status/<int:number>": "a list of bits",
    "GET /api/v1/services/<code>": OFFERED,
    "GET /api/v1/services/<code>/times": OFFERED,
    "GET /api/v1/services/<code>/similar": "nothing anybody wrote, and nobody's name",
    "GET /api/v1/services/<code>/slots": OFFERED,
    "GET /api/v1/opportunities/<uuid:opportunity_id>": OFFERED,
    "GET /api/v1/programmes/<slug>": OFFERED,
    "GET /api/v1/events/<uuid:event_id>": OFFERED,
    "GET /api/v1/impact/tallies/<tally_id>/contributions": "lines without people; small groups are withheld",
    "GET /open311/v2/discovery.<form>": SHOWN,
    "GET /open311/v2/services.<form>": SHOWN,
    "GET /open311/v2/services/<code>.<form>": SHOWN,
    "GET /open311/v2/requests.<form>": SHOWN,
    "GET /open311/v2/requests/<reference>.<form>": SHOWN,
    "POST /open311/v2/requests.<form>": "whoever holds a key files",
    "GET /open311/v2/tokens/<token>.<form>": SHOWN,
}
# Where A has nothing to find, by nature.
NOT_YET_THERE = {
    "POST /api/v1/service-requests/<reference>/follow": "one follows what the public sees of others' cases",
    "DELETE /api/v1/service-requests/<reference>/follow": "one follows what the public sees of others' cases",
    "POST /api/v1/swaps/<uuid:swap_id>/take": "a place is taken by another than who offers it, by its code",
    "GET /api/v1/bookings/<reference>/certificate.pdf": "issued after the event: tests/events/test_after.py",
}
# Bodies where the document cannot say what fits.
SAID = {"message": {"ar": "كلمات كافية", "en": "Words enough"}}
CASES = "/api/v1/staff/service-requests/<reference>"
BODIES: dict[str, Any] = {
    "POST /api/v1/volunteer-entities/<uuid:entity_id>/opportunities": {"title": SAID["message"]},
    "POST /api/v1/staff/appeals/<uuid:deferral_id>/decide": {"lift": True, "note": SAID["message"]},
    f"POST {CASES}/ask": SAID,
    f"POST {CASES}/resolve": SAID,
    f"POST {CASES}/merge": lambda house: {"into": house.values["another case"]},
    "PUT /api/v1/staff/volunteers/<uuid:person_id>/orientation": {},
    "POST /api/v1/bookings/<reference>/reschedule": lambda house: {"event": house.values["another event"]},
}
HELP = (
    "What is somebody else's is 404: name the owner in the query (or the scope, by policy.reach). If it is\n"
    "nobody's own, say why in EVERYBODYS or THE_HOUSES of tests/house/test_others_things.py."
)
# Written by every request, whatever comes of it.
ALWAYS = {"account_session", "idempotency_key", "audit_line", "audit_head", "spending"}


def named(route: Route) -> str:
    """The thing a route is about: its last parameter, with the part of the path before it."""
    last = route.rule.rpartition("<")[2].partition(">")[0].rpartition(":")[2]
    return belongings.short(route.rule.partition(f"{last}>")[0] + f"{last}>")


@pytest.fixture(scope="module")
def house(app: Flask, database: str) -> House:
    return belongings.alone(app)


@pytest.fixture(scope="module")
def drawer(app: Flask, database: str) -> Drawer:
    return Drawer(app)


@pytest.fixture(scope="module")
def others(house: House) -> dict[str, Headers]:
    """B, and a member of staff for each role who holds it everywhere but where A's things lie."""
    from asimati.accounts.actions import ensure_person
    from asimati.kit import db

    elsewhere = [{kind: ["elsewhere"]} for kind in SCOPES]
    with db.transaction() as tx:
        neighbour = ensure_person(tx, NEIGHBOUR).id
    return {"resident": belongings.signed_in(person=neighbour)} | {
        str(role): belongings.signed_in(staff=belongings.member(role, scopes=elsewhere)) for role in Role
    }


@pytest.fixture
def ask(house: House, drawer: Drawer) -> Callable[..., Iterator[Any]]:
    """The answers to a route, asked with what it takes: a few bodies that fit, until one is past the checking."""

    def answers(route: Route, who: Headers) -> Iterator[Any]:
        headers = who | {"If-Match": "*", "Idempotency-Key": uuid4().hex}
        for case in drawer.fitting(route, 8) if route.takes else drawer.fitting(route, 1):
            sent = BODIES.get(f"{route.method} {route.rule}", case.body)
            sent = sent(house) if callable(sent) else sent
            body = {"data": picture()} if route.uploads else {"json": sent} if route.takes else {}
            answer = house.client.open(
                path_of(house, route), method=route.method, headers=headers, query_string=case.query or {}, **body
            )
            yield answer
            if answer.status_code not in (400, 422):
                return

    return answers


def path_of(house: House, route: Route) -> str:
    try:
        return house.path(route)
    except KeyError as unknown:
        pytest.fail(
            f"{route.method} {route.rule}: nothing stands for {unknown} here. Make one for the owner in "
            f"tests/house/belongings.py, in the function of its room, and name it as '{named(route)}'."
        )


@pytest.mark.parametrize("route", CLOSED, ids=ids)
def test_for_whom_it_does_not_concern_it_is_not_there(
    ask: Callable[..., Iterator[Any]], others: dict[str, Headers], route: Route
) -> None:
    concerned = {"resident"} & route.who.kinds - ({"resident"} if named(route) in EVERYBODYS else set())
    roles = (
        (route.who.roles or set(Role)) if "staff" in route.who.kinds and named(route) not in THE_HOUSES else set()
    )
    for who in [*concerned, *sorted(roles)]:
        with undone() as connection:
            before = digests(connection)
            seen = list(ask(route, others[who]))
            assert is_problem(seen[-1], 404), (who, seen[-1].status_code, seen[-1].get_data(as_text=True), HELP)
            after = digests(connection)
        assert not {name for name in before if before[name] != after[name]} - ALWAYS, who


@pytest.mark.parametrize("route", CLOSED, ids=ids)
def test_for_whom_it_concerns_it_is_there(ask: Callable[..., Iterator[Any]], house: House, route: Route) -> None:
    """The control: else a wrong name would be 404 too, and the test above would show nothing.

    It asks with the same bodies; whoever is told that one does not fit has found the thing.
    """
    if f"{route.method} {route.rule}" in NOT_YET_THERE:
        pytest.skip(NOT_YET_THERE[f"{route.method} {route.rule}"])
    concerned = [house.owner] if "resident" in route.who.kinds else []
    concerned += [house.staff[role] for role in sorted(route.who.roles or Role) if "staff" in route.who.kinds]
    found = []
    for who in concerned:
        with undone():
            found.append([answer.status_code for answer in ask(route, who)][-1])
    assert set(found) - {404}, f"nobody finds it: what stands for '{named(route)}' in tests/house/belongings.py?"


def _excused() -> list[tuple[str, Route, str]]:
    """Each excuse with the routes it stands for, and who is let in there by it."""
    residents = [(named(r), r, "resident") for r in CLOSED if named(r) in EVERYBODYS and "resident" in r.who.kinds]
    staff = [
        (named(r), r, str(role))
        for r in CLOSED
        if named(r) in THE_HOUSES and "staff" in r.who.kinds
        for role in sorted(r.who.roles or Role)
    ]
    return [*residents, *staff]


@pytest.mark.parametrize("excuse", sorted(EVERYBODYS.keys() | THE_HOUSES.keys()))
def test_each_excuse_is_needed(ask: Callable[..., Iterator[Any]], others: dict[str, Headers], excuse: str) -> None:
    """Where nobody finds anything any more, the room has learned to ask, and the excuse only hides faults."""
    for name, route, who in _excused():
        if name == excuse:
            with undone():
                if list(ask(route, others[who]))[-1].status_code != 404:
                    return
    pytest.fail(f"take {excuse!r} out: all it stands for is 404 for whom it does not concern")


# --- lists, and what is asked without a name --------------------------------------------------------------------

UNNAMED = [
    route
    for room in ROOMS
    for route in room.blp.routes
    if "<" not in route.rule and route.method == "GET" and "resident" in route.who.kinds
]
DESKS = [
    route
    for room in ROOMS
    for route in room.blp.routes
    if "<" not in route.rule and route.method == "GET" and "staff" in route.who.kinds
]
# Offered to others by A's own wish.
GIVEN = {"GET /api/v1/swaps": "a place that A offers to whoever fits"}


def owned(house: House) -> dict[str, str]:
    """What names A and A's own things, wherever it stands."""
    found = {
        house.value(route.rule, PARAMETER.findall(route.rule)[-1]): named(route)
        for route in CLOSED
        if "resident" in route.who.kinds and named(route) not in EVERYBODYS
    }
    return {value: name for value, name in found.items() if value} | {
        str(house.person): "A",
        OWNER: "A's telephone",
    }


def _of_staff(name: str) -> str:
    """What staff call the owner's thing: a person, or the same name."""
    return "people/person_id" if name.startswith("A") else name


def said(answer: Any) -> str:
    """The whole of an answer as text: of an archive or a workbook, what is in it."""
    if not zipfile.is_zipfile(io.BytesIO(answer.get_data())):
        return str(answer.get_data().decode("utf-8", "replace"))
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        return " ".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


@pytest.mark.parametrize("route", UNNAMED, ids=ids)
def test_no_list_and_no_archive_of_mine_holds_what_is_somebody_elses(
    house: House, others: dict[str, Headers], route: Route
) -> None:
    with undone():
        answer = house.client.get(route.rule, headers=others["resident"])
    assert answer.status_code in (200, 404, 422), answer.get_data(as_text=True)
    seen = {name for value, name in owned(house).items() if value in said(answer)}
    assert not seen or ids(route) in GIVEN, seen


@pytest.mark.parametrize("route", DESKS, ids=ids)
def test_no_list_of_staff_holds_what_lies_in_another_part_of_the_house(
    house: House, others: dict[str, Headers], route: Route
) -> None:
    for role in sorted(route.who.roles or Role):
        with undone():
            answer = house.client.get(route.rule, headers=others[str(role)])
        told = said(answer)
        seen = {name for value, name in owned(house).items() if value in told}
        seen = {name for name in seen if _of_staff(name) not in THE_HOUSES}
        assert not seen, role


def test_staff_of_the_whole_house_find_it_in_their_lists(house: House) -> None:
    """The control."""
    shown: set[str] = set()
    for route in DESKS:
        for role in sorted(route.who.roles or ()):
            with undone():
                told = said(house.client.get(route.rule, headers=house.staff[str(role)]))
            shown |= {name for value, name in owned(house).items() if value in told}
    assert {"appointments/reference", "bookings/reference"} <= shown


def test_the_owner_finds_all_of_it_in_lists_and_in_the_archive(house: House) -> None:
    """The control: what the test above looks for is what lists show to whom it belongs."""
    told = []
    for route in UNNAMED:
        with undone():
            told.append(said(house.client.get(route.rule, headers=house.owner)))
    shown = {name for value, name in owned(house).items() if any(value in one for one in told)}
    hidden = set(owned(house).values()) - shown
    assert len(shown) > 15 and len(hidden) < len(shown), hidden


def test_without_its_owner_in_the_query_it_would_be_seen(
    ask: Callable[..., Iterator[Any]], others: dict[str, Headers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other control: take the protection of one room away, and B finds what is A's."""
    monkeypatch.setattr(events, "visible", lambda statement, actor: statement)
    (route,) = [route for route in CLOSED if ids(route) == "GET /api/v1/bookings/<reference>"]
    assert [answer.status_code for answer in ask(route, others["resident"])] == [200]


def test_what_anyone_may_ask_is_named_with_its_reason() -> None:
    """Where no sign-in is asked, a name in a path must be public, or a secret in itself."""
    open_to_all = {f"{route.method} {route.rule}" for route in ROUTES if "anonymous" in route.who.kinds}
    assert open_to_all == PUBLIC.keys(), "say in PUBLIC why anyone may ask this, or take away what is not there"


def test_no_reason_stands_for_a_thing_that_is_not_there() -> None:
    assert EVERYBODYS.keys() | THE_HOUSES.keys() <= {named(route) for route in ROUTES}
    routes = {f"{route.method} {route.rule}" for route in CLOSED}
    assert NOT_YET_THERE.keys() | BODIES.keys() <= routes
