"""Nobody is locked out by strangers: whoever proved who they are has a budget of codes that is theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.accounts.provider import HostileProvider
from tests.accounts.walking import bearer

V1 = "/api/v1"
PHONE = "+97333112233"
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def people(provider: HostileProvider) -> None:
    for number, name in enumerate("abc"):
        provider.people[name] = {"cpr": f"91030104{number}", "acr": "substantial"}


@pytest.fixture
def ask_as(client: FlaskClient) -> Call:
    """Ask for a code with the code of a sign-on."""
    return lambda walk, phone=PHONE, **more: client.post(
        f"{V1}/auth/otp", json={"phone": phone, "sign_on": walk.code}, **more
    )


@pytest.fixture
def spent(ask: Call, moved_clock: Call) -> None:
    """A stranger has used up the telephone's codes of the hour, and the network's."""
    for at in (0, 61, 182, 423, 904):
        with moved_clock(seconds=at):
            assert ask(PHONE).status_code == 202
    with moved_clock(seconds=1900):
        assert ask(PHONE).status_code == 429


LATER = 1900


def test_the_owner_on_a_new_device_comes_in_all_the_same_and_their_account_is_theirs_for_good(
    spent: None, sign_on: Call, ask_as: Call, guess: Call, code_of: Call, client: FlaskClient,
    as_resident: Call, moved_clock: Call,
) -> None:  # fmt: skip
    before = client.get(f"{V1}/me", headers=as_resident(PHONE)).json["id"]
    with moved_clock(seconds=LATER):
        walk = sign_on("a")
        asked = ask_as(walk)
        assert asked.status_code == 202, asked.json
        challenge = asked.json["challenge_id"]
        phone = guess(challenge, code_of(challenge)).json
        joined = walk.tokens(bearer(phone)).json
        assert client.get(f"{V1}/me", headers=bearer(joined)).json["id"] == before
        # From now on no telephone is needed at all.
        again = sign_on("a").tokens().json
        assert client.get(f"{V1}/me", headers=bearer(again)).json["id"] == before


def test_a_sign_on_alone_needs_no_code(spent: None, sign_on: Call, moved_clock: Call) -> None:
    with moved_clock(seconds=LATER):
        assert sign_on("a").tokens().status_code == 200


def test_one_persons_budget_is_no_other_persons_nor_the_known_devices(
    sign_on: Call, ask_as: Call, ask: Call, sign_in: Call, moved_clock: Call
) -> None:
    device = sign_in(PHONE)["device_token"]
    stranger = sign_on("b")
    for at in (61, 122, 243):
        with moved_clock(seconds=at):
            assert ask_as(stranger).status_code == 202
    with moved_clock(seconds=484):
        assert ask_as(stranger).status_code == 429
        assert ask_as(sign_on("c")).status_code == 202
        assert ask(PHONE, device).status_code == 202
        assert ask(PHONE).status_code == 202


def test_signing_on_again_gives_no_new_budget(sign_on: Call, ask_as: Call, moved_clock: Call) -> None:
    for at in (0, 61, 182):
        with moved_clock(seconds=at):
            assert ask_as(sign_on("b")).status_code == 202
    with moved_clock(seconds=423):
        assert ask_as(sign_on("b")).status_code == 429


def test_one_person_writes_to_few_telephones_in_a_day(sign_on: Call, ask_as: Call, setting: Call) -> None:
    setting("codes", per_identity_day=4)
    walk = sign_on("b")
    answers = [ask_as(walk, phone=f"+9733311220{number}").status_code for number in range(6)]
    assert answers == [202] * 4 + [429] * 2


def test_a_code_of_nobodys_sign_on_is_a_strangers_request(
    spent: None, sign_on: Call, ask_as: Call, client: FlaskClient, moved_clock: Call
) -> None:
    with moved_clock(seconds=LATER):
        used = sign_on("a")
        used.tokens()
        assert ask_as(used).status_code == 429, "spent"
        invented = client.post(f"{V1}/auth/otp", json={"phone": PHONE, "sign_on": "x" * 43})
        assert invented.status_code == 429
    late = sign_on("b")
    with moved_clock(seconds=LATER):
        assert ask_as(late).status_code == 429, "too old"


def test_many_at_once_spend_no_more_than_their_budget(sign_on: Call, all_at_once: Call, setting: Call) -> None:
    setting("codes", per_identity_day=3)
    walk = sign_on("b")
    bodies = [{"phone": f"+9733311220{number}", "sign_on": walk.code} for number in range(8)]
    assert sorted(one.status_code for one in all_at_once("/auth/otp", bodies)) == [202] * 3 + [429] * 5
