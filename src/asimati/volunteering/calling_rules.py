"""How many are called, how often, and when it is urgent: plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

CALLED_FOR_A_PLACE = 3  # people, as not everybody comes
MOST_CALLED = 200  # by one call-out
CALLS_A_WEEK = 2  # of one person, where the pack says nothing
URGENT_HOURS = 12  # before a shift, in which a call goes out at any hour


class Answer(StrEnum):
    COMES = "comes"
    CANNOT = "cannot"


def how_many(free_places: int, asked: int | None = None) -> int:
    """How many people one call-out calls: what a coordinator asks, else three for each free place; 200 at most."""
    return min(MOST_CALLED, asked if asked is not None else CALLED_FOR_A_PLACE * max(0, free_places))


def is_urgent(now: datetime, starts_at: datetime, hours: int) -> bool:
    """Whether a shift begins so soon that its call does not wait for the morning."""
    return starts_at - now <= timedelta(hours=hours)
