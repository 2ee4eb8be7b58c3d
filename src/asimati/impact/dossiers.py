"""Reports for a period: figures with their sources, stories with consent, what partners say; as PDF and as DOCX.

A form (the questions of an award, the chapters of a review's annex) is the pack's: sections in their order, each
with the governorate's own words and with what it holds (`HOLDS`). The same data make the same report; their SHA-256
is printed in it, and the data beside it can be hashed again by anybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.impact import queries, readings
from asimati.impact.layout import quotes, tables
from asimati.impact.models import DossierForm, Endorsement, Story
from asimati.impact.rules import Per
from asimati.impact.words import DIMENSIONS, VALUES
from asimati.impact.writing import docx
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pdf import pdf
from asimati.settings import settings

_TEMPLATE = Path(__file__).parent / "documents" / "dossier.typ"


def make(tx: Session, form: str, start: date, end: date, file_format: str) -> bytes:
    """The report as `pdf` or `docx`, in Arabic and then in English. Raises NotFound for an unknown form."""
    told = data(tx, form, start, end)
    made_at = clock.now(tx)
    if file_format == "docx":
        return docx({**told, "hash": digest(told)}, made_at)
    laid = [{**one, "laid": _laid(one["parts"])} for one in told["sections"]]
    return pdf(_TEMPLATE, {**told, "hash": digest(told), "sections": laid}, language="ar", made_at=made_at)


def _laid(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {tongue: {"tables": tables(parts, tongue), "quotes": quotes(parts, tongue)} for tongue in ("ar", "en")}


def digest(told: Mapping[str, Any]) -> str:
    """SHA-256 of a report's data as `written`."""
    return hashlib.sha256(written(told)).hexdigest()


def written(told: Mapping[str, Any]) -> bytes:
    """A report's data as they are hashed: JSON with sorted keys and no spaces, in UTF-8."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()


def data(tx: Session, form: str, start: date, end: date) -> dict[str, Any]:
    """Everything the report says; `start` and `end` are first days of months, both included."""
    found = tx.get(DossierForm, form)
    if found is None:
        raise NotFound
    sections = [
        {"heading": one["heading"], "text": one.get("text"),
         "parts": {name: HOLDS[name](tx, start, end) for name in one.get("holds", ())}}
        for one in found.sections
    ]  # fmt: skip
    return {
        "governorate": settings().governorate.facts["name"], "title": found.title,
        "period": [f"{start:%Y-%m}", f"{end:%Y-%m}"], "sections": sections,
    }  # fmt: skip


def _figures(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    """What each measure adds up to, with the rule it was counted by."""
    rules = queries.measures_by_code(tx)
    return [
        {"goal": goal["goal"], "target": one["target"], "title": one["title"], "unit": one["unit"],
         "value": one["value"], "at_least": one["at_least"], "source": {
             "ar": f"{one['measure']}، القاعدة {rules[one['measure']].version}: {rules[one['measure']].topic}",
             "en": f"{one['measure']}, rule {rules[one['measure']].version}: {rules[one['measure']].topic}"}}
        for goal in readings.goals(tx, start, end)["items"] for one in goal["contributions"]
    ]  # fmt: skip


def _people(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    """Who was reached, by sex, age and disability; what is withheld says so."""
    rules = queries.measures_by_code(tx)
    rows = []
    for by in ("sex", "age_band", "disability"):
        if [by] in queries.allowed_groupings():
            for one in readings.series_of(tx, (by,), Per.YEAR, start=start, end=end):
                parts = list(one.points.values())
                whole = sum((value for value in parts if value is not None), Decimal(0))
                told = None if None in parts else queries.as_number(whole)
                rows.append({
                    "title": rules[one.measure].title, "target": one.target, "by": DIMENSIONS[by],
                    "group": VALUES.get(one.group[0], one.group[0]), "value": told, "unit": rules[one.measure].unit,
                })  # fmt: skip
    return rows


def _aims(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    kept = ("target", "title", "unit", "year", "value", "at_least", "aim", "baseline", "progress", "source")
    return [
        {name: one[name] for name in kept}
        for goal in readings.goals(tx)["items"] for one in goal["aims"] if start.year <= one["year"] <= end.year
    ]  # fmt: skip


def _objectives(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    return [{"title": one["title"], "targets": one["targets"]} for one in readings.objectives(tx) if one["targets"]]


def _stories(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    """Stories of the period whose people agreed, and still agree, to their being told."""
    told = select(Story).where(Story.withdrawn_at.is_(None), Story.on >= start, Story.on < _after(end))
    return [
        {"title": one.title, "text": one.text, "target": one.target, "on": str(one.on), "consent": one.consent}
        for one in tx.scalars(told.order_by(Story.on, Story.id))
    ]


def _endorsements(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    said = select(Endorsement).where(Endorsement.on >= start, Endorsement.on < _after(end))
    return [
        {"partner": one.partner, "text": one.text, "signatory": one.signatory, "on": str(one.on)}
        for one in tx.scalars(said.order_by(Endorsement.on, Endorsement.id))
    ]


def _method(tx: Session, start: date, end: date) -> list[dict[str, Any]]:
    """How it was counted: every rule in force, and the threshold below which figures are withheld."""
    return [
        {"code": one["code"], "title": one["title"], "version": one["version"], "topic": one["topic"],
         "amount": one["amount"], "since": str(one["since"]), "threshold": settings().governorate.small_cell}
        for one in queries.measures(tx) if not one["retired"]
    ]  # fmt: skip


def _after(end: date) -> date:
    return date(end.year + end.month // 12, end.month % 12 + 1, 1)


HOLDS: Mapping[str, Callable[[Session, date, date], list[dict[str, Any]]]] = {
    "figures": _figures,
    "people": _people,
    "aims": _aims,
    "objectives": _objectives,
    "stories": _stories,
    "endorsements": _endorsements,
    "method": _method,
}
