"""What an Open SDG site is built from: data, metadata, both languages, and the configuration that reads them.

Layout: https://open-sdg.readthedocs.io ("Data format", "Metadata format", "Translation"). The archive is a data
repository whole: `python build_data.py` in it runs the real build (sdg-build). The ids are ours, such as
"16-6-voices-heard": none is the code of an official indicator. JSON is YAML, so metadata is written as JSON.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.impact import queries, readings
from asimati.impact.disclosure import PERSONAL
from asimati.impact.models import Goal, Measure, Target
from asimati.impact.readings import Series
from asimati.impact.rules import Per
from asimati.impact.words import DIMENSIONS, VALUES
from asimati.kit.sheets import csv_of
from asimati.kit.text import say

_MADE = (1980, 1, 1, 0, 0, 0)  # the same figures make the same bytes, whenever the file is made
_SITE = Path(__file__).parent / "site"


def archive(tx: Session) -> bytes:
    """The ZIP: for each measure and target its data and its metadata, translations, configuration."""
    measures = {measure.code: measure for measure in tx.scalars(select(Measure))}
    targets = {target.code: target for target in tx.scalars(select(Target))}
    goals = {goal.number: goal for goal in tx.scalars(select(Goal))}
    series = {"": readings.series_of(tx, (), Per.YEAR)} | {
        name: readings.series_of(tx, [name], Per.YEAR) for name in PERSONAL if [name] in queries.allowed_groupings()
    }
    files: dict[str, bytes] = {
        path.name.replace("data.txt", "data.py"): path.read_bytes() for path in sorted(_SITE.iterdir())
    }
    told = {(one.measure, one.target) for one in series[""] if any(v is not None for v in one.points.values())}
    for code, target in sorted(told):
        indicator = f"{target.replace('.', '-')}-{code}"
        mine = {
            by: [one for one in many if (one.measure, one.target) == (code, target)] for by, many in series.items()
        }
        facts = _metadata(indicator, measures[code], targets[target], goals[targets[target].goal])
        files[f"data/indicator_{indicator}.csv"] = _data(mine, code)
        files[f"meta/{indicator}.yml"] = _yaml(facts)
    for language in ("ar", "en"):
        for name, words in _translations(measures.values(), targets.values(), goals.values(), language).items():
            files[f"translations/{language}/{name}.yml"] = _yaml(words)
    return _zip(files)


def _data(series: Mapping[str, Sequence[Series]], unit: str) -> bytes:
    """A row for each year and group; a year that is withheld is left out."""
    rows = [
        [
            int(year),
            f"units.{unit}",
            *(one.group[0] if name == by else "" for name in PERSONAL),
            queries.as_number(value),
        ]
        for by, many in series.items()
        for one in many
        for year, value in one.points.items()
        if value is not None
    ]  # fmt: skip
    headers = ["Year", "Units", *PERSONAL, "Value"]
    return csv_of(headers, sorted(rows, key=lambda row: [str(cell) for cell in row])).removeprefix(b"\xef\xbb\xbf")


def _metadata(indicator: str, measure: Measure, target: Target, goal: Goal) -> dict[str, Any]:
    return {
        "indicator_number": indicator.replace("-", ".", 2),
        "indicator_name": f"measures.{measure.code}",
        "graph_title": f"measures.{measure.code}",
        "sdg_goal": str(goal.number),
        "goal_number": str(goal.number),
        "goal_name": f"goals.{goal.number}",
        "target_id": target.code,
        "target_number": target.code,
        "target_name": f"targets.{target.code.replace('.', '-')}",
        "computation_units": f"units.{measure.code}",
        "graph_type": "bar",
        "reporting_status": "complete",
        "data_non_statistical": False,
        "national_indicator": True,
        "data_start_values": [],
        "computation_definitions": "notes.own_measure",
        "rule_version": measure.version,
        "counted_since": str(measure.since),
    }


def _translations(
    measures: Iterable[Measure], targets: Iterable[Target], goals: Iterable[Goal], language: str
) -> dict[str, dict[str, str]]:
    measures = list(measures)
    notes = {
        "ar": "قياس خاص بالمحافظة يُحتسب من أعمالها، وليس مؤشرًا رسميًا للأمم المتحدة.",
        "en": "A measure of the governorate, counted from what it does; not an official UN indicator.",
    }
    return {
        "measures": {one.code: say(one.title, language) for one in measures},
        "units": {one.code: say(one.unit, language) for one in measures},
        "targets": {one.code.replace(".", "-"): say(one.title, language) for one in targets},
        "goals": {str(one.number): say(one.title, language) for one in goals},
        "data": {name: words[language] for name, words in {**DIMENSIONS, **VALUES}.items()},
        "notes": {"own_measure": notes[language]},
    }


def _yaml(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, indent=1).encode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
