"""Many cases at once: batches captured outside, files of another system, and files without a name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text

from asimati.cli import cli
from asimati.kit import db
from asimati.service_requests.intake.importing import Source, read, typed
from asimati.settings import settings
from tests.service_requests.town import filed

Headers = dict[str, str]
BATCHES, IMPORTS = "/api/v1/staff/intake/batches", "/api/v1/staff/intake/imports"


def captured(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "request": filed(channel="field_visit", **more)}


def count() -> int:
    with db.transaction() as tx:
        return int(tx.scalar(text("SELECT count(*) FROM service_request")) or 0)


# --- batches ---------------------------------------------------------------------------------------------------


def test_a_batch_says_of_each_what_became_of_it_and_sent_again_makes_nothing(
    town: FlaskClient, reviewer: Headers
) -> None:
    at = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    items = [
        captured("b", received_at=at), captured("a", answers={"text": "x"}), captured("c", colour="red"),
        captured("d", service="nothing"), captured("e", phone="36000009"),
    ]  # fmt: skip
    first = town.post(BATCHES, json={"items": items}, headers=reviewer)
    assert first.status_code == 200, first.json
    results = {one["key"]: one for one in first.json["items"]}
    assert [one["key"] for one in first.json["items"]] == ["b", "a", "c", "d", "e"]
    assert [results[key]["outcome"] for key in "abcde"] == ["refused", "created", "refused", "refused", "created"]
    faults = {key: results[key]["errors"][0]["pointer"] for key in "acd"}
    assert faults == {"a": "/answers/text", "c": "/colour", "d": "/service"}
    assert count() == 2

    again = town.post(BATCHES, json={"items": items}, headers=reviewer).json["items"]
    assert {one["key"]: one["outcome"] for one in again if one["key"] in "be"} == {"b": "repeated", "e": "repeated"}
    assert again[0]["reference"] == results["b"]["reference"] and count() == 2
    mended = town.post(BATCHES, json={"items": [captured("a")]}, headers=reviewer).json["items"][0]
    assert mended["outcome"] == "created", "what was refused used no key up"
    other = town.post(BATCHES, json={"items": [captured("b", note="else")]}, headers=reviewer).json["items"][0]
    assert other["problem"] == "idempotency-key-reused"
    case = town.get(f"/api/v1/staff/service-requests/{results['b']['reference']}", headers=reviewer).json
    assert case["submitted_at"][:10] == at[:10] and case["due_at"] > case["submitted_at"]


def test_another_member_of_staff_has_keys_of_their_own(
    town: FlaskClient, reviewer: Headers, supervisor: Headers
) -> None:
    for who in (reviewer, supervisor):
        done = town.post(BATCHES, json={"items": [captured("same")]}, headers=who).json["items"]
        assert done[0]["outcome"] == "created"
    twice = {"items": [captured("same"), captured("same")]}
    assert town.post(BATCHES, json=twice, headers=reviewer).status_code == 422


@pytest.mark.parametrize("days", [-1, 91])
def test_what_was_received_tomorrow_or_last_year_is_refused(
    town: FlaskClient, reviewer: Headers, days: int
) -> None:
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    refused = town.post("/api/v1/staff/intake", json=filed(channel="majlis", received_at=at), headers=reviewer)
    assert refused.json["errors"][0]["pointer"] == "/received_at"


# --- files of another system -----------------------------------------------------------------------------------

HEAD = "external_ref,service,block,lat,lon,answers.text,answers.phone,received_at,their own\n"
LINES = "T-1,street-lamp,٣١٧,26.23,50.58,المصباح مطفأ,36000011,{day},x\nT-2,street-lamp,999,,,الثاني مطفأ,,,\n"


def brought(client: FlaskClient, who: Headers, data: bytes, name: str = "t.csv", **query: Any) -> Any:
    return client.post(
        IMPORTS, data={"file": (io.BytesIO(data), name)}, query_string=query, headers=who,
        content_type="multipart/form-data",
    )  # fmt: skip


@pytest.fixture
def table() -> bytes:
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    return (HEAD + LINES.format(day=day)).encode("utf-8-sig")


def test_a_file_is_tried_first_then_brought_and_brought_again_changes_nothing(
    town: FlaskClient, reviewer: Headers, table: bytes
) -> None:
    tried = brought(town, reviewer, table)
    assert tried.status_code == 200, tried.json
    assert (tried.json["dry_run"], tried.json["created"], tried.json["refused"]) == (True, 1, 1)
    assert tried.json["ignored"] == ["their own"] and count() == 0
    refused = tried.json["items"][1]
    assert (refused["line"], refused["external_ref"], refused["errors"][0]["pointer"]) == (
        3,
        "T-2",
        "/location/block",
    )

    done = brought(town, reviewer, table, dry_run="false").json
    assert (done["created"], done["unchanged"], count()) == (1, 0, 1)
    case = town.get(f"/api/v1/staff/service-requests/{done['items'][0]['reference']}", headers=reviewer).json
    assert (case["channel"], case["external_ref"], case["location"]["block"]) == ("tawasul", "T-1", "317")
    assert case["answers"]["phone"] == "+97336000011" and case["location"]["lat"] == 26.23

    with db.transaction() as tx:
        before = tx.execute(text("SELECT * FROM service_request")).all()
    again = brought(town, reviewer, table.replace("مطفأ".encode(), "معطل".encode()), dry_run="false").json
    assert (again["created"], again["unchanged"]) == (0, 1)
    with db.transaction() as tx:
        assert tx.execute(text("SELECT * FROM service_request")).all() == before


def test_a_file_may_be_json_and_one_case_stands_in_it_twice(town: FlaskClient, reviewer: Headers) -> None:
    body = filed(external_ref="T-9")
    data = json.dumps({"items": [body, body, {"external_ref": "T-8", "service": "street-lamp"}, {}]}).encode()
    found = brought(town, reviewer, data, "t.json", dry_run="false").json
    assert [one["outcome"] for one in found["items"]] == ["created", "unchanged", "refused", "refused"]


@pytest.mark.parametrize("data", [b"", b"[1]", b"{}", b"{", b"\xff\xfe", b"a,a\n1,2\n"])
def test_what_is_no_such_file_is_refused_whole(town: FlaskClient, reviewer: Headers, data: bytes) -> None:
    assert brought(town, reviewer, data).status_code == 422


def test_the_command_brings_the_same_file(
    town: FlaskClient, reviewer: Headers, table: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(table)
    run = CliRunner().invoke(cli, ["intake", "import", str(file)])
    assert run.exit_code == 1 and json.loads(run.output)["created"] == 1, run.output
    assert (
        json.loads(CliRunner().invoke(cli, ["intake", "import", str(file), "--dry-run"]).output)["unchanged"] == 1
    )
    assert count() == 1


def test_the_pack_says_what_others_call_things() -> None:
    capital = settings().governorate.facts["import"][0]
    source = Source(capital["columns"], capital["services"])
    found = read("رقم البلاغ,التصنيف,نص البلاغ,مجهول\n7,النظافة,حاوية,x\n".encode(), source)
    assert found.cases == [(2, {"external_ref": "7", "service": "النظافة", "answers.details": "حاوية"})]
    assert found.ignored == ["مجهول"] and source.services["النظافة"] == "waste"


@pytest.mark.parametrize(
    ("asked", "cell", "value"),
    [
        ({"type": "integer"}, "٣", 3), ({"type": "integer"}, "three", "three"), ({"type": "number"}, "2.5", 2.5),
        ({"type": "boolean"}, "نعم", True), ({"type": "boolean"}, "No", False),
        ({"type": "string"}, " 012 ", "012"),
        ({"type": "array", "items": {"type": "string"}}, "food; rent", ["food", "rent"]),
        ({"type": "string", "enum": ["out"]}, "مُطفأة", "out"),
    ],
)  # fmt: skip
def test_a_cell_becomes_what_the_form_asks_for(asked: dict[str, Any], cell: str, value: Any) -> None:
    options = {"out": {"ar": "مطفأة", "en": "Out"}} if "enum" in asked else {}
    assert typed(asked, cell, options) == value


# --- files without a name --------------------------------------------------------------------------------------


def photograph() -> dict[str, Any]:
    made = io.BytesIO()
    Image.new("RGB", (20, 20)).save(made, "JPEG")
    made.seek(0)
    return {"data": {"file": (made, "a.jpg")}, "content_type": "multipart/form-data"}


def test_whoever_files_without_a_name_may_send_a_photograph_for_an_hour(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., dict[str, Any]], moved_clock: Any
) -> None:
    case = submit({}, service="idea", location=None)
    path = "/api/v1/service-requests/attachments/{}"
    token = case["attach"]["token"]
    sent = town.post(path.format(token), **photograph())
    assert (sent.status_code, sent.json["media_type"]) == (201, "image/jpeg")
    listed = town.get(f"/api/v1/staff/service-requests/{case['reference']}/attachments", headers=reviewer)
    assert len(listed.json["items"]) == 1
    whose, until, mark = token.split(".")
    for forged in (
        "x",
        f"{whose}.{int(until, 16) + 9999:x}.{mark}",
        f"{'0' * 32}.{until}.{mark}",
        f"{whose}.{until}.é",
    ):
        assert town.post(path.format(forged), **photograph()).status_code == 404
    with moved_clock(hours=2):
        assert town.post(path.format(token), **photograph()).status_code == 404
    assert "attach" not in submit(resident)
