"""Arithmetic of appointments: which times a desk offers, what is free, what a status can become. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from asimati.kit.errors import IllegalMove

Span = tuple[datetime, datetime]  # half open


class DeskKind(StrEnum):
    COUNTER = "counter"
    OFFICER = "officer"


class Status(StrEnum):
    BOOKED = "booked"
    ARRIVED = "arrived"
    SERVED = "served"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Move(StrEnum):
    MOVE = "move"
    CANCEL = "cancel"
    ARRIVE = "arrive"
    SERVE = "serve"
    NO_SHOW = "no_show"


# Those who hold their time; nobody else comes to the desk in it.
HOLDING = (Status.BOOKED, Status.ARRIVED, Status.SERVED)
# Somebody marked as missing who comes late after all has arrived, if the time is still free.
MOVES: Mapping[Move, Mapping[Status, Status]] = {
    Move.MOVE: {Status.BOOKED: Status.BOOKED},
    Move.CANCEL: {Status.BOOKED: Status.CANCELLED},
    Move.ARRIVE: {Status.BOOKED: Status.ARRIVED, Status.NO_SHOW: Status.ARRIVED},
    Move.SERVE: {Status.ARRIVED: Status.SERVED},
    Move.NO_SHOW: {Status.BOOKED: Status.NO_SHOW},
}


def legal_moves(status: Status) -> list[Move]:
    """What can be done with an appointment in this status."""
    return [move for move, leads in MOVES.items() if status in leads]


def after(status: Status, move: Move) -> Status:
    """The status a move leads to. Raises IllegalMove, naming the legal ones."""
    if status not in MOVES[move]:
        raise IllegalMove(move=move, current=status, legal=legal_moves(status))
    return MOVES[move][status]


def meet(ours: Iterable[Span], theirs: Sequence[Span]) -> list[Span]:
    """The time that lies in both: a desk is open only while the office is."""
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in ours for b in theirs)
    return sorted(span for span in both if span[0] < span[1])


def starts(open_: Iterable[Span], step: timedelta, length: timedelta) -> Iterator[datetime]:
    """The beginnings of the slots in open time: every `step` from each opening, as long as `length` fits."""
    for begins, ends in open_:
        at = begins
        while at + length <= ends:
            yield at
            at += step


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def is_free(span: Span, busy: Iterable[Span]) -> bool:
    """Whether nothing lies in a span."""
    return not any(overlap(span, taken) for taken in busy)


def is_reserved(at: datetime, priority: Iterable[Span], now: datetime, released: timedelta) -> bool:
    """Whether a slot is kept for those who go first: inside their time, until it is released shortly before."""
    return at - now > released and any(begins <= at < ends for begins, ends in priority)


def first_gap(open_: Iterable[Span], busy: Iterable[Span], now: datetime, length: timedelta) -> datetime | None:
    """The earliest moment from now on at which `length` of open time is free; None when there is none left."""
    taken = sorted(busy)
    for begins, ends in sorted(open_):
        at = max(begins, now)
        for occupied in taken:
            if occupied[0] < at + length and at < occupied[1]:
                at = occupied[1]
        if at + length <= ends:
            return at
    return None


def comes_again(day: date, first: date, last: date | None, every: int) -> bool:
    """Whether a day lies in a week that something comes again in: each `every`th from the one of its first day.

    Weeks begin on Sunday, as they do here.
    """
    if day < first or (last is not None and day > last):
        return False
    return ((_sunday(day) - _sunday(first)).days // 7) % every == 0


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)
