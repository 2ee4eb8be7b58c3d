"""Limits by what a request costs; and what becomes of them while Redis is stopped, frozen, and back."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from sqlalchemy import text

from asimati import embedded
from asimati.http import limits
from asimati.kit import db, tokens
from asimati.kit.errors import TooMany
from asimati.settings import settings

V1 = "/api/v1"
Headers = dict[str, str]
Change = Callable[..., None]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Redis]:
    with embedded.redis(tmp_path_factory.mktemp("limits") / "redis") as server:
        yield server


@pytest.fixture
def limited(redis: embedded.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """Limits are on, and these are other than usual: `limited(write="2/minute")`."""
    from redis import Redis

    def change(section: str = "limits", **values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setattr(getattr(settings(), section), name, value)
        limits._limit.cache_clear()
        limits._limiter.cache_clear()

    Redis.from_url(redis.url).flushall()
    change("redis", url=redis.url)
    change(enabled=True)
    yield change
    monkeypatch.undo()
    limits._limit.cache_clear()
    limits._limiter.cache_clear()


def file() -> dict[str, Any]:
    return {"data": {"file": (BytesIO(b"not yet looked at"), "a.png")}}


# One request of each class, and of another one: what is refused is the class, and not the caller.
READ = ("GET", f"{V1}/me", dict)
PUBLIC = ("GET", f"{V1}/services", dict)
ASKED: dict[str, tuple[str, str, Callable[[], dict[str, Any]]]] = {
    "read": READ,
    "write": ("POST", f"{V1}/notifications/read-all", dict),
    "write_device": ("POST", f"{V1}/notifications/read-all", dict),
    "upload": ("POST", f"{V1}/service-requests/SR-00000000/attachments", file),
    "export": ("GET", f"{V1}/letters/XX-00000000/pdf", dict),
    "archive": ("GET", f"{V1}/me/export", dict),
    "read_address": ("GET", f"{V1}/services", dict),
    "write_address": ("POST", f"{V1}/auth/refresh", lambda: {"json": {"refresh_token": "x"}}),
    "signal_address": ("POST", f"{V1}/providers/nobody/receipts", dict),
    "upload_address": ("POST", f"{V1}/service-requests/attachments/nothing", file),
    "export_address": ("GET", f"{V1}/impact/export/tallies.csv", dict),
}


def test_every_class_is_asked_for_here() -> None:
    of_people = {name.removesuffix("_device") for name in ASKED if not name.endswith("_address")}
    assert of_people | {"signal"} == limits.COSTS.keys()
    assert {name for name in vars(settings().limits) if name.endswith(("_address", "_device"))} <= ASKED.keys()


@pytest.mark.parametrize("name", ASKED)
def test_a_class_refuses_past_its_limit_and_lets_others_through(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change, name: str
) -> None:
    me, other = as_resident(), as_resident()
    limited(**{name: "2/hour"})
    method, path, more = ASKED[name]
    stranger = name.endswith("_address")

    def ask(headers: Headers, network: str = "192.0.2.7") -> Any:
        sent = {"environ_base": {"REMOTE_ADDR": network}, "headers": {} if stranger else headers}
        return client.open(path, method=method, **sent, **more())

    answers = [ask(me).status_code for _ in range(2)]
    assert 429 not in answers, answers
    refused = ask(me, "192.0.2.99" if stranger else "198.51.100.7")  # another address of the same block
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.json["type"] == "/problems/too-many"
    assert 0 < int(refused.headers["Retry-After"]) == refused.json["retry_after"] <= 3600
    assert ask(other, "203.0.113.7").status_code != 429
    elsewhere = PUBLIC if name != "read_address" else ASKED["write_address"]
    if stranger:
        answer = client.open(
            elsewhere[1], method=elsewhere[0], environ_base={"REMOTE_ADDR": "192.0.2.7"}, **elsewhere[2]()
        )
    else:
        one = READ if name != "read" else ASKED["write"]
        answer = client.open(one[1], method=one[0], headers=me)
    assert answer.status_code != 429, "another class is another count"


def test_one_device_does_not_use_up_what_its_owner_may(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change
) -> None:
    phone, tablet = as_resident("+97333445566"), as_resident("+97333445566")
    limited(write="4/hour", write_device="2/hour")
    told = [
        client.post(f"{V1}/notifications/read-all", headers=device).status_code
        for device in (phone, phone, phone, tablet, tablet)
    ]
    assert [status == 429 for status in told] == [False, False, True, False, True]


def test_it_is_told_in_both_languages(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change
) -> None:
    me = as_resident()
    limited(read="1/hour")
    client.get(f"{V1}/me", headers=me)
    said = {
        language: client.get(f"{V1}/me", headers=me | {"Accept-Language": language}).json
        for language in ("ar", "en")
    }
    assert said["en"]["title"] == "Too many requests"
    assert said["ar"]["title"] == "عدد الطلبات كبير جدًا"
    assert str(said["ar"]["retry_after"]) in said["ar"]["detail"] != said["en"]["detail"]


@pytest.mark.parametrize("name", ["upload", "export", "archive", "upload_address", "export_address"])
def test_what_costs_much_is_remembered_though_redis_forgets(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change, redis: embedded.Redis,
    moved_clock: Callable[..., Any], name: str,
) -> None:  # fmt: skip
    from redis import Redis

    me = {} if name.endswith("_address") else as_resident()
    limited(**{name: "1/hour"})
    method, path, more = ASKED[name]
    assert client.open(path, method=method, headers=me, **more()).status_code != 429
    Redis.from_url(redis.url).flushall()
    limited(**{name: "1/hour"})  # and the process began anew
    refused = client.open(path, method=method, headers=me, **more())
    assert refused.status_code == 429
    with db.transaction() as tx:
        assert "127.0.0" not in str(tx.execute(text("SELECT * FROM spending")).all())
    with moved_clock(seconds=3601), db.transaction() as tx:
        limits.purge(tx)
        assert tx.scalar(text("SELECT count(*) FROM spending")) == 0


def test_a_lasting_window_ends_by_itself(
    client: FlaskClient, limited: Change, moved_clock: Callable[..., Any]
) -> None:
    limited(export_address="1/hour")
    ask = lambda: client.get(f"{V1}/impact/export/tallies.csv").status_code  # noqa: E731
    assert [ask(), ask()] == [200, 429]
    with moved_clock(seconds=3601):
        assert [ask(), ask()] == [200, 429]


def test_many_at_once_spend_no_more_than_there_is(app: Flask, client: FlaskClient, limited: Change) -> None:
    from concurrent.futures import ThreadPoolExecutor

    limited(export_address="5/hour")
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(lambda _: app.test_client().get(f"{V1}/impact/export/tallies.csv").status_code, range(16))
        )
    assert sorted(told) == [200] * 5 + [429] * 11


def test_a_request_is_counted_in_one_call(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change, redis: embedded.Redis
) -> None:
    from redis import Redis

    me, told = as_resident(), Redis.from_url(redis.url)
    limited(write="100/hour", write_device="100/hour")
    client.post(f"{V1}/notifications/read-all", headers=me)  # the script is known from now on
    before = told.info("commandstats")
    for _ in range(5):
        assert client.post(f"{V1}/notifications/read-all", headers=me).status_code == 200
    after = told.info("commandstats")
    calls = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in after}
    inside = {"cmdstat_incr": 10, "cmdstat_pttl": 10, "cmdstat_info": 1}  # of the script, and ours here
    assert {name: number for name, number in calls.items() if number} == {"cmdstat_evalsha": 5, **inside}


# --- tokens that are not taken ---------------------------------------------------------------------------------


def worth(client: FlaskClient, token: str, network: str = "192.0.2.7", header: str = "Authorization") -> int:
    said = f"Bearer {token}" if header == "Authorization" else token
    at = {"REMOTE_ADDR": network}
    return client.get(f"{V1}/services", headers={header: said}, environ_base=at).status_code


@contextmanager
def there(_server: embedded.Redis) -> Iterator[None]:
    yield


@pytest.mark.parametrize("away", ["there", "stopped"])
@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_guessing_at_tokens_and_keys_has_an_end_and_nobody_honest_pays_for_it(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change, redis: embedded.Redis,
    away: str, header: str,
) -> None:  # fmt: skip
    me, other = (as_resident()["Authorization"].removeprefix("Bearer ") for _ in range(2))
    ended = tokens.sign({**(tokens.read(me) or {}), "exp": int(time.time()) - 1})
    limited(refused="3/hour")
    with (stopped if away == "stopped" else there)(redis):
        guesses = [worth(client, f"a.b.{number}", header=header) for number in range(5)]
        assert guesses == [401, 401, 401, 429, 429]
        assert worth(client, "a.b.c", "198.51.100.7", header) == 401, "another network is another count"
        assert client.get(f"{V1}/services", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
        assert worth(client, me) == worth(client, other) == 200, "of the same network"
        assert worth(client, ended) == 401, "who comes with a token of before is told to refresh"


def test_a_token_that_holds_no_longer_is_counted_by_its_sign_in(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change
) -> None:
    me, other = (as_resident()["Authorization"].removeprefix("Bearer ") for _ in range(2))
    limited(refused="3/hour")
    old = [tokens.sign({**(tokens.read(one) or {}), "exp": int(time.time()) - 1}) for one in (me, other)]
    assert [worth(client, old[0], f"198.51.{n}.7") for n in range(5)] == [401, 401, 401, 429, 429]
    assert worth(client, old[1]) == 401 and worth(client, me) == 200
    client.post(f"{V1}/auth/logout", headers={"Authorization": f"Bearer {other}"})
    assert [worth(client, other) for _ in range(3)] == [401, 401, 429], (
        "signed out, and counted with what had expired"
    )


def test_a_header_that_holds_no_token_is_counted_too(client: FlaskClient, limited: Change) -> None:
    limited(refused="2/hour")
    asked = [client.get(f"{V1}/services", headers={"Authorization": "Basic YTpi"}).status_code for _ in range(3)]
    assert asked == [401, 401, 429]


# --- Redis away ------------------------------------------------------------------------------------------------


@contextmanager
def frozen(server: embedded.Redis) -> Iterator[None]:
    assert server.process
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@contextmanager
def stopped(server: embedded.Redis) -> Iterator[None]:
    assert server.process
    server.process.terminate()
    server.process.wait()
    try:
        yield
    finally:
        server.start()


@pytest.mark.parametrize("away", [frozen, stopped])
@pytest.mark.parametrize("when", ["before the first request", "in the middle"])
def test_without_redis_nobody_waits_nobody_is_unlimited_and_nobody_stays_locked_out(
    client: FlaskClient, as_resident: Callable[..., Headers], limited: Change, redis: embedded.Redis,
    away: Any, when: str,
) -> None:  # fmt: skip
    me, other = as_resident(), as_resident()
    limited("redis", pause=0.5)
    limited(read="3/2 second")
    ask = lambda who: client.get(f"{V1}/me", headers=who).status_code  # noqa: E731
    if when == "in the middle":
        assert ask(other) == 200
    with away(redis):
        began = time.monotonic()
        told = [ask(me) for _ in range(12)]
        took = time.monotonic() - began
        assert 429 in told and told[:3] == [200] * 3, "the process counts for itself"
        assert took < 2.0, "one wait of redis.timeout, then Redis is left alone for a while"
    deadline = time.monotonic() + 10
    while ask(me) == 429:
        assert time.monotonic() < deadline, "still locked out"
        time.sleep(0.05)
    assert ask(other) == 200


def test_while_redis_is_silent_it_is_asked_once_in_a_while(
    app: Flask, limited: Change, redis: embedded.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited("redis", pause=60.0)
    limiter, asked = limits._limiter(), []
    original = limiter._count
    monkeypatch.setattr(limiter, "_count", lambda *what: asked.append(what) or original(*what))
    with frozen(redis), app.test_request_context():
        for number in range(50):
            limits.check("read", str(number))
    assert len(asked) == 1


def test_a_hundred_thousand_callers_take_bounded_room_and_whoever_asks_often_is_not_forgotten() -> None:
    here, limit = limits.Here(20_000), parse("120/minute")
    tracemalloc.start()
    try:
        allowed = 0
        for number in range(100_000):
            here.hit(limit, f"asimati:read_address:10.{number >> 8}.{number & 255}.0/24")
            if number % 100 == 0:
                allowed += here.hit(limit, "the one who asks often")[0]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(here) == 20_000
    assert peak < 12_000_000, peak
    assert allowed == 120


def test_a_window_of_this_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    here, limit, now = limits.Here(10), parse("2/minute"), [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: now[0])
    assert [here.hit(limit, "a")[0] for _ in range(3)] == [True, True, False]
    assert here.hit(limit, "a") == (False, 1060.0)
    now[0] = 1060.0
    assert here.hit(limit, "a") == (True, 1120.0)


def test_a_setting_that_is_not_there_is_no_limit(app: Flask, limited: Change) -> None:
    limited(read="1/hour")
    with app.test_request_context():
        for _ in range(3):
            limits.check("read_device", "x")
        limits.check("read", "x")
        with pytest.raises(TooMany):
            limits.check("read", "x")
