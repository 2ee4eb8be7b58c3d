"""Questions: the goals, tallies in any grouping, the acts behind one, and the proof of them all."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from asimati.impact import ledger
from asimati.impact.errors import Withheld
from asimati.impact.models import Contribution, Goal, Measure, Tally
from asimati.impact.rules import DIMENSIONS, OTHER, PERSONAL, Cell, protect
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.words import _
from asimati.settings import settings


def goals(tx: Session) -> dict[str, Any]:
    """The seventeen goals, each with what this governorate's measures add up to, target by target."""
    summed = (
        select(Tally.goal, Tally.target, Tally.measure, func.sum(Tally.value).label("value"))
        .group_by(Tally.goal, Tally.target, Tally.measure)
        .order_by(Tally.goal, Tally.target, Tally.measure)
    )
    measures = _measures(tx)
    contributions: dict[int, list[dict[str, Any]]] = {}
    for row in tx.execute(summed):
        measure = measures[row.measure]
        contributions.setdefault(row.goal, []).append(
            {
                "target": row.target,
                "measure": row.measure,
                "title": measure.title,
                "unit": measure.unit,
                "value": as_number(row.value),
            }
        )
    items = [
        {
            "goal": goal.number,
            "short": goal.short,
            "title": goal.title,
            "colour": goal.colour,
            "contributions": contributions.get(goal.number, []),
        }
        for goal in tx.scalars(select(Goal).order_by(Goal.number))
    ]
    return {"items": items, "next": None}


def tallies(tx: Session, page: PageArgs, by: str = "", **which: Any) -> Page:
    """Tallies as they are published, by month, measure and target; `which` narrows them (see `cells`)."""
    dimensions, units = grouping(by), _measures(tx)
    found = cells(tx, dimensions, **which)
    if page.after:
        start = _place(*_read_id(page.after, "/after"))
        found = [cell for cell in found if _place(_named(cell), cell.group) > start]
    shown = found[: page.limit]
    following = id_of(shown[-1]) if len(found) > page.limit else None
    return Page([_published(cell, units[cell.measure]) for cell in shown], following)


def acts_behind(tx: Session, tally: str, page: PageArgs) -> Page:
    """The lines a published figure is made of, without anything that could point to somebody.

    A line's reference is made for this figure alone, and so is the order: the lines of two groupings cannot be
    matched to learn more than either says. Raises NotFound, or Withheld for a figure that is not published.
    """
    named, group = _read_id(tally)
    by = grouping(",".join(group))
    same = [cell for cell in cells(tx, by, **named) if cell.group == group]
    if not same:
        raise NotFound
    if same[0].withheld:
        raise Withheld
    reference = func.md5(func.concat(literal(tally), Contribution.id))
    lines = select(
        reference.label("reference"),
        func.split_part(Contribution.source, ":", 1).label("act"),
        Contribution.period,
        Contribution.amount,
        Contribution.measure_version,
    ).where(
        Contribution.measure == named["measure"],
        Contribution.target == named["target"],
        Contribution.period == same[0].period,
        *(getattr(Contribution, name) == value for name, value in group.items()),
    )
    found = paginate(tx, lines, [reference.asc()], page)
    return Page([_line(row) for row in found.items], found.next)


def cells(tx: Session, by: Sequence[str], **which: Any) -> list[Cell]:
    """All figures of a grouping, small ones withheld, and whatever would give them or a coarser grouping's away.

    `which` narrows them (see `_figures`) to whole tables, so that it never changes what is withheld.
    """
    tables: dict[tuple[str, ...], list[Cell]] = {}
    for size in range(1, len(by) + 1):
        for names in combinations(by, size):
            tables[names] = _figures(tx, names, **which)
            coarser = [table for fewer, table in tables.items() if set(fewer) < set(names)]
            protect(tables[names], names, settings().governorate.small_cell, coarser)
    found = tables[tuple(by)] if by else _figures(tx, (), **which)
    return sorted(found, key=lambda cell: _place(_named(cell), cell.group))


def _figures(
    tx: Session,
    by: Sequence[str],
    goal: int | None = None,
    target: str | None = None,
    measure: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> list[Cell]:
    """The figures of one grouping, nothing withheld yet. `start` and `end` are first days of months, both included.

    Somebody who came to two programmes stands in two of the table's cells. People are therefore added up over the
    personal dimensions only, where everybody has one place; over the others the largest number stands for all,
    which may say too few and so withhold too much, never too little.
    """
    kept = [getattr(Tally, name) for name in (*PERSONAL, *(name for name in by if name in OTHER))]
    names = [Tally.period, Tally.measure, Tally.goal, Tally.target]
    wanted = {Tally.goal: goal, Tally.target: target, Tally.measure: measure}
    fine = (
        select(*names, *kept, func.sum(Tally.value).label("value"), func.max(Tally.people).label("people"))
        .where(*(column == value for column, value in wanted.items() if value is not None))
        .where(Tally.period >= (start or date.min), Tally.period <= (end or date.max))
        .group_by(*names, *kept)
        .subquery()
    )
    keys = [fine.c.period, fine.c.measure, fine.c.goal, fine.c.target, *(fine.c[name] for name in by)]
    rows = tx.execute(
        select(*keys, func.sum(fine.c.value).label("value"), func.sum(fine.c.people).label("people")).group_by(
            *keys
        )
    )
    return [
        Cell(
            row.measure, row.goal, row.target, row.period,
            {name: getattr(row, name) for name in by}, row.value, int(row.people),
        )
        for row in rows
    ]  # fmt: skip


def grouping(by: str) -> list[str]:
    """The dimensions named in a query, in the house's order. Raises Invalid for a name that is none."""
    asked = {name.strip() for name in by.split(",") if name.strip()}
    if asked - set(DIMENSIONS):
        raise Invalid(
            [("/by", _("Figures can be grouped by sex, age_band, disability, block, programme, channel."))]
        )
    return [name for name in DIMENSIONS if name in asked]


def verify_tallies(tx: Session) -> dict[str, Any]:
    """Whether every cell is the fold of the ledger. Months marked for rebuilding are `pending` and not compared."""
    report = dict(tx.execute(ledger.COMPARE).one()._mapping)
    return {"ok": report["differences"] == 0, **report}


def as_number(value: Decimal) -> int | float:
    """A figure for JSON: whole when it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def _measures(tx: Session) -> Mapping[str, Measure]:
    return {measure.code: measure for measure in tx.scalars(select(Measure))}


def _published(cell: Cell, measure: Measure) -> dict[str, Any]:
    return {
        "id": id_of(cell),
        "goal": cell.goal,
        "target": cell.target,
        "measure": cell.measure,
        "period": f"{cell.period:%Y-%m}",
        "unit": measure.unit,
        "value": None if cell.withheld else as_number(cell.value),
        "withheld": cell.withheld,
        **cell.group,
    }


def _line(row: Any) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "act": row.act,
        "period": f"{row.period:%Y-%m}",
        "amount": as_number(row.amount),
        "measure_version": row.measure_version,
    }


# --- the name of a figure: what it is of, so that it stays the same when its cells are made anew ---------------


def _named(cell: Cell) -> dict[str, Any]:
    return {"measure": cell.measure, "target": cell.target, "start": cell.period, "end": cell.period}


def _place(named: Mapping[str, Any], group: Mapping[str, str]) -> tuple[Any, ...]:
    return (named["start"], named["measure"], named["target"], *group.values())


def id_of(cell: Cell) -> str:
    """A figure's id."""
    parts = [f"{cell.period:%Y-%m}", cell.measure, cell.target, cell.group]
    written = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(written.encode()).rstrip(b"=").decode()


def _read_id(written: str, pointer: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """What a figure is of, from its id. Raises NotFound, or Invalid when it came in the field at `pointer`."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        period, measure, target, group = parts
        month = date.fromisoformat(f"{period}-01")
        texts = [measure, target, *group.values()]
        if not set(group) <= set(DIMENSIONS) or not all(isinstance(t, str) and "\x00" not in t for t in texts):
            raise ValueError(written)
    except (ValueError, TypeError, AttributeError, RecursionError):
        if pointer:
            raise Invalid([(pointer, _("This is not a cursor of this list."))]) from None
        raise NotFound from None
    ordered = {name: group[name] for name in DIMENSIONS if name in group}
    return {"measure": measure, "target": target, "start": month, "end": month}, ordered
