"""From cells to figures: what is told to everybody, worked out when the cells change and only read afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from asimati.impact.disclosure import DIMENSIONS, Atom, Figure, figures
from asimati.impact.models import Figure as FigureRow
from asimati.impact.models import FigureMark, Tally
from asimati.impact.rules import unique_people
from asimati.settings import settings

# Groupings that name something about people; a pack's `[privacy] groupings` takes their place. Those by programme,
# partner and channel are told in any combination.
GROUPINGS: tuple[tuple[str, ...], ...] = (
    ("sex",), ("age_band",), ("disability",), ("nationality",), ("area",), ("block",),
    ("sex", "age_band"), ("sex", "disability"), ("sex", "nationality"), ("sex", "area"), ("sex", "block"),
    ("age_band", "disability"), ("age_band", "area"),
    ("sex", "programme"), ("age_band", "programme"), ("disability", "programme"), ("sex", "partner"),
    ("sex", "channel"), ("age_band", "channel"),
)  # fmt: skip


def groupings() -> Sequence[tuple[str, ...]]:
    """The pack's groupings of people, each in the house's order of dimensions."""
    said = settings().governorate.facts.get("privacy", {}).get("groupings")
    return [tuple(name for name in DIMENSIONS if name in one) for one in said] if said else GROUPINGS


def publish(tx: Session, measure: str, period: date) -> None:
    """Make the figures of a month of a measure anew from its cells."""
    tx.execute(delete(FigureRow).filter_by(measure=measure, period=period))
    rows = [row for target, cells in _by_target(tx, measure, period) for row in _rows(target, cells)]
    if rows:
        tx.execute(insert(FigureRow), [{"measure": measure, "period": period, **row} for row in rows])


def publish_all(tx: Session) -> None:
    """Make all figures anew."""
    tx.execute(delete(FigureMark))
    tx.execute(delete(FigureRow))
    for measure, period in tx.execute(select(Tally.measure, Tally.period).distinct()).all():
        publish(tx, measure, period)


def _by_target(tx: Session, measure: str, period: date) -> Iterator[tuple[Any, list[Any]]]:
    dimensions = [getattr(Tally, name) for name in DIMENSIONS]
    cells = tx.execute(
        select(Tally.target, Tally.goal, Tally.value, Tally.people, Tally.someones, *dimensions)
        .filter_by(measure=measure, period=period)
        .order_by(Tally.target, *dimensions)
    )
    for target, rows in groupby(cells, key=lambda row: (row.target, row.goal)):
        yield target, list(rows)


def _rows(of: tuple[str, int], cells: Sequence[Any]) -> Iterator[dict[str, Any]]:
    threshold = settings().governorate.small_cell
    atoms = [
        Atom({name: getattr(cell, name) for name in DIMENSIONS}, cell.value, frozenset(cell.someones))
        for cell in cells
    ]
    for one in figures(atoms, groupings(), threshold):
        yield {
            "by": ",".join(one.by), "target": of[0], "goal": of[1], "group": list(one.group.values()),
            "value": one.value if one.told else None, "people": _people(one, cells, threshold),
        }  # fmt: skip


def _people(one: Figure, cells: Sequence[Any], threshold: int) -> int | None:
    """How many people a told figure is about: as well as it is known where nothing is said about them, and else
    rounded down to a multiple of the threshold, for whoever is in two groups would stand out in the difference."""
    if not one.told:
        return None
    behind = [cells[number] for number in one.atoms if number < len(cells)]
    people, _ = unique_people((cell.people, cell.someones) for cell in behind)
    return people if one.is_open else people // threshold * threshold
