"""What an act counts, and which figures may be shown: plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

PERSONAL = ("sex", "age_band", "disability", "block")
OTHER = ("programme", "channel")
DIMENSIONS = PERSONAL + OTHER
UNKNOWN = "unknown"
NONE = "none"  # the act has no programme, or no channel


def amount_of(rule: str, facts: Mapping[str, Any]) -> Decimal:
    """How much an act counts: the rule's own number, or the message's field it names; true is 1, nothing is 0.

    Raises ValueError for a field that holds no number.
    """
    try:
        return Decimal(rule)
    except InvalidOperation:
        value = facts.get(rule) or 0
    try:
        amount = Decimal(int(value) if isinstance(value, bool) else str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"{rule} is {value!r}, which is no amount")
    return amount


def dimensions_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Where an act stands in every dimension."""
    group = facts.get("group") or {}
    personal = {name: str(group.get(name) or UNKNOWN) for name in PERSONAL}
    return personal | {name: str(facts.get(name) or NONE) for name in OTHER}


def goal_of(target: str) -> int:
    """The goal a target belongs to: 16 for "16.7"."""
    return int(target.partition(".")[0])


@dataclass
class Cell:
    """A measure's sum toward a target in a month, in one group. `people` may be too low, never too high."""

    measure: str
    goal: int
    target: str
    period: date
    group: dict[str, str]
    value: Decimal
    people: int
    withheld: bool = False

    @property
    def table(self) -> tuple[date, str, int, str]:
        """The cells that add up to one total share this."""
        return (self.period, self.measure, self.goal, self.target)


def protect(
    cells: Sequence[Cell], by: Sequence[str], threshold: int, coarser: Iterable[Sequence[Cell]] = ()
) -> None:
    """Withhold figures about fewer people than `threshold`, and others with them, so that no total gives one away.

    Only groupings by something personal are protected. In every line of the table (all dimensions fixed but one)
    either nothing is withheld, or at least two figures that together stand for `threshold` people or more; so
    subtracting what is shown from the line's total yields nothing about a small group.

    `coarser` are the tables, already protected, of groupings by fewer of the same dimensions. What they withhold
    cannot be had by adding up this table: enough of its parts are withheld too.
    """
    if not set(by) & set(PERSONAL):
        return
    for cell in cells:
        cell.withheld = cell.people < threshold
    withheld = [cell for table in coarser for cell in table if cell.withheld]
    sums = {_key(cell, cell.group) for cell in withheld}
    groupings = sorted({tuple(cell.group) for cell in withheld})
    ordered = sorted(cells, key=lambda cell: cell.table)
    for _, table in groupby(ordered, key=lambda cell: cell.table):
        whole = list(table)
        parts = [line for names in groupings for key, line in _parts(whole, names).items() if key in sums]
        lines = list(_lines(whole, by))
        while any(_complete(line, threshold, 2) for line in lines) or any(
            _complete(line, threshold, 1) for line in parts
        ):
            pass


Key = tuple[Any, ...]


def _key(cell: Cell, names: Iterable[str]) -> Key:
    return (*cell.table, tuple((name, cell.group[name]) for name in names))


def _parts(table: Sequence[Cell], names: Sequence[str]) -> dict[Key, list[Cell]]:
    """The cells by the figure of a coarser grouping they are parts of."""
    parts: dict[Key, list[Cell]] = {}
    for cell in table:
        parts.setdefault(_key(cell, names), []).append(cell)
    return parts


def _lines(table: Sequence[Cell], by: Sequence[str]) -> Iterable[list[Cell]]:
    for free in by:
        yield from _parts(table, [name for name in by if name != free]).values()


def _complete(line: Sequence[Cell], threshold: int, least: int) -> bool:
    """Withhold the smallest shown figures of a line until what is withheld protects itself; whether any was.

    Among equals the choice is by name, the same at every asking: two answers must not withhold different ones.
    A line that is the parts of a withheld sum (`least` 1) may not be shown whole; any other may.
    """
    changed = False
    shown = sorted((cell for cell in line if not cell.withheld), key=lambda c: (c.people, sorted(c.group.items())))
    hidden = [cell for cell in line if cell.withheld]
    while (
        shown
        and (hidden or least == 1)
        and (len(hidden) < least or sum(cell.people for cell in hidden) < threshold)
    ):
        shown[0].withheld = changed = True
        hidden.append(shown.pop(0))
    return changed
