"""From acts to figures: what is told to everybody, worked out when cells change and only read afterwards.

All measures that count the acts of a topic are worked out together, because what one tells may give away what
another withholds. Cells do not say which acts two measures share, so the ledger of the month is read act by act.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from asimati.impact import ledger
from asimati.impact.disclosure import DIMENSIONS, PERSONAL, Atom, Figure, figures
from asimati.impact.models import Figure as FigureRow
from asimati.impact.models import FigureMark, Measure, Tally
from asimati.impact.rules import About, goal_of, unique_people
from asimati.settings import settings

# While it is weighed what may be told, seconds of arithmetic, the transaction says nothing to the database.
_TIME_TO_THINK = text("SET LOCAL idle_in_transaction_session_timeout = '5min'")
# Groupings that name something about people; a pack's `[privacy] groupings` takes their place. Those by programme,
# partner and channel are weighed in any combination.
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


def publish(tx: Session, topic: str, period: date) -> None:
    """Make all figures of a month anew that are made of the acts of one topic."""
    tx.execute(_TIME_TO_THINK)
    measures = tx.scalars(select(Measure).filter_by(topic=topic).order_by(Measure.code)).all()
    codes = [one.code for one in measures]
    tx.execute(delete(FigureRow).where(FigureRow.measure.in_(codes), FigureRow.period == period))
    for about in About:
        if rows := _rows(tx, [one for one in measures if one.about is about], about, period):
            tx.execute(insert(FigureRow), rows)


def publish_all(tx: Session) -> None:
    """Make all figures anew."""
    tx.execute(delete(FigureMark))
    tx.execute(delete(FigureRow))
    months = select(Measure.topic, Tally.period).join(Tally, Tally.measure == Measure.code).distinct()
    for topic, period in tx.execute(months).all():
        publish(tx, topic, period)


def _rows(tx: Session, measures: Sequence[Measure], about: About, period: date) -> list[dict[str, Any]]:
    """What is told of measures that count the same acts. Of organisations nothing is withheld."""
    counts = _atoms(tx, [one.code for one in measures], period)
    threshold = settings().governorate.small_cell if about is About.PEOPLE else 0
    keeps = {one.code: one.disaggregations for one in measures}
    return [
        {
            "by": ",".join(one.by), "measure": one.table[0], "target": one.table[1], "goal": goal_of(one.table[1]),
            "period": period, "group": list(one.group.values()), "value": one.value if one.told else None,
            "people": _people(one, counts, threshold),
        }
        for one in figures([atom for atom, _ in counts], groupings(), threshold, keeps)
    ]  # fmt: skip


def _atoms(tx: Session, measures: Sequence[str], period: date) -> list[tuple[Atom, int]]:
    """What stands in a month's ledger, gathered by acts that are alike; each with how many people it has."""
    found: dict[tuple[Any, ...], tuple[Atom, int]] = {}
    which = {"measures": list(measures), "period": period, "kept": settings().governorate.exact_people}
    for row in tx.execute(ledger.ATOMS, which):
        group = {name: getattr(row, name) for name in DIMENSIONS}
        key = (*group.values(), *row.tables)
        if key not in found:
            found[key] = Atom(group, {}, frozenset(row.someones)), row.people
        found[key][0].adds[row.measure, row.target] = row.value
    return list(found.values())


def _people(one: Figure, counts: Sequence[tuple[Atom, int]], threshold: int) -> int | None:
    """How many people a told figure is about: as well as it is known where nothing is said about them, and else
    rounded down to a multiple of the threshold, for whoever is in two groups would stand out in the difference."""
    if not one.told:
        return None
    behind = [counts[number] for number in one.atoms if number < len(counts)]
    people, _ = unique_people((people, sorted(atom.people)) for atom, people in behind)
    return people // threshold * threshold if threshold and set(one.by) & set(PERSONAL) else people
