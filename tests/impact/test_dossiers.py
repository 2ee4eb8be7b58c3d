"""Reports: both languages, sources, consent, and a hash anybody can reckon again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from docx import Document
from flask.testing import FlaskClient

from asimati.cli import cli
from asimati.impact import dossiers
from asimati.impact.sync import sync
from asimati.kit import db
from asimati.kit.policy import Role
from tests.impact.acts import PART, Act, words
from workers.tasks.deliver import drain

ALL = ["figures", "people", "aims", "objectives", "stories", "endorsements", "method"]
FORM = {
    "code": "award",
    "title": words("Award"),
    "sections": [{"heading": words("One"), "text": words("why"), "holds": ALL}],
}
AIM = {"measure": "hours", "target": "4.4", "year": 2026, "value": 50, "baseline": 0, "baseline_year": 2025,
       "source": words("counted")}  # fmt: skip
PERIOD = {"from": "2026-01", "to": "2026-12"}
STORY = {"title": {"ar": "قصة", "en": "A story"}, "text": {"ar": "نص", "en": "It changed"}, "target": "4.4",
         "on": "2026-11-02", "consent": {"ar": "خطيًا", "en": "In writing"},
         "consented_on": "2026-11-01"}  # fmt: skip


@pytest.fixture
def staff(as_staff: Callable[..., dict[str, str]]) -> dict[str, str]:
    return as_staff(Role.COORDINATOR)


@pytest.fixture
def told(act: Act) -> None:
    with db.transaction() as tx:
        sync(tx, {**PART, "aims": [AIM], "dossiers": [FORM]})
    for sex, number in (("female", 6), ("male", 7)):
        for _ in range(number):
            act(sex=sex)
    drain()


def docx_of(client: FlaskClient, headers: dict[str, str]) -> str:
    answer = client.get(
        "/api/v1/staff/impact/dossiers/award", query_string={**PERIOD, "format": "docx"}, headers=headers
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    document = Document(io.BytesIO(answer.data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([one.text for one in document.paragraphs] + cells)


def test_a_report_has_figures_with_sources_stories_endorsements_and_its_hash(
    told: None, client: FlaskClient, staff: dict[str, str]
) -> None:
    made = client.post("/api/v1/staff/impact/stories", json=STORY, headers=staff)
    assert made.status_code == 201, made.json
    said = {
        "partner": words("Tamkeen"),
        "text": words("We agree"),
        "signatory": words("Director"),
        "on": "2026-11-03",
    }
    assert client.post("/api/v1/staff/impact/endorsements", json=said, headers=staff).status_code == 201
    read = docx_of(client, staff)
    with db.transaction() as tx:
        facts = dossiers.data(tx, "award", *_months())
    expected = ("13 hours", "13 hours ع", "hours, rule 1: toy.acted", "Female", "أنثى", "A story", "قصة", "Tamkeen")
    for one in (*expected, "In writing", "26%", dossiers.digest(facts)):
        assert one in read, one


def _months() -> tuple[Any, Any]:
    from datetime import date

    return date(2026, 1, 1), date(2026, 12, 1)


def test_a_story_whose_consent_is_taken_back_is_told_no_more(
    told: None, client: FlaskClient, staff: dict[str, str]
) -> None:
    story = client.post("/api/v1/staff/impact/stories", json=STORY, headers=staff).json["id"]
    assert "A story" in docx_of(client, staff)
    assert client.post(f"/api/v1/staff/impact/stories/{story}/withdraw", headers=staff).json["withdrawn_at"]
    assert "A story" not in docx_of(client, staff)


def test_a_story_needs_a_consent_that_was_given(told: None, client: FlaskClient, staff: dict[str, str]) -> None:
    future = client.post(
        "/api/v1/staff/impact/stories", json={**STORY, "consented_on": "2099-01-01"}, headers=staff
    )
    assert (future.status_code, future.json["type"]) == (409, "/problems/consent-not-given")
    without = {name: value for name, value in STORY.items() if name != "consent"}
    assert client.post("/api/v1/staff/impact/stories", json=without, headers=staff).status_code == 422


def test_the_pdf_is_made_and_the_same_data_have_the_same_hash(
    told: None, client: FlaskClient, staff: dict[str, str]
) -> None:
    answer = client.get("/api/v1/staff/impact/dossiers/award", query_string=PERIOD, headers=staff)
    assert answer.data.startswith(b"%PDF-")
    with db.transaction() as tx:
        first = dossiers.digest(dossiers.data(tx, "award", *_months()))
        assert first == dossiers.digest(dossiers.data(tx, "award", *_months()))
    assert client.get("/api/v1/staff/impact/dossiers/none", headers=staff).status_code == 404


def test_arabic_reads_from_right_to_left_in_word(told: None, client: FlaskClient, staff: dict[str, str]) -> None:
    answer = client.get(
        "/api/v1/staff/impact/dossiers/award", query_string={**PERIOD, "format": "docx"}, headers=staff
    )
    body = Document(io.BytesIO(answer.data)).element.xml
    assert "<w:bidi/>" in body
    assert "<w:bidiVisual/>" in body


def test_one_command_writes_both_files_and_the_data_that_were_hashed(told: None, tmp_path: Any) -> None:
    done = CliRunner().invoke(
        cli, ["impact", "dossier", "award", "--from", "2026-01", "--to", "2026-12", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    import hashlib

    (data,) = tmp_path.glob("*.json")
    assert json.loads(done.output)["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert {one.suffix for one in tmp_path.iterdir()} == {".pdf", ".docx", ".json"}
