"""What people trust us with stands in no log, whatever is done and however it fails."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from asimati.accounts.queries import code_to_send
from asimati.http import limits
from asimati.kit import db, logs, tokens
from asimati.kit.errors import TooMany
from asimati.settings import settings
from tests.accounts import conftest as signing
from tests.accounts.provider import SECRET, HostileProvider
from tests.house import belongings

provider, sign_on = signing.provider, signing.sign_on  # a provider to sign on with
V1 = "/api/v1"
ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "phone": "+97333447788",
    "cpr": "910203046",
    "name": "كناري المنامة",
    "email": "canary@example.com",
    "password": "canary-horse-battery",
    "token": "canary.refresh.token",
    "words": "كناري: شكوى من الجار",
}


def test_no_log_holds_what_people_trust_us_with(
    client: FlaskClient, as_resident: Callable[..., Any], as_staff: Callable[..., Any],
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    logs.configure()
    logging.getLogger().setLevel(logging.DEBUG)
    me = as_resident(SECRETS["phone"])
    asked = client.post(f"{V1}/auth/otp", json={"phone": SECRETS["phone"]}).json
    client.post(f"{V1}/auth/otp/verify", json={"challenge_id": asked["challenge_id"], "code": "123456"})
    client.post(f"{V1}/auth/staff", json={"email": SECRETS["email"], "password": SECRETS["password"]})
    client.post(f"{V1}/auth/refresh", json={"refresh_token": SECRETS["token"]})
    tag = client.get(f"{V1}/me", headers=me).headers["ETag"]
    said = {"name_ar": SECRETS["name"], "cpr": SECRETS["cpr"], "email": SECRETS["email"]}
    assert client.patch(f"{V1}/me", json=said, headers=me | {"If-Match": tag}).status_code == 200
    client.patch(f"{V1}/me", json=said, headers=me | {"If-Match": tag})
    client.post(f"{V1}/me/data-requests", json={"kind": "object", "text": SECRETS["words"]}, headers=me)
    person = client.get(f"{V1}/me", headers=me).json["id"]
    officer = as_staff("data_protection_officer")
    for what in ({"phone": SECRETS["phone"]}, {"cpr": SECRETS["cpr"]}):
        assert client.post(f"{V1}/staff/people/find", json=what, headers=officer).json == {"person": person}
    why = {"purpose": "identify", "reason": SECRETS["words"]}
    client.post(f"{V1}/staff/people/{person}/unmask", json=why, headers=officer)
    _break_the_database(client, me)
    _log_a_broken_row()
    told = capsys.readouterr()
    written = told.out + told.err
    assert "UndefinedColumn" in written and "CheckViolation" in written, "so there was something to find"
    found = [name for name, secret in SECRETS.items() if secret in written]
    tokens = [header.removeprefix("Bearer ") for header in (me["Authorization"], officer["Authorization"])]
    assert not found and not [token for token in tokens if token in written]


def _break_the_database(client: FlaskClient, me: dict[str, str]) -> None:
    """An accident while the values are at hand."""
    with db.engine().begin() as connection:
        connection.exec_driver_sql("ALTER TABLE data_request RENAME COLUMN text TO gone")
    try:
        asked = {"kind": "block", "text": SECRETS["words"]}
        assert client.post(f"{V1}/me/data-requests", json=asked, headers=me).status_code == 500
    finally:
        with db.engine().begin() as connection:
            connection.exec_driver_sql("ALTER TABLE data_request RENAME COLUMN gone TO text")


def _log_a_broken_row() -> None:
    """PostgreSQL names the whole row that broke a rule; we do not."""
    try:
        with db.transaction() as tx:
            tx.execute(text("ALTER TABLE person ADD CHECK (name_ar IS NULL) NOT VALID"))
            tx.execute(
                text("UPDATE person SET road = '1', name_ar = :name"), {"name": SECRETS["name"] + "\n" + "ب"}
            )
    except IntegrityError:
        logging.getLogger("asimati").exception("job failed")


# --- whatever is done, and however it fails ---------------------------------------------------------------------

# What is said and answered under these names, anywhere, stands in no log. `words`, `text` and the like are whatever
# people write; `code` is a one-time code, an authenticator's, a return code or a sign-on's.
TOLD = {
    "phone", "email", "cpr", "name_ar", "name_latin", "name", "birth_date", "password", "totp", "code", "reason",
    "code_verifier", "push_token", "words", "text", "note", "statement", "description", "answer", "first_name",
    "last_name", "refresh_token", "lat", "long",
}  # fmt: skip
SHOWN = {
    "access_token", "refresh_token", "device_token", "api_key", "secret", "token", "ticket", "code", "uri", "url",
    "recovery_codes", "password", "challenge_id", "phone", "email", "cpr",
}  # fmt: skip
NAMED = {
    "phone", "email", "cpr", "password", "code", "access_token", "refresh_token", "device_token", "api_key",
    "secret", "ticket", "recovery_codes", "uri", "url", "reason", "text", "name_ar",
}  # fmt: skip
# Written by every request; what is broken is the work itself.
BEFORE_THE_WORK = {"account_session", "idempotency_key", "spending"}


_WORD = re.compile("[a-z]{3,}(?:[_-][a-z0-9]+)*")  # a code of the pack is no secret


class Canaries(dict[str, str]):
    """Everything secret that went in or out, and by which name."""

    def gather(self, names: set[str], found: Any, under: str = "") -> None:
        if isinstance(found, dict):
            for name, inner in found.items():
                both = set(found) <= {"ar", "en"}
                self.gather(names, inner, under if both else str(name))
        elif isinstance(found, list | tuple):
            for inner in found:
                self.gather(names, inner, under)
        elif under in names and isinstance(found, str) and len(found) >= 6 and not _WORD.fullmatch(found):
            self[found] = under


@contextmanager
def listening(client: FlaskClient, canaries: Canaries, sent: list[tuple[Any, ...]]) -> Iterator[None]:
    """Inside, what every test client says and hears is gathered, and the requests themselves are kept."""
    original = FlaskClient.open

    def open_(self: FlaskClient, *path: Any, **said: Any) -> Any:
        for part in (said.get("json"), said.get("data")):
            canaries.gather(TOLD, part)
        token = dict(said.get("headers") or {}).get("Authorization", "").removeprefix("Bearer ")
        if token:
            canaries[token] = "access_token"
        answer = original(self, *path, **said)
        canaries.gather(SHOWN, answer.get_json(silent=True) if answer.is_json else None)
        if path and isinstance(path[0], str):
            sent.append((path[0], said))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FlaskClient, "open", open_)
        yield


@contextmanager
def every_write_fails() -> Iterator[None]:
    """Each table refuses its rows, and says the whole row: the worst a database can tell of its fault."""
    tables = [table.name for table in db.Base.metadata.sorted_tables if table.name not in BEFORE_THE_WORK]
    with db.engine().begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION break_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'broken for a test' USING ERRCODE = 'XX000', DETAIL = NEW::text; END $$"
        )
        for name in tables:
            connection.exec_driver_sql(
                f'CREATE TRIGGER break_all BEFORE INSERT OR UPDATE ON "{name}"'
                " FOR EACH ROW EXECUTE FUNCTION break_all()"
            )
    try:
        yield
    finally:
        with db.engine().begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION break_all CASCADE")


def of_signing_in(client: FlaskClient, house: belongings.House) -> None:
    """Codes, tokens, passwords, an authenticator with its recovery codes, a report with its return code."""
    asked = client.post(f"{V1}/auth/otp", json={"phone": SECRETS["phone"]}).json
    with db.transaction() as tx:
        code = code_to_send(tx, asked["challenge_id"])
    assert code
    answer = client.post(f"{V1}/auth/otp/verify", json={"challenge_id": asked["challenge_id"], "code": code.code})
    client.post(f"{V1}/auth/refresh", json={"refresh_token": answer.json["refresh_token"]})
    client.post(f"{V1}/auth/refresh", json={"refresh_token": SECRETS["token"]})
    me = {"Authorization": f"Bearer {answer.json['access_token']}"}
    said = {"name_ar": SECRETS["name"], "cpr": SECRETS["cpr"], "email": SECRETS["email"]}
    assert client.patch(f"{V1}/me", json=said, headers=me | {"If-Match": "*"}).status_code == 200
    boss = house.staff["administrator"]
    new = {"email": SECRETS["email"], "name": {"ar": "أمل", "en": "Amal"}, "roles": ["reviewer"]}
    made = client.post(f"{V1}/staff/members", json=new, headers=boss)
    assert made.status_code == 201, made.get_data(as_text=True)
    signed_in = client.post(f"{V1}/auth/staff", json={"email": new["email"], "password": made.json["password"]})
    client.post(f"{V1}/auth/staff", json={"email": new["email"], "password": SECRETS["password"]})
    amal = {"Authorization": f"Bearer {signed_in.json['access_token']}"}
    app = pyotp.parse_uri(client.post(f"{V1}/staff/me/authenticator", json={}, headers=amal).json["uri"])
    now = {"code": app.now()}  # type: ignore[union-attr]
    assert client.post(f"{V1}/staff/me/authenticator/confirm", json=now, headers=amal).status_code == 200
    report = {"category": "bribery", "text": SECRETS["words"]}
    told = client.post(f"{V1}/integrity/reports", json=report)
    assert told.status_code == 201, told.get_data(as_text=True)
    client.post(f"{V1}/integrity/reports/follow", json={"code": told.json["code"]})


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_log_holds_a_secret_when_everything_that_is_done_is_done_again_and_fails(
    app: Flask, clean: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    provider: HostileProvider, sign_on: Callable[..., Any], form: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    monkeypatch.setattr(settings().log, "format", form)
    logs.configure()
    logging.getLogger().setLevel(logging.DEBUG)
    canaries, sent = Canaries(), []  # type: ignore[var-annotated]
    with listening(client := app.test_client(), canaries, sent):
        house = belongings.make(client)
        of_signing_in(client, house)
        provider.people["canary"] = {"acr": "substantial", "cpr": "910203054", "name_ar": SECRETS["name"]}
        walk = sign_on("canary")
        assert walk.tokens().status_code == 200
        canaries |= {walk.code: "code", SECRET: "client_secret", "910203054": "cpr"}
    replayed = [0, 0]
    with every_write_fails():
        for path, said in sent:
            headers = {k: v for k, v in dict(said.get("headers") or {}).items() if k != "Idempotency-Key"}
            data = {} if "data" in said else said  # what was a file was read
            answer = client.open(path, **{**data, "method": said.get("method", "POST"), "headers": headers})
            replayed[answer.status_code >= 500] += 1
    told = capsys.readouterr()
    written = told.out + told.err
    assert replayed[1] > 25 and written.count("broken for a test") >= replayed[1], "so there was something to find"
    gathered = set(canaries.values())
    assert len(canaries) > 60 and not NAMED - gathered, "nothing was said or shown under these names"
    assert not {(name, ascii(secret)) for secret, name in canaries.items() if secret in written}


def test_a_calendars_address_is_not_logged_when_it_fails(
    client: FlaskClient, as_resident: Callable[..., Any], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    logs.configure()
    address = client.post(f"{V1}/me/calendar-link", headers=as_resident()).json["url"]
    token = address.rpartition("/")[2].removesuffix(".ics")
    monkeypatch.setattr("asimati.accounts.feed.calendar_of", lambda *_: 1 / 0)
    assert client.get(f"{V1}/calendar/{token}.ics").status_code == 500
    written = "".join(capsys.readouterr())
    assert "ZeroDivisionError: /api/v1/calendar/….ics" in written and token not in written


@pytest.mark.parametrize(
    "value", ["one line", "two\nlines", "HINT of a person", "a\nKey: 1", "a\nError: b", "a\n\nb"]
)
def test_a_row_is_cut_from_a_fault_however_many_lines_it_has(value: str) -> None:
    fault = f"psycopg.errors.X: broken\nDETAIL:  Failing row contains ({value}).\n[SQL: INSERT INTO t]\nafter"
    cut = logs.untold(fault)
    assert cut == "psycopg.errors.X: broken\nDETAIL: (not told)\n[SQL: INSERT INTO t]\nafter"


def log_as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    monkeypatch.setattr(settings().log, "format", "json")
    monkeypatch.setattr(settings().log, "level", "info")
    logs.configure()


def test_who_is_refused_stands_in_the_log_and_a_resident_does_not(
    client: FlaskClient, as_resident: Callable[..., Any], as_staff: Callable[..., Any],
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    resident, reviewer = as_resident(), as_staff("reviewer")
    ended = tokens.sign({**(tokens.read(resident["Authorization"][7:]) or {}), "exp": 1})
    log_as_in_production(monkeypatch)
    client.get(f"{V1}/staff/members", headers=resident)
    client.get(f"{V1}/staff/members", headers=reviewer)
    client.get(f"{V1}/me", headers={"Authorization": "Bearer a.b.c"})
    client.get(f"{V1}/me", headers={"Authorization": f"Bearer {ended}"})
    client.post(f"{V1}/auth/staff", json={"email": "canary@example.com", "password": "canary-guess"})
    asked = client.post(f"{V1}/auth/otp", json={"phone": "+97333998877"}).json["challenge_id"]
    client.post(f"{V1}/auth/otp/verify", json={"challenge_id": asked, "code": "canary"})
    monkeypatch.setattr(limits, "_hit", lambda *_: _too_many())
    client.post(f"{V1}/integrity/reports", json={}, headers=resident)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(line["event"] == "refused" and len(line["request_id"]) > 30 for line in told)
    assert [(line["refusal"], line["status"], line["caller"], line["route"]) for line in told] == [
        ("forbidden", 403, "resident", f"{V1}/staff/members"),
        ("forbidden", 403, "staff", f"{V1}/staff/members"),
        ("unauthenticated", 401, "anonymous", f"{V1}/me"),
        ("wrong-password", 401, "anonymous", f"{V1}/auth/staff"),
        ("wrong-code", 409, "anonymous", f"{V1}/auth/otp/verify"),
        ("too-many", 429, "resident", f"{V1}/integrity/reports"),
    ]
    assert [line.get("by") is not None for line in told] == [False, True, *[False] * 4]
    assert "canary" not in str(told) and "127.0.0" not in str(told)


def _too_many() -> None:
    raise TooMany(retry_after=1)


@pytest.mark.parametrize("written", ["a\nb", 'a\r\n{"event": "signed in"}', "a\u2028b", "a\x1b[2Jb\x00"])
def test_what_people_write_makes_no_line_of_its_own_in_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    log_as_in_production(monkeypatch)
    logging.getLogger("asimati").warning("found %s", written, extra={"name_of_file": written})
    (line,) = capsys.readouterr().err.rstrip("\n").split("\n")
    said = json.loads(line)
    assert said["event"] == f"found {written}" and said["name_of_file"] == written and said["level"] == "warning"
    assert said["timestamp"].endswith("Z"), "in UTC"
