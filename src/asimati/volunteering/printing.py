"""Volunteering on paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import render_template_string
from sqlalchemy.orm import Session

from asimati.accounts.queries import name_of
from asimati.credentials.writing import qr_svg
from asimati.kit import clock
from asimati.kit.pdf import pdf
from asimati.kit.text import say
from asimati.kit.words import translate, use
from asimati.settings import settings
from asimati.volunteering import rules
from asimati.volunteering.goals import goals
from asimati.volunteering.models import Opportunity, Shift
from asimati.volunteering.rules import SignUpStatus

_DOCUMENTS = Path(__file__).parent / "documents"


def passport(tx: Session, person: UUID, found: Mapping[str, Any], *, language: str, made_at: datetime) -> bytes:
    """A passport as a PDF in one language; `found` is what `passport_queries.passport` says of it."""
    data = _said_of(tx, person, found) | {"made_on": clock.local_day(made_at).isoformat()}
    return pdf(_DOCUMENTS / "passport.typ", data, language=language, made_at=made_at)


def passport_page(tx: Session, person: UUID, found: Mapping[str, Any], *, language: str) -> str:
    """The same as a page in one language, for an app to show and a browser to print."""
    data = _said_of(tx, person, found)
    if data["qr"]:
        data["qr"] = "data:image/svg+xml;base64," + base64.b64encode(data["qr"].encode()).decode()
        data["proof"] = f"/api/v1/credentials/{found['credential']['id']}"
    with use(language):
        return render_template_string(
            (_DOCUMENTS / "passport.html").read_text(encoding="utf-8"), passport=data, language=language,
            direction="rtl" if language == "ar" else "ltr", name=settings().governorate.facts["name"],
            text=lambda words: say(words, language), _=translate,
        )  # fmt: skip


def _said_of(tx: Session, person: UUID, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a passport says, whatever it is written on.

    What was corrected stands once, as it counts now; the ledger with its corrections is the app's to show.
    """
    names, credential = name_of(tx, person), found["credential"]
    holds = credential and not credential["revoked"]
    return {
        **{name: found[name] for name in ("hours", "shifts", "level", "next_level", "edition", "editions")},
        "name": {"ar": names["ar"] or names["en"], "en": names["en"] or names["ar"]},
        "category": found["category_title"],
        "stamps": _all_goals(found["stamps"]),
        "served": _served(found["lines"]),
        "qr": qr_svg(credential["link"]).decode() if holds else None,
    }


_EMPTY_LINES = 3
_STATUS = {
    SignUpStatus.PENDING: {"ar": "قيد المراجعة", "en": "In review"},
    SignUpStatus.CONFIRMED: {"ar": "مؤكد", "en": "Confirmed"},
    SignUpStatus.CHECKED_IN: {"ar": "حاضر", "en": "Present"},
    SignUpStatus.CHECKED_OUT: {"ar": "انصرف", "en": "Left"},
    SignUpStatus.NO_SHOW: {"ar": "لم يحضر", "en": "Did not come"},
}


def attendance(
    shift: Shift, opportunity: Opportunity, volunteers: list[dict[str, Any]], *, language: str, made_at: datetime
) -> bytes:
    """A shift's attendance sheet as a PDF in both languages at once, the given one first."""
    data = {
        "title": opportunity.title,
        "location": opportunity.location,
        "day": clock.local_day(shift.starts_at).isoformat(),
        "starts": _hour(shift.starts_at),
        "ends": _hour(shift.ends_at),
        "volunteers": [
            {"name": one["name"], "role": shift.roles[one["role"]]["title"] if one["role"] else None,
             "status": _STATUS[one["status"]], "came": _hour(one["came"]), "left": _hour(one["left"])}
            for one in volunteers
        ],
        "empty_lines": _EMPTY_LINES,
    }  # fmt: skip
    return pdf(_DOCUMENTS / "attendance.typ", data, language=language, made_at=made_at)


def _hour(moment: datetime | None) -> str:
    return clock.local(moment).strftime("%H:%M") if moment else ""


def _all_goals(stamps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The seventeen goals in order, those without hours too."""
    stamped = {stamp["goal"]: stamp["hours"] for stamp in stamps}
    return [{"goal": number, **goal, "hours": stamped.get(number)} for number, goal in goals().items()]


def _served(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What counts of each shift, by the day it was served."""
    counted: dict[UUID, dict[str, Any]] = {}
    for line in lines:
        row = counted.setdefault(line["claim"], {"title": line["title"], "day": line["served_on"], "minutes": 0})
        row["minutes"] += line["minutes"]
        row["goals"] = rules.goals_of(line["targets"])
    rows = [row | {"hours": rules.hours(row["minutes"])} for row in counted.values() if row["minutes"] > 0]
    return sorted(rows, key=lambda row: row["day"])
