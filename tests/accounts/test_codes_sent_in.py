"""Signing in by a message of one's own: a way in that nobody can use up for somebody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.accounts import rules
from asimati.accounts.actions import code_arrived, purge_codes
from asimati.kit import db
from asimati.settings import settings

V1 = "/api/v1"
PHONE, OTHER = "+97333112233", "+97333112299"
OURS = "+97317000000"
Call = Callable[..., Any]


def slug(answer: Any) -> str:
    return str(answer.json["type"]).removeprefix("/problems/")


@pytest.fixture(autouse=True)
def number(setting: Call) -> None:
    """A number of ours that takes messages."""
    setting("codes", message_to=OURS)


@pytest.fixture
def begin(client: FlaskClient) -> Call:
    """Begin a sign-in for a phone; the answer."""
    return lambda phone=PHONE, **more: client.post(f"{V1}/auth/otp/by-message", json={"phone": phone}, **more)


def arrives(sender: str, words: str) -> bool:
    with db.transaction() as tx:
        return code_arrived(tx, sender, words)


# --- the rule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "SIGN IN 48213 90577", "sign in 4821390577", "Signin: 48213-90577", "  SIGN  IN\n48213 90577 ",
        "دخول 48213 90577", "دخول ٤٨٢١٣ ٩٠٥٧٧", "دُخُول: ۴۸۲۱۳۹۰۵۷۷", "\u200fدخول 48213 90577",
        "دخول 48213 90577 شكراً",
    ],
)  # fmt: skip
def test_a_code_is_read_however_it_is_written(message: str) -> None:
    assert rules.code_in_message(message) == "4821390577"


@pytest.mark.parametrize(
    "message",
    [
        "", "48213 90577", "SIGN IN", "SIGN IN 48213 9057", "SIGN IN 48213 905771", "HELLO 48213 90577",
        "SIGN OUT 48213 90577", "الدخولية 48213 90577", "DESIGN IN 48213 90577",
    ],
)  # fmt: skip
def test_a_message_that_does_not_say_what_it_does_signs_nobody_in(message: str) -> None:
    assert rules.code_in_message(message) is None


def test_what_one_is_told_to_send_is_what_is_read() -> None:
    code = rules.new_long_code()
    told = rules.message_to_send(code)
    assert told.keys() == {"ar", "en"}
    assert {rules.code_in_message(one) for one in told.values()} == {code}


# --- the way in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "en"])
def test_whoever_holds_the_phone_comes_in_by_a_message_of_their_own(
    client: FlaskClient, begin: Call, guess: Call, language: str
) -> None:
    begun = begin().json
    assert begun.keys() == {"challenge_id", "code", "send_to", "text", "expires_at"}
    assert begun["send_to"] == OURS
    waiting = guess(begun["challenge_id"], begun["code"])
    assert (waiting.status_code, slug(waiting)) == (409, "message-awaited")
    assert arrives(PHONE, begun["text"][language])
    tokens = guess(begun["challenge_id"], begun["code"])
    assert tokens.status_code == 200
    headers = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    assert client.get(f"{V1}/me", headers=headers).json["phone"] == PHONE
    assert [one["method"] for one in client.get(f"{V1}/auth/sessions", headers=headers).json["items"]] == [
        "message"
    ]
    assert slug(guess(begun["challenge_id"], begun["code"])) == "code-expired"


def test_strangers_of_many_networks_do_not_keep_the_owner_of_a_new_phone_out(
    ask: Call, begin: Call, guess: Call, moved_clock: Call
) -> None:
    """Neither a known device nor a sign-on: each code that we would send is spent, for a day."""
    for hour in range(12):
        for second in (0, 61, 182, 423, 904):
            with moved_clock(hours=hour, seconds=second):
                ask(PHONE, environ_base={"REMOTE_ADDR": f"198.51.{hour}.{second % 200}"})
                begin(environ_base={"REMOTE_ADDR": f"198.51.{hour}.{second % 200}"})
    with moved_clock(hours=12):
        refused = ask(PHONE)
        assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 3600
        assert refused.json["by_message"] is True  # the app is told of the other way
        begun = begin().json
        assert arrives(PHONE, begun["text"]["en"])
        assert guess(begun["challenge_id"], begun["code"]).status_code == 200


def test_without_that_way_they_would_be_kept_out(ask: Call, begin: Call, setting: Call) -> None:
    """The control, and what a house without such a number answers."""
    setting("codes", message_to="", per_phone_hour=0)
    refused = ask(PHONE)
    assert (refused.status_code, refused.json["by_message"]) == (429, False)
    nobody = begin()
    assert (nobody.status_code, slug(nobody)) == (409, "no-messages-taken")


def test_messages_of_ones_own_use_up_no_codes_and_make_none_void(
    ask: Call, begin: Call, guess: Call, code_of: Call, setting: Call
) -> None:
    setting("codes", per_phone_hour=1, per_address_hour=1, per_country_hour=1, per_day=2)
    awaited = begin().json
    sent = ask(PHONE)
    assert sent.status_code == 202
    assert guess(sent.json["challenge_id"], code_of(sent.json["challenge_id"])).status_code == 200
    assert arrives(PHONE, awaited["text"]["ar"])
    assert guess(awaited["challenge_id"], awaited["code"]).status_code == 200


def test_known_and_unknown_phones_are_answered_alike(begin: Call, sign_in: Call) -> None:
    sign_in(PHONE)
    known, unknown = begin(PHONE), begin(OTHER)
    assert known.status_code == unknown.status_code == 202
    assert known.json.keys() == unknown.json.keys()


# --- who does not come in ----------------------------------------------------------------------------------------


def test_only_the_phone_itself_opens_what_was_begun_for_it(begin: Call, guess: Call) -> None:
    begun = begin().json
    assert not arrives(OTHER, begun["text"]["en"])
    assert not arrives("no number", begun["text"]["en"])
    assert not arrives("+44 7400 123456", begun["text"]["en"])  # of a country that is not named
    assert slug(guess(begun["challenge_id"], begun["code"])) == "message-awaited"


def test_a_message_opens_what_its_sender_began_and_not_what_a_stranger_began_for_them(
    begin: Call, guess: Call
) -> None:
    strangers = [begin().json for _ in range(20)]
    mine = begin().json
    assert arrives(PHONE, mine["text"]["en"])
    assert guess(mine["challenge_id"], mine["code"]).status_code == 200
    assert {slug(guess(one["challenge_id"], one["code"])) for one in strangers} == {"message-awaited"}
    assert {slug(guess(one["challenge_id"], mine["code"])) for one in strangers} == {"message-awaited"}


def test_who_read_the_message_has_nothing_without_what_its_sender_began(
    begin: Call, guess: Call, setting: Call
) -> None:
    setting("codes", attempts=3)
    begun = begin().json
    assert arrives(PHONE, begun["text"]["en"])
    other = f"{(int(begun['code']) + 1) % 10**10:010}"
    assert [slug(guess(begun["challenge_id"], other)) for _ in range(4)] == ["wrong-code"] * 3 + ["code-expired"]


def test_it_is_good_for_ten_minutes_and_once(begin: Call, guess: Call, moved_clock: Call) -> None:
    late = begin().json
    with moved_clock(seconds=601):
        assert not arrives(PHONE, late["text"]["en"])
        assert slug(guess(late["challenge_id"], late["code"])) == "code-expired"
    assert arrives(PHONE, late["text"]["en"]) and arrives(PHONE, late["text"]["en"])  # told twice by its provider
    with moved_clock(seconds=601):
        assert slug(guess(late["challenge_id"], late["code"])) == "code-expired"
    assert guess(late["challenge_id"], late["code"]).status_code == 200
    assert not arrives(PHONE, late["text"]["en"])


def test_twenty_at_once_with_the_message_among_them_sign_in_once(begin: Call, all_at_once: Call) -> None:
    begun = begin().json
    body = {"challenge_id": begun["challenge_id"], "code": begun["code"]}
    with ThreadPoolExecutor(4) as pool:
        told = [pool.submit(arrives, PHONE, begun["text"]["en"]) for _ in range(4)]
        early = all_at_once("/auth/otp/verify", [body] * 10)
        assert any(one.result() for one in told)
    answers = [*early, *all_at_once("/auth/otp/verify", [body] * 10)]
    assert Counter(one.status_code for one in answers)[200] == 1


@pytest.mark.parametrize(("phone", "status"), [("hello", 422), ("+44 7400 123456", 403)])
def test_what_is_no_phone_of_ours_is_refused(begin: Call, phone: str, status: int) -> None:
    assert begin(phone).status_code == status


def test_what_is_kept_says_neither_phone_nor_code_and_not_for_long(begin: Call, moved_clock: Call) -> None:
    begun = begin().json
    with db.transaction() as tx:
        stored = json.dumps(tx.execute(text("SELECT row_to_json(c) FROM code_challenge c")).scalar_one())
    assert begun["code"] not in stored and PHONE[4:] not in stored
    with db.transaction() as tx:
        assert purge_codes(tx) == 0
    with moved_clock(seconds=601), db.transaction() as tx:
        assert purge_codes(tx) == 1


# --- how messages come to us -------------------------------------------------------------------------------------


@pytest.fixture
def tell(client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A provider called "first" tells of messages it took in; the answer."""
    file = tmp_path / "providers.toml"
    file.write_text(
        """
        [[provider]]
        name = "first"
        channel = "sms"
        kind = "gateway"
        url = "https://sms.example"
        [provider.messages]
        secret = "s3cret"
        from = "message.sender"
        text = "message.words"
        """
    )
    monkeypatch.setattr(settings().providers, "file", str(file))

    def post(body: bytes, secret: bytes = b"s3cret", name: str = "first") -> Any:
        headers = {"X-Signature": hmac.new(secret, body, hashlib.sha256).hexdigest()}
        return client.post(f"{V1}/providers/{name}/messages", data=body, headers=headers)

    return post


def test_a_provider_hands_messages_over_and_what_is_no_code_is_let_go(begin: Call, guess: Call, tell: Call) -> None:
    begun = begin().json
    items = [{"message": {"sender": PHONE, "words": words}} for words in ("hello", begun["text"]["ar"])]
    assert tell(json.dumps([*items, 7, {"message": None}]).encode()).status_code == 204
    assert guess(begun["challenge_id"], begun["code"]).status_code == 200


def test_a_message_nobody_signed_opens_nothing(begin: Call, guess: Call, tell: Call) -> None:
    begun = begin().json
    body = json.dumps({"message": {"sender": PHONE, "words": begun["text"]["en"]}}).encode()
    assert tell(body, secret=b"guessed").status_code == 401
    assert tell(body, name="second").status_code == 404
    assert tell(b"{").status_code == 400
    assert slug(guess(begun["challenge_id"], begun["code"])) == "message-awaited"
