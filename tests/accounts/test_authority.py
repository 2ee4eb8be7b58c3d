"""Authority: roles, where they hold, lending them for a time, and taking them back at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from asimati.cli import cli
from asimati.kit import policy
from asimati.kit.policy import Actor, Role

V1 = "/api/v1"
MAY = {"see": frozenset({Role.REVIEWER, Role.AUDITOR})}
Sign = Callable[..., dict[str, str]]
ROADS = {"service": frozenset({"road-damage", "street-light"})}
SOUTH = {"area": frozenset({"317", "318"})}


def reviewer(*scopes: policy.Scope) -> Actor:
    return Actor("staff", None, frozenset({Role.REVIEWER}), scopes={Role.REVIEWER: scopes} if scopes else {})


# --- scopes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "about", "allowed"),
    [
        (reviewer(), {"service": "waste", "area": None}, True),
        (reviewer(ROADS), {"service": "road-damage", "area": None}, True),
        (reviewer(ROADS), {"service": "waste"}, False),
        (reviewer(ROADS), {"programme": "week"}, False),
        (reviewer(ROADS | SOUTH), {"service": "road-damage", "area": "317"}, True),
        (reviewer(ROADS | SOUTH), {"service": "road-damage", "area": "340"}, False),
        (reviewer(ROADS, SOUTH), {"service": "waste", "area": "317"}, True),
        (Actor("staff", None, frozenset({Role.COORDINATOR})), {"service": "waste"}, False),
        (Actor("system"), {"service": "waste"}, True),
    ],
)
def test_a_role_reaches_as_far_as_its_scopes(actor: Actor, about: dict[str, str | None], allowed: bool) -> None:
    assert policy.may(actor, MAY, "see", about) is allowed


places = st.dictionaries(
    st.sampled_from(policy.SCOPES), st.frozensets(st.sampled_from("abc"), min_size=1), max_size=3
)


@given(
    inner=places,
    outer=places,
    about=st.fixed_dictionaries({kind: st.sampled_from("abc") for kind in policy.SCOPES}),
)
def test_what_lies_within_a_scope_reaches_nothing_that_the_scope_does_not(
    inner: policy.Scope, outer: policy.Scope, about: dict[str, str | None]
) -> None:
    if policy.is_within(inner, outer) and policy.covers(inner, about):
        assert policy.covers(outer, about)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(scopes=st.lists(places, max_size=3), service=st.sampled_from("abc"), area=st.sampled_from("abc"))
def test_rows_are_reached_exactly_as_single_things_are(
    tx: Session, scopes: list[policy.Scope], service: str, area: str
) -> None:
    actor = reviewer(*scopes)
    there = select(literal(service).label("service"), literal(area).label("area")).subquery()
    reached = tx.execute(
        select(there.c.service).where(policy.reach(actor, MAY, "see", service=there.c.service, area=there.c.area))
    ).first()
    assert (reached is not None) is policy.may(actor, MAY, "see", {"service": service, "area": area})


# --- granting and lending --------------------------------------------------------------------------------------


@pytest.fixture
def id_of(client: FlaskClient) -> Callable[[dict[str, str]], str]:
    def read(headers: dict[str, str]) -> str:
        found: str = client.get(f"{V1}/staff/me", headers=headers).json["id"]
        return found

    return read


@pytest.fixture
def grants_of(client: FlaskClient) -> Callable[[dict[str, str]], list[Any]]:
    def read(headers: dict[str, str]) -> list[Any]:
        found: list[Any] = client.get(f"{V1}/staff/me", headers=headers).json["grants"]
        return found

    return read


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def test_an_administrator_gives_a_role_in_a_part_of_the_house_and_takes_it_back(
    client: FlaskClient, as_staff: Sign, id_of: Any
) -> None:
    admin, colleague = as_staff("administrator"), as_staff()
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 403
    given_ = client.post(
        f"{V1}/staff/members/{id_of(colleague)}/grants",
        json={"role": "auditor", "scopes": {"area": ["317"]}, "reason": "Audit of the south"},
        headers=admin,
    )
    assert given_.status_code == 201, given_.json
    assert given_.json["scopes"] == {"area": ["317"]}
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 200
    assert client.delete(f"{V1}/staff/grants/{given_.json['id']}", headers=admin).status_code == 204
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 403  # at the very next request


def test_nobody_decides_on_their_own_authority(
    client: FlaskClient, as_staff: Sign, id_of: Any, grants_of: Any
) -> None:
    admin = as_staff("administrator")
    own = client.post(f"{V1}/staff/members/{id_of(admin)}/grants", json={"role": "auditor"}, headers=admin)
    assert (own.status_code, own.json["type"]) == (409, "/problems/own-authority")
    taken = client.delete(f"{V1}/staff/grants/{grants_of(admin)[0]['id']}", headers=admin)
    assert taken.json["type"] == "/problems/own-authority"


def test_a_role_for_a_time_ends_by_itself(
    client: FlaskClient, as_staff: Sign, id_of: Any, moved_clock: Callable[..., Any]
) -> None:
    admin, colleague = as_staff("administrator"), as_staff()
    body = {"role": "auditor", "starts_at": later(minutes=2), "ends_at": later(minutes=6)}
    assert client.post(f"{V1}/staff/members/{id_of(colleague)}/grants", json=body, headers=admin).status_code == 201
    seen = []
    for minutes in (0, 3, 7):
        with moved_clock(minutes=minutes):
            seen.append(client.get(f"{V1}/staff/members", headers=colleague).status_code)
    assert seen == [403, 200, 403]


def lend(client: FlaskClient, headers: dict[str, str], grant: str, to: str, **more: Any) -> Any:
    body = {"grant": grant, "to": to, "ends_at": later(days=10), "reason": "Leave", **more}
    return client.post(f"{V1}/staff/delegations", json=body, headers=headers)


def test_a_lent_role_holds_until_it_is_taken_back(
    client: FlaskClient, as_staff: Sign, id_of: Any, grants_of: Any
) -> None:
    auditor, colleague = as_staff("auditor"), as_staff()
    lent = lend(client, auditor, grants_of(auditor)[0]["id"], id_of(colleague))
    assert lent.status_code == 201, lent.json
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 200
    assert [one["id"] for one in client.get(f"{V1}/staff/delegations", headers=colleague).json["items"]] == [
        lent.json["id"]
    ]
    assert (
        client.delete(f"{V1}/staff/delegations/{lent.json['id']}", headers=as_staff("auditor")).status_code == 404
    )
    assert client.delete(f"{V1}/staff/delegations/{lent.json['id']}", headers=auditor).status_code == 204
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 403


def test_a_lent_role_ends_with_the_one_it_came_from(
    client: FlaskClient, as_staff: Sign, id_of: Any, grants_of: Any
) -> None:
    auditor, colleague = as_staff("auditor"), as_staff()
    origin = grants_of(auditor)[0]["id"]
    assert lend(client, auditor, origin, id_of(colleague)).status_code == 201
    assert client.delete(f"{V1}/staff/grants/{origin}", headers=as_staff("administrator")).status_code == 204
    assert client.get(f"{V1}/staff/members", headers=colleague).status_code == 403


def test_a_lent_role_does_not_begin_before_the_one_it_came_from(
    client: FlaskClient, as_staff: Sign, id_of: Any, moved_clock: Callable[..., Any]
) -> None:
    member, colleague = as_staff("reviewer"), as_staff("reviewer")
    body = {"role": "auditor", "starts_at": later(minutes=3)}
    path = f"{V1}/staff/members/{id_of(member)}/grants"
    origin = client.post(path, json=body, headers=as_staff("administrator")).json["id"]
    assert lend(client, member, origin, id_of(colleague)).status_code == 201
    seen = []
    for minutes in (0, 4):
        with moved_clock(minutes=minutes):
            seen.append(client.get(f"{V1}/staff/members", headers=colleague).status_code)
    assert seen == [403, 200]


def test_whoever_administers_a_part_of_the_house_gives_no_authority_over_the_whole(
    client: FlaskClient, as_staff: Sign, id_of: Any, grants_of: Any
) -> None:
    whole, narrow, third = as_staff("administrator"), as_staff("reviewer"), as_staff("reviewer")
    part = {"scopes": {"department": ["roads"]}}
    lent = lend(client, whole, grants_of(whole)[0]["id"], id_of(narrow), **part)
    assert lent.status_code == 201, lent.json
    at = f"{V1}/staff/members/{id_of(third)}"
    ends = {"ends_at": later(days=5), "reason": "a reason"}
    asked = [
        client.post(f"{at}/grants", json={"role": "administrator"}, headers=narrow),
        client.put(f"{at}/clearance", json=ends, headers=narrow),
        client.post(f"{at}/password", headers=narrow),
        client.delete(f"{at}/factors", headers=narrow),
        client.post(f"{V1}/staff/api-keys", json={"name": "theirs", "scopes": ["figures.read"]}, headers=narrow),
    ]
    assert [one.status_code for one in asked] == [403] * 5
    assert client.get(f"{V1}/staff/members", headers=narrow).status_code == 200, "the list is the whole house's"
    assert client.post(f"{at}/grants", json={"role": "auditor"}, headers=whole).status_code == 201


def test_one_lends_no_more_than_one_has_nor_what_was_lent_nor_for_ever(
    client: FlaskClient, as_staff: Sign, id_of: Any, grants_of: Any
) -> None:
    auditor, colleague, third = as_staff("auditor"), as_staff(), as_staff()
    origin = grants_of(auditor)[0]["id"]
    lent = lend(client, auditor, origin, id_of(colleague), scopes={"area": ["317"]})
    assert lent.json["scopes"] == {"area": ["317"]}
    assert lend(client, colleague, lent.json["id"], id_of(third)).status_code == 404
    assert lend(client, colleague, origin, id_of(third)).status_code == 404
    assert lend(client, auditor, origin, id_of(third), ends_at=later(days=100)).status_code == 422
    assert lend(client, auditor, origin, id_of(third), ends_at=later(days=-1)).status_code == 422
    assert lend(client, auditor, origin, id_of(auditor)).json["type"] == "/problems/own-authority"
    admin = as_staff("administrator")
    body = {"role": "auditor", "scopes": {"area": ["317"]}}
    narrow = client.post(f"{V1}/staff/members/{id_of(third)}/grants", json=body, headers=admin).json["id"]
    for wider in ({"area": ["317", "318"]}, {"service": ["waste"]}):
        answer = lend(client, third, narrow, id_of(colleague), scopes=wider)
        assert answer.json["type"] == "/problems/delegation-too-wide", wider


def test_one_finds_who_to_lend_a_role_to_by_name(client: FlaskClient, as_staff: Sign, id_of: Any) -> None:
    me, other, left = as_staff("reviewer"), as_staff("supervisor"), as_staff("coordinator")
    gone = id_of(left)
    assert client.delete(f"{V1}/staff/members/{gone}", headers=as_staff("administrator")).status_code == 204
    ids, after = [], ""
    while after is not None:
        page = client.get(f"{V1}/staff/colleagues?limit=1&after={after}", headers=me).json
        ids += [one["id"] for one in page["items"]]
        assert all(one.keys() == {"id", "name"} for one in page["items"])
        after = page["next"]
    assert id_of(other) in ids and not {gone, id_of(me)} & set(ids) and len(ids) == len(set(ids))


# --- sign-ins --------------------------------------------------------------------------------------------------


def test_ones_sign_ins_are_listed_and_ended_at_once(client: FlaskClient, as_resident: Sign) -> None:
    first = as_resident("+97333445566")
    second = as_resident("+97333445566")
    stranger = as_resident()
    listed = client.get(f"{V1}/auth/sessions", headers=second).json["items"]
    assert [one["current"] for one in listed] == [True, False]
    other = listed[1]["id"]
    assert client.delete(f"{V1}/auth/sessions/{other}", headers=stranger).status_code == 404
    assert client.delete(f"{V1}/auth/sessions/{other}", headers=second).status_code == 204
    assert client.get(f"{V1}/me", headers=first).status_code == 401
    third = as_resident("+97333445566")
    assert client.delete(f"{V1}/auth/sessions", headers=third).status_code == 204
    assert [client.get(f"{V1}/me", headers=who).status_code for who in (second, third)] == [401, 200]


def test_a_sign_in_is_recognised_by_its_app_or_browser(client: FlaskClient) -> None:
    def listed(agent: str, path: str, sent: dict[str, str]) -> str:
        given = client.post(path, json=sent, headers={"User-Agent": agent}).json
        mine = {"Authorization": f"Bearer {given['access_token']}"}
        (here,) = [one for one in client.get(f"{V1}/auth/sessions", headers=mine).json["items"] if one["current"]]
        return str(here["device"])

    app = "Asimati/1.2 (iPhone; iOS 18.1)"
    assert listed(app, "/dev/sign-in", {"phone": "+97333445567"}) == app
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
    assert listed(firefox, "/dev/sign-in", {"phone": "+97333445567"}) == "Firefox, Windows"


def test_an_administrator_ends_every_sign_in_of_a_colleague(
    client: FlaskClient, as_staff: Sign, id_of: Any
) -> None:
    admin, colleague = as_staff("administrator"), as_staff("reviewer")
    assert client.delete(f"{V1}/staff/members/{id_of(colleague)}/sessions", headers=admin).status_code == 204
    assert client.get(f"{V1}/staff/me", headers=colleague).status_code == 401


def test_who_lost_a_telephone_has_every_sign_in_ended_and_reads_by_whom(
    client: FlaskClient, as_staff: Sign, as_resident: Sign
) -> None:
    lost, other = as_resident("+97333445566"), as_resident("+97333445567")
    them = client.get(f"{V1}/me", headers=lost).json["id"]
    at = f"{V1}/staff/people/{them}/sessions"
    assert client.delete(at, headers=as_staff("reviewer")).status_code == 403
    supervisor = as_staff("supervisor")
    assert client.delete(at, headers=supervisor).status_code == 204
    assert client.delete(at, headers=supervisor).status_code == 204  # nobody is signed in any more
    assert [client.get(f"{V1}/me", headers=who).status_code for who in (lost, other)] == [401, 200]
    assert client.delete(f"{V1}/staff/people/{uuid4()}/sessions", headers=supervisor).status_code == 404
    again = as_resident("+97333445566")
    told = client.get(f"{V1}/me/access-log", headers=again).json["items"]
    assert any(one["action"] == "accounts.session_ended" for one in told), told


def test_after_a_theft_from_the_house_everybody_signs_in_anew(
    client: FlaskClient, as_staff: Sign, as_resident: Sign
) -> None:
    everybody = [as_staff("reviewer"), as_resident()]
    done = CliRunner().invoke(cli, ["end-sessions"])
    assert json.loads(done.output)["ended"] >= 2
    assert {client.get(f"{V1}/auth/sessions", headers=who).status_code for who in everybody} == {401}


def test_staff_sign_in_anew_after_twelve_hours_however_busy(
    client: FlaskClient, as_staff: Sign, as_resident: Sign, moved_clock: Callable[..., Any], setting: Any
) -> None:
    setting("staff", session=43_200)
    staff, resident = as_staff("reviewer"), as_resident()
    for hours, status in ((6, 200), (11.9, 200), (12.1, 401)):
        with moved_clock(hours=hours):
            answers = [client.get(f"{V1}/auth/sessions", headers=who).status_code for who in (staff, resident)]
            assert answers == [status, 200]


def test_staff_who_left_their_desk_are_locked_out_and_residents_are_not(
    client: FlaskClient, as_staff: Sign, as_resident: Sign, moved_clock: Callable[..., Any], setting: Any
) -> None:
    setting("staff", idle_minutes=15)
    staff, resident = as_staff("reviewer"), as_resident()
    with moved_clock(minutes=14):
        assert client.get(f"{V1}/staff/me", headers=staff).status_code == 200  # and is seen
    with moved_clock(minutes=28):
        assert client.get(f"{V1}/staff/me", headers=staff).status_code == 200
    with moved_clock(minutes=44):
        locked = client.get(f"{V1}/staff/me", headers=staff)
        assert (locked.status_code, locked.json["type"]) == (401, "/problems/session-locked")
        assert client.get(f"{V1}/me", headers=resident).status_code == 200
