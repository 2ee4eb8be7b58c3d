"""The rules of a line for places: whose turn it is, how long an offer holds, what somebody in line may hope for.

Order: by stated class first, then by arrival, strictly. The classes are few and said to everybody (`Priority`).

Groups: a party is served whole. While the head of the line needs more places than are free, they are gathered for
it for as long as an offer holds; only then do they go past it, in order, to whoever they are enough for. The head
keeps its turn: whenever enough places are free for it, it comes before all others, and places that become free
after the line used up the earlier ones are gathered anew. So a stream of singles cannot take each place from under
a family the moment it is free, and a family never keeps a place empty for longer than one offer would.

Offers are counted in waking hours: nobody loses a place by sleeping, or at Friday prayer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from math import sqrt
from statistics import NormalDist

from asimati.kit import worktime

ENOUGH_TO_SAY = 50  # places of the past below which a chance would be a guess


class Priority(IntEnum):
    """The classes of a line, the first served first; within one, who came first."""

    FIRST = 1  # whom this thing is stated to be for: newcomers, say
    ORDINARY = 2
    LATER = 3  # who repeatedly kept a place and did not come, for a stated time


class Chance(StrEnum):
    """What somebody in line may hope for, from what became of such places before."""

    LIKELY = "likely"  # three times in four, or more
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"  # once in four, or less
    UNKNOWN = "unknown"  # too little has happened yet to say


def turn(priority: Priority, place: int) -> tuple[int, int]:
    """What a line is sorted by; `place` is the number drawn on arrival."""
    return int(priority), place


def served(free: int, parties: Sequence[int], *, gathered: bool = False) -> list[int]:
    """Which parties of a line the free places go to: their positions in `parties`, in order.

    From the head on while the whole party fits. `gathered`: the time in which places are gathered for the head has
    run out, and those behind it that fit are served too.
    """
    turns = []
    for position, needed in enumerate(parties):
        if needed <= free:
            turns.append(position)
            free -= needed
        elif not gathered:
            break
    return turns


def offer_ends(waking: worktime.Calendar, now: datetime, hours: float, begins: datetime) -> datetime:
    """When an offer made now lapses: after so many waking hours, and never after the thing itself begins."""
    return min(worktime.add_waking_minutes(waking, now, int(hours * 60)), begins)


def chance(needed: int, held: int, *, given_up: int, of: int) -> Chance:
    """Whether `needed` places (one's own and those ahead) will come free of the `held` ones.

    `given_up` of `of` places were given up before. Each held place is taken to be given up as often, independently
    (a binomial, by its normal approximation with continuity correction).
    """
    if of < ENOUGH_TO_SAY:
        return Chance.UNKNOWN
    if needed > held or not given_up:
        return Chance.UNLIKELY
    share = min(given_up / of, 0.99)
    spread = NormalDist(held * share, sqrt(held * share * (1 - share)))
    likelihood = 1 - spread.cdf(needed - 0.5)
    if likelihood >= 0.75:
        return Chance.LIKELY
    return Chance.POSSIBLE if likelihood > 0.25 else Chance.UNLIKELY
