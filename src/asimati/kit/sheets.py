"""Tables people take away or bring, as CSV and XLSX: no cell becomes a formula, and rows keep their numbers.

A cell that begins like a formula (`=`, `+`, `-`, `@`, a tab, their full-width twins) is read by spreadsheet
programs as one, whoever typed it (OWASP, "CSV injection"). In CSV such text gets a leading apostrophe; in XLSX
every text is stored as a string, which is never computed.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from asimati.kit.clock import local
from asimati.kit.errors import Invalid
from asimati.kit.words import _

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]

_FORMULA = frozenset("=+-@\t\r\n|%")
_UNPACKED = 50_000_000  # bytes an XLSX may unpack to
_PARTS = 1000  # files inside one


@dataclass(frozen=True)
class Row:
    """One line of a table that was brought: its number as its owner sees it, and its cells by header."""

    number: int
    cells: Mapping[str, str]


def csv_of(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8, with the mark that lets spreadsheet programs read Arabic."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow([_harmless(header) for header in headers])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def xlsx_of(tables: Mapping[str, Table], *, language: str) -> bytes:
    """An XLSX workbook: a sheet for each table by its title, set from right to left in Arabic.

    Numbers stay numbers; moments are shown in the governorate's time.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "text_wrap": True})
    for title, (headers, rows) in tables.items():
        sheet = book.add_worksheet(_sheet_title(title))
        if language == "ar":
            sheet.right_to_left()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, headers, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell)
        sheet.autofit()
    book.close()
    return out.getvalue()


def read_sheet(data: bytes, *, limit: int = 5000) -> list[Row]:
    """The lines of a CSV (UTF-8) or of the first sheet of an XLSX file, empty ones left out.

    The first line names the columns. Row numbers count it, as a spreadsheet shows them. Raises Invalid when the
    file is neither, a column has no name or a name twice, or it has more than `limit` lines.
    """
    lines = _xlsx_lines(data) if data[:4] == b"PK\x03\x04" else _csv_lines(data)
    if not lines:
        raise Invalid([("", _("The file is empty."))])
    headers = [header.strip() for header in lines[0]]
    if "" in headers or len(set(headers)) < len(headers):
        raise Invalid([("/1", _("Each column needs a name of its own in the first line."))])
    if len(lines) > limit + 1:
        raise Invalid([("", _("The file has too many lines."))])
    return [
        Row(number, dict(zip(headers, [*cells, *[""] * len(headers)], strict=False)))
        for number, cells in enumerate(lines[1:], start=2)
        if any(cells)
    ]


def _csv_lines(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
        return [[_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except (UnicodeDecodeError, csv.Error):
        raise Invalid([("", _("This is neither a CSV file in UTF-8 nor an XLSX file."))]) from None


def _xlsx_lines(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED:
                raise Invalid([("", _("The file unpacks to too much."))])
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        return [[_cell(cell) for cell in line] for line in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError):
        raise Invalid([("", _("This is neither a CSV file in UTF-8 nor an XLSX file."))]) from None


def _cell(value: Any) -> str:
    """A cell as its owner would type it: whole numbers without a point, days and moments in ISO 8601."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value)).replace("\x00", "").strip()


def _harmless(cell: Any) -> str:
    text = _shown(cell)
    if isinstance(cell, int | float):
        return text
    first = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cf", "Zs", "Cc"))[:1]
    begins = {text[:1], unicodedata.normalize("NFKC", first)}
    return f"'{text}" if begins & _FORMULA else text


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return local(cell).strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else str(cell)


def _write(sheet: Any, row: int, column: int, cell: Any) -> None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell)
    elif (text := _shown(cell)) != "":
        sheet.write_string(row, column, text[:32767])


def _sheet_title(title: str) -> str:
    """Excel allows 31 characters and not these."""
    return "".join("-" if letter in "[]:*?/\\" else letter for letter in title)[:31]
