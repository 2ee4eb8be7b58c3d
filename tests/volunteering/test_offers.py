"""What an organisation offers: drafted, submitted, published by staff; changes to what was agreed wait for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_edition, now

SignIn = Callable[..., Headers]
OTHER = {"ar": "عنوان آخر", "en": "Another title"}
POINT = {"meeting_point": {"ar": "عند البوابة", "en": "At the gate"}, "lat": 26.23, "lon": 50.58}


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


@pytest.fixture
def head(client: FlaskClient, as_resident: SignIn) -> Headers:
    make_edition()
    return as_resident()


@pytest.fixture
def staff(client: FlaskClient, as_staff: SignIn) -> Headers:
    return as_staff("coordinator")


@pytest.fixture
def entity(client: FlaskClient, head: Headers, staff: Headers) -> str:
    said = {"name": TITLE, "kind": "society", "contact": "17000000"}
    made = post(client, "/volunteer-entities", head, 201, **said)["id"]
    early = post(client, f"/volunteer-entities/{made}/opportunities", head, 409, title=TITLE)
    assert early["type"] == "/problems/not-accredited"
    post(client, f"/staff/volunteer-entities/{made}/accredit", staff)
    return str(made)


@pytest.fixture
def path(client: FlaskClient, entity: str, head: Headers) -> str:
    """Where a draft with a shift to come is."""
    made = post(client, f"/volunteer-entities/{entity}/opportunities", head, 201, title=TITLE, **POINT)
    assert (made["state"], made["host"], made["published"]) == ("draft", TITLE, False)
    found = f"/volunteer-entities/{entity}/opportunities/{made['id']}"
    assert post(client, f"{found}/submit", head, 409)["type"] == "/problems/nothing-to-submit"
    begins = now() + timedelta(days=3)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat()}
    post(client, f"{found}/shifts", head, 201, **times, places=4)
    return found


def change(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.patch(f"{V1}{path}", json=body, headers=who | {"If-Match": "*"})
    assert answer.status_code == expect, answer.json
    return answer.json


def seen(client: FlaskClient, path: str) -> Any:
    """The opportunity as the public sees it; None where it does not."""
    answer = client.get(f"{V1}/opportunities/{path.rpartition('/')[2]}")
    return answer.json if answer.status_code == 200 else None


def decide(client: FlaskClient, path: str, staff: Headers, deed: str, expect: int = 200, **body: Any) -> Any:
    return post(client, f"/staff/opportunities/{path.rpartition('/')[2]}/{deed}", staff, expect, **body)


def queue(client: FlaskClient, staff: Headers) -> list[Any]:
    items: list[Any] = client.get(f"{V1}/staff/queues/opportunities", headers=staff).json["items"]
    return items


def told() -> Counter[str]:
    with db.transaction() as tx:
        topics = select(OutboxMessage.topic).where(OutboxMessage.topic.like("volunteering.opportunity_%"))
        return Counter(topic.rpartition("_")[2] for topic in tx.scalars(topics))


def test_a_draft_is_submitted_declined_mended_and_published(
    client: FlaskClient, head: Headers, staff: Headers, path: str
) -> None:
    assert seen(client, path) is None
    assert decide(client, path, staff, "approve", 409)["type"] == "/problems/nothing-to-review"
    assert post(client, f"{path}/submit", head)["state"] == "submitted"
    assert change(client, path, head, 409, title=OTHER)["type"] == "/problems/under-review"
    (waiting,) = queue(client, staff)
    assert (waiting["title"], waiting["entity_name"], waiting["state"]) == (TITLE, TITLE, "submitted")
    decide(client, path, staff, "decline", 422)
    assert decide(client, path, staff, "decline", reason="Where is it?")["state"] == "declined"
    listed = client.get(f"{V1}{path.rpartition('/')[0]}", headers=head).json["items"]
    assert [(one["state"], one["reason"]) for one in listed] == [("declined", "Where is it?")]
    assert change(client, path, head, title=OTHER)["title"] == OTHER
    post(client, f"{path}/submit", head)
    assert decide(client, path, staff, "approve")["state"] == "published"
    public = seen(client, path)
    assert (public["title"], public["meeting_point"], public["lat"]) == (OTHER, POINT["meeting_point"], 26.23)
    assert len(public["shifts"]) == 1 and queue(client, staff) == []
    assert told() == {"declined": 1, "approved": 1}


@pytest.fixture
def published(client: FlaskClient, head: Headers, staff: Headers, path: str) -> str:
    post(client, f"{path}/submit", head)
    decide(client, path, staff, "approve")
    return path


def test_what_was_agreed_to_changes_with_the_staffs_word(
    client: FlaskClient, head: Headers, staff: Headers, published: str
) -> None:
    words = {"ar": "وصف", "en": "What we do"}
    made = change(client, published, head, title=OTHER, description=words, minimum_age=18)
    assert made["proposed"] == {"title": OTHER, "minimum_age": 18}
    public = seen(client, published)
    assert (public["title"], public["description"], public["minimum_age"]) == (TITLE, words, None)
    assert "proposed" not in public
    assert [one["state"] for one in queue(client, staff)] == ["published"]
    decide(client, published, staff, "decline", reason="Not older")
    assert (seen(client, published)["title"], queue(client, staff)) == (TITLE, [])
    change(client, published, head, title=OTHER)
    decide(client, published, staff, "approve")
    assert seen(client, published)["title"] == OTHER
    assert change(client, published, head, title=OTHER)["proposed"] is None  # nothing changes by it


def test_an_organisations_own_system_reads_what_it_offers_and_nothing_of_others(
    client: FlaskClient, head: Headers, staff: Headers, as_resident: SignIn, as_staff: SignIn,
    entity: str, published: str,
) -> None:  # fmt: skip
    other = post(client, "/volunteer-entities", as_resident(), 201, name=OTHER, kind="company", contact="17000001")
    boss = as_staff("administrator")

    def read(organisation: str, scope: str = "offers.read") -> Any:
        said = {"name": "A system", "scopes": [scope]} | ({"organisation": organisation} if organisation else {})
        secret = post(client, "/staff/api-keys", boss, 201, **said)["api_key"]
        return client.get(f"{V1}/partners/opportunities", headers={"X-API-Key": secret})

    assert read(other["id"]).json["type"] == "/problems/not-accredited"
    post(client, f"/staff/volunteer-entities/{other['id']}/accredit", staff)
    assert read(other["id"]).json == {"items": []}
    (mine,) = read(entity).json["items"]
    (shift,) = mine["shifts"]
    assert (mine["title"], shift["places"], shift["places_left"]) == (TITLE, 4, 4)
    signed_up = client.post(f"{V1}/shifts/{shift['id']}/sign-ups", json={}, headers=as_resident())
    assert signed_up.status_code == 201, signed_up.json
    assert read(entity).json["items"][0]["shifts"][0]["places_left"] == 3
    assert read("", "figures.read").status_code == 401, "a key for other things is none here"
    assert client.get(f"{V1}/partners/opportunities", headers=head).status_code == 403
    assert client.get(f"{V1}/partners/opportunities").status_code == 401


def test_shifts_of_what_is_published_are_the_staffs(client: FlaskClient, head: Headers, published: str) -> None:
    begins = now() + timedelta(days=5)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat(), "places": 1}
    assert post(client, f"{published}/shifts", head, 409, **times)["type"] == "/problems/under-review"


def test_others_find_nothing_there(
    client: FlaskClient, as_resident: SignIn, entity: str, head: Headers, staff: Headers, path: str
) -> None:
    stranger, member = as_resident(), as_resident()
    code = post(client, f"/volunteer-entities/{entity}/invitation", head)["code"]
    post(client, "/volunteer-entities/join", member, code=code)
    for who in (stranger, member):
        post(client, f"{path}/submit", who, 404)
        change(client, path, who, 404, title=OTHER)
        assert client.get(f"{V1}{path.rpartition('/')[0]}", headers=who).status_code == 404
    other = post(client, "/volunteer-entities", stranger, 201, name=OTHER, kind="society", contact="17000001")["id"]
    post(client, f"/staff/volunteer-entities/{other}/accredit", staff)
    mine = f"/volunteer-entities/{other}/opportunities/{path.rpartition('/')[2]}"
    post(client, f"{mine}/submit", stranger, 404)  # of another organisation


def test_a_point_has_both_its_numbers(client: FlaskClient, entity: str, head: Headers) -> None:
    post(client, f"/volunteer-entities/{entity}/opportunities", head, 422, title=TITLE, lat=26.2)


def test_two_who_decide_at_once_decide_once(
    app: Flask, client: FlaskClient, as_staff: SignIn, head: Headers, path: str
) -> None:
    post(client, f"{path}/submit", head)
    where = f"/staff/opportunities/{path.rpartition('/')[2]}"
    answers = all_at_once(app, [(f"{where}/approve", {}, as_staff("coordinator")) for _ in range(4)])
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 3}
    assert told() == {"approved": 1}


def test_an_organisation_names_roles_and_a_change_of_them_waits(
    client: FlaskClient, path: str, head: Headers, staff: Headers
) -> None:
    driver = {"title": {"ar": "سائق", "en": "Driver"}, "places": 2, "minimum_age": 21}
    changed = change(client, path, head, roles=[driver])
    assert [(one["code"], one["places"]) for one in changed["roles"]] == [("1", 2)]
    begins = now() + timedelta(days=5)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat()}
    assert post(client, f"{path}/shifts", head, 201, **times)["places"] == 2
    assert post(client, f"{path}/shifts", head, 201, **times, roles=[{**driver, "places": 3}])["places"] == 3
    post(client, f"{path}/submit", head)
    decide(client, path, staff, "approve")
    more = [{**driver, "code": "1", "places": 4}]
    assert [one["places"] for one in change(client, path, head, roles=more)["roles"]] == [2]
    assert queue(client, staff)[0]["proposed"]["roles"][0]["places"] == 4
    decide(client, path, staff, "approve")
    shown = seen(client, path)
    assert [one["places"] for one in shown["roles"]] == [4]
    assert [one["places"] for one in shown["shifts"]] == [4, 2, 3]  # those made before are as they were
