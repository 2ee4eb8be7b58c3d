"""Letters from a case: numbered without a gap, in both languages, verified by anybody, revocable."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from asimati.kit import clock, db
from asimati.service_requests.letters import actions
from asimati.service_requests.letters.models import Letter
from asimati.service_requests.letters.sync import sync

V1 = "/api/v1"
Headers = dict[str, str]
TEMPLATES = [
    {
        "code": "receipt", "title": {"ar": "إفادة باستلام طلب", "en": "Confirmation of receipt"}, "services": [],
        "text": {
            "ar": "إلى: {name}\n\nاستلمنا طلبكم {reference} بشأن «{service}».",
            "en": "To: {name}\n\nWe received your request {reference} concerning “{service}”.",
        },
    },
    {
        "code": "permit", "title": {"ar": "عدم ممانعة", "en": "No objection"}, "services": ["certificate"],
        "text": {"ar": "لا مانع.", "en": "No objection."},
    },
]  # fmt: skip


@pytest.fixture
def case(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., dict[str, Any]],
    move: Callable[..., Any],
) -> dict[str, Any]:  # fmt: skip
    """A resident's case that the reviewer holds, and letters to issue from it."""
    with db.transaction() as tx:
        sync(tx, {"letters": TEMPLATES})
    me = town.get(f"{V1}/me", headers=resident)
    name = {"name_ar": "مريم علي", "name_latin": "Maryam Ali"}
    assert town.patch(f"{V1}/me", json=name, headers=resident | {"If-Match": me.headers["ETag"]}).status_code == 200
    made = submit(resident)
    assert move(reviewer, made, "claim").status_code == 200
    return made


@pytest.fixture
def issue(town: FlaskClient, case: dict[str, Any]) -> Callable[..., Any]:
    def go(who: Headers, **body: Any) -> Any:
        path = f"{V1}/staff/service-requests/{case['reference']}/letters"
        return town.post(path, json={"template": "receipt", **body}, headers=who)

    return go


def test_a_letter_is_issued_printed_and_verified(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, issue: Callable[..., Any]
) -> None:
    answer = issue(reviewer)
    assert answer.status_code == 201, answer.text
    letter = answer.json
    year = clock.local(datetime.fromisoformat(letter["issued_at"])).year
    assert letter["reference"] == f"LT-{year}-00001"
    assert letter["text"]["en"] == (
        f"To: Maryam Ali\n\nWe received your request {case['reference']} concerning “Street lamp out”."
    )
    assert "مريم علي" in letter["text"]["ar"]
    assert f"\u2068{case['reference']}\u2069" in letter["text"]["ar"]
    mine = town.get(f"{V1}/service-requests/{case['reference']}/letters", headers=resident).json["items"]
    assert [one["reference"] for one in mine] == [letter["reference"]]
    printed = town.get(f"{V1}/letters/{letter['reference']}/pdf", headers=resident)
    assert printed.mimetype == "application/pdf"
    words = PdfReader(io.BytesIO(printed.data)).pages[0].extract_text()
    for expected in ("Maryam Ali", "Confirmation of receipt", letter["reference"], case["reference"]):
        assert expected in words
    assert "إفادة" in words or "إفادة"[::-1] in words
    again = town.get(f"{V1}/staff/letters/{letter['reference']}/pdf", headers=reviewer)
    assert again.data == printed.data, "always the same bytes"
    verified = town.post(f"{V1}/credentials/verify", json={"token": letter["link"]}).json
    assert verified["signed"] and verified["valid"]
    assert verified["credential"]["facts"]["reference"] == letter["reference"]
    assert "Maryam" not in str(verified), "the page says nothing of the holder"
    page = town.get(letter["link"].partition("#")[0].partition("://")[2].partition("/")[2].join(["/", ""]),
                    headers={"Accept": "text/html"})  # fmt: skip
    assert page.status_code == 200 and letter["reference"] in page.text


def test_a_revoked_letter_is_revoked_everywhere(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, issue: Callable[..., Any]
) -> None:
    letter = issue(reviewer).json
    path = f"{V1}/staff/letters/{letter['reference']}/revoke"
    assert town.post(path, json={"reason": "Issued in error"}, headers=reviewer).status_code == 403
    ended = town.post(path, json={"reason": "Issued in error"}, headers=supervisor)
    assert ended.status_code == 200, ended.text
    again = town.post(path, json={"reason": "Another"}, headers=supervisor)
    assert again.json["reason"] == "Issued in error", "the first reason stays"
    gone = town.get(f"{V1}/letters/{letter['reference']}/pdf", headers=resident)
    assert (gone.status_code, gone.json["type"]) == (409, "/problems/letter-revoked")
    verified = town.post(f"{V1}/credentials/verify", json={"token": letter["link"]}).json
    assert verified["signed"] and not verified["valid"]
    with db.transaction() as tx:
        topics = tx.scalars(select(_message().topic).order_by(_message().id)).all()
    assert [topic for topic in topics if "letter" in topic] == [
        "service_requests.letter_issued", "service_requests.letter_revoked",
    ]  # fmt: skip


def _message() -> Any:
    from asimati.kit.outbox import OutboxMessage

    return OutboxMessage


def test_for_others_a_letter_is_not_there(
    town: FlaskClient, reviewer: Headers, issue: Callable[..., Any], as_resident: Callable[..., Headers]
) -> None:
    letter = issue(reviewer).json
    assert town.get(f"{V1}/letters/{letter['reference']}/pdf", headers=as_resident()).status_code == 404
    for wrong in ("LT-2026-1", "LT-2026-99999", "x"):
        assert town.get(f"{V1}/letters/{wrong}/pdf", headers=as_resident()).status_code == 404


def test_what_cannot_be_issued_is_refused(
    reviewer: Headers, as_staff: Callable[..., Headers], issue: Callable[..., Any]
) -> None:
    for template in ("permit", "nothing"):
        answer = issue(reviewer, template=template)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/template")
    assert issue(reviewer, remarks={"en": "Only English"}).json["errors"][0]["pointer"] == "/remarks"
    assert issue(as_staff("reviewer")).json["type"] == "/problems/claimed-by-another"
    with_remarks = issue(reviewer, remarks={"ar": "ملاحظة", "en": "A remark"})
    assert with_remarks.json["text"]["en"].endswith("\n\nA remark")


def test_many_at_once_and_some_undone_leave_no_gap(
    app: Flask, case: dict[str, Any], reviewer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third fails after its number was taken; its number is given to the next."""
    start, turn = Barrier(12), iter(range(100))
    written = actions._written_down

    def sometimes(*said: Any) -> None:
        if next(turn) % 3 == 0:
            raise RuntimeError("the power went")
        written(*said)

    monkeypatch.setattr(actions, "_written_down", sometimes)
    path = f"{V1}/staff/service-requests/{case['reference']}/letters"

    def go(_: int) -> int:
        start.wait()
        return app.test_client().post(path, json={"template": "receipt"}, headers=reviewer).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(go, range(12)))
    with db.transaction() as tx:
        numbers = sorted(tx.scalars(select(Letter.number)))
    assert 0 < answers.count(500) < 12
    assert numbers == list(range(1, answers.count(201) + 1))


def test_a_letter_keeps_its_words_when_the_pack_changes_them(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, issue: Callable[..., Any]
) -> None:
    before = issue(reviewer).json
    changed = [{**TEMPLATES[0], "text": {"ar": "جديد", "en": "New"}}]
    with db.transaction() as tx:
        assert sync(tx, {"letters": TEMPLATES}) == {"added": 0, "changed": 0, "retired": 0}
        assert sync(tx, {"letters": changed}) == {"added": 0, "changed": 1, "retired": 1}
    [kept] = town.get(f"{V1}/service-requests/{case['reference']}/letters", headers=resident).json["items"]
    assert kept["text"] == before["text"]
    assert issue(reviewer).json["text"]["en"] == "New"


@pytest.mark.parametrize(
    "written", ["{name.__class__}", "{reference:>99999999}", "{nothing}", "{", "{0}", "{{name}"]
)
def test_a_template_is_filled_in_by_name_and_never_run(
    case: dict[str, Any], issue: Callable[..., Any], reviewer: Headers, written: str
) -> None:
    with db.transaction() as tx:
        sync(tx, {"letters": [{**TEMPLATES[0], "text": {"ar": written, "en": f"{written} for {{name}}"}}]})
    words = issue(reviewer).json["text"]["en"]
    assert words == f"{written.replace('{name}', 'Maryam Ali')} for Maryam Ali"
