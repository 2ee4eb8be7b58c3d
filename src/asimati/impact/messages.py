"""What the listener tells itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class ContributionsChanged(Message):
    """The ledger of a measure's month has changed; its cells are to be made anew."""

    topic: ClassVar[str] = "impact.contributions_changed"

    measure: str
    period: date


@dataclass(frozen=True, kw_only=True)
class TalliesChanged(Message):
    """The cells of a measure's month were made anew; what is told of them is to be said anew."""

    topic: ClassVar[str] = "impact.tallies_changed"

    measure: str
    period: date


@dataclass(frozen=True, kw_only=True)
class TalliesDiffered(Message):
    """The nightly proof found tallies that are not the fold of the ledger: for whoever looks after the figures."""

    topic: ClassVar[str] = "impact.tallies_differed"

    about: dict[str, str]
    staff: list[str]
    differences: int
    lines: dict[str, str]  # what differs, a line for each measure, month and target
