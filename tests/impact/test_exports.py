"""What is taken away: tables and the Open SDG layout, made of published figures alone."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from typing import Any

from flask.testing import FlaskClient

from asimati.impact.actions import rebuild_all
from asimati.impact.disclosure import PERSONAL
from asimati.kit import db
from tests.impact.acts import Act
from workers.tasks.deliver import drain

ZIP = "/api/v1/impact/export/open-sdg.zip"


def unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(data: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def people(act: Act, **counts: int) -> None:
    for sex, count in counts.items():
        for _ in range(count):
            act(sex=sex)
    drain()


def test_open_sdg_has_data_and_metadata_of_each_measure_and_target(act: Act, client: FlaskClient) -> None:
    people(act, female=6, male=7)
    files = unpack(client.get(ZIP).data)
    site = {"config_data.yml", "_prose.yml", "build_data.py", "requirements.txt"}
    assert site <= set(files)
    assert {name for name in files if name.startswith(("data/", "meta/"))} == {
        f"{place}{name}{end}"
        for name in ("4-4-hours", "11-3-people", "16-7-people")
        for place, end in (("data/indicator_", ".csv"), ("meta/", ".yml"))
    }
    facts = json.loads(files["meta/4-4-hours.yml"])
    assert (facts["sdg_goal"], facts["target_id"]) == ("4", "4.4")
    found = {row["sex"]: row["Value"] for row in rows(files["data/indicator_4-4-hours.csv"]) if not row["block"]}
    assert (found["female"], found["male"]) == ("6", "7")


def test_a_year_with_a_withheld_month_is_not_said(act: Act, client: FlaskClient) -> None:
    for month in (9, 10):
        for _ in range(6):
            act(sex="male", on=date(2026, month, 1))
        for _ in range(6 if month == 9 else 2):
            act(sex="female", on=date(2026, month, 1))
    drain()
    told = rows(unpack(client.get(ZIP).data)["data/indicator_4-4-hours.csv"])
    assert not [row for row in told if row["sex"]]
    assert [row["Value"] for row in told if not any(row[name] for name in PERSONAL)] == ["20"]


def test_a_rebuild_from_nothing_gives_the_same_bytes(act: Act, client: FlaskClient) -> None:
    people(act, female=6, male=3, unknown=9)
    before = client.get(ZIP).data
    with db.transaction() as tx:
        rebuild_all(tx)
    assert client.get(ZIP).data == before


def test_tallies_as_csv_leave_withheld_figures_empty(act: Act, client: FlaskClient) -> None:
    people(act, female=2, male=9)
    answer = client.get("/api/v1/impact/export/tallies.csv?measure=hours&by=sex")
    assert answer.mimetype == "text/csv"
    assert [(row["sex"], row["value"], row["withheld"]) for row in rows(answer.data)] == [
        ("female", "", "True"), ("male", "", "True")
    ]  # fmt: skip


def test_tallies_as_a_workbook(act: Act, client: FlaskClient) -> None:
    people(act, female=6)
    answer = client.get("/api/v1/impact/export/tallies.xlsx?by=sex")
    assert answer.status_code == 200
    assert "xl/workbook.xml" in unpack(answer.data)
