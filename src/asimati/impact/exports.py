"""Figures to take away: tables, and the data and metadata that an Open SDG site is built from.

Everything here is made of published figures alone, so an export never says more than the figures themselves do.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.impact import queries
from asimati.impact.models import Goal, Measure, Target
from asimati.impact.rules import PERSONAL, Cell
from asimati.kit.sheets import csv_of
from asimati.kit.text import say

_MADE = (1980, 1, 1, 0, 0, 0)  # the same figures make the same bytes, whenever the file is made
FIXED = ("period", "goal", "target", "measure")


def table(tx: Session, by: str, **which: Any) -> tuple[list[str], list[list[Any]]]:
    """Headers and rows of the tallies in a grouping; a withheld figure's cell is empty. See `queries.cells`."""
    names = queries.grouping(by)
    rows = [
        [f"{cell.period:%Y-%m}", cell.goal, cell.target, cell.measure, *cell.group.values(),
         None if cell.withheld else queries.as_number(cell.value), cell.withheld]
        for cell in queries.cells(tx, names, **which)
    ]  # fmt: skip
    return [*FIXED, *names, "value", "withheld"], rows


def open_sdg(tx: Session) -> bytes:
    """A ZIP of `data/indicator_<id>.csv` and `meta/<id>.yml` for each measure and target, as Open SDG reads them.

    Layout: https://open-sdg.readthedocs.io ("Data format", "Metadata format"). The ids are ours, such as
    "16-6-voices-heard": none is the code of an official indicator. JSON is YAML, so metadata is written as JSON.
    """
    tables = {"": queries.cells(tx, [])} | {name: queries.cells(tx, [name]) for name in PERSONAL}
    measures = {measure.code: measure for measure in tx.scalars(select(Measure))}
    targets = {target.code: target for target in tx.scalars(select(Target))}
    goals = {goal.number: goal for goal in tx.scalars(select(Goal))}
    files: dict[str, bytes] = {}
    for code, target in sorted({(cell.measure, cell.target) for cell in tables[""]}):
        indicator = f"{target.replace('.', '-')}-{code}"
        mine = {
            by: [one for one in cells if (one.measure, one.target) == (code, target)]
            for by, cells in tables.items()
        }
        facts = _metadata(indicator, measures[code], targets[target], goals[targets[target].goal])
        files[f"data/indicator_{indicator}.csv"] = _data(mine, say(measures[code].unit, "en"))
        files[f"meta/{indicator}.yml"] = json.dumps(facts, ensure_ascii=False, indent=1).encode()
    return _zip(files)


def _data(tables: Mapping[str, Sequence[Cell]], unit: str) -> bytes:
    rows = [row for by, cells in tables.items() for row in _years(by, cells, unit)]
    headers = ["Year", "Units", *PERSONAL, "Value"]
    return csv_of(headers, sorted(rows, key=lambda row: [str(cell) for cell in row])).removeprefix(b"\xef\xbb\xbf")


def _years(by: str, cells: Iterable[Cell], unit: str) -> Iterable[list[Any]]:
    """A year is the sum of its months; one with a withheld month is left out."""
    sums: dict[tuple[int, str], Decimal] = {}
    withheld = {(cell.period.year, cell.group.get(by, "")) for cell in cells if cell.withheld}
    for cell in cells:
        key = (cell.period.year, cell.group.get(by, ""))
        sums[key] = sums.get(key, Decimal(0)) + cell.value
    for (year, value), total in sums.items():
        if (year, value) not in withheld:
            yield [year, unit, *(value if name == by else "" for name in PERSONAL), queries.as_number(total)]


def _metadata(indicator: str, measure: Measure, target: Target, goal: Goal) -> dict[str, Any]:
    title, unit = say(measure.title, "en"), say(measure.unit, "en")
    return {
        "indicator_number": indicator,
        "indicator_name": title,
        "indicator_name_ar": say(measure.title, "ar"),
        "graph_title": title,
        "sdg_goal": str(goal.number),
        "goal_name": say(goal.title, "en"),
        "target_id": target.code,
        "target_number": target.code,
        "target_name": say(target.title, "en"),
        "computation_units": unit,
        "graph_type": "bar",
        "reporting_status": "complete",
        "data_non_statistical": False,
        "computation_definitions": "A measure of the governorate, not an official indicator; "
        f"version {measure.version} of its rule, counted since {measure.since}.",
    }


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
