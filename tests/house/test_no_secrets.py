"""What people trust us with stands in no log, whatever is done and however it fails; the security page is true."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from asimati.kit import db, logs

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


def test_the_security_page_names_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page)
    assert len(named) > 100
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file}::{name}"
