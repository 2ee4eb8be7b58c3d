"""Figures to take away as tables: for people (CSV, XLSX) and for statistical systems (SDMX-CSV).

Everything here is made of published figures alone, so an export never says more than the figures themselves do.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from asimati.impact import queries
from asimati.impact.disclosure import DIMENSIONS, NONE
from asimati.kit.sheets import csv_of
from asimati.kit.text import say
from asimati.settings import settings

FIXED = ("period", "goal", "target", "measure")


def table(tx: Session, by: str, **which: Any) -> tuple[list[str], list[list[Any]]]:
    """Headers and rows of the figures in a grouping; a withheld figure's cell is empty. See `queries.cells`."""
    names = queries.grouping(by)
    rows = [
        [f"{cell.period:%Y-%m}", cell.goal, cell.target, cell.measure, *cell.group.values(),
         None if cell.value is None else queries.as_number(cell.value), cell.people, cell.withheld]
        for cell in queries.cells(tx, names, **which)
    ]  # fmt: skip
    return [*FIXED, *names, "value", "people", "withheld"], rows


SDMX_SEX = {"female": "F", "male": "M", "unknown": "_U"}
TOTAL = "_T"  # CL_SEX, CL_AGE and the cross-domain code lists alike


def sdmx_csv(tx: Session, by: str, **which: Any) -> bytes:
    """The figures as SDMX-CSV 2.0 (sdmx-twg, "sdmx-csv field guide"): a row for each observation.

    Dimensions that the grouping does not name hold `_T`, the total, and an unknown group `_U`. A withheld
    observation has no value, OBS_STATUS `Q` (missing, suppressed) and CONF_STATUS `C` (confidential), as in the
    code lists CL_OBS_STATUS 2.2 and CL_CONF_STATUS 1.3.
    """
    names, measures = queries.grouping(by), queries.measures_by_code(tx)
    place = settings().governorate.facts["iso"]
    headers = [
        "STRUCTURE", "STRUCTURE_ID", "ACTION", "FREQ", "REF_AREA", "MEASURE", "SDG_TARGET",
        *(name.upper() for name in DIMENSIONS),
        "TIME_PERIOD", "OBS_VALUE", "UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS",
    ]  # fmt: skip
    rows = [
        ["dataflow", "ASIMATI:IMPACT(1.0)", "R", "M", place, cell.measure, cell.target,
         *(_code(name, cell.group.get(name)) for name in DIMENSIONS), f"{cell.period:%Y-%m}",
         None if cell.value is None else queries.as_number(cell.value), say(measures[cell.measure].unit, "en"),
         "Q" if cell.withheld else "A", "C" if cell.withheld else "F"]
        for cell in queries.cells(tx, names, **which)
    ]  # fmt: skip
    return csv_of(headers, rows).removeprefix(b"\xef\xbb\xbf")


def _code(dimension: str, value: str | None) -> str:
    if value is None:
        return TOTAL
    if dimension == "sex":
        return SDMX_SEX.get(value, value)
    return {"unknown": "_U", NONE: "_Z"}.get(value, value)
