"""What may be asked of the desk, and how such a case moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """Rights of whoever the data are about (Personal Data Protection Law, No. 30 of 2018, articles 17 to 24)."""

    COPY = "copy"
    RECTIFY = "rectify"
    BLOCK = "block"
    ERASE = "erase"
    OBJECT = "object"
    WITHDRAW = "withdraw"  # a consent
    REVIEW = "review"  # a person looks again at what was decided by a machine alone


class Status(StrEnum):
    OPEN = "open"
    IN_HAND = "in_hand"
    DONE = "done"
    PARTLY = "partly"  # done as far as may be; the answer says what was left, and why
    REFUSED = "refused"
    CANCELLED = "cancelled"  # by the person


UNANSWERED = frozenset({Status.OPEN, Status.IN_HAND})
MOVES: Mapping[str, frozenset[Status]] = {
    "claim": frozenset({Status.OPEN, Status.IN_HAND}),
    "carry_out": frozenset({Status.OPEN, Status.IN_HAND}),
    "refuse": frozenset({Status.OPEN, Status.IN_HAND}),
    "cancel": frozenset({Status.OPEN, Status.IN_HAND}),
}
# After these, those to whom the data went are told of it.
PASSED_ON = frozenset({Kind.RECTIFY, Kind.BLOCK, Kind.ERASE})


class Pressing(StrEnum):
    """How near the end of the law's time is."""

    SOON = "soon"
    LATE = "late"


class MergeStatus(StrEnum):
    """Of a proposal to make two accounts one."""

    PROPOSED = "proposed"
    DONE = "done"
    REFUSED = "refused"


class RestrictionKind(StrEnum):
    BLOCK = "block"  # kept, and otherwise left alone
    OBJECTION = "objection"


class Purpose(StrEnum):
    """Why somebody looks at what is masked. The person it is about reads it."""

    IDENTIFY = "identify"
    CONTACT = "contact"
    URGENT = "urgent"
    CORRECT = "correct"
    DATA_REQUEST = "data_request"
    LEGAL = "legal"


def pressing(ends: datetime | None, lead: timedelta, now: datetime) -> Pressing | None:
    """How near the end of a running clock is: past, no farther than `lead`, or neither; None for no clock."""
    if ends is None or now < ends - lead:
        return None
    return Pressing.SOON if now < ends else Pressing.LATE


def legal_moves(status: Status) -> list[str]:
    """The moves a case in this status may make."""
    return sorted(move for move, states in MOVES.items() if status in states)
