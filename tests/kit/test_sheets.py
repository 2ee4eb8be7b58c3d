"""Tables that leave as text and come back as typed; no cell becomes a formula."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.kit.errors import Invalid
from asimati.kit.sheets import csv_of, read_sheet, xlsx_of

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u200b=1", "＝1", "|calc", "\r=1"]


def lines(made: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_sheet(made)]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_is_disarmed_in_csv(text: str) -> None:
    assert f'"\'{text}"'.encode() in csv_of(["name"], [[text]])


def test_numbers_below_zero_stay_numbers() -> None:
    assert b'"-3"' in csv_of(["change"], [[-3]])


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(text: str) -> None:
    made = xlsx_of({"sheet": ([text], [[text]])}, language="ar")
    sheet = zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet and b"<f " not in sheet


def test_an_arabic_workbook_reads_from_right_to_left() -> None:
    made = xlsx_of({"الحضور": (["الاسم"], [["فاطمة"]])}, language="ar")
    assert b'rightToLeft="1"' in zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml")


def test_moments_are_shown_on_the_governorates_clock() -> None:
    moment = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
    assert b'"2026-11-24 00:30"' in csv_of(["at"], [[moment]])


def test_what_is_written_is_read_again_with_its_line() -> None:
    for made in (
        csv_of(["code", "places"], [["A1", 10], ["", ""], ["ب2", 3]]),
        xlsx_of({"x": (["code", "places"], [["A1", 10], ["", ""], ["ب2", 3]])}, language="en"),
    ):
        rows = read_sheet(made)
        assert [(row.number, dict(row.cells)) for row in rows] == [
            (2, {"code": "A1", "places": "10"}),
            (4, {"code": "ب2", "places": "3"}),
        ]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00", b"a,a\n1,2", b"a,\n1,2", b"PK\x03\x04nonsense", b'a\n"open', b"a\n" + b"1\n" * 5001],
    ids=["empty", "bytes", "twice", "nameless", "broken-zip", "open-quote", "long"],
)
def test_a_file_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_sheet(data)


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(Invalid) as refusal:
        read_sheet(out.getvalue())
    assert "unpacks" in str(refusal.value.errors)


def test_a_workbook_of_too_many_parts_is_refused_unread() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for number in range(1100):
            packed.writestr(f"xl/worksheets/sheet{number}.xml", b"")
    with pytest.raises(Invalid) as refusal:
        read_sheet(out.getvalue())
    assert "unpacks" in str(refusal.value.errors)


@pytest.mark.parametrize("entity", ['SYSTEM "file:///etc/passwd"', '"boom"'], ids=["outside", "inside"])
def test_a_workbook_with_entities_of_its_own_is_read_without_them(entity: str) -> None:
    out = io.BytesIO()
    book = io.BytesIO(xlsx_of({"x": (["a"], [["canary"]])}, language="en"))
    declared = f"?><!DOCTYPE sst [<!ENTITY it {entity}>]>"
    with zipfile.ZipFile(book) as made, zipfile.ZipFile(out, "w") as packed:
        for part in made.namelist():
            content = made.read(part).decode()
            if part == "xl/sharedStrings.xml":
                assert ">canary<" in content
                content = content.replace(">canary<", ">&it;<").replace("?>", declared, 1)
            packed.writestr(part, content)
    try:
        told = str(read_sheet(out.getvalue()))
    except Invalid as refusal:
        told = str(refusal.errors)
    assert "root:" not in told and "boom" not in told


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=5))
def test_any_text_can_be_written_and_read(rows: list[list[str]]) -> None:
    for made in (csv_of(["a", "b"], rows), xlsx_of({"x": (["a", "b"], rows)}, language="ar")):
        assert len(lines(made)) <= len(rows)
