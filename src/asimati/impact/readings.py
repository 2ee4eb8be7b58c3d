"""Figures read together: the goals and how far they are, longer periods, and comparisons over time.

Everything here is added up from published figures alone, so it never says more than they do; a sum with a withheld
part is withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.impact import queries
from asimati.impact.models import Aim, Crosswalk, Goal, Objective
from asimati.impact.queries import as_number
from asimati.impact.rules import Cell, Per, period_of, progress

Group = tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """A measure toward a target in one group: a value for each period, None where it is withheld."""

    measure: str
    target: str
    group: Group
    points: Mapping[str, Decimal | None]


def series_of(tx: Session, by: Sequence[str], per: Per, **which: Any) -> list[Series]:
    """Figures of a grouping by month, quarter or year, each group from its first period on."""
    whole = queries.cells(tx, (), **which)
    told = queries.cells(tx, by, **which) if by else whole
    tables = {(cell.period, cell.measure, cell.target) for cell in told}
    unsaid = [cell for cell in whole if (cell.period, cell.measure, cell.target) not in tables]
    sums: dict[tuple[str, str, Group], dict[str, Decimal | None]] = {}
    for cell in told:
        points = sums.setdefault((cell.measure, cell.target, tuple(cell.group.values())), {})
        _add(points, period_of(cell.period, per), cell)
    for (measure, target, _group), points in sums.items():
        # A month in which the whole grouping could not be told says nothing of its groups, not that they are empty.
        for cell in unsaid:
            if (cell.measure, cell.target) == (measure, target):
                points[period_of(cell.period, per)] = None
    return [Series(*key, dict(sorted(points.items()))) for key, points in sorted(sums.items())]


def _add(points: dict[str, Decimal | None], period: str, cell: Cell) -> None:
    before = points.get(period, Decimal(0))
    points[period] = None if before is None or cell.value is None else before + cell.value


def series(tx: Session, by: str = "", per: Per = Per.MONTH, **which: Any) -> dict[str, Any]:
    """Series with, at each point, the period before, the same period a year before, and the pack's baseline."""
    names, units = queries.grouping(by), queries.measures_by_code(tx)
    aims = {(aim.measure, aim.target): aim for aim in tx.scalars(select(Aim).order_by(Aim.year.desc()))}
    items = [
        {
            "measure": one.measure, "target": one.target, "title": units[one.measure].title,
            "unit": units[one.measure].unit, "group": dict(zip(names, one.group, strict=True)),
            "baseline": _baseline(aims.get((one.measure, one.target))) if not names else None,
            "points": list(_compared(one.points)),
        }
        for one in series_of(tx, names, per, **which)
    ]  # fmt: skip
    return {"items": items, "next": None}


def _baseline(aim: Aim | None) -> dict[str, Any] | None:
    if aim is None:
        return None
    return {"year": aim.baseline_year, "value": as_number(aim.baseline), "source": aim.source}


def _compared(points: Mapping[str, Decimal | None]) -> Iterable[dict[str, Any]]:
    before: Decimal | None = None
    for period, value in points.items():
        year_before = points.get(f"{int(period[:4]) - 1}{period[4:]}")
        yield {
            "period": period,
            "value": None if value is None else as_number(value),
            "change": _change(value, before),
            "change_on_year": _change(value, year_before),
        }
        before = value


def _change(value: Decimal | None, before: Decimal | None) -> int | float | None:
    return None if value is None or before is None else as_number(value - before)


def goals(tx: Session, start: date | None = None, end: date | None = None) -> dict[str, Any]:
    """The seventeen goals: what our measures add up to, how far the pack's aims are, and what they serve.

    `start` and `end` narrow the contributions; an aim is always measured over its own year.
    """
    contributions, aims, served = _contributions(tx, start, end), _aims(tx), _objectives(tx)
    items = []
    for goal in tx.scalars(select(Goal).order_by(Goal.number)):
        mine = aims.get(goal.number, [])
        items.append({
            "goal": goal.number, "short": goal.short, "title": goal.title, "colour": goal.colour,
            "contributions": contributions.get(goal.number, []),
            "progress": round(sum(min(one["progress"], 1.0) for one in mine) / len(mine), 4) if mine else None,
            "aims": mine,
            "objectives": served.get(goal.number, []),
        })  # fmt: skip
    return {"items": items, "next": None}


def _contributions(tx: Session, start: date | None, end: date | None) -> dict[int, list[dict[str, Any]]]:
    measures, parts = queries.measures_by_code(tx), dict[tuple[int, str, str], list[Decimal | None]]()
    for cell in queries.cells(tx, (), start=start, end=end):
        parts.setdefault((cell.goal, cell.target, cell.measure), []).append(cell.value)
    found: dict[int, list[dict[str, Any]]] = {}
    for (goal, target, code), values in sorted(parts.items()):
        said = measures[code]
        found.setdefault(goal, []).append(
            {"target": target, "measure": code, "title": said.title, "unit": said.unit, **_as_told(values)}
        )
    return found


def _as_told(values: Iterable[Decimal | None]) -> dict[str, Any]:
    """Months added up: null where all are withheld, and otherwise what is told, which some may be missing from."""
    parts = list(values)
    told = [value for value in parts if value is not None]
    return {
        "value": as_number(sum(told, Decimal(0))) if told or not parts else None,
        "at_least": 0 < len(told) < len(parts),
    }


def _aims(tx: Session) -> dict[int, list[dict[str, Any]]]:
    measures = queries.measures_by_code(tx)
    found: dict[int, list[dict[str, Any]]] = {}
    reached: dict[tuple[str, str, int], list[Decimal | None]] = {}
    for cell in queries.cells(tx, ()):
        reached.setdefault((cell.measure, cell.target, cell.period.year), []).append(cell.value)
    for aim in tx.scalars(select(Aim).order_by(Aim.target, Aim.measure, Aim.year)):
        so_far = _as_told(reached.get((aim.measure, aim.target, aim.year), ()))
        found.setdefault(int(aim.target.partition(".")[0]), []).append({
            "target": aim.target, "measure": aim.measure, "title": measures[aim.measure].title,
            "unit": measures[aim.measure].unit, "year": aim.year, **so_far,
            "aim": as_number(aim.value), "baseline": as_number(aim.baseline), "baseline_year": aim.baseline_year,
            "source": aim.source, "progress": progress(Decimal(str(so_far["value"] or 0)), aim.baseline, aim.value),
        })  # fmt: skip
    return found


def _objectives(tx: Session) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    rows = select(Crosswalk.target, Objective.code, Objective.title).join(
        Objective, Objective.code == Crosswalk.objective
    )
    for target, code, title in tx.execute(rows.order_by(Crosswalk.target, Objective.code)):
        of_goal = found.setdefault(int(target.partition(".")[0]), [])
        if code not in [one["code"] for one in of_goal]:
            of_goal.append({"code": code, "title": title})
    return found


def objectives(tx: Session) -> list[dict[str, Any]]:
    """The objectives of the national vision, each with the targets that serve it and what was done toward these."""
    contributions = [one for many in _contributions(tx, None, None).values() for one in many]
    targets = select(Crosswalk.objective, func.array_agg(Crosswalk.target)).group_by(Crosswalk.objective)
    of = {objective: sorted(codes) for objective, codes in tx.execute(targets)}
    return [
        {
            "code": one.code, "title": one.title, "targets": of.get(one.code, []),
            "contributions": [c for c in contributions if c["target"] in of.get(one.code, [])],
        }
        for one in tx.scalars(select(Objective).order_by(Objective.code))
    ]  # fmt: skip
