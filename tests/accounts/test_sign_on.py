"""Signing on through a national provider: whose account it opens, and what it is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from asimati.accounts.actions import purge_sign_ons
from asimati.accounts.models import AccountSession, Person, SignOn, SignOnLink
from asimati.kit import db
from asimati.kit.audit import AuditLine
from tests.accounts.provider import HostileProvider
from tests.accounts.walking import APP, Walk, bearer

V1 = "/api/v1"
Call = Callable[..., Any]
MARYAM = {
    "cpr": "910301045", "name_ar": "مريم", "name": "Maryam", "birthdate": "1991-03-01", "gender": "female",
    "acr": "substantial",
}  # fmt: skip


@pytest.fixture(autouse=True)
def maryam(provider: HostileProvider) -> None:
    provider.people = {"maryam": MARYAM, "ali": {"cpr": "880102033", "acr": "substantial"}}


def slug(answer: Any) -> str:
    return str(answer.json["type"]).removeprefix("/problems/")


def count(table: Any) -> int:
    with db.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def change(client: FlaskClient, who: Any, **what: Any) -> Any:
    """Correct one's own profile; the whole answer."""
    tag = client.get(f"{V1}/me", headers=who).headers["ETag"]
    return client.patch(f"{V1}/me", json=what, headers=who | {"If-Match": tag})


@pytest.fixture
def me(client: FlaskClient) -> Call:
    return lambda headers: client.get(f"{V1}/me", headers=headers).json


def test_somebody_new_signs_on_without_a_telephone(sign_on: Call, me: Call) -> None:
    walk = sign_on("maryam")
    assert walk.told["state"] == "the app's own"
    tokens = walk.tokens()
    assert tokens.status_code == 200, tokens.get_data(as_text=True)
    found = me(bearer(tokens.json))
    wanted = {
        "phone": None, "cpr": "••••••045", "cpr_proved": True, "assurance": "standard", "name_ar": "مريم",
        "name_latin": "Maryam", "birth_date": "1991-03-01", "sex": "female",
    }  # fmt: skip
    assert wanted.items() <= found.items()


def test_they_are_found_again_by_subject_and_by_number(sign_on: Call, me: Call, provider: HostileProvider) -> None:
    first = me(bearer(sign_on("maryam").tokens().json))
    provider.people["maryam, registered anew"] = MARYAM
    again = [me(bearer(sign_on(subject).tokens().json)) for subject in ("maryam", "maryam, registered anew")]
    assert {one["id"] for one in again} == {first["id"]}
    assert (count(Person), count(SignOnLink)) == (1, 1)


def test_a_signed_in_phone_account_is_joined_and_raised(
    sign_on: Call, as_resident: Call, me: Call, client: FlaskClient, moved_clock: Call
) -> None:
    phone = as_resident("+97333112233")
    before = me(phone)
    raised = sign_on("maryam").tokens(phone).json
    after = me(bearer(raised))
    assert (before["id"], before["assurance"]) == (after["id"], "phone")
    assert (after["assurance"], after["phone"], after["cpr"]) == ("standard", "+97333112233", "••••••045")
    assert me(bearer(sign_on("maryam").tokens().json))["id"] == before["id"]
    with moved_clock(seconds=31):
        assert client.get(f"{V1}/me", headers=phone).status_code == 401, "the sign-in before has ended"
        assert client.get(f"{V1}/me", headers=bearer(raised)).status_code == 200


def test_an_account_is_joined_by_whoever_has_just_signed_in_and_raised_whenever_it_was(
    sign_on: Call, as_resident: Call, me: Call, moved_clock: Call
) -> None:
    """Else whoever took a token could bind an account to themselves for good."""
    phone = as_resident("+97333112233")
    with moved_clock(seconds=901):
        walk = sign_on("maryam")
        assert slug(walk.tokens(phone)) == "proof-too-old"
        anew = as_resident("+97333112233")
        joined = walk.tokens(anew)
        assert joined.status_code == 200 and me(bearer(joined.json))["phone"] == "+97333112233"
    with moved_clock(seconds=2000):
        assert sign_on("maryam").tokens(bearer(joined.json)).status_code == 200


def test_an_account_is_joined_whenever_one_signed_in_where_the_provider_vouches_for_its_telephone(
    provider: HostileProvider, sign_on: Call, as_resident: Call, me: Call, moved_clock: Call
) -> None:
    provider.people["maryam"] = MARYAM | {"phone_number": "+97333112233", "phone_number_verified": True}
    phone = as_resident("+97333112233")
    with moved_clock(days=20):
        joined = sign_on("maryam").tokens(phone)
        assert joined.status_code == 200 and me(bearer(joined.json))["phone"] == "+97333112233"


def test_an_app_that_lost_the_answer_asks_again(sign_on: Call, as_resident: Call, client: FlaskClient) -> None:
    phone, walk = as_resident("+97333112233"), sign_on("maryam")
    key = {"Idempotency-Key": "the answer was lost"}
    first, again = (walk.tokens(phone | key) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"


def test_nobody_signs_on_into_an_account_of_somebody_else(sign_on: Call, as_resident: Call, me: Call) -> None:
    phone = as_resident("+97333112233")
    own = bearer(sign_on("maryam").tokens(phone).json)
    other = sign_on("ali").tokens(own)
    assert (other.status_code, slug(other)) == (409, "another-personal-number")
    assert me(own)["cpr"] == "••••••045"
    theirs = sign_on("ali").tokens().json
    taken = sign_on("ali").tokens(as_resident("+97333445566"))
    assert (taken.status_code, slug(taken)) == (409, "personal-number-taken")
    assert me(bearer(theirs))["cpr"] == "••••••033"


def test_who_only_wrote_down_somebodys_number_is_not_led_into_their_account_nor_they_into_ours(
    sign_on: Call, as_resident: Call, me: Call, client: FlaskClient
) -> None:
    squatter = as_resident("+97333998877")
    tag = client.get(f"{V1}/me", headers=squatter).headers["ETag"]
    client.patch(f"{V1}/me", json={"cpr": MARYAM["cpr"]}, headers=squatter | {"If-Match": tag})
    hers = me(bearer(sign_on("maryam").tokens().json))
    assert hers["id"] != me(squatter)["id"]
    assert (hers["cpr"], me(squatter)["cpr"]) == ("••••••045", None)
    with db.transaction() as tx:
        line = tx.scalars(select(AuditLine).where(AuditLine.action == "accounts.number_yielded")).one()
    assert [str(one) for one in line.people] == [me(squatter)["id"]]


def test_who_says_their_own_number_is_found_when_the_provider_vouches_for_the_telephone_too(
    sign_on: Call, as_resident: Call, me: Call, client: FlaskClient, provider: HostileProvider
) -> None:
    own = as_resident("+97333112233")
    tag = client.get(f"{V1}/me", headers=own).headers["ETag"]
    client.patch(f"{V1}/me", json={"cpr": MARYAM["cpr"]}, headers=own | {"If-Match": tag})
    provider.people["maryam"] = MARYAM | {"phone_number": "+97333112233", "phone_number_verified": True}
    assert me(bearer(sign_on("maryam").tokens().json))["id"] == me(own)["id"]
    assert me(own)["cpr_proved"] is True


@pytest.mark.parametrize("verified", [True, False, "yes", None])
def test_a_telephone_is_taken_from_the_provider_only_when_it_was_verified(
    sign_on: Call, me: Call, provider: HostileProvider, verified: Any
) -> None:
    provider.people["maryam"] = MARYAM | {"phone_number": "3311 2233", "phone_number_verified": verified}
    assert me(bearer(sign_on("maryam").tokens().json))["phone"] == ("+97333112233" if verified is True else None)


def test_a_telephone_of_another_account_stays_there(
    sign_on: Call, as_resident: Call, me: Call, provider: HostileProvider
) -> None:
    family = me(as_resident("+97333112233"))
    provider.people["maryam"] = MARYAM | {"phone_number": "+97333112233", "phone_number_verified": True}
    hers = me(bearer(sign_on("maryam").tokens().json))
    assert hers["id"] != family["id"] and hers["phone"] is None


def test_a_proved_number_is_not_changed_by_hand(sign_on: Call, client: FlaskClient) -> None:
    own = bearer(sign_on("maryam").tokens().json)

    assert slug(change(client, own, cpr="880102033")) == "personal-number-proved"
    assert change(client, own, cpr="910301045", name_latin="Mariam").status_code == 200


def test_a_date_of_birth_beside_a_proved_number_is_the_providers_and_not_changed_by_hand(
    sign_on: Call, client: FlaskClient, as_resident: Call, me: Call
) -> None:
    """A child would be of age by saying so, before a sign-on or after it."""
    phone = as_resident("+97333112233")
    assert change(client, phone, birth_date="1970-01-01").status_code == 200
    own = bearer(sign_on("maryam").tokens(phone).json)
    assert me(own)["birth_date"] == "1991-03-01"
    for other in ("1970-01-01", None):
        assert slug(change(client, own, birth_date=other)) == "birth-date-proved"
    assert change(client, own, birth_date="1991-03-01", name_latin="Mariam").status_code == 200


def test_a_telephone_is_added_by_the_code_sent_there(
    sign_on: Call, ask: Call, code_of: Call, client: FlaskClient, me: Call, as_resident: Call, moved_clock: Call
) -> None:
    own = bearer(sign_on("maryam").tokens().json)

    def add(phone: str) -> Any:
        challenge = ask(phone).json["challenge_id"]
        return client.post(
            f"{V1}/me/phone", json={"challenge_id": challenge, "code": code_of(challenge)}, headers=own
        )

    as_resident("+97333445566")
    assert slug(add("+97333445566")) == "phone-taken"
    assert add("+97333112233").status_code == 204
    assert me(own)["phone"] == "+97333112233"
    with moved_clock(seconds=61):
        assert slug(add("+97333112233")) == "has-phone"


def test_a_telephone_is_added_by_whoever_has_just_signed_in(
    sign_on: Call, ask: Call, code_of: Call, client: FlaskClient, moved_clock: Call
) -> None:
    own = bearer(sign_on("maryam").tokens().json)
    with moved_clock(seconds=901):
        challenge = ask("+97333112233").json["challenge_id"]
        said = {"challenge_id": challenge, "code": code_of(challenge)}
        assert slug(client.post(f"{V1}/me/phone", json=said, headers=own)) == "proof-too-old"
        anew = bearer(sign_on("maryam").tokens().json)
        assert client.post(f"{V1}/me/phone", json=said, headers=anew).status_code == 204


def test_one_person_signing_on_eight_times_at_once_has_one_account(
    app: Flask, sign_on: Call, all_at_once: Call, provider: HostileProvider
) -> None:
    answers = _rush(sign_on, all_at_once, provider)
    assert [one.status_code for one in answers] == [200] * 8, [one.json for one in answers]
    assert (count(Person), count(SignOnLink)) == (1, 1)


def test_without_any_protection_one_person_has_many_accounts(
    sign_on: Call, all_at_once: Call, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race above is one: without the lock some are refused, and without the constraint too there are many."""
    from asimati.settings import settings

    monkeypatch.setattr(type(settings()), "without", lambda _self, name: name == "sign_on_lock")
    index = "ALTER TABLE person DROP CONSTRAINT person_cpr_index_key"
    with db.engine().begin() as owner:
        owner.execute(text(index))
    try:
        for _ in range(20):
            _rush(sign_on, all_at_once, provider)
            if count(Person) > 1:
                return
        pytest.fail("no two were ever made at once")
    finally:
        with db.engine().begin() as owner:
            owner.execute(text("TRUNCATE person CASCADE"))
            owner.execute(text("ALTER TABLE person ADD CONSTRAINT person_cpr_index_key UNIQUE (cpr_index)"))


def _rush(sign_on: Call, all_at_once: Call, provider: HostileProvider) -> list[Any]:
    """Eight subjects with one personal number, as a provider has them that registers people anew."""
    provider.people = {f"maryam {number}": MARYAM for number in range(8)}
    walks = [sign_on(subject) for subject in provider.people]
    with db.engine().begin() as owner:
        owner.execute(text("TRUNCATE person CASCADE"))
    return all_at_once("/auth/oidc/token", [{"code": walk.code, "code_verifier": walk.verifier} for walk in walks])


# --- levels ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "level"), [("substantial", "standard"), ("high", "advanced")])
def test_the_providers_levels_are_ours_by_the_operators_table(
    sign_on: Call, me: Call, provider: HostileProvider, said: str, level: str
) -> None:
    provider.people["maryam"] = MARYAM | {"acr": said}
    assert me(bearer(sign_on("maryam").tokens().json))["assurance"] == level


@pytest.mark.parametrize("said", ["low", None, "", 3, {"high": True}])
def test_a_level_nobody_named_is_worth_nothing(sign_on: Call, provider: HostileProvider, said: Any) -> None:
    provider.people["maryam"] = MARYAM | {"acr": said}
    assert sign_on("maryam").told["error"] == "sign-on-refused"
    assert count(SignOn) == count(Person) == 0


def test_advanced_is_a_word_about_now_and_ends_with_its_session(
    sign_on: Call, me: Call, provider: HostileProvider, moved_clock: Call, client: FlaskClient, sign_in: Call
) -> None:
    provider.people["maryam"] = MARYAM | {"acr": "high"}
    phone = sign_in("+97333112233")
    own = sign_on("maryam", level="advanced").tokens(bearer(phone)).json
    assert me(bearer(own))["assurance"] == "advanced"
    with moved_clock(minutes=16):
        fresh = client.post(f"{V1}/auth/refresh", json={"refresh_token": own["refresh_token"]}).json
        assert me(bearer(fresh))["assurance"] == "standard"
        assert me(bearer(sign_in("+97333112233")))["assurance"] == "phone", "a level is a session's, not a person's"


def test_asking_for_advanced_asks_for_a_proof_of_now(sign_on: Call, provider: HostileProvider, app: Flask) -> None:
    provider.people["maryam"] = MARYAM | {"acr": "high"}
    asked = Walk(app, provider, level="advanced").start().headers["Location"]
    assert "acr_values=high" in asked and "max_age=900" in asked
    provider.lie = lambda claims: claims | {"auth_time": claims["auth_time"] - 3600}
    assert sign_on("maryam", level="advanced").told["error"] == "sign-on-refused"
    provider.lie = lambda claims: {name: value for name, value in claims.items() if name != "auth_time"}
    assert sign_on("maryam", level="advanced").told["error"] == "sign-on-refused"


def test_a_proof_of_an_hour_ago_is_not_advanced(sign_on: Call, provider: HostileProvider, me: Call) -> None:
    provider.people["maryam"] = MARYAM | {"acr": "high"}
    provider.lie = lambda claims: claims | {"auth_time": claims["auth_time"] - 3600}
    assert me(bearer(sign_on("maryam").tokens().json))["assurance"] == "standard"


def test_claims_may_stand_in_userinfo(
    sign_on: Call, me: Call, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.accounts.walking import as_described

    as_described(monkeypatch, provider.issuer, userinfo=True)
    provider.people = {"maryam": {"acr": "substantial"}, "info of maryam": MARYAM}
    assert me(bearer(sign_on("maryam").tokens().json))["cpr"] == "••••••045"
    provider.documents["/userinfo"] = MARYAM | {"sub": "ali"}
    assert sign_on("maryam").told["error"] == "sign-on-refused"


# --- what is kept ----------------------------------------------------------------------------------------------


def test_nothing_of_who_it_is_lies_open_and_nothing_stays_after_the_tokens_are_fetched(
    sign_on: Call, moved_clock: Call
) -> None:
    walk = sign_on("maryam")
    with db.transaction() as tx:
        before = json.dumps(tx.execute(text("SELECT row_to_json(s) FROM sign_on s")).scalar_one())
    walk.tokens()
    with db.transaction() as tx:
        row = tx.scalars(select(SignOn)).one()
        link = json.dumps(tx.execute(text("SELECT row_to_json(s) FROM sign_on_link s")).scalar_one())
    assert MARYAM["cpr"] not in before and walk.code not in before and "maryam" not in link
    assert row.identity == b"" and row.used_at is not None
    with moved_clock(minutes=30), db.transaction() as tx:
        assert purge_sign_ons(tx) == 1


def test_a_session_says_how_and_when_it_was_proved(sign_on: Call) -> None:
    sign_on("maryam").tokens()
    with db.transaction() as tx:
        session = tx.scalars(select(AccountSession)).one()
    assert (session.method, session.assurance) == ("national", "standard")
    assert 0 <= (session.created_at - session.proved_at).total_seconds() < 60


def test_somebody_erased_is_nobody_when_they_come_again(sign_on: Call, me: Call) -> None:
    first = me(bearer(sign_on("maryam").tokens().json))["id"]
    with db.transaction() as tx:
        tx.execute(update(Person).values(erased_at=func.app_now(), cpr_index=None, cpr=None))
        tx.execute(text("DELETE FROM sign_on_link"))
    assert me(bearer(sign_on("maryam").tokens().json))["id"] != first


def test_providers_are_listed_for_the_app(client: FlaskClient) -> None:
    items = client.get(f"{V1}/auth/oidc").json["items"]
    assert [(one["name"], one["serves"], one["levels"]) for one in items] == [
        ("national", "residents", ["standard", "advanced"]),
        ("staff", "staff", []),
    ]
    assert APP not in str(items)
