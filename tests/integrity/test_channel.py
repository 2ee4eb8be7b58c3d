"""Reporting without a name: a code is the only way back, one role reads, and nothing says who it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.dataprotection import actions as desk
from asimati.integrity import vault
from asimati.kit import db, secrets
from asimati.kit.policy import Role

V1 = "/api/v1"
WORDS = "كناري: رأيت مظروفًا يُسلَّم في الدور الثاني صباح الأحد"
ADDRESS = "203.0.113.77"
Call = Callable[..., Any]


def send(client: FlaskClient, **headers: str) -> Any:
    body = {"category": "bribery", "text": WORDS}
    where = {"REMOTE_ADDR": ADDRESS}
    return client.post(f"{V1}/integrity/reports", json=body, headers=headers, environ_base=where)


@pytest.fixture
def code(client: FlaskClient) -> str:
    made = send(client)
    assert made.status_code == 201, made.get_data(as_text=True)
    return str(made.json["code"])


def test_a_reporter_returns_by_the_code_and_speaks_with_the_officer(
    client: FlaskClient, code: str, as_staff: Call
) -> None:
    officer = as_staff("integrity_officer")
    (item,) = client.get(f"{V1}/staff/queues/integrity", headers=officer).json["items"]
    path = f"{V1}/staff/integrity-reports/{item['reference']}"
    assert client.get(path, headers=officer).json["messages"][0]["text"] == WORDS
    client.post(f"{path}/messages", json={"text": "Which Sunday?"}, headers=officer)
    spoken = code.lower().replace("-", " ")
    found = client.post(f"{V1}/integrity/reports/follow", json={"code": spoken}).json
    assert [one["by"] for one in found["messages"]] == ["reporter", "officer"] and found["status"] == "studied"
    more = client.post(f"{V1}/integrity/reports/messages", json={"code": code, "text": "The last one"})
    assert more.status_code == 201
    end = {"outcome": "referred", "text": "Passed to the prosecution."}
    assert client.post(f"{path}/close", json=end, headers=officer).json["status"] == "closed"
    late = client.post(f"{V1}/integrity/reports/messages", json={"code": code, "text": "And again"})
    assert late.json["type"] == "/problems/report-closed"


def test_no_other_role_reads_a_report_and_no_other_code_finds_it(
    client: FlaskClient, code: str, as_staff: Call
) -> None:
    others = as_staff(*(str(role) for role in Role if role is not Role.INTEGRITY_OFFICER))
    assert client.get(f"{V1}/staff/integrity-reports", headers=others).status_code == 403
    assert client.get(f"{V1}/staff/queues/integrity", headers=others).status_code == 403
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert client.post(f"{V1}/integrity/reports/follow", json={"code": wrong}).status_code == 404


def test_no_table_and_no_log_says_who_sent_it_or_what_or_the_code(
    client: FlaskClient, as_resident: Call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    me = as_resident()
    person = client.get(f"{V1}/me", headers=me).json["id"]
    with db.transaction() as tx:
        before = tx.scalar(text("SELECT count(*) FROM audit_line WHERE actor_id = :me"), {"me": person})
    made = send(client, **me, **{"Idempotency-Key": "canary-key"})
    kept = (ADDRESS, "كناري", made.json["code"], vault.normal(made.json["code"]), "canary-key")
    with db.transaction() as tx:
        for table in db.Base.metadata.sorted_tables:
            rows = " ".join(tx.scalars(text(f'SELECT t::text FROM "{table.name}" t')))
            assert not [one for one in kept if one in rows], table.name
        after = tx.scalar(text("SELECT count(*) FROM audit_line WHERE actor_id = :me"), {"me": person})
        assert (
            tx.scalar(text("SELECT actor_kind FROM audit_line WHERE action = 'integrity.reported'")) == "anonymous"
        )
    assert after == before, "not even a report that was sent while signed in"
    assert not [one for one in kept if one in caplog.text]


def test_a_repeated_request_makes_one_report_though_no_answer_is_remembered(client: FlaskClient) -> None:
    first, again = (send(client, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.json["code"], first.json["reference"]) == (again.json["code"], again.json["reference"])
    other = send(client, **{"Idempotency-Key": "k2"})
    assert other.json["code"] != first.json["code"]
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM integrity_report")) == 2
        assert tx.scalar(text("SELECT count(*) FROM idempotency_key")) == 0


def test_the_master_key_of_the_house_opens_no_report(client: FlaskClient, code: str) -> None:
    with db.transaction() as tx:
        sealed = tx.scalars(text("SELECT words FROM integrity_message")).one()
    assert vault.unseal(sealed) == WORDS
    assert not set(vault._masters().values()) & set(secrets._masters().values())
    for purpose in ("integrity", "words", "report"):
        with pytest.raises(secrets.Unsealable):
            secrets.unseal(sealed, purpose)


def test_no_kept_answer_of_the_officer_holds_a_report_under_the_house_s_key(
    client: FlaskClient, code: str, as_staff: Call
) -> None:
    """The officer's pages send a key with each form: what is kept for a repeat is sealed with the master key."""
    officer = as_staff("integrity_officer")
    (item,) = client.get(f"{V1}/staff/queues/integrity", headers=officer).json["items"]
    path = f"{V1}/staff/integrity-reports/{item['reference']}"
    ask, end = {"text": "Which Sunday?"}, {"outcome": "referred", "text": "Passed to the prosecution."}
    for deed, body in (("messages", ask), ("messages", ask), ("close", end)):
        keyed = officer | {"Idempotency-Key": deed}
        assert client.post(f"{path}/{deed}", json=body, headers=keyed).status_code < 300
    again = client.post(f"{path}/close", json=end, headers=officer | {"Idempotency-Key": "close"})
    assert again.status_code == 200, "a repeat is answered as the first"
    said = client.post(f"{V1}/integrity/reports/follow", json={"code": code}).json["messages"]
    assert [one["text"] for one in said] == [WORDS, ask["text"], end["text"]], "and says nothing twice"
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM idempotency_key")) == 0


def test_a_closed_report_is_deleted_at_the_end_of_its_period(
    client: FlaskClient, code: str, moved_clock: Call
) -> None:
    with db.transaction() as tx:
        tx.execute(text("UPDATE integrity_report SET status = 'closed', closed_at = app_now()"))
    with moved_clock(days=366 * 10), db.transaction() as tx:
        assert desk.purge(tx)["integrity"] == {"integrity_report": 1}
        assert tx.scalar(text("SELECT count(*) FROM integrity_message")) == 0
