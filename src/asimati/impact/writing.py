"""A report as a Word document: Arabic from right to left, then English, headings and tables as Word knows them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from asimati.impact.layout import quotes, tables

_PERIOD = {"ar": "المدة: {} إلى {}", "en": "Period: {} to {}"}
_HASH = {"ar": "بصمة البيانات (SHA-256): {}", "en": "Hash of the data (SHA-256): {}"}


def docx(told: Mapping[str, Any], made_at: datetime) -> bytes:
    """The bytes of the document; `told` is what `dossiers.data` gives, with `hash`."""
    document: Any = Document()
    document.core_properties.title = told["title"]["en"]
    document.core_properties.created = document.core_properties.modified = made_at
    for number, language in enumerate(("ar", "en")):
        if number:
            document.add_page_break()
        _part(document, told, language)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _part(document: Any, told: Mapping[str, Any], language: str) -> None:
    rtl = language == "ar"
    _turned(document.add_heading(told["title"][language], 0), rtl)
    _turned(document.add_paragraph(told["governorate"][language]), rtl)
    _turned(document.add_paragraph(_PERIOD[language].format(*told["period"])), rtl)
    _turned(document.add_paragraph(_HASH[language].format(told["hash"])), rtl)
    for section in told["sections"]:
        _turned(document.add_heading(section["heading"][language], 1), rtl)
        if section["text"]:
            _turned(document.add_paragraph(section["text"][language]), rtl)
        for one in tables(section["parts"], language):
            _table(document, one, rtl)
        for one in quotes(section["parts"], language):
            _turned(document.add_heading(one["head"], 2), rtl)
            _turned(document.add_paragraph(one["text"]), rtl)
            _turned(document.add_paragraph(one["foot"]), rtl)


def _table(document: Any, one: Mapping[str, Any], rtl: bool) -> None:
    made = document.add_table(rows=1, cols=len(one["headings"]), style="Table Grid")
    if rtl:
        made._tbl.tblPr.append(OxmlElement("w:bidiVisual"))
    for cells in (one["headings"], *one["rows"]):
        row = made.rows[0] if cells is one["headings"] else made.add_row()
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
            _turned(cell.paragraphs[0], rtl)


def _turned(paragraph: Any, rtl: bool) -> None:
    """Set a paragraph and its runs from right to left; Word wants both said."""
    if not rtl:
        return
    paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for run in paragraph.runs:
        properties = run._r.get_or_add_rPr()
        properties.append(OxmlElement("w:rtl"))
        language = OxmlElement("w:lang")
        language.set(qn("w:bidi"), "ar-BH")
        properties.append(language)
