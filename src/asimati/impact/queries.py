"""Questions: the goals, figures in any grouping, the acts behind one, and the proof of them all.

Figures are read as they were published (`publishing`); of the public's questions only the one for the acts behind a
figure touches contributions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, Text, exists, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from asimati.impact import ledger
from asimati.impact.disclosure import DIMENSIONS, OTHER, PERSONAL
from asimati.impact.errors import Withheld
from asimati.impact.models import (
    Contribution,
    Figure,
    FormerRule,
    FormerTally,
    Framework,
    Measure,
    Reconciliation,
    Tally,
    TallyMark,
)
from asimati.impact.publishing import groupings
from asimati.impact.rules import About, Cell, unique_people
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.words import _
from asimati.settings import settings


def tallies(tx: Session, page: PageArgs, by: str = "", **which: Any) -> Page:
    """Figures as they are published, by month, measure and target; `which` narrows them (see `cells`)."""
    names, units = grouping(by), measures_by_code(tx)
    wanted = _figures(names, **which)
    if page.after:
        named, group = _read_id(page.after, "/after")
        plain = (literal(named[name]) for name in ("start", "measure", "target"))
        place = tuple_(*plain, literal(list(group.values()), ARRAY(Text)))
        wanted = wanted.where(tuple_(*_ORDER) > place)
    found = [_cell(row, names) for row in tx.execute(wanted.limit(page.limit + 1))]
    shown = found[: page.limit]
    following = id_of(shown[-1]) if len(found) > page.limit else None
    return Page([_published(cell, units[cell.measure]) for cell in shown], following)


def acts_behind(tx: Session, tally: str, page: PageArgs) -> Page:
    """The lines a published figure is made of, without anything that could point to somebody.

    A line's reference is made for this figure alone, and so is the order: the lines of two groupings cannot be
    matched to learn more than either says. For the same reason a grouping of people does not tell the amount of
    each line: an unusual one could be found again elsewhere. Lines that were taken back are told of a total alone;
    of a group they would tell how few in it had something taken back. Raises NotFound, or Withheld.
    """
    named, group = _read_id(tally)
    names = grouping(",".join(group), or_missing=True)
    same = [cell for cell in cells(tx, names, **named) if cell.group == group]
    if not same:
        raise NotFound
    if same[0].withheld:
        raise Withheld
    reference = func.md5(func.concat(literal(tally), Contribution.id))
    other = aliased(Contribution)
    taken_back = exists().where(
        other.measure == Contribution.measure,
        other.source == Contribution.source,
        other.line == -1 - Contribution.line,
    )
    lines = (
        select(
            reference.label("reference"),
            func.split_part(Contribution.source, ":", 1).label("act"),
            Contribution.period,
            Contribution.amount,
            Contribution.measure_version,
        )
        .join(
            Measure,
            (Measure.code == Contribution.measure) & (Measure.version == Contribution.measure_version),
        )
        .where(
            Contribution.measure == named["measure"],
            Contribution.target == named["target"],
            Contribution.period == same[0].period,
            *(getattr(Contribution, name) == value for name, value in group.items()),
            *([~taken_back] if group else []),
        )
    )
    found = paginate(tx, lines, [reference.asc()], page)
    about_people = bool(set(group) & set(PERSONAL))
    return Page([_line(row, about_people=about_people) for row in found.items], found.next)


def cells(tx: Session, by: Sequence[str], **which: Any) -> list[Cell]:
    """All figures of a grouping, in order; `which` narrows them (see `_figures`)."""
    return [_cell(row, by) for row in tx.execute(_figures(by, **which))]


_ORDER = (Figure.period, Figure.measure, Figure.target, Figure.group)


def _figures(
    by: Sequence[str],
    goal: int | None = None,
    target: str | None = None,
    measure: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> Select[Any]:
    """`start` and `end` are first days of months, both included."""
    wanted = {Figure.goal: goal, Figure.target: target, Figure.measure: measure}
    return (
        select(*Figure.__table__.columns)
        .where(Figure.by == ",".join(by))
        .where(*(column == value for column, value in wanted.items() if value is not None))
        .where(Figure.period >= (start or date.min), Figure.period <= (end or date.max))
        .order_by(*_ORDER)
    )


def _cell(row: Any, by: Sequence[str]) -> Cell:
    group = dict(zip(by, row.group, strict=True))
    return Cell(row.measure, row.goal, row.target, row.period, group, row.value, row.people)


def people_reached(tx: Session, measure: str, start: date | None, end: date | None) -> dict[str, Any]:
    """How many people stand behind a measure in some months, each counted once, and whether that is exact."""
    found = tx.execute(
        select(Tally.people, Tally.someones).where(
            Tally.measure == measure, Tally.period >= (start or date.min), Tally.period <= (end or date.max)
        )
    )
    people, exact = unique_people((row.people, row.someones) for row in found)
    told = people == 0 or not _few(tx, measure, people, start, end)
    return {"measure": measure, "people": people if told else None, "exact": exact}


def _few(tx: Session, measure: str, people: int, start: date | None, end: date | None) -> bool:
    """Whether these are so few people that their number is withheld, or a month's whose total is."""
    of = tx.get(Measure, measure)
    if of is None or of.about is not About.PEOPLE:
        return False
    withheld = any(cell.withheld for cell in cells(tx, (), measure=measure, start=start, end=end))
    return people < settings().governorate.small_cell or (start is not None and start == end and withheld)


def kept_people() -> int:
    """How many of a cell's people are told apart by number: as many as the pack wants counted exactly."""
    return settings().governorate.exact_people


def allowed_groupings() -> list[list[str]]:
    """What figures can be grouped by, besides any of programme, partner and channel together."""
    return [list(one) for one in groupings()]


def grouping(by: str, *, or_missing: bool = False) -> list[str]:
    """The dimensions named in a query, in the house's order.

    Raises Invalid for a grouping that is not published (`or_missing`: NotFound).
    """
    asked = {name.strip() for name in by.split(",") if name.strip()}
    names = tuple(name for name in DIMENSIONS if name in asked)
    if asked <= set(DIMENSIONS) and (set(names) <= set(OTHER) or names in groupings()):
        return list(names)
    if or_missing:
        raise NotFound
    allowed = "; ".join(",".join(one) for one in groupings())
    words = _("Figures are not published in this grouping. Those about people are: {groupings}.")
    raise Invalid([("/by", words.format(groupings=allowed))])


def verify_tallies(tx: Session) -> dict[str, Any]:
    """Whether every cell is the fold of the ledger. Months marked for rebuilding are `pending` and not compared."""
    report = dict(tx.execute(ledger.COMPARE, {"kept": kept_people()}).one()._mapping)
    return {"ok": report["differences"] == 0, **report}


def gauges(tx: Session) -> dict[str, float]:
    """For /metrics: what the last nightly proof found (the alarm is any difference), and months waiting."""
    last = tx.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).first()
    waiting = select(TallyMark.measure, TallyMark.period).distinct().subquery()
    return {
        "impact_tally_differences": last.differences if last else 0,
        "impact_months_waiting": tx.scalar(select(func.count()).select_from(waiting)) or 0,
    }


def measures(tx: Session) -> list[dict[str, Any]]:
    """Every measure with its rule, and for each former one what it made of the acts beside what this one makes."""
    now: dict[str, dict[tuple[date, str], Any]] = {}
    for row in tx.execute(
        select(Figure.measure, Figure.period, Figure.target, Figure.value).where(Figure.by == "")
    ):
        now.setdefault(row.measure, {})[row.period, row.target] = row.value
    former: dict[tuple[str, int], dict[tuple[date, str], Any]] = {}
    for one in tx.scalars(select(FormerTally)):
        former.setdefault((one.measure, one.version), {})[one.period, one.target] = one.value
    rules: dict[str, list[dict[str, Any]]] = {}
    for rule in tx.scalars(select(FormerRule).order_by(FormerRule.measure, FormerRule.version)):
        before, after = former.get((rule.measure, rule.version), {}), now.get(rule.measure, {})
        rules.setdefault(rule.measure, []).append({
            "version": rule.version, "rule": rule.rule, "replaced_at": rule.replaced_at,
            "figures": [_beside(place, before, after) for place in sorted(before.keys() | after.keys())],
        })  # fmt: skip
    return [
        {
            **{name: getattr(one, name) for name in (
                "code", "version", "title", "unit", "topic", "amount", "weights", "voided_by", "about", "since",
                "retired")},
            "targets": one.targets or None, "disaggregations": one.disaggregations or list(DIMENSIONS),
            "former": rules.get(one.code, []),
        }
        for one in tx.scalars(select(Measure).order_by(Measure.code))
    ]  # fmt: skip


def _beside(place: tuple[date, str], before: Mapping[Any, Any], after: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "period": f"{place[0]:%Y-%m}", "target": place[1],
        "then": _number(before.get(place, Decimal(0))), "now": _number(after.get(place, Decimal(0))),
    }  # fmt: skip


def _number(value: Decimal | None) -> int | float | None:
    return None if value is None else as_number(value)


def frameworks(tx: Session) -> list[Framework]:
    """The revisions of the indicator framework that were synced, the newest first."""
    return list(tx.scalars(select(Framework).order_by(Framework.synced_at.desc())))


def as_number(value: Decimal) -> int | float:
    """A figure for JSON: whole when it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def measures_by_code(tx: Session) -> Mapping[str, Measure]:
    """The measures by their codes."""
    return {measure.code: measure for measure in tx.scalars(select(Measure))}


def _published(cell: Cell, measure: Measure) -> dict[str, Any]:
    return {
        "id": id_of(cell),
        "goal": cell.goal,
        "target": cell.target,
        "measure": cell.measure,
        "period": f"{cell.period:%Y-%m}",
        "unit": measure.unit,
        "value": None if cell.value is None else as_number(cell.value),
        "withheld": cell.withheld,
        "people": cell.people,
        "version": measure.version,
        **cell.group,
    }


def _line(row: Any, *, about_people: bool) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "act": row.act,
        "period": f"{row.period:%Y-%m}",
        "amount": None if about_people else as_number(row.amount),
        "measure_version": row.measure_version,
    }


# --- the name of a figure: what it is of, so that it stays the same when its cells are made anew ---------------


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
