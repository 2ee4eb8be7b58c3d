"""Signing in and out, one's own file, the household; staff's proofs, and who works here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pyotp
import pytest

from asimati.accounts import queries
from asimati.accounts.actions import create_staff, ensure_person, start_session
from asimati.accounts.models import Person
from asimati.kit import clock, db
from asimati.kit.policy import Role
from asimati.settings import settings
from tests.accounts.provider import running
from tests.accounts.test_second_factor import Device, _now
from tests.accounts.walking import Walk, as_described
from tests.house.belongings import NEIGHBOUR, STRANGER, Headers, House, signed_in
from tests.house.deeds import Go, deed

EMAIL, PASSWORD = "amal@asimati.example", "the first password of amal"


def colleague(*roles: Role) -> Headers:
    """A member of staff who signs in by password; her headers."""
    with db.transaction() as tx:
        made = create_staff(tx, EMAIL, PASSWORD, {"ar": "أمل", "en": "Amal"}, roles or [Role.REVIEWER]).id
    return signed_in(staff=made)


def challenge(house: House, phone: str) -> dict[str, str]:
    """A one-time code that was asked for, and what came by text message."""
    asked = house.ask("POST", "/auth/otp", None, 202, json={"phone": phone})["challenge_id"]
    with db.transaction() as tx:
        found = queries.code_to_send(tx, UUID(asked))
    assert found
    return {"challenge_id": asked, "code": found.code}


# --- signing in and out ----------------------------------------------------------------------------------------


@deed("POST /api/v1/auth/otp")
def ask_for_a_code(house: House, go: Go) -> None:
    go(None, {"phone": STRANGER})


@deed("POST /api/v1/auth/otp/by-message")
def await_a_message(house: House, go: Go) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings().codes, "message_to", "+97317000000")
        go(None, {"phone": STRANGER})


@deed("POST /api/v1/auth/otp/verify")
def give_the_code_back(house: House, go: Go) -> None:
    go(None, challenge(house, STRANGER))


@deed("POST /api/v1/me/phone")
def add_a_telephone(house: House, go: Go) -> None:
    with db.transaction() as tx:
        tx.add(nobody := Person())
        tx.flush()
        who = nobody.id
    go(signed_in(person=who), challenge(house, STRANGER))


@deed("POST /api/v1/auth/refresh")
def refresh(house: House, go: Go) -> None:
    with db.transaction() as tx:
        token = start_session(tx, person=house.person)["refresh_token"]
    go(None, {"refresh_token": token})


@deed("POST /api/v1/auth/logout")
def sign_out(house: House, go: Go) -> None:
    go(signed_in(person=house.person))


@deed("DELETE /api/v1/auth/sessions")
def end_all_but_this(house: House, go: Go) -> None:
    go(signed_in(person=house.person))


@deed("DELETE /api/v1/auth/sessions/<uuid:session_id>")
def end_another(house: House, go: Go) -> None:
    go(signed_in(person=house.person))


@deed("POST /api/v1/auth/oidc/token")
def sign_on(house: House, go: Go) -> None:
    with pytest.MonkeyPatch.context() as patch, running() as provider:
        as_described(patch, provider.issuer)
        provider.people = {"ali": {"cpr": "900101033", "acr": "high"}}
        walk = Walk(house.client.application, provider).to("ali")
        go(None, {"code": walk.code, "code_verifier": walk.verifier})


@deed("PUT /api/v1/me/devices/<installation_id>")
def say_again_on_what_one_is(house: House, go: Go) -> None:
    go(house.owner, {"platform": "android", "push_token": "b" * 40})


# --- one's own file and household ------------------------------------------------------------------------------


@deed("PATCH /api/v1/me")
def edit_me(house: House, go: Go) -> None:
    go(house.owner, {"flat": "12", "email": "maryam@asimati.example"})


@deed("PATCH /api/v1/me/household/<uuid:member_id>")
def edit_a_member(house: House, go: Go) -> None:
    go(house.owner, {"name_latin": "Salman"})


@deed("POST /api/v1/me/household/<uuid:member_id>/invitation")
def invite_a_member(house: House, go: Go) -> None:
    parent = {"relation": "parent", "name_ar": "أمينة"}
    made = house.ask("POST", "/me/household", house.owner, json=parent)["id"]
    go(house.owner, {"phone": NEIGHBOUR}, member_id=made)


@deed("POST /api/v1/me/guardians")
def ask_a_guardian(house: House, go: Go) -> None:
    with db.transaction() as tx:
        today = clock.local_day(clock.now(tx))
        young = ensure_person(tx, STRANGER, birth_date=today.replace(year=today.year - 15, day=1)).id
    go(signed_in(person=young), {"phone": NEIGHBOUR, "relation": "child"})


# --- staff -----------------------------------------------------------------------------------------------------


@deed("POST /api/v1/auth/staff")
def staff_sign_in(house: House, go: Go) -> None:
    colleague()
    go(None, {"email": EMAIL, "password": PASSWORD})


@deed("POST /api/v1/staff/me/password")
def change_the_password(house: House, go: Go) -> None:
    go(colleague(), {"current": PASSWORD, "chosen": "quite another long one 77"})


def with_an_app(house: House) -> tuple[Headers, pyotp.OTP]:
    who = colleague()
    return who, pyotp.parse_uri(house.ask("POST", "/staff/me/authenticator", who, json={})["uri"])


@deed("POST /api/v1/staff/me/authenticator/confirm")
def confirm_the_app(house: House, go: Go) -> None:
    who, app = with_an_app(house)
    go(who, {"code": _now(app)})


@deed("DELETE /api/v1/staff/me/authenticator")
def give_the_app_up(house: House, go: Go) -> None:
    who, app = with_an_app(house)
    house.ask("POST", "/staff/me/authenticator/confirm", who, 200, json={"code": _now(app)})
    go(who)


@deed("DELETE /api/v1/staff/members/<uuid:staff_id>/factors")
def take_lost_factors_away(house: House, go: Go) -> None:
    who, app = with_an_app(house)
    house.ask("POST", "/staff/me/authenticator/confirm", who, 200, json={"code": _now(app)})
    go(house.staff["administrator"], staff_id=house.ask("GET", "/staff/me", who, 200)["id"])


def with_a_passkey(house: House) -> tuple[Headers, Device, dict[str, Any]]:
    """A colleague, her telephone, and what she would send to keep its passkey."""
    who, device = colleague(), Device(settings().base_url.replace("127.0.0.1", "localhost"), "localhost")
    asked = house.ask("POST", "/staff/me/passkeys/options", who, 200, json={})
    made = {"challenge": asked["challenge"], "name": "My phone", "credential": device.make(asked["options"])}
    return who, device, made


@deed("POST /api/v1/staff/me/passkeys")
def keep_a_passkey(house: House, go: Go) -> None:
    who, _device, made = with_a_passkey(house)
    go(who, made)


@deed("POST /api/v1/auth/staff/passkey")
def sign_in_by_passkey(house: House, go: Go) -> None:
    who, device, made = with_a_passkey(house)
    house.ask("POST", "/staff/me/passkeys", who, json=made)
    asked = house.ask("POST", "/auth/staff/passkey/options", None, 200, json={})
    go(None, {"challenge": asked["challenge"], "credential": device.sign(asked["options"])})


@deed("POST /api/v1/staff/members")
def take_somebody_on(house: House, go: Go) -> None:
    new = {"email": EMAIL, "name": {"ar": "أمل", "en": "Amal"}, "roles": ["reviewer"]}
    go(house.staff["administrator"], new)


@deed("PUT /api/v1/staff/members/<uuid:staff_id>/identity")
def say_who_a_colleague_is(house: House, go: Go) -> None:
    go(house.staff["administrator"], {"cpr": "010203045"})


@deed("DELETE /api/v1/staff/members/<uuid:staff_id>/sessions")
def end_a_colleagues_sign_ins(house: House, go: Go) -> None:
    signed_in(staff=UUID(house.values["members/staff_id"]))
    go(house.staff["administrator"])


@deed("DELETE /api/v1/staff/people/<uuid:person_id>/sessions")
def sign_somebody_out(house: House, go: Go) -> None:
    """Who lost a telephone."""
    signed_in(person=house.person)
    role = next(iter(sorted(go.route.who.roles or ())))
    go(house.staff[role])


@deed("POST /api/v1/staff/audit/verify")
def verify_the_trail(house: House, go: Go) -> None:
    go(house.staff["auditor"])
