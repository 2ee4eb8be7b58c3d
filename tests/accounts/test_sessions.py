"""Tokens: short ones that carry no roles, refresh tokens used once, and answers that were lost on the way."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, event, select, text, update
from sqlalchemy.orm import Session

from asimati.accounts import callers
from asimati.accounts.actions import create_staff, ensure_person, refresh, sessions, staff, start_session
from asimati.accounts.models import AccountSession, RefreshToken, RoleGrant, StaffMember
from asimati.accounts.refusals import RefreshRefused
from asimati.kit import db
from asimati.kit import tokens as access_tokens
from asimati.kit.audit import AuditLine
from asimati.kit.policy import Role

V1 = "/api/v1"
Call = Callable[..., Any]


def bearer(tokens: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def tokens(client: FlaskClient) -> Any:
    return client.post("/dev/sign-in", json={"phone": "+97333112233"}).json


@pytest.fixture
def renew(client: FlaskClient) -> Call:
    return lambda token: client.post(f"{V1}/auth/refresh", json={"refresh_token": token})


# --- access tokens ---------------------------------------------------------------------------------------------


def test_an_access_token_says_who_and_for_how_long_and_no_more(tokens: Any) -> None:
    claims = claims_of(tokens["access_token"])
    assert claims.keys() == {"iss", "aud", "sub", "sid", "kind", "iat", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 600
    assert claims["kind"] == "resident"


def test_who_asks_is_found_in_one_query(tx: Session) -> None:
    tokens = start_session(tx, person=ensure_person(tx, "+97333556677", language="en").id)
    tx.flush()
    seen: list[str] = []
    listener = lambda _c, _cursor, statement, *_: seen.append(statement)  # noqa: E731
    event.listen(db.engine(), "before_cursor_execute", listener)
    try:
        actor = callers.identify(tx, tokens["access_token"])
    finally:
        event.remove(db.engine(), "before_cursor_execute", listener)
    assert len(seen) == 1
    assert actor is not None
    assert (actor.kind, actor.assurance, actor.language, actor.roles) == ("resident", "phone", "en", frozenset())


def test_roles_are_read_at_every_request(tx: Session) -> None:
    member = create_staff(tx, "roles@asimati.example", "asimati-demo", {"ar": "أ", "en": "A"}, [Role.REVIEWER])
    token = start_session(tx, staff=member.id, assurance="standard")["access_token"]
    assert callers.identify(tx, token).roles == {Role.REVIEWER}  # type: ignore[union-attr]
    tx.execute(update(RoleGrant).where(RoleGrant.staff_id == member.id).values(role=Role.AUDITOR))
    assert callers.identify(tx, token).roles == {Role.AUDITOR}  # type: ignore[union-attr]
    member.disabled_at = datetime.now(UTC)
    tx.flush()
    assert callers.identify(tx, token) is None


def test_a_token_that_was_altered_or_made_for_something_else_is_nobodys(client: FlaskClient, tokens: Any) -> None:
    token = tokens["access_token"]
    head, body, mac = token.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**claims_of(token), "kind": "staff"}).encode()).rstrip(b"=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    flipped = mac[:20] + ("A" if mac[20] != "A" else "B") + mac[21:]
    for wrong in (
        f"{head}.{forged.decode()}.{mac}",
        f"{none}.{body}.",
        f"{head}.{body}.{flipped}",
        tokens["refresh_token"],
        "x" * 4000,
    ):
        assert client.get(f"{V1}/me", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401


def test_the_published_keys_verify_what_was_signed_and_sign_nothing(client: FlaskClient, tokens: Any) -> None:
    published = client.get("/.well-known/jwks.json").json["keys"]
    token = tokens["access_token"]
    (ours,) = [key for key in published if key["kid"] == jwt.get_unverified_header(token)["kid"]]
    key = jwt.PyJWK({**ours, "alg": "EdDSA"})  # the library's older name of the same algorithm
    raw = base64.urlsafe_b64decode(token.split(".")[2] + "==")
    assert key.Algorithm.verify(token.rpartition(".")[0].encode(), key.key, raw)
    assert all(one["use"] == "sig" and not one.keys() & {"d", "k"} for one in published)


def test_an_access_token_ends(client: FlaskClient, tokens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(seconds=601)
    monkeypatch.setattr(access_tokens.clock, "utcnow", lambda: later)
    assert client.get(f"{V1}/me", headers=bearer(tokens)).status_code == 401


def test_signing_out_ends_this_sign_in_at_once_and_no_other(client: FlaskClient, tokens: Any, renew: Call) -> None:
    other = client.post("/dev/sign-in", json={"phone": "+97333112233"}).json
    assert client.post(f"{V1}/auth/logout", headers=bearer(tokens)).status_code == 204
    assert client.get(f"{V1}/me", headers=bearer(tokens)).status_code == 401
    assert renew(tokens["refresh_token"]).status_code == 401
    assert client.get(f"{V1}/me", headers=bearer(other)).status_code == 200


# --- refresh tokens --------------------------------------------------------------------------------------------


def test_a_refresh_token_gives_the_next_pair(client: FlaskClient, tokens: Any, renew: Call) -> None:
    child = renew(tokens["refresh_token"])
    assert child.status_code == 200
    assert child.json["refresh_token"] != tokens["refresh_token"]
    assert client.get(f"{V1}/me", headers=bearer(child.json)).status_code == 200
    assert renew(child.json["refresh_token"]).status_code == 200


def test_who_lost_the_answer_gets_the_same_child(tokens: Any, renew: Call, moved_clock: Call) -> None:
    child = renew(tokens["refresh_token"]).json["refresh_token"]
    with moved_clock(seconds=29):
        assert renew(tokens["refresh_token"]).json["refresh_token"] == child
        assert renew(child).status_code == 200


def test_a_child_that_was_used_is_not_handed_out_again_but_nobody_is_thrown_out(tokens: Any, renew: Call) -> None:
    child = renew(tokens["refresh_token"]).json["refresh_token"]
    grandchild = renew(child).json["refresh_token"]
    assert renew(tokens["refresh_token"]).status_code == 401  # the answer had arrived: this is another's repeat
    assert renew(grandchild).status_code == 200


def test_a_used_token_after_the_grace_ends_its_session_and_no_other(
    client: FlaskClient, tokens: Any, renew: Call, moved_clock: Call
) -> None:
    other = client.post("/dev/sign-in", json={"phone": "+97333112233"}).json
    child = renew(tokens["refresh_token"]).json
    with moved_clock(seconds=31):
        reused = renew(tokens["refresh_token"])
        assert (reused.status_code, reused.json["type"]) == (401, "/problems/refresh-refused")
        assert renew(child["refresh_token"]).status_code == 401
        assert client.get(f"{V1}/me", headers=bearer(child)).status_code == 401
        assert client.get(f"{V1}/me", headers=bearer(other)).status_code == 200
    with db.transaction() as tx:
        noted = tx.scalars(select(AuditLine).where(AuditLine.action == "accounts.refresh_reused")).one()
    assert noted.subject_id == claims_of(tokens["access_token"])["sid"]


def test_a_session_ends_when_it_stood_unused_and_in_any_case_after_ninety_days(
    tokens: Any, renew: Call, moved_clock: Call
) -> None:
    with moved_clock(days=31):
        assert renew(tokens["refresh_token"]).status_code == 401
    token = tokens["refresh_token"]
    for day in (25, 50, 75):
        with moved_clock(days=day):
            token = renew(token).json["refresh_token"]
    with moved_clock(days=91):
        assert renew(token).status_code == 401


def test_nobodys_refresh_token_is_refused(renew: Call) -> None:
    assert renew("x").status_code == 401
    assert renew("ي" * 100).status_code == 401


def test_twenty_refreshes_at_once_make_one_child(tokens: Any, all_at_once: Call) -> None:
    answers = all_at_once("/auth/refresh", [{"refresh_token": tokens["refresh_token"]}] * 20)
    assert Counter(one.status_code for one in answers) == {200: 20}
    assert len({one.json["refresh_token"] for one in answers}) == 1
    with db.transaction() as tx:
        assert len(tx.scalars(select(RefreshToken)).all()) == 2
        assert tx.scalars(select(AccountSession)).one().revoked_at is None


def test_without_the_lock_twenty_refreshes_make_more(
    tokens: Any, all_at_once: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the race is there, and the test above would see it."""
    slow = sessions._new_refresh
    monkeypatch.setattr(sessions, "_new_refresh", lambda *given: time.sleep(0.1) or slow(*given))
    monkeypatch.setattr(Select, "with_for_update", lambda statement, **_: statement)
    all_at_once("/auth/refresh", [{"refresh_token": tokens["refresh_token"]}] * 20)
    with db.transaction() as tx:
        assert len(tx.scalars(select(RefreshToken)).all()) > 2


# What becomes of one refresh: the answer arrives, or is lost and asked for again after so many seconds.
LIFE = st.lists(
    st.tuples(st.integers(0, 100_000), st.lists(st.integers(0, 29), max_size=2)), min_size=1, max_size=12
)


@pytest.fixture
def watch(tx: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """A clock to be turned by hand."""
    hands = [datetime(2026, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(sessions.clock, "now", lambda _tx: hands[0])
    yield hands


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=LIFE)
def test_an_honest_client_is_never_thrown_out_however_many_answers_are_lost(
    tx: Session, watch: list[datetime], life: list[tuple[int, list[int]]]
) -> None:
    watch[0] = datetime(2026, 1, 1, tzinfo=UTC)
    person = ensure_person(tx, "+97333112233")
    token = start_session(tx, person=person.id)["refresh_token"]
    for pause, retries in life:
        watch[0] += timedelta(seconds=pause)
        first = watch[0]
        child = refresh(tx, token)["refresh_token"]
        for wait in sorted(retries):  # each counted from the first try
            watch[0] = first + timedelta(seconds=wait)
            assert refresh(tx, token)["refresh_token"] == child
        token = child


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(1, 8), stolen=st.integers(0, 7), late=st.integers(31, 100_000))
def test_a_thief_with_any_used_token_ends_the_session_they_stole_from(
    tx: Session, watch: list[datetime], length: int, stolen: int, late: int
) -> None:
    watch[0] = datetime(2026, 1, 1, tzinfo=UTC)
    line = [start_session(tx, person=ensure_person(tx, "+97333112233").id)["refresh_token"]]
    for _ in range(length):
        line.append(refresh(tx, line[-1])["refresh_token"])
    watch[0] += timedelta(seconds=late)
    for token in (line[stolen % length], line[-1]):
        with pytest.raises(RefreshRefused):
            refresh(tx, token)


# --- staff -----------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewer(client: FlaskClient) -> StaffMember:
    with db.transaction() as tx:
        return create_staff(tx, "R@asimati.example", "asimati-demo", {"ar": "م", "en": "R"}, [Role.REVIEWER])


@pytest.fixture
def enter(client: FlaskClient) -> Call:
    return lambda email, password: client.post(f"{V1}/auth/staff", json={"email": email, "password": password})


def lines() -> list[AuditLine]:
    with db.transaction() as tx:
        return list(tx.scalars(select(AuditLine).order_by(AuditLine.id)))


def test_staff_sign_in_by_password(client: FlaskClient, reviewer: StaffMember, enter: Call) -> None:
    answer = enter("r@ASIMATI.example", "asimati-demo")
    assert answer.status_code == 200
    assert claims_of(answer.json["access_token"])["kind"] == "staff"
    assert client.get(f"{V1}/me", headers=bearer(answer.json)).status_code == 403  # residents have a profile
    (line,) = lines()
    assert (line.action, line.actor_kind, line.actor_id) == ("accounts.signed_in", "staff", reviewer.id)


def test_a_wrong_password_and_nobodys_email_look_and_cost_the_same(
    reviewer: StaffMember, enter: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    hasher = staff._hasher()
    monkeypatch.setattr(
        staff,
        "_hasher",
        lambda: type("H", (), {"verify": lambda _, h, p: checked.append(h) or hasher.verify(h, p)})(),
    )
    known, unknown = enter("r@asimati.example", "wrong"), enter("nobody@asimati.example", "wrong")
    for answer in (known, unknown):
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/wrong-password")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert known.json == unknown.json
    assert len(checked) == 2
    assert all(one.startswith("$argon2id$") for one in checked)


def test_failures_are_noted_without_the_email(reviewer: StaffMember, enter: Call) -> None:
    enter("r@asimati.example", "wrong")
    (line,) = lines()
    assert (line.action, line.actor_kind) == ("accounts.sign_in_failed", "anonymous")
    assert "asimati.example" not in line.subject_id + line.facts


def test_who_was_disabled_is_out_at_once_and_stays_out(
    client: FlaskClient, reviewer: StaffMember, enter: Call
) -> None:
    tokens = enter("r@asimati.example", "asimati-demo").json
    assert client.post(f"{V1}/auth/logout", headers=bearer(tokens)).status_code == 204
    tokens = enter("r@asimati.example", "asimati-demo").json
    with db.transaction() as tx:
        tx.execute(text("UPDATE staff_member SET disabled_at = app_now()"))
    assert client.post(f"{V1}/auth/logout", headers=bearer(tokens)).status_code == 401
    assert enter("r@asimati.example", "asimati-demo").status_code == 401
    assert client.post(f"{V1}/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401


def test_sign_ins_are_limited_by_network(client: FlaskClient, enter: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati.http import limits

    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(limits, "check", lambda name, key: seen.append((name, key)))
    enter("nobody@asimati.example", "wrong")
    assert ("sign_in", "127.0.0.0/24") in seen


def test_passwords_are_kept_as_argon2id_and_an_email_once(
    tx: Session, setting: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting("testing", cheap_passwords=False)
    monkeypatch.setattr(staff, "_hasher", staff._hasher.__wrapped__)
    made = create_staff(tx, "Twice@asimati.example", "asimati-demo", {"ar": "أ", "en": "A"}, [Role.AUDITOR])
    again = create_staff(tx, "twice@asimati.example", "other", {"ar": "ب", "en": "B"}, [Role.REVIEWER])
    assert again.id == made.id
    assert made.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, 4: the second choice
    assert callers.staff_as_actor(tx, made.id).roles == {Role.AUDITOR}  # type: ignore[union-attr]


# --- development -----------------------------------------------------------------------------------------------


def test_development_signs_in_at_once(client: FlaskClient, reviewer: StaffMember) -> None:
    by_phone = client.post("/dev/sign-in", json={"phone": "٣٣١١٢٢٣٣"})
    by_email = client.post("/dev/sign-in", json={"email": "R@asimati.example"})
    assert [by_phone.status_code, by_email.status_code] == [200, 200]
    assert UUID(claims_of(by_email.json["access_token"])["sub"]) == reviewer.id
    assert client.post("/dev/sign-in", json={"email": "nobody@asimati.example"}).status_code == 404
    assert client.post("/dev/sign-in", json={}).status_code == 422
    assert access_tokens.read(by_phone.json["access_token"]) is not None


def test_a_remembered_answer_holds_no_token_in_the_open(client: FlaskClient, tokens: Any) -> None:
    """A repeated request gets the same tokens; who reads the table gets none."""
    sent = {"json": {"refresh_token": tokens["refresh_token"]}, "headers": {"Idempotency-Key": "once"}}
    first, again = (client.post(f"{V1}/auth/refresh", **sent) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"
    with db.transaction() as tx:
        kept = bytes(tx.scalars(text("SELECT body FROM idempotency_key WHERE key = 'once'")).one())
    assert first.json["refresh_token"].encode() not in kept and b"access_token" not in kept
