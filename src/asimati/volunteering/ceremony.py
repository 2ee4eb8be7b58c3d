"""The ceremony's tables: whom to call, what was corrected, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asimati.kit.sheets import Table
from asimati.kit.words import _, language, translate
from asimati.volunteering import rankings
from asimati.volunteering.models import Edition

_MEDALS = {1: _("Gold medal"), 2: _("Silver medal"), 3: _("Bronze medal")}
_WHO = (_("Category"), _("Place"), _("Name in Arabic"), _("Name in Latin letters"), _("Hours"))


def winners(edition: Edition, rows: Sequence[dict[str, Any]]) -> Table:
    """The first places, category by category; who shares a place shares its medal."""
    headers = [translate(word) for word in (*_WHO, _("Shifts"), _("Medal"))]
    return headers, [
        [*_who(edition, row), row["shifts"], translate(_MEDALS[row["place"]]) if row["place"] in _MEDALS else ""]
        for row in rows
    ]


def corrections(edition: Edition, rows: Sequence[dict[str, Any]]) -> Table:
    """What was corrected after the ranking was frozen. The places stand."""
    headers = [translate(word) for word in (*_WHO, _("Change in hours"), _("Hours now"), _("Corrected at"))]
    return headers, [
        [*_who(edition, row), float(row["change"]), float(row["hours_now"]), row["last_at"]] for row in rows
    ]


def rules(edition: Edition) -> Table:
    """How the edition ranks."""
    said = [rule[language()] for rule in rankings.stated_rules(edition)]
    return [translate(_("How volunteers are ranked"))], [[rule] for rule in said]


def _who(edition: Edition, row: dict[str, Any]) -> list[Any]:
    title = rankings.title_of(edition.categories, row["category"]) or {}
    category = title.get(language()) or row["category"]
    return [category, row["place"], row["name"]["ar"], row["name"]["en"], float(row["hours"])]
