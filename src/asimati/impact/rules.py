"""What an act counts, how people are told apart, how far an aim is reached: plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from asimati.impact.disclosure import BLANK, NONE, OTHER, PERSONAL, UNKNOWN


class Per(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class About(StrEnum):
    """Whom a measure tells apart: people, whose small groups are withheld, or organisations, whose are not."""

    PEOPLE = "people"
    ORGANISATIONS = "organisations"


class FileFormat(StrEnum):
    """What a report is written as."""

    PDF = "pdf"
    DOCX = "docx"


VERSION_LINES = 1000  # the lines of a rule's next version begin so much higher


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


def kept(dimensions: Mapping[str, str], wanted: Sequence[str] | None) -> dict[str, str]:
    """The dimensions a measure asks for; of the others nothing is written down. None asks for all."""
    return {name: value if wanted is None or name in wanted else BLANK[name] for name, value in dimensions.items()}


def goal_of(target: str) -> int:
    """The goal a target belongs to: 16 for "16.7"."""
    return int(target.partition(".")[0])


_OFFICIAL = re.compile(r"(sdg|goal|target|indicator)?[-_.]?c?[0-9].*")


def wears_official_code(code: str) -> bool:
    """Whether a code reads like a goal's, target's or indicator's: 16, 16.6, 16-6-1, sdg-16.6.1, c160601."""
    return bool(_OFFICIAL.fullmatch(code))


def period_of(day: date, per: Per) -> str:
    """The period a day lies in: "2026-11", "2026-Q4" or "2026"."""
    match per:
        case Per.MONTH:
            return f"{day:%Y-%m}"
        case Per.QUARTER:
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case Per.YEAR:
            return str(day.year)


def area_code(name: str) -> str:
    """An area as a dimension's value: "Diplomatic Area" is "diplomatic-area"."""
    return "-".join(name.lower().split())


def unique_people(cells: Iterable[tuple[int, Sequence[int]]]) -> tuple[int, bool]:
    """How many people stand behind cells together, and whether that is exact.

    Each cell brings how many people it has, and the smallest of their numbers (spread evenly over 64 bits). While
    every cell brings all, they are simply counted. Otherwise all numbers are known up to the largest that the first
    of the cut-off cells brings; the k of them say how densely the numbers lie (Bar-Yossef et al. 2002, "Counting
    distinct elements in a data stream"): the standard error is 1/sqrt(k-2), about 3% for 1024.
    """
    brought = list(cells)
    numbers = set[int]().union(*(some for _, some in brought))
    last = min((max(some) for people, some in brought if people > len(some)), default=None)
    if last is None:
        return len(numbers), True
    known = sum(number <= last for number in numbers)
    return round((known - 1) / ((last + 2**63 + 1) / 2**64)), False


def progress(value: Decimal, baseline: Decimal, aim: Decimal) -> float:
    """How much of the way from the baseline to the aim is gone: 0 at the start, 1 when reached, more beyond."""
    way = aim - baseline
    return round(float((value - baseline) / way), 4) if way else float(value >= aim)


@dataclass
class Cell:
    """What is told of a measure toward a target in a month, in one group; no value: withheld."""

    measure: str
    goal: int
    target: str
    period: date
    group: dict[str, str]
    value: Decimal | None
    people: int | None

    @property
    def withheld(self) -> bool:
        return self.value is None
