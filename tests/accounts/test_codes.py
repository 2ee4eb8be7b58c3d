"""Signing in by one-time code: what is promised to its owner, and what a stranger can learn or spend."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from asimati.accounts.actions import codes, purge_codes
from asimati.accounts.models import CodeChallenge, Person, RefreshToken
from asimati.kit import db, phones
from asimati.kit.outbox import OutboxMessage

V1 = "/api/v1"
PHONE = "+97333112233"
Call = Callable[..., Any]


def slug(answer: Any) -> str:
    return str(answer.json["type"]).removeprefix("/problems/")


def count(table: Any) -> int:
    with db.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def test_a_code_makes_a_stranger_a_person_and_finds_them_again(
    client: FlaskClient, ask: Call, sign_in: Call, moved_clock: Call
) -> None:
    assert ask("٣٣١١٢٢٣٣").status_code == 202  # a Bahraini number as people write it
    with moved_clock(seconds=61):
        first = sign_in(PHONE)
    with moved_clock(seconds=182):
        second = sign_in("3311 2233")
        me = [
            client.get(f"{V1}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json
            for tokens in (first, second)
        ]
    assert me[0]["id"] == me[1]["id"]
    assert me[0]["phone"] == PHONE
    assert me[0]["language"] == "en"  # the language they asked in
    assert me[0]["assurance"] == "phone"
    assert count(Person) == 1


def test_the_code_is_read_in_arabic_digits(ask: Call, guess: Call, code_of: Call) -> None:
    challenge = ask().json["challenge_id"]
    arabic = code_of(challenge).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    answer = guess(challenge, f"{arabic[:3]} {arabic[3:]}")
    assert answer.status_code == 200
    assert {"access_token", "refresh_token", "token_type", "expires_in", "device_token"} == answer.json.keys()
    assert answer.json["token_type"] == "Bearer"


def test_known_and_unknown_phones_are_answered_alike(ask: Call, sign_in: Call, moved_clock: Call) -> None:
    sign_in(PHONE)
    with moved_clock(seconds=61):
        known, unknown = ask(PHONE), ask("+97333112299")
        again = ask(PHONE), ask("+97333112299")
    assert known.status_code == unknown.status_code == 202
    assert known.json.keys() == unknown.json.keys() == {"challenge_id", "expires_at", "resend_after"}
    assert [one.status_code for one in again] == [429, 429]
    assert again[0].json.keys() == again[1].json.keys()


def test_known_and_unknown_phones_take_the_same_work(ask: Call, sign_in: Call, moved_clock: Call) -> None:
    """So nobody learns from the time it takes: both run the same statements, in the same order."""
    from sqlalchemy import event

    sign_in(PHONE)
    done: list[str] = []
    note = lambda _connection, _cursor, statement, *_: done.append(statement)  # noqa: E731
    work = []
    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        for phone in (PHONE, "+97333112299"):
            with moved_clock(seconds=61):
                done.clear()
                assert ask(phone).status_code == 202
                work.append(list(done))
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
    assert work[0] == work[1] and any("code_challenge" in one for one in work[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True), ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True), ("2001:db8:1::1", "2001:db8:2::1", False),
    ],
)  # fmt: skip
def test_a_block_is_what_one_subscriber_has(ask: Call, setting: Call, one: str, other: str, same: bool) -> None:
    setting("codes", per_address_hour=1)
    assert ask("+97333112201", environ_base={"REMOTE_ADDR": one}).status_code == 202
    assert ask("+97333112202", environ_base={"REMOTE_ADDR": other}).status_code == (429 if same else 202)


@pytest.mark.parametrize("phone", ["", "12", "hello", "\u0000", "+973", "9" * 41])
def test_what_is_no_phone_is_422(ask: Call, phone: str) -> None:
    answer = ask(phone)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/phone"


def test_countries_that_are_not_named_get_no_codes(ask: Call) -> None:
    answer = ask("+966 51 234 5678")
    assert (answer.status_code, slug(answer)) == (403, "no-codes-there")
    assert count(CodeChallenge) == 0


def test_the_message_holds_neither_code_nor_phone(ask: Call, code_of: Call) -> None:
    challenge = ask().json["challenge_id"]
    with db.transaction() as tx:
        message = tx.scalars(select(OutboxMessage)).one()
        stored = json.dumps(tx.execute(text("SELECT row_to_json(c) FROM code_challenge c")).scalar_one())
    assert message.topic == "accounts.code_requested"
    assert message.payload == {"challenge": challenge}
    assert code_of(challenge) not in stored
    assert PHONE[4:] not in stored


# --- how often codes are sent ----------------------------------------------------------------------------------


def test_another_code_is_sent_after_a_while_and_then_the_old_one_is_void(
    ask: Call, guess: Call, code_of: Call, moved_clock: Call
) -> None:
    first = ask().json["challenge_id"]
    code = code_of(first)
    early = ask()
    assert early.status_code == 429
    assert 1 <= int(early.headers["Retry-After"]) <= 60
    with moved_clock(seconds=61):
        second = ask().json["challenge_id"]
        assert slug(guess(first, code)) == "code-expired"
        assert code_of(first) is None
        assert guess(second, code_of(second)).status_code == 200


def test_each_wait_for_another_code_is_twice_the_last_and_is_told(ask: Call, moved_clock: Call) -> None:
    at = 0
    for wait in (60, 120, 240, 480):
        with moved_clock(seconds=at):
            made = ask().json
            asked = datetime.fromisoformat(made["expires_at"]) - timedelta(minutes=10)
            assert abs((datetime.fromisoformat(made["resend_after"]) - asked).total_seconds() - wait) < 1
        with moved_clock(seconds=at + wait - 5):
            assert ask().status_code == 429
        at += wait + 1


def test_a_phone_gets_five_codes_in_an_hour_and_ten_in_a_day(ask: Call, moved_clock: Call) -> None:
    moments = [0, 61, 182, 423, 904]
    answers = []
    for at in [*moments, 1900]:
        with moved_clock(seconds=at):
            answers.append(ask())
    assert [one.status_code for one in answers] == [202] * 5 + [429]
    wait = int(answers[-1].headers["Retry-After"])
    assert 1690 < wait <= 1701  # until the first of them is an hour old
    for at in moments:
        with moved_clock(hours=2, seconds=at):
            assert ask().status_code == 202
    with moved_clock(hours=4):
        refused = ask()
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 19 * 3600


def test_a_stranger_cannot_lock_the_owner_out(
    ask: Call, guess: Call, code_of: Call, sign_in: Call, moved_clock: Call, setting: Call
) -> None:
    setting("codes", per_phone_hour=1, per_address_hour=1, per_country_hour=1, per_day=4, day_reserve=0.5)
    mine = sign_in(PHONE)["device_token"]
    with moved_clock(seconds=300):
        assert ask(PHONE, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 429
        ours = ask(PHONE, device_token=mine).json["challenge_id"]
        assert ask(PHONE, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 429
        again = guess(ours, code_of(ours))
    assert again.status_code == 200
    assert again.json["device_token"].split(".")[0] == mine.split(".")[0]  # the same device, known for longer


def test_a_stranger_of_one_network_does_not_use_up_what_a_new_telephone_may_have(
    ask: Call, moved_clock: Call, setting: Call
) -> None:
    """Its owner has no known device and no sign-on, and comes in all the same, all day long."""
    setting("codes", per_phone_address_hour=3, per_phone_address_day=6)
    stranger = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}
    sent = 0
    for hour in range(8):
        for second in (0, 61, 182, 423):
            with moved_clock(hours=hour, seconds=second):
                sent += ask(PHONE, **stranger).status_code == 202
        if hour in (0, 7):
            with moved_clock(hours=hour, seconds=1000):
                assert ask(PHONE).status_code == 202, hour
    assert sent == 6
    with moved_clock(hours=7, seconds=1100):
        refused = ask(PHONE, environ_base={"REMOTE_ADDR": "192.0.2.99"})
        assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 15 * 3600


def test_without_that_bound_the_owner_would_wait_a_day(ask: Call, moved_clock: Call) -> None:
    """Negative control: the budget of the telephone alone is a stranger's to spend."""
    for hour in range(8):
        for second in (0, 61, 182, 423):
            with moved_clock(hours=hour, seconds=second):
                ask(PHONE, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    with moved_clock(hours=7, seconds=1000):
        assert ask(PHONE).status_code == 429


def test_a_stranger_elsewhere_does_not_make_my_code_void(
    ask: Call, guess: Call, code_of: Call, moved_clock: Call
) -> None:
    mine = ask(PHONE).json["challenge_id"]
    with moved_clock(seconds=61):
        assert ask(PHONE, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 202
        assert guess(mine, code_of(mine)).status_code == 200


def test_the_reserve_is_one_phones_has_an_end_and_is_not_for_sale(
    ask: Call, sign_in: Call, moved_clock: Call, setting: Call
) -> None:
    setting("codes", per_phone_hour=1, per_phone_reserve=2)
    mine = sign_in(PHONE)["device_token"]
    device, day, seal = mine.split(".")
    ask("+97333112299")
    with moved_clock(seconds=300):
        for token in (
            f"{device}x.{day}.{seal}",
            f"{device}.{int(day) + 1}.{seal}",
            f"{device}.{day}",
            "x",
            "٣.٣.٣",
        ):
            assert ask(PHONE, device_token=token).status_code == 429
        assert ask("+97333112299", device_token=mine).status_code == 429  # another's phone
        assert ask(PHONE, device_token=mine).status_code == 202
    with moved_clock(seconds=600):
        assert ask(PHONE, device_token=mine).status_code == 202
    with moved_clock(seconds=1200):
        assert ask(PHONE, device_token=mine).status_code == 429


def test_a_device_unused_for_half_a_year_is_a_stranger(
    ask: Call, sign_in: Call, moved_clock: Call, setting: Call
) -> None:
    with moved_clock(days=-181):
        setting("codes", per_address_hour=10)
        old = sign_in(PHONE)["device_token"]
        setting("codes", per_address_hour=0)
        assert ask(PHONE, device_token=old).status_code == 202
    assert ask(PHONE, device_token=old).status_code == 429


def test_what_codes_cost_in_a_day_and_a_country_has_an_end(
    ask: Call, sign_in: Call, moved_clock: Call, setting: Call
) -> None:
    mine = sign_in(PHONE)["device_token"]
    setting("codes", per_country_hour=2)
    assert [ask(f"+9733311229{n}").status_code for n in range(3)] == [202, 429, 429]
    setting("codes", per_country_hour=100, per_day=4, day_reserve=0.25)
    with moved_clock(hours=2):
        assert [ask(f"+9733311228{n}").status_code for n in range(2)] == [202, 429]
        assert ask(PHONE, device_token=mine).status_code == 202  # of the part that is kept
    with moved_clock(hours=4):
        assert ask(PHONE, device_token=mine).status_code == 429


def test_a_network_gets_its_budget_and_another_has_its_own(ask: Call, setting: Call) -> None:
    setting("codes", per_address_hour=3)
    answers = [ask(f"+9733311220{n}", environ_base={"REMOTE_ADDR": f"192.0.2.{n + 1}"}) for n in range(4)]
    assert [one.status_code for one in answers] == [202, 202, 202, 429]
    assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert ask("+97333112209", environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 202


def test_many_at_once_spend_no_more_than_the_budget(all_at_once: Call, setting: Call) -> None:
    same = all_at_once("/auth/otp", [{"phone": PHONE}] * 20)
    assert Counter(one.status_code for one in same) == {202: 1, 429: 19}
    setting("codes", per_address_hour=6)
    others = all_at_once("/auth/otp", [{"phone": f"+973331133{n:02}"} for n in range(20)])
    assert Counter(one.status_code for one in others) == {202: 5, 429: 15}


def test_without_the_lock_many_at_once_spend_more(all_at_once: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the race is there, and the test above would see it."""
    monkeypatch.setattr(codes, "_ONE_AT_A_TIME", text("SELECT :phone, :network"))
    monkeypatch.setattr(codes.rules, "new_code", lambda: time.sleep(0.1) or "000000")
    answers = all_at_once("/auth/otp", [{"phone": PHONE}] * 20)
    assert sum(one.status_code == 202 for one in answers) > 1


# --- how often codes are guessed -------------------------------------------------------------------------------


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_five_wrong_guesses_end_a_code(ask: Call, guess: Call, code_of: Call) -> None:
    challenge = ask().json["challenge_id"]
    code = code_of(challenge)
    answers = [guess(challenge, wrong(code)) for _ in range(5)]
    assert [one.status_code for one in answers] == [409] * 5
    assert [slug(one) for one in answers] == ["wrong-code"] * 5
    assert [one.json["attempts_left"] for one in answers] == [4, 3, 2, 1, 0]
    assert code_of(challenge) is None  # a text still on its way would be of no use
    assert slug(guess(challenge, code)) == "code-expired"


def test_a_code_is_good_for_ten_minutes_and_once(ask: Call, guess: Call, code_of: Call, moved_clock: Call) -> None:
    challenge = ask().json["challenge_id"]
    code = code_of(challenge)
    with moved_clock(seconds=601):
        assert slug(guess(challenge, code)) == "code-expired"
        assert code_of(challenge) is None
    assert guess(challenge, code).status_code == 200
    assert slug(guess(challenge, code)) == "code-expired"
    assert code_of(challenge) is None


def test_a_challenge_nobody_made_looks_like_an_old_one(guess: Call) -> None:
    assert slug(guess(uuid4(), "123456")) == "code-expired"


def test_two_hundred_wrong_guesses_at_once_are_five(ask: Call, code_of: Call, all_at_once: Call) -> None:
    challenge = ask().json["challenge_id"]
    bad = wrong(code_of(challenge))
    answers = all_at_once("/auth/otp/verify", [{"challenge_id": challenge, "code": bad}] * 200)
    assert Counter(slug(one) for one in answers) == {"wrong-code": 5, "code-expired": 195}
    assert sorted(one.json["attempts_left"] for one in answers if slug(one) == "wrong-code") == [0, 1, 2, 3, 4]


def test_two_hundred_guesses_with_the_right_one_among_them_sign_in_once_at_most(
    ask: Call, code_of: Call, all_at_once: Call
) -> None:
    challenge = ask().json["challenge_id"]
    code = code_of(challenge)
    bodies = [{"challenge_id": challenge, "code": code if n % 2 else wrong(code)} for n in range(200)]
    answers = all_at_once("/auth/otp/verify", bodies)
    evaluated = [one for one in answers if one.status_code == 200 or slug(one) == "wrong-code"]
    assert len(evaluated) <= 5
    assert sum(one.status_code == 200 for one in answers) <= 1
    assert count(RefreshToken) == sum(one.status_code == 200 for one in answers)


def test_the_right_code_sent_twenty_times_at_once_signs_in_once(
    ask: Call, code_of: Call, all_at_once: Call
) -> None:
    challenge = ask().json["challenge_id"]
    answers = all_at_once("/auth/otp/verify", [{"challenge_id": challenge, "code": code_of(challenge)}] * 20)
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 19}
    assert (count(Person), count(RefreshToken)) == (1, 1)


def test_without_the_count_all_would_be_evaluated(
    ask: Call, code_of: Call, all_at_once: Call, setting: Call
) -> None:
    """Negative control: the guarded statement stops the guesses, not their getting in each other's way."""
    setting("codes", attempts=1000)
    challenge = ask().json["challenge_id"]
    bad = wrong(code_of(challenge))
    answers = all_at_once("/auth/otp/verify", [{"challenge_id": challenge, "code": bad}] * 40)
    assert {slug(one) for one in answers} == {"wrong-code"}


# --- forgetting ------------------------------------------------------------------------------------------------


def test_codes_are_forgotten_when_too_old_and_challenges_after_a_day(ask: Call, moved_clock: Call) -> None:
    ask()
    with moved_clock(seconds=601), db.transaction() as tx:
        assert purge_codes(tx) == 0
        assert tx.scalars(select(CodeChallenge)).one().code is None
    with moved_clock(hours=25), db.transaction() as tx:
        assert purge_codes(tx) == 1
        assert tx.scalars(select(CodeChallenge)).all() == []


def test_two_sign_ins_of_a_new_phone_at_once_make_one_person(
    app: Any, client: FlaskClient, all_at_once: Call
) -> None:
    del app, client
    from concurrent.futures import ThreadPoolExecutor

    from asimati.accounts.actions import ensure_person

    def make(_: int) -> Any:
        with db.transaction() as tx:
            return ensure_person(tx, phones.phone_number(PHONE, "BH"), disability=True).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(24)))) == 1
    assert count(Person) == 1
