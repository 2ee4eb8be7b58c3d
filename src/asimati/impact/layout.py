"""How the parts of a report are laid out: headings and cells of each table, for PDF and DOCX alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asimati.kit.text import isolate

Words = Mapping[str, str]

WITHHELD: Words = {"ar": "محجوب", "en": "withheld"}
_AT_LEAST: Words = {"ar": "لا يقل عن", "en": "at least"}
_TARGET: Words = {"ar": "الغاية", "en": "Target"}
_MEASURE: Words = {"ar": "المقياس", "en": "Measure"}
_FIGURE: Words = {"ar": "الرقم", "en": "Figure"}
_HEADINGS: Mapping[str, list[Words]] = {
    "figures": [_TARGET, _MEASURE, _FIGURE, {"ar": "المصدر", "en": "Source"}],
    "people": [_MEASURE, {"ar": "بحسب", "en": "By"}, {"ar": "الفئة", "en": "Group"}, _FIGURE],
    "aims": [
        _TARGET,
        _MEASURE,
        {"ar": "خط الأساس", "en": "Baseline"},
        {"ar": "المتحقق", "en": "Reached"},
        {"ar": "المستهدف", "en": "Aim"},
        {"ar": "التقدم", "en": "Progress"},
    ],
    "objectives": [{"ar": "الهدف الوطني", "en": "National objective"}, {"ar": "الغايات", "en": "Targets"}],
    "method": [
        _MEASURE,
        {"ar": "ما يُحتسب", "en": "What counts"},
        {"ar": "القاعدة", "en": "Rule"},
        {"ar": "منذ", "en": "Since"},
    ],
}


def tables(parts: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """The parts of a section that are tables: `{"headings": […], "rows": [[…]]}`, in a language."""
    return [
        {
            "headings": [one[language] for one in _HEADINGS[name]],
            "rows": [_row(name, row, language) for row in rows],
        }
        for name, rows in parts.items()
        if name in _HEADINGS
    ]


def quotes(parts: Mapping[str, Any], language: str) -> list[dict[str, str]]:
    """The parts that are told: stories and endorsements, as `{"head", "text", "foot"}`."""
    stories = [
        {
            "head": _said(one["title"], language),
            "text": _said(one["text"], language),
            "foot": f"{one['target'] or ''} · {one['on']} · {_said(one['consent'], language)}",
        }
        for one in parts.get("stories", ())
    ]
    endorsements = [
        {
            "head": _said(one["partner"], language),
            "text": _said(one["text"], language),
            "foot": f"{_said(one['signatory'], language)} · {one['on']}",
        }
        for one in parts.get("endorsements", ())
    ]
    return stories + endorsements


def _said(words: Any, language: str) -> str:
    if isinstance(words, Mapping):
        return str(words.get(language) or words.get("ar") or words.get("en") or "")
    return str(words or "")


def _codes(codes: Sequence[str], language: str) -> str:
    """Codes in a row: in Arabic each keeps its own direction, for 9.c read from the right would be c.9."""
    return "، ".join(map(isolate, codes)) if language == "ar" else ", ".join(codes)


def _value(row: Mapping[str, Any], language: str) -> str:
    """A sum of months, of which some or all may be withheld."""
    if row["value"] is None:
        return WITHHELD[language]
    return f"{_AT_LEAST[language]} {row['value']}" if row["at_least"] else str(row["value"])


def _row(name: str, row: Mapping[str, Any], language: str) -> list[str]:
    def said(key: str) -> str:
        return _said(row[key], language)

    match name:
        case "figures":
            return [
                _codes([row["target"]], language),
                said("title"),
                f"{_value(row, language)} {said('unit')}",
                said("source"),
            ]
        case "people":
            value = WITHHELD[language] if row["value"] is None else f"{row['value']} {said('unit')}"
            return [f"{said('title')} ({row['target']})", said("by"), said("group"), value]
        case "aims":
            aim = f"{row['aim']} ({row['year']})"
            return [
                _codes([row["target"]], language),
                said("title"),
                str(row["baseline"]),
                _value(row, language),
                aim,
                f"{row['progress']:.0%}",
            ]
        case "objectives":
            return [said("title"), _codes(row["targets"], language)]
        case _:
            return [said("title"), f"{row['topic']} · {row['amount']}", f"{row['version']}", row["since"]]
