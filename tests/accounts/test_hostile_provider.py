"""A provider that lies, strangers who mix attempts up, and a discovery document that would lead us inside."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from asimati.accounts.models import AccountSession, Person, SignOn
from asimati.accounts.sign_on import calling
from asimati.accounts.sign_on.attempts import Attempt
from asimati.accounts.sign_on.providers import _listed
from asimati.kit import db, secrets
from asimati.kit.audit import AuditLine
from asimati.settings import SettingsError, settings
from tests.accounts.provider import CLIENT, SECRET, HostileProvider, signed, unsigned
from tests.accounts.walking import APP, Walk, as_described, bearer

V1 = "/api/v1"
_read = _listed.__wrapped__  # each time anew; the fixture describes providers in its place
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def maryam(provider: HostileProvider) -> None:
    provider.people = {"maryam": {"cpr": "910301045", "acr": "substantial"}}


def slug(answer: Any) -> str:
    return str(answer.json["type"]).removeprefix("/problems/")


def nobody_came_in() -> bool:
    with db.transaction() as tx:
        return not any(
            tx.scalar(select(func.count()).select_from(table)) for table in (Person, SignOn, AccountSession)
        )


def reasons() -> list[str]:
    with db.transaction() as tx:
        lines = tx.scalars(select(AuditLine.facts).where(AuditLine.action == "accounts.sign_on_failed"))
        return [json.loads(facts)["reason"] for facts in lines]


LIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another issuer": lambda said: said | {"iss": "https://elsewhere.example"},
    "no issuer": lambda said: {name: value for name, value in said.items() if name != "iss"},
    "an issuer in a list": lambda said: said | {"iss": [said["iss"], "https://elsewhere.example"]},
    "meant for others": lambda said: said | {"aud": "others"},
    "meant for others too": lambda said: said | {"aud": [CLIENT, "others"], "azp": CLIENT},
    "meant for nobody": lambda said: said | {"aud": []},
    "made for others": lambda said: said | {"azp": "others"},
    "another attempt's nonce": lambda said: said | {"nonce": "n" * 43},
    "no nonce": lambda said: {name: value for name, value in said.items() if name != "nonce"},
    "an empty nonce": lambda said: said | {"nonce": ""},
    "over": lambda said: said | {"exp": said["iat"] - 61, "iat": said["iat"] - 400},
    "without an end": lambda said: {name: value for name, value in said.items() if name != "exp"},
    "an end in words": lambda said: said | {"exp": "tomorrow"},
    "made tomorrow": lambda said: said | {"iat": said["iat"] + 86_400, "exp": said["exp"] + 86_400},
    "not yet good": lambda said: said | {"nbf": said["iat"] + 3600},
    "made long ago": lambda said: said | {"iat": said["iat"] - 4000},
    "proved tomorrow": lambda said: said | {"auth_time": said["iat"] + 86_400},
    "proved in words": lambda said: said | {"auth_time": "now"},
    "of nobody": lambda said: said | {"sub": ""},
    "of a number": lambda said: said | {"sub": 7},
    "of a subject without end": lambda said: said | {"sub": "s" * 256},
    "another access token's": lambda said: said | {"at_hash": "AAAA"},
    "without a personal number": lambda said: {name: value for name, value in said.items() if name != "cpr"},
    "a personal number that is none": lambda said: said | {"cpr": "12"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_no_lie_of_a_token_is_believed(sign_on: Call, provider: HostileProvider, lie: Any) -> None:
    provider.lie = lie
    assert sign_on("maryam").told == {"error": "sign-on-refused", "state": "the app's own"}
    assert nobody_came_in() and reasons() in (["id_token"], ["number"])


def test_without_a_lie_the_same_way_leads_in(sign_on: Call) -> None:
    """What the lies above are measured against: they alone make the difference."""
    assert sign_on("maryam").tokens().status_code == 200


FORGED: dict[str, Callable[[HostileProvider, dict[str, Any]], str]] = {
    "none": lambda _at, said: unsigned(said),
    "none with a signature": lambda _at, said: unsigned(said) + "AAAA",
    "the client's own secret": lambda _at, said: signed(said, OctKey.import_key(SECRET), "first", "HS256"),
    "the published key as a secret": lambda at, said: signed(
        said, OctKey.import_key(base64.b64encode(at.keys["first"].as_pem(private=False))), "first", "HS256"
    ),
    "another key under a known name": lambda _at, said: signed(said, RSAKey.generate_key(2048), "first"),
    "an algorithm nobody allowed": lambda at, said: signed(said, at.keys["first"], "first", "PS256"),
    "a curve nobody published": lambda _at, said: signed(said, ECKey.generate_key("P-256"), "first", "ES256"),
    "no token at all": lambda _at, _said: "a.b.c",
    "an encrypted one": lambda _at, _said: "a.b.c.d.e",
    "one that was altered": lambda at, said: signed(said, at.keys["first"], "first")[:-8] + "AAAAAAAA",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_no_forged_signature_is_believed(sign_on: Call, provider: HostileProvider, forge: Any) -> None:
    provider.sign = lambda said: forge(provider, said)
    assert sign_on("maryam").told["error"] == "sign-on-refused"
    assert nobody_came_in()


def test_a_short_key_is_no_key(sign_on: Call, provider: HostileProvider) -> None:
    with pytest.warns(UserWarning, match="2048"):
        provider.keys = {"short": RSAKey.generate_key(1024, {"kid": "short"}, auto_kid=False)}
        assert sign_on("maryam").told["error"] == "sign-on-refused"


# --- keys that change ------------------------------------------------------------------------------------------


def test_a_new_key_is_looked_for_and_the_old_one_is_gone(
    sign_on: Call, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = provider.keys["first"]
    assert sign_on("maryam").tokens().status_code == 200
    monkeypatch.setattr(calling, "PATIENCE", 0.0)
    provider.rotate("second")
    assert sign_on("maryam").tokens().status_code == 200
    provider.sign = lambda said: signed(said, old, "first")
    assert sign_on("maryam").told["error"] == "sign-on-refused"


def test_unknown_keys_make_us_look_once_in_a_while_and_no_more(sign_on: Call, provider: HostileProvider) -> None:
    assert sign_on("maryam").tokens().status_code == 200
    provider.sign = lambda said: signed(said, RSAKey.generate_key(2048), f"invented {time.monotonic()}")
    for _ in range(5):
        assert sign_on("maryam").told["error"] == "sign-on-refused"
    assert provider.asked.count("GET /keys") == 1
    assert provider.asked.count("GET /.well-known/openid-configuration") == 1


def test_keys_we_have_still_verify_while_the_provider_cannot_say_them(
    sign_on: Call, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_on("maryam").tokens().status_code == 200
    monkeypatch.setattr(calling, "KEPT", 0.0)
    provider.documents["/keys"] = Response(status=500)
    assert sign_on("maryam").tokens().status_code == 200


# --- mixed up --------------------------------------------------------------------------------------------------


def test_a_browser_cannot_end_what_another_began(app: Flask, provider: HostileProvider) -> None:
    """A stranger's answer in my browser would sign me in as them; mine in theirs would let them in as me."""
    mine, theirs = Walk(app, provider), Walk(app, provider)
    at_mine, at_theirs = (provider.approve("maryam", walk.start().headers["Location"]) for walk in (mine, theirs))
    for walk, address in ((mine, at_theirs), (theirs, at_mine)):
        answer = walk.back(address).answer
        assert (answer.status_code, slug(answer)) == (401, "sign-on-refused")
    bare = Walk(app, provider).back(at_mine).answer
    assert (bare.status_code, slug(bare)) == (401, "sign-on-refused")
    assert nobody_came_in()
    assert mine.back(at_mine).tokens().status_code == 200


def test_an_attempt_with_one_provider_is_not_ended_at_another(app: Flask, provider: HostileProvider) -> None:
    walk = Walk(app, provider)
    address = provider.approve("maryam", walk.start().headers["Location"])
    crossed = walk.back(address.replace("/national/", "/staff/")).answer
    assert (crossed.status_code, slug(crossed)) == (401, "sign-on-refused")


def test_an_answer_that_names_another_issuer_is_refused(app: Flask, provider: HostileProvider) -> None:
    walk = Walk(app, provider)
    address = provider.approve("maryam", walk.start().headers["Location"])
    walk.back(address + "&" + urlencode({"iss": "https://elsewhere.example"}))
    assert walk.told["error"] == "sign-on-refused" and reasons() == ["issuer"]


def test_a_provider_that_promises_to_name_itself_must(app: Flask, provider: HostileProvider) -> None:
    named = provider.discovery() | {"authorization_response_iss_parameter_supported": True}
    provider.documents["/.well-known/openid-configuration"] = named
    walk = Walk(app, provider)
    address = provider.approve("maryam", walk.start().headers["Location"])
    assert walk.back(address).told["error"] == "sign-on-refused"
    again = Walk(app, provider)
    address = provider.approve("maryam", again.start().headers["Location"])
    assert again.back(address + "&" + urlencode({"iss": provider.issuer})).code


def test_an_answer_is_taken_once(app: Flask, provider: HostileProvider) -> None:
    walk = Walk(app, provider)
    address = provider.approve("maryam", walk.start().headers["Location"])
    cookie = walk.browser.get_cookie("asimati_sign_on", path="/api/v1/auth/oidc")
    assert cookie is not None
    first = walk.back(address).code
    walk.browser.set_cookie("asimati_sign_on", cookie.value, path="/api/v1/auth/oidc")
    assert first and walk.back(address).told["error"] == "sign-on-refused", "the provider gives for a code once"
    # Were the provider to give twice, the attempt has ended all the same.
    provider.codes[parse_qs(urlsplit(address).query)["code"][0]] = provider_memory(walk, cookie.value)
    walk.browser.set_cookie("asimati_sign_on", cookie.value, path="/api/v1/auth/oidc")
    assert walk.back(address).told["error"] == "sign-on-refused"
    assert reasons() == ["provider", "repeated"]


def provider_memory(walk: Walk, cookie: str) -> dict[str, str]:
    """What the provider was asked in an attempt, as its cookie remembers it."""
    begun = Attempt(**json.loads(secrets.unseal(base64.urlsafe_b64decode(cookie), "sign-on")))
    return {
        "sub": "maryam", "nonce": begun.nonce, "code_challenge": create_s256_code_challenge(begun.verifier),
        "redirect_uri": f"{settings().base_url}/api/v1/auth/oidc/national/callback",
    }  # fmt: skip


def test_a_code_is_worth_nothing_without_the_apps_verifier_and_is_spent_on_a_wrong_one(sign_on: Call) -> None:
    walk = sign_on("maryam")
    stolen = walk.tokens(code_verifier="x" * 43)
    assert (stolen.status_code, slug(stolen)) == (401, "sign-on-refused")
    assert walk.tokens().status_code == 401
    with db.transaction() as tx:
        assert not tx.scalar(select(func.count()).select_from(Person))


def test_a_code_is_good_once_and_for_ten_minutes(sign_on: Call, moved_clock: Call) -> None:
    walk, late = sign_on("maryam"), sign_on("maryam")
    assert [walk.tokens().status_code for _ in range(2)] == [200, 401]
    with moved_clock(minutes=11):
        assert late.tokens().status_code == 401


def test_a_code_that_comes_again_ends_what_it_gave(sign_on: Call, client: FlaskClient) -> None:
    walk, other = sign_on("maryam"), sign_on("maryam")
    given, elsewhere = (bearer(one.tokens().json) for one in (walk, other))
    assert walk.tokens(code_verifier="a" * 43).status_code == 401
    assert client.get(f"{V1}/me", headers=given).status_code == 200, "without its verifier it is nobody's"
    assert walk.tokens().status_code == 401
    assert [client.get(f"{V1}/me", headers=one).status_code for one in (given, elsewhere)] == [401, 200]


def test_one_code_fetched_eight_times_at_once_gives_tokens_once(sign_on: Call, all_at_once: Call) -> None:
    walk = sign_on("maryam")
    body = {"code": walk.code, "code_verifier": walk.verifier}
    answers = all_at_once("/auth/oidc/token", [body] * 8)
    assert sorted(one.status_code for one in answers) == [200] + [401] * 7


def test_an_attempt_has_its_time(app: Flask, provider: HostileProvider, setting: Call) -> None:
    setting("sign_on", attempt=-1)
    walk = Walk(app, provider)
    address = provider.approve("maryam", walk.start().headers["Location"])
    assert walk.back(address).answer.status_code == 401


def test_who_declines_is_told_to_the_app(app: Flask, provider: HostileProvider) -> None:
    walk = Walk(app, provider)
    state = parse_qs(urlsplit(walk.start().headers["Location"]).query)["state"][0]
    walk.back(f"{V1}/auth/oidc/national/callback?" + urlencode({"error": "access_denied", "state": state}))
    assert walk.told["error"] == "access_denied"


@pytest.mark.parametrize(
    "address",
    [APP + "/more", APP.upper(), "https://elsewhere.example", "javascript:alert(1)", f"{APP}?x=1", "//elsewhere"],
)
def test_nobody_is_sent_back_where_nobody_named(app: Flask, provider: HostileProvider, address: str) -> None:
    answer = Walk(app, provider, redirect=address).start()
    assert (answer.status_code, slug(answer)) == (403, "no-such-return")
    assert not provider.asked


@pytest.mark.parametrize(
    "wrong",
    [{"code_challenge": "short"}, {"code_challenge_method": "plain"}, {"level": "phone"}, {"redirect_uri": ""}],
)
def test_an_app_must_prove_that_it_is_the_one_that_began(
    app: Flask, provider: HostileProvider, wrong: dict[str, str]
) -> None:
    answer = Walk(app, provider).start(**wrong)
    assert answer.status_code in (403, 422) and not provider.asked


def test_what_the_browser_keeps_is_out_of_reach_of_scripts_and_other_sites(
    app: Flask, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = Walk(app, provider).start().headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/api/v1/auth/oidc", "Max-Age=900"))
    assert "Secure" not in cookie
    monkeypatch.setitem(settings().values, "public_url", "https://asimati.example")  # type: ignore[index]
    assert "Secure" in Walk(app, provider).start().headers["Set-Cookie"]


# --- no way inside, no way to hold us up -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://169.254.169.254/latest/meta-data"},
        {"jwks_uri": "http://localhost:1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"token_endpoint": ["https://elsewhere.example"]},
    ],
)
def test_a_discovery_document_leads_to_the_providers_own_hosts_alone(
    app: Flask, provider: HostileProvider, more: dict[str, Any]
) -> None:
    provider.documents["/.well-known/openid-configuration"] = provider.discovery() | more
    answer = Walk(app, provider).start()
    assert (answer.status_code, slug(answer)) == (401, "sign-on-refused")
    assert provider.asked == ["GET /.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "said",
    [Response(status=302, headers={"Location": "http://localhost:1/"}), Response("{", mimetype="application/json"),
     Response("[]"), Response("[" * 5000), Response("x" * 300_000), Response(status=404)],
    ids=["elsewhere", "half", "a list", "a deep list", "without end", "nothing"],
)  # fmt: skip
def test_what_is_no_document_is_refused(app: Flask, provider: HostileProvider, said: Response) -> None:
    provider.documents["/.well-known/openid-configuration"] = said
    assert Walk(app, provider).start().status_code == 401


def test_no_provider_inside_is_called_unless_the_operator_says_it_stands_there(
    app: Flask, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_described(monkeypatch, "https://localhost:1", local=False)
    answer = Walk(app, provider).start()
    assert (answer.status_code, slug(answer)) == (503, "sign-on-away")


def test_a_provider_that_is_away_is_said_to_be_and_left_alone_for_a_moment(
    app: Flask, provider: HostileProvider, setting: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting("sign_on", timeout=0.2)
    monkeypatch.setattr(calling, "REST", 30.0)
    provider.wait = threading.Event()
    first = Walk(app, provider).start()
    assert (first.status_code, slug(first)) == (503, "sign-on-away") and first.headers["Retry-After"]
    assert [Walk(app, provider).start().status_code for _ in range(3)] == [503] * 3
    provider.wait.set()
    assert len(provider.asked) == 1


def test_few_wait_for_a_slow_provider_and_the_house_goes_on(
    app: Flask, client: FlaskClient, provider: HostileProvider, sign_on: Call, setting: Call
) -> None:
    """While callers wait for a provider no connection to the database is held, and most are sent away at once."""
    assert sign_on("maryam").tokens().status_code == 200  # discovery and keys are known
    walks = [Walk(app, provider) for _ in range(6)]
    addresses = [provider.approve("maryam", walk.start().headers["Location"]) for walk in walks]
    provider.wait = threading.Event()
    provider.asked.clear()
    threads = [
        threading.Thread(target=walk.back, args=(address,)) for walk, address in zip(walks, addresses, strict=True)
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 5
    while len(provider.asked) < calling.AT_ONCE and time.monotonic() < until:
        time.sleep(0.01)
    assert client.get(f"{V1}/auth/oidc").status_code == 200
    assert db.engine().pool.checkedout() == 0  # type: ignore[attr-defined]
    until = time.monotonic() + 5
    while sum(walk.answer is not None for walk in walks) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    provider.wait.set()
    for thread in threads:
        thread.join(10)
    came_in = [walk for walk in walks if walk.code]
    assert len(came_in) == calling.AT_ONCE
    assert {walk.told["error"] for walk in walks if not walk.code} == {"sign-on-away"}


# --- what the operator writes ----------------------------------------------------------------------------------

SOUND = """
[[provider]]
name = "national"
title = { ar = "الدخول الوطني", en = "National sign-on" }
serves = "residents"
issuer = "https://id.example"
client_id = "asimati"
client_secret = "${NATIONAL_SECRET}"
levels = { standard = ["substantial"] }
"""


def test_production_takes_nobody_at_the_word_of_a_trial_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati.accounts.sign_on.providers import LOCAL

    monkeypatch.setenv(LOCAL, "http://localhost:1")
    assert set(_read("sign-on.development.toml")) == {"national", "work"}
    object.__setattr__(settings(), "profile", "production")
    try:
        with pytest.raises(SettingsError, match="production must not have it"):
            _read("sign-on.development.toml")
    finally:
        object.__setattr__(settings(), "profile", "test")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("https://", "http://"), ('"residents"', '"everybody"'), ("substantial", 'x"], superb = ["y'),
        ('"National sign-on"', '"x", fr = "y"'), ('"national"', '"National"'), ("client_id", "clientid"),
        ('levels = { standard = ["substantial"] }', ""), ("levels", 'algorithms = ["HS256"]\nlevels'),
        ("levels", 'algorithms = ["none"]\nlevels'), ("levels", 'scopes = ["profile"]\nlevels'),
        ("levels", 'claims = { shoe_size = "x" }\nlevels'), ("${NATIONAL_SECRET}", "${NOT_SET}"), ("[[", "["),
        ("https://id.example", "https://id.example?x=1"), ("https://id.example", "https://me@id.example"),
        (SOUND, SOUND + SOUND),
    ],
)  # fmt: skip
def test_an_unsound_description_stops_the_start(tmp_path: Any, monkeypatch: Any, was: str, becomes: str) -> None:
    monkeypatch.setenv("NATIONAL_SECRET", "hush")
    path = tmp_path / "sign-on.toml"
    path.write_text(SOUND, encoding="utf-8")
    assert _read(str(path))["national"].client_secret == "hush"
    assert "hush" not in repr(_read(str(path)))
    path.write_text(SOUND.replace(was, becomes), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"sign-on\.toml"):
        _read(str(path))
