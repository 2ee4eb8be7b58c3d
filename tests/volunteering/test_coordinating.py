"""A coordinator's tools: writing to a shift, and the sheet that hangs there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.kit import db
from asimati.kit.audit import AuditLine
from asimati.kit.outbox import OutboxMessage
from tests.volunteering.ground import V1, Headers, make_shift, now

SignIn = Callable[..., Headers]
TEXT = {"ar": "نلتقي عند المدخل الشمالي.", "en": "We meet at the north entrance."}


@pytest.fixture
def shift(client: FlaskClient, as_resident: SignIn) -> str:
    """Two volunteers on a shift, one who withdrew, and one in line."""
    made = str(make_shift(now() + timedelta(days=1), places=2, waitlist=True))
    for leaves in (True, False, False, False):
        who = as_resident()
        signed = client.post(f"{V1}/shifts/{made}/sign-ups", json={}, headers=who).json
        if leaves:
            client.delete(f"{V1}/sign-ups/{signed['id']}", headers=who)
    return made


def test_writing_to_a_shift_reaches_whoever_is_expected_and_nobody_else(
    client: FlaskClient, as_staff: SignIn, shift: str
) -> None:
    path, staff = f"{V1}/staff/shifts/{shift}/broadcast", as_staff("coordinator")
    answer = client.post(path, json={"text": TEXT}, headers=staff)
    assert (answer.status_code, answer.json) == (200, {"told": 2})
    with db.transaction() as tx:
        told = select(OutboxMessage.payload).where(OutboxMessage.topic == "volunteering.shift_notice")
        said: list[Any] = list(tx.scalars(told))
    assert [one["text"] for one in said] == [TEXT, TEXT]
    assert len({one["person"] for one in said}) == 2
    assert client.post(path, json={"text": TEXT}, headers=as_staff("auditor")).status_code == 403


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_attendance_sheet_is_a_pdf_and_its_reading_is_noted(
    client: FlaskClient, as_staff: SignIn, shift: str, language: str
) -> None:
    path = f"{V1}/staff/shifts/{shift}/attendance.pdf?language={language}"
    answer = client.get(path, headers=as_staff("coordinator"))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF")
    with db.transaction() as tx:
        facts = tx.scalars(select(AuditLine.facts).where(AuditLine.action == "sign_up.opened")).all()
    sheets = [json.loads(one) for one in facts]
    assert [one["listed"] for one in sheets if one.get("view") == "attendance_sheet"] == [2]  # whoever is expected


def test_there_is_no_sheet_of_no_shift(client: FlaskClient, as_staff: SignIn) -> None:
    path = f"{V1}/staff/shifts/{uuid4()}/attendance.pdf"
    assert client.get(path, headers=as_staff("coordinator")).status_code == 404
