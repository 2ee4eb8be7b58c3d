"""Keys of partners' systems: shown once, for what they are for, until they end, each under a limit of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from asimati.accounts.models import ApiKey
from asimati.kit import clock, db

V1 = "/api/v1"
Call = Callable[..., Any]
Headers = dict[str, str]


@pytest.fixture
def boss(as_staff: Call) -> Headers:
    found: Headers = as_staff("administrator")
    return found


@pytest.fixture
def make(client: FlaskClient, boss: Headers) -> Call:
    def key(*scopes: str, **more: Any) -> Any:
        said = {"name": "UNDP", "scopes": list(scopes or ("figures.read",))} | more
        return client.post(f"{V1}/staff/api-keys", json=said, headers=boss)

    return key


def read(client: FlaskClient, key: str) -> int:
    return int(client.get(f"{V1}/impact/goals", headers={"X-API-Key": key}).status_code)


def test_a_key_is_shown_once_and_only_its_hash_is_kept(client: FlaskClient, boss: Headers, make: Call) -> None:
    made = make(per_minute=30)
    assert made.status_code == 201, made.json
    secret = made.json["api_key"]
    assert secret.startswith("ak_") and made.json["tail"] == secret[-4:]
    listed = client.get(f"{V1}/staff/api-keys", headers=boss)
    assert secret not in listed.get_data(as_text=True) and listed.json["items"][0]["per_minute"] == 30
    with db.transaction() as tx:
        row = tx.get_one(ApiKey, UUID(made.json["id"]))
        assert secret.encode() not in row.secret_hash
        kept = tx.connection().exec_driver_sql("SELECT string_agg(i::text, '') FROM idempotency_key AS i").scalar()
        assert secret not in (kept or "")


def test_a_key_that_does_not_hold_is_refused_from_that_moment(
    client: FlaskClient, boss: Headers, make: Call, moved_clock: Call
) -> None:
    with db.transaction() as tx:
        tomorrow = clock.now(tx) + timedelta(days=1)
    good, brief, other = make().json, make(expires_at=tomorrow.isoformat()).json, make("requests.file").json
    assert [read(client, one["api_key"]) for one in (good, brief)] == [200, 200]
    assert [read(client, key) for key in (other["api_key"], "ak_guess", "", good["api_key"] + "x")] == [401] * 4
    with moved_clock(days=2):
        assert [read(client, one["api_key"]) for one in (good, brief)] == [200, 401]
    assert client.delete(f"{V1}/staff/api-keys/{good['id']}", headers=boss).json["revoked_at"]
    assert read(client, good["api_key"]) == 401
    past = make(expires_at="2020-01-01T00:00:00Z")
    assert past.json["errors"][0]["pointer"] == "/expires_at"


def test_that_it_was_used_is_noted_to_the_minute(client: FlaskClient, boss: Headers, make: Call) -> None:
    made = make().json
    assert made["used_at"] is None
    read(client, made["api_key"])
    first = client.get(f"{V1}/staff/api-keys", headers=boss).json["items"][0]["used_at"]
    read(client, made["api_key"])
    assert first and client.get(f"{V1}/staff/api-keys", headers=boss).json["items"][0]["used_at"] == first


def test_a_key_opens_nothing_that_is_closed_and_changes_nothing(client: FlaskClient, make: Call) -> None:
    key = {"X-API-Key": make().json["api_key"]}
    assert client.get(f"{V1}/me", headers=key).status_code == 401
    assert client.get(f"{V1}/staff/queues", headers=key).status_code == 401
    assert (
        client.post(f"{V1}/auth/otp", json={"phone": "+97333000000"}, headers={"X-API-Key": "ak_x"}).status_code
        != 401
    )


def test_each_key_has_a_limit_of_its_own(client: FlaskClient, make: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati.http import limits

    counted: list[tuple[str, str]] = []
    monkeypatch.setattr(limits, "_hit", lambda *wanted: counted.extend((str(limit), key) for limit, key in wanted))
    made = make(per_minute=7).json
    counted.clear()
    assert read(client, made["api_key"]) == 200
    assert counted == [("7 per 1 minute", f"asimati:key:{made['id']}")]
    counted.clear()
    assert read(client, "ak_guess") == 401
    assert [key.split(":")[1] for _limit, key in counted] == ["refused"]


def test_an_organisation_is_named_where_its_own_things_are_read_and_only_there(make: Call) -> None:
    own, other = make("offers.read"), make("figures.read", organisation=str(uuid4()))
    assert [one.json["errors"][0]["pointer"] for one in (own, other)] == ["/organisation"] * 2
    made = make("offers.read", "figures.read", organisation=str(uuid4()))
    assert made.status_code == 201 and made.json["organisation_id"]


def test_the_document_says_where_a_key_is_taken_and_it_is_taken_there(client: FlaskClient, make: Call) -> None:
    document = client.get("/api/openapi.json").json
    scheme = document["components"]["securitySchemes"]["key"]
    assert scheme == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    ways = {
        f"{method} {path}": {name for way in operation["security"] for name in way}
        for path, its in document["paths"].items()
        for method, operation in its.items()
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert ways[f"get {V1}/impact/goals"] == {"bearer", "key"} and ways[f"get {V1}/partners/opportunities"] == {
        "key"
    }
    assert all(name.startswith("get ") for name, found in ways.items() if "key" in found)
    assert not any("key" in found for name, found in ways.items() if name.startswith(f"get {V1}/staff"))
    for name, found in ways.items():
        if name.startswith("get ") and "{" not in name:
            refused = client.get(name[4:], headers={"X-API-Key": "ak_guess"}).status_code == 401
            assert refused or "key" not in found, f"{name} says it takes a key and does not look at it"
