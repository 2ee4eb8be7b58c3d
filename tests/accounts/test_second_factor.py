"""Staff's second factor: apps and their codes, recovery codes, passkeys; and passwords that are worth one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import cbor2
import pyotp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from webauthn.helpers import bytes_to_base64url

from asimati.accounts import passwords
from asimati.accounts.actions import create_staff
from asimati.accounts.refusals import OwnWordsPassword, ShortPassword, WeakPassword
from asimati.kit import db
from asimati.kit.audit import AuditLine
from asimati.kit.policy import Role
from asimati.settings import settings

V1 = "/api/v1"
EMAIL, PASSWORD = "amal@asimati.example", "the first password of amal"
Headers = dict[str, str]


@pytest.fixture
def amal(client: FlaskClient) -> Callable[..., Any]:
    """Sign Amal in; the answer."""
    with db.transaction() as tx:
        create_staff(tx, EMAIL, PASSWORD, {"ar": "أمل", "en": "Amal"}, [Role.ADMINISTRATOR])

    def sign_in(password: str = PASSWORD, **more: str) -> Any:
        return client.post(f"{V1}/auth/staff", json={"email": EMAIL, "password": password, **more})

    return sign_in


def bearer(answer: Any) -> Headers:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def set_up(client: FlaskClient, headers: Headers) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator app that was confirmed by the code of a minute ago's end, and the recovery codes."""
    made = client.post(f"{V1}/staff/me/authenticator", json={}, headers=headers)
    assert made.status_code == 201
    app = pyotp.parse_uri(made.json["uri"])
    assert isinstance(app, pyotp.TOTP) and app.issuer == "Asimati" and "<svg" in made.json["qr"]
    confirmed = client.post(f"{V1}/staff/me/authenticator/confirm", json={"code": _now(app, -1)}, headers=headers)
    assert confirmed.status_code == 200, confirmed.get_data(as_text=True)
    return app, confirmed.json["recovery_codes"]


def _now(app: pyotp.TOTP, step: int = 0) -> str:
    import time

    return app.at(time.time() + 30 * step)


def slug(answer: Any) -> str:
    return str(answer.json["type"]).rsplit("/", 1)[-1]


def test_an_app_is_asked_for_only_once_its_first_code_came(client: FlaskClient, amal: Callable[..., Any]) -> None:
    headers = bearer(amal())
    client.post(f"{V1}/staff/me/authenticator", json={}, headers=headers)
    assert amal().status_code == 200
    app, _codes = set_up(client, headers)
    asked = amal()
    assert (asked.status_code, slug(asked)) == (401, "second-factor-asked")
    assert amal(totp=_now(app)).status_code == 200


def test_the_sign_in_that_set_the_app_up_counts_as_proved(client: FlaskClient, amal: Callable[..., Any]) -> None:
    headers = bearer(amal())
    set_up(client, headers)
    assert client.post(f"{V1}/staff/me/recovery-codes", json={}, headers=headers).status_code == 200
    (session,) = client.get(f"{V1}/auth/sessions", headers=headers).json["items"]
    assert (session["assurance"], session["method"]) == ("advanced", "totp")


def test_a_code_is_good_once_even_for_many_at_once(
    client: FlaskClient, amal: Callable[..., Any], app: Flask
) -> None:
    totp, _codes = set_up(client, bearer(amal()))
    code = _now(totp)

    def sign_in(_: int) -> int:
        own = app.test_client()
        said = {"email": EMAIL, "password": PASSWORD, "totp": code}
        return own.post(f"{V1}/auth/staff", json=said).status_code

    with ThreadPoolExecutor(4) as many:
        answers = sorted(many.map(sign_in, range(4)))
    assert answers == [200, 401, 401, 401]


def test_five_wrong_codes_close_the_door_for_a_while(
    client: FlaskClient, amal: Callable[..., Any], moved_clock: Callable[..., Any]
) -> None:
    totp, _codes = set_up(client, bearer(amal()))
    for _ in range(5):
        assert slug(amal(totp="000000")) == "wrong-second-factor"
    with db.transaction() as tx:
        noted = tx.scalars(select(AuditLine.facts).where(AuditLine.action == "accounts.sign_in_failed")).all()
    assert len(noted) == 5 and all('"factor"' in one for one in noted)
    assert slug(amal(totp=_now(totp))) == "too-many-tries"
    with moved_clock(minutes=16):
        assert amal(totp=totp.at(_in_sixteen_minutes())).status_code == 200


def _in_sixteen_minutes() -> float:
    import time

    return time.time() + 16 * 60


def test_a_wrong_password_says_nothing_of_the_second_factor(client: FlaskClient, amal: Callable[..., Any]) -> None:
    set_up(client, bearer(amal()))
    assert slug(amal("another password")) == "wrong-password"
    assert slug(amal("another password", totp="123456")) == "wrong-password"


def test_a_recovery_code_is_good_once(client: FlaskClient, amal: Callable[..., Any]) -> None:
    _app, codes = set_up(client, bearer(amal()))
    assert len(set(codes)) == 10 and {len(code.replace("-", "")) for code in codes} == {28}, "136 bits each"
    headers = bearer(amal(totp=codes[0].upper()))
    assert slug(amal(totp=codes[0])) == "wrong-second-factor"
    left = client.get(f"{V1}/staff/me/factors", headers=headers).json
    assert left["recovery_codes_left"] == 9 and left["authenticator_since"]


CHANGES = (
    ("POST", "/staff/me/authenticator", {}),
    ("DELETE", "/staff/me/authenticator", None),
    ("POST", "/staff/me/recovery-codes", {}),
    ("POST", "/staff/me/passkeys/options", {}),
    ("POST", "/staff/me/password", {"current": PASSWORD, "chosen": "quite another long one 77"}),
)


def test_a_stolen_password_changes_no_second_factor(client: FlaskClient, amal: Callable[..., Any]) -> None:
    first = bearer(amal())
    other = bearer(amal())  # somebody who has the password and was in before the app was set up
    set_up(client, first)
    for method, path, body in CHANGES:
        answer = client.open(V1 + path, method=method, json=body, headers=other)
        assert (answer.status_code, slug(answer)) == (403, "proof-needed"), path


def test_what_one_signs_in_with_is_changed_by_whoever_has_just_signed_in(
    client: FlaskClient, amal: Callable[..., Any], moved_clock: Callable[..., Any]
) -> None:
    mine = bearer(amal())
    _app, codes = set_up(client, mine)
    with moved_clock(seconds=901):
        for method, path, body in CHANGES:
            answer = client.open(V1 + path, method=method, json=body, headers=mine)
            assert (answer.status_code, slug(answer)) == (403, "proof-too-old"), path
        assert client.get(f"{V1}/staff/me", headers=mine).status_code == 200, "all else goes on"
        anew = bearer(amal(totp=codes[0]))
        assert client.post(f"{V1}/staff/me/recovery-codes", json={}, headers=anew).status_code == 200


def test_where_a_second_factor_is_demanded_nothing_opens_before_it_is_set_up(
    client: FlaskClient, amal: Callable[..., Any], setting: Callable[..., None]
) -> None:
    setting("staff", second_factor=True)
    headers = bearer(amal())
    closed = client.get(f"{V1}/staff/members", headers=headers)
    assert (closed.status_code, slug(closed)) == (403, "second-factor-needed")
    set_up(client, headers)
    assert client.get(f"{V1}/staff/members", headers=headers).status_code == 200


def test_an_administrator_takes_lost_factors_away_but_never_their_own(
    client: FlaskClient, amal: Callable[..., Any], as_staff: Callable[..., Headers]
) -> None:
    mine = bearer(amal())
    set_up(client, mine)
    me = client.get(f"{V1}/staff/me", headers=mine).json["id"]
    assert client.delete(f"{V1}/staff/members/{me}/factors", headers=mine).status_code == 409
    administrator = as_staff("administrator")
    assert client.delete(f"{V1}/staff/members/{me}/factors", headers=administrator).status_code == 204
    assert client.get(f"{V1}/staff/me", headers=mine).status_code == 401
    assert amal().status_code == 200


# --- passkeys: a device made of software -----------------------------------------------------------------------


class Device:
    """What a telephone does with a passkey: keeps a key, asks its owner, signs."""

    def __init__(self, origin: str, host: str) -> None:
        self.origin, self.host = origin, host
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = uuid4().bytes
        self.count = 0

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _about(self, flags: int) -> bytes:
        self.count += 1
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._about(0x45) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=self._client("webauthn.create", options["challenge"]), attestationObject=attestation
        )

    def sign(self, options: dict[str, Any], flags: int = 0x05) -> dict[str, Any]:
        client, about = self._client("webauthn.get", options["challenge"]), self._about(flags)
        signature = self.key.sign(about + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=about, signature=signature)

    def _answer(self, **response: bytes) -> dict[str, Any]:
        own = bytes_to_base64url(self.id)
        said = {name: bytes_to_base64url(value) for name, value in response.items()}
        return {"id": own, "rawId": own, "type": "public-key", "response": said}


@pytest.fixture
def device(app: Flask) -> Device:
    return Device(settings().base_url.replace("127.0.0.1", "localhost"), "localhost")


@pytest.fixture
def with_passkey(client: FlaskClient, amal: Callable[..., Any], device: Device) -> Headers:
    """Amal signed in, with a passkey on her device."""
    headers = bearer(amal())
    asked = client.post(f"{V1}/staff/me/passkeys/options", json={}, headers=headers).json
    said = {"challenge": asked["challenge"], "name": "هاتفي", "credential": device.make(asked["options"])}
    made = client.post(f"{V1}/staff/me/passkeys", json=said, headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    return headers


def ask(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{V1}/auth/staff/passkey/options", json={}).json
    return found


def enter(client: FlaskClient, asked: dict[str, Any], credential: dict[str, Any]) -> Any:
    said = {"challenge": asked["challenge"], "credential": credential}
    return client.post(f"{V1}/auth/staff/passkey", json=said)


def test_a_passkey_is_enough_to_sign_in(
    client: FlaskClient, amal: Callable[..., Any], device: Device, with_passkey: Headers
) -> None:
    asked = ask(client)
    headers = bearer(enter(client, asked, device.sign(asked["options"])))
    assert client.get(f"{V1}/staff/members", headers=headers).status_code == 200
    assert {one["method"] for one in client.get(f"{V1}/auth/sessions", headers=headers).json["items"]} == {
        "passkey"
    }
    assert slug(amal()) == "second-factor-asked"  # the password alone is not enough any more


def test_what_a_passkey_signed_is_good_once(client: FlaskClient, device: Device, with_passkey: Headers) -> None:
    asked = ask(client)
    signed = device.sign(asked["options"])
    assert enter(client, asked, signed).status_code == 200
    assert slug(enter(client, asked, signed)) == "passkey-refused"
    assert slug(enter(client, ask(client), signed)) == "passkey-refused"


def test_a_passkey_must_have_asked_its_owner(client: FlaskClient, device: Device, with_passkey: Headers) -> None:
    asked = ask(client)
    assert slug(enter(client, asked, device.sign(asked["options"], flags=0x01))) == "passkey-refused"


def test_another_sites_signature_opens_nothing(client: FlaskClient, device: Device, with_passkey: Headers) -> None:
    device.origin = "https://evil.example"
    asked = ask(client)
    assert slug(enter(client, asked, device.sign(asked["options"]))) == "passkey-refused"


def test_a_copied_passkey_is_noticed_by_its_count(
    client: FlaskClient, device: Device, with_passkey: Headers
) -> None:
    for expected in (200, 409):
        asked = ask(client)
        assert enter(client, asked, device.sign(asked["options"])).status_code == expected
        device.count -= 1  # a copy that was made before


def test_a_challenge_is_good_for_minutes(
    client: FlaskClient, device: Device, with_passkey: Headers, moved_clock: Callable[..., Any]
) -> None:
    asked = ask(client)
    with moved_clock(minutes=6):
        assert slug(enter(client, asked, device.sign(asked["options"]))) == "passkey-refused"


@pytest.mark.parametrize(
    "nonsense", [{}, {"id": "????"}, {"id": 5, "response": []}, {"id": "YWJj", "response": {}}]
)
def test_nonsense_for_a_passkey_is_refused_plainly(client: FlaskClient, nonsense: dict[str, Any]) -> None:
    assert enter(client, ask(client), nonsense).status_code == 409


def test_a_passkey_can_be_forgotten_by_its_owner_alone(
    client: FlaskClient, device: Device, with_passkey: Headers, as_staff: Callable[..., Headers]
) -> None:
    (key,) = client.get(f"{V1}/staff/me/factors", headers=with_passkey).json["passkeys"]
    assert client.delete(f"{V1}/staff/me/passkeys/{key['id']}", headers=as_staff("reviewer")).status_code == 404
    assert client.delete(f"{V1}/staff/me/passkeys/{key['id']}", headers=with_passkey).status_code == 204
    asked = ask(client)
    assert slug(enter(client, asked, device.sign(asked["options"]))) == "passkey-refused"


# --- passwords -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weak", ["short1!", "password1234", "qwertyuiop12", "Password123!", "amal@asimati.example", "aaaaaaaaaaaaaaaa"]
)
def test_passwords_every_thief_knows_are_refused(weak: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.require_good(weak, EMAIL, "Amal")


@pytest.mark.parametrize(
    "ours",
    ["Asimati-Governorate-2026", "capital governorate staff", "عاصمتي محافظة العاصمة", "Data Protection Officer 7",
     "Amal Reviewer Manama", "BahrainBahrainBahrain"],
)  # fmt: skip
def test_words_of_the_house_and_ones_own_make_no_password(ours: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.require_good(ours, EMAIL, "Amal")
    passwords.require_good(f"{ours} correct horse battery staple", EMAIL, "Amal")


@pytest.mark.parametrize(
    ("weak", "why"),
    [("tramway 8", ShortPassword), ("password1234", WeakPassword), ("Asimati-Governorate-2026", OwnWordsPassword)],
)
def test_whoever_chose_a_weak_one_is_told_why(weak: str, why: type[WeakPassword]) -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords.require_good(weak, EMAIL, "Amal")
    assert refused.type is why


@pytest.mark.parametrize("good", ["correct horse battery staple", "نخلة على شاطئ بعيد", "Tr4mway-over-the-harbour"])
def test_long_uncommon_passwords_of_any_script_are_taken(good: str) -> None:
    passwords.require_good(good, EMAIL, "Amal")


def test_a_password_may_have_two_hundred_characters(client: FlaskClient, amal: Callable[..., Any]) -> None:
    chosen = " ".join(f"palm {number} نخلة" for number in range(40))[:199] + "é"
    assert len(chosen) == 200
    said = {"current": PASSWORD, "chosen": chosen}
    assert client.post(f"{V1}/staff/me/password", json=said, headers=bearer(amal())).status_code == 204
    assert amal(chosen).status_code == 200
    assert amal(chosen[:-1]).status_code == amal(chosen[:-1] + "e").status_code == 401


def test_a_changed_password_ends_the_other_sign_ins(client: FlaskClient, amal: Callable[..., Any]) -> None:
    mine, other = bearer(amal()), bearer(amal())
    chosen = "palm trees by a distant shore"
    weak = client.post(
        f"{V1}/staff/me/password", json={"current": PASSWORD, "chosen": "password1234"}, headers=mine
    )
    assert slug(weak) == "weak-password"
    done = client.post(f"{V1}/staff/me/password", json={"current": PASSWORD, "chosen": chosen}, headers=mine)
    assert done.status_code == 204
    assert client.get(f"{V1}/staff/me", headers=mine).status_code == 200
    assert client.get(f"{V1}/staff/me", headers=other).status_code == 401
    assert amal().status_code == 401 and amal(chosen).status_code == 200


def test_whoever_was_away_goes_on_with_the_password(
    client: FlaskClient, amal: Callable[..., Any], moved_clock: Callable[..., Any], setting: Callable[..., None]
) -> None:
    setting("staff", idle_minutes=15)
    tokens = amal().json
    with moved_clock(minutes=16):
        said = {"refresh_token": tokens["refresh_token"]}
        locked = client.post(f"{V1}/auth/refresh", json=said)
        assert slug(locked) == "session-locked"
        assert slug(client.post(f"{V1}/auth/refresh", json={**said, "password": "wrong"})) == "session-locked"
        opened = client.post(f"{V1}/auth/refresh", json={**said, "password": PASSWORD})
        assert client.get(f"{V1}/staff/me", headers=bearer(opened)).status_code == 200


def test_somebody_new_begins_with_a_password_shown_once_and_ends_at_once(
    client: FlaskClient, amal: Callable[..., Any]
) -> None:
    headers = bearer(amal())
    said = {"email": "new@asimati.example", "name": {"ar": "جديد", "en": "New"}, "roles": ["reviewer"]}
    made = client.post(f"{V1}/staff/members", json=said, headers=headers)
    assert made.status_code == 201
    again = client.post(f"{V1}/staff/members", json=said, headers=headers)
    assert (again.status_code, slug(again)) == (409, "email-taken")
    theirs = {"email": said["email"], "password": made.json["password"]}
    own = bearer(client.post(f"{V1}/auth/staff", json=theirs))
    them = client.get(f"{V1}/staff/me", headers=own).json["id"]
    assert client.delete(f"{V1}/staff/members/{them}", headers=headers).status_code == 204
    assert client.get(f"{V1}/staff/me", headers=own).status_code == 401
    assert client.post(f"{V1}/auth/staff", json=theirs).status_code == 401


@pytest.fixture
def colleague(client: FlaskClient, amal: Callable[..., Any]) -> Callable[..., Any]:
    """Somebody new signs in with the password they were told, or with another; the answer."""
    said = {"email": "new@asimati.example", "name": {"ar": "جديد", "en": "New"}, "roles": ["reviewer"]}
    told = client.post(f"{V1}/staff/members", json=said, headers=bearer(amal())).json["password"]
    return lambda password=told: client.post(
        f"{V1}/auth/staff", json={"email": said["email"], "password": password}
    )


def test_a_password_that_was_told_opens_nothing_but_the_choice_of_ones_own(
    client: FlaskClient, colleague: Callable[..., Any]
) -> None:
    own = bearer(colleague())
    me = client.get(f"{V1}/staff/me", headers=own).json
    refused = client.get(f"{V1}/staff/queues", headers=own)
    assert me["password_until"] and (refused.status_code, slug(refused)) == (403, "password-to-choose")
    said = {"current": colleague.__defaults__[0], "chosen": "winter harbour lantern 5"}  # type: ignore[attr-defined]
    assert client.post(f"{V1}/staff/me/password", json=said, headers=own).status_code == 204
    assert client.get(f"{V1}/staff/queues", headers=own).status_code == 200
    assert client.get(f"{V1}/staff/me", headers=own).json["password_until"] is None
    assert client.get(f"{V1}/staff/queues", headers=bearer(colleague(said["chosen"]))).status_code == 200
    assert colleague().status_code == 401


def test_a_password_that_was_told_is_good_for_three_days(
    client: FlaskClient, colleague: Callable[..., Any], moved_clock: Callable[..., Any]
) -> None:
    with moved_clock(hours=71):
        assert colleague().status_code == 200
    with moved_clock(hours=73):
        assert slug(colleague()) == "wrong-password"


def test_who_forgot_a_password_is_told_a_new_one_and_every_sign_in_of_theirs_ends(
    client: FlaskClient, amal: Callable[..., Any], colleague: Callable[..., Any]
) -> None:
    before = bearer(colleague())
    them = client.get(f"{V1}/staff/me", headers=before).json["id"]
    administrator = bearer(amal())
    at = f"{V1}/staff/members/{them}/password"
    assert client.post(at, headers=before).status_code == 403
    made = client.post(at, headers=administrator)
    assert made.status_code == 200 and made.json.keys() == {"id", "password", "good_until"}
    assert client.get(f"{V1}/staff/me", headers=before).status_code == 401
    assert colleague().status_code == 401
    again = bearer(colleague(made.json["password"]))
    assert slug(client.get(f"{V1}/staff/queues", headers=again)) == "password-to-choose"
    mine = client.get(f"{V1}/staff/me", headers=administrator).json["id"]
    assert client.post(f"{V1}/staff/members/{mine}/password", headers=administrator).status_code == 409
