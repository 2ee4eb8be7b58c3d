"""The life of a case: its statuses, whose turn each one is, and every move between them.

The workflow is a table. A move that is not in it is refused with the ones that are; a status without a turn cannot
be written down, because `TURNS` is checked against `Status` below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from asimati.kit.errors import IllegalMove


class Status(StrEnum):
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    WAITING = "waiting"
    REFERRED = "referred"
    RESOLVED = "resolved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Turn(StrEnum):
    """Who must act next."""

    US = "us"
    ENTITY = "entity"
    RESIDENT = "resident"
    NOBODY = "nobody"


class Kind(StrEnum):
    COMPLAINT = "complaint"
    REQUEST = "request"
    SUGGESTION = "suggestion"
    INQUIRY = "inquiry"


class Domain(StrEnum):
    SERVICE = "service"
    SOCIAL = "social"
    SECURITY = "security"


class Channel(StrEnum):
    """How a case came in. Whatever it was, it is the same case afterwards."""

    APP = "app"
    TAWASUL = "tawasul"
    OPEN311 = "open311"  # a system of others, by the common interface of cities
    OFFICE = "office"
    PHONE = "phone"
    MAJLIS = "majlis"
    SOCIAL_MEDIA = "social_media"
    FIELD_VISIT = "field_visit"


class Assurance(StrEnum):
    """How well someone must be known to file; each level includes those before it."""

    ANONYMOUS = "anonymous"
    PHONE = "phone"
    STANDARD = "standard"
    ADVANCED = "advanced"


class Place(StrEnum):
    """Whether a service asks where."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class EntityKind(StrEnum):
    MINISTRY = "ministry"
    MUNICIPALITY = "municipality"
    AUTHORITY = "authority"
    INTERNAL = "internal"


class Party(StrEnum):
    """Who makes a move: one of our staff, or the resident whose case it is."""

    STAFF = "staff"
    RESIDENT = "resident"


class Move(StrEnum):
    SUBMIT = "submit"
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    ASK = "ask"
    ANSWER = "answer"
    REFER = "refer"
    RETURN = "return"
    RESOLVE = "resolve"
    DECLINE = "decline"
    NOTE = "note"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    RATE = "rate"


TURNS: Mapping[Status, Turn] = {
    Status.SUBMITTED: Turn.US,
    Status.IN_REVIEW: Turn.US,
    Status.WAITING: Turn.RESIDENT,
    Status.REFERRED: Turn.ENTITY,
    Status.RESOLVED: Turn.NOBODY,
    Status.DECLINED: Turn.NOBODY,
    Status.WITHDRAWN: Turn.NOBODY,
}
OPEN = frozenset(status for status, turn in TURNS.items() if turn is not Turn.NOBODY)
CLOSED = frozenset(Status) - OPEN
ANSWERED = frozenset({Status.RESOLVED, Status.DECLINED})


@dataclass(frozen=True)
class Rule:
    """One move: from which status to which, who may make it, and what it cannot do without."""

    leads: Mapping[Status, Status]
    by: frozenset[Party] = frozenset({Party.STAFF})
    needs: frozenset[str] = field(default=frozenset())
    holder: bool = False  # only whoever holds the case (or a supervisor) makes it


def _from(origins: Iterable[Status], to: Status) -> Mapping[Status, Status]:
    return dict.fromkeys(origins, to)


_RESIDENT, _BOTH = frozenset({Party.RESIDENT}), frozenset(Party)
_STAY = {status: status for status in Status}

# `return` also takes a case back from a resident who does not answer: no case waits for ever.
MOVES: Mapping[Move, Rule] = {
    Move.CLAIM: Rule(_from([Status.SUBMITTED], Status.IN_REVIEW)),
    Move.RELEASE: Rule(_from([Status.IN_REVIEW], Status.SUBMITTED), holder=True),
    Move.ASSIGN: Rule(
        {status: status for status in OPEN} | {Status.SUBMITTED: Status.IN_REVIEW}, needs=frozenset({"reviewer"})
    ),
    Move.ASK: Rule(_from([Status.IN_REVIEW], Status.WAITING), needs=frozenset({"message"}), holder=True),
    Move.ANSWER: Rule(_from([Status.WAITING], Status.IN_REVIEW), _RESIDENT, needs=frozenset({"text"})),
    Move.REFER: Rule(_from([Status.IN_REVIEW], Status.REFERRED), needs=frozenset({"entity"}), holder=True),
    Move.RETURN: Rule(_from([Status.REFERRED, Status.WAITING], Status.IN_REVIEW), holder=True),
    Move.RESOLVE: Rule(_from([Status.IN_REVIEW], Status.RESOLVED), needs=frozenset({"message"}), holder=True),
    Move.DECLINE: Rule(_from([Status.IN_REVIEW], Status.DECLINED), needs=frozenset({"message"}), holder=True),
    Move.NOTE: Rule(_STAY, needs=frozenset({"note"})),
    Move.REOPEN: Rule(_from(ANSWERED, Status.SUBMITTED), _BOTH),
    Move.WITHDRAW: Rule(_from(OPEN, Status.WITHDRAWN), _RESIDENT),
    Move.RATE: Rule({status: status for status in ANSWERED}, _RESIDENT, needs=frozenset({"stars"})),
}

assert set(TURNS) == set(Status)  # noqa: S101 - a status without a turn must not even start


def legal_moves(status: Status, by: Party) -> list[Move]:
    """What a party may do with a case in this status."""
    return [move for move, rule in MOVES.items() if status in rule.leads and by in rule.by]


def after(status: Status, move: Move, by: Party) -> Status:
    """The status a move leads to. Raises IllegalMove, naming the legal ones."""
    rule = MOVES.get(move)
    if rule is None or status not in rule.leads or by not in rule.by:
        raise IllegalMove(move=move, status=status, legal=legal_moves(status, by))
    return rule.leads[status]


def missing(move: Move, given: Mapping[str, Any]) -> list[str]:
    """What the move needs and was not given."""
    return sorted(name for name in MOVES[move].needs if not given.get(name))


def is_public(before: Status | None, now: Status) -> bool:
    """Whether the resident's history shows a step: what changed the case does, our notes do not."""
    return before is not now
