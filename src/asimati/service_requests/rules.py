"""The life of a case: its statuses, whose turn each one is, and every move between them.

The workflow is data: `MOVES` is the good default, and a service's pack file narrows or extends it (`workflow_of`):
which moves there are, who may make them, what they need, what the resident is told, which need a second officer. A
move that is not in the table is refused with the ones that are; a status without a turn cannot be written down,
because `TURNS` is checked against `Status` below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from asimati.kit.errors import IllegalMove


class Status(StrEnum):
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    WAITING = "waiting"
    REFERRED = "referred"
    PROPOSED = "proposed"  # answered by one officer, and a second one has to agree
    RESOLVED = "resolved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"  # it goes on in another case


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


# Decimals of a degree, about a hundred metres, to which a stranger knows a case's point, wherever it is shown or
# measured from: a finer one anywhere would give away what the others hide.
BLUR = 3


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
    HAND_OVER = "hand_over"
    ASK = "ask"
    ANSWER = "answer"
    REFER = "refer"
    RETURN = "return"
    RESOLVE = "resolve"
    DECLINE = "decline"
    APPROVE = "approve"
    MERGE = "merge"
    DECLARE = "declare"
    NOTE = "note"
    REOPEN = "reopen"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    RATE = "rate"
    RECOUNT = "recount"
    ESCALATE = "escalate"


# What the house itself writes into a history: nobody asks for it.
BY_ITSELF = frozenset({Move.SUBMIT, Move.RECOUNT, Move.ESCALATE})

TURNS: Mapping[Status, Turn] = {
    Status.SUBMITTED: Turn.US,
    Status.IN_REVIEW: Turn.US,
    Status.WAITING: Turn.RESIDENT,
    Status.REFERRED: Turn.ENTITY,
    Status.PROPOSED: Turn.US,
    Status.RESOLVED: Turn.NOBODY,
    Status.DECLINED: Turn.NOBODY,
    Status.WITHDRAWN: Turn.NOBODY,
    Status.MERGED: Turn.NOBODY,
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
    roles: frozenset[str] | None = None  # of those the policy allows, the ones this service lets make it
    told: Mapping[str, str] | None = None  # what the resident reads, in place of our usual words


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
    Move.HAND_OVER: Rule(
        {status: status for status in OPEN - {Status.SUBMITTED}}, needs=frozenset({"reviewer", "note"}), holder=True
    ),
    Move.ASK: Rule(_from([Status.IN_REVIEW], Status.WAITING), needs=frozenset({"message"}), holder=True),
    Move.ANSWER: Rule(_from([Status.WAITING], Status.IN_REVIEW), _RESIDENT, needs=frozenset({"text"})),
    Move.REFER: Rule(_from([Status.IN_REVIEW], Status.REFERRED), needs=frozenset({"entity"}), holder=True),
    Move.RETURN: Rule(_from([Status.REFERRED, Status.WAITING, Status.PROPOSED], Status.IN_REVIEW), holder=True),
    Move.RESOLVE: Rule(_from([Status.IN_REVIEW], Status.RESOLVED), needs=frozenset({"message"}), holder=True),
    Move.DECLINE: Rule(_from([Status.IN_REVIEW], Status.DECLINED), needs=frozenset({"message"}), holder=True),
    # The proposal says whether the case ends resolved or declined.
    Move.APPROVE: Rule(_from([Status.PROPOSED], Status.RESOLVED)),
    Move.MERGE: Rule(_from([Status.IN_REVIEW], Status.MERGED), needs=frozenset({"into"}), holder=True),
    # Whoever declares an interest lets go of a case they hold.
    Move.DECLARE: Rule({status: status for status in OPEN}, needs=frozenset({"note"})),
    Move.NOTE: Rule(_STAY, needs=frozenset({"note"})),
    Move.REOPEN: Rule(_from(ANSWERED, Status.SUBMITTED), _BOTH),
    Move.APPEAL: Rule(_from(ANSWERED, Status.SUBMITTED), _RESIDENT, needs=frozenset({"text"})),
    Move.WITHDRAW: Rule(_from(OPEN, Status.WITHDRAWN), _RESIDENT),
    Move.RATE: Rule({status: status for status in ANSWERED}, _RESIDENT, needs=frozenset({"stars"})),
}

assert set(TURNS) == set(Status)  # noqa: S101 - a status without a turn must not even start


# What a case cannot do without, whatever a pack says: without these it could hang for ever.
KEPT = frozenset({Move.CLAIM, Move.ASSIGN, Move.RETURN, Move.ANSWER, Move.RESOLVE, Move.DECLINE, Move.WITHDRAW})
MAY_NEED = frozenset({"message", "note"})
TWO_OFFICERS = frozenset({Move.RESOLVE, Move.DECLINE})


class UnusableWorkflow(ValueError):
    """A pack describes a workflow in which a case could not go on."""


@dataclass(frozen=True)
class Workflow:
    """The moves of one service."""

    moves: Mapping[Move, Rule] = field(default_factory=lambda: MOVES)
    four_eyes: frozenset[Move] = frozenset()


DEFAULT = Workflow()


def workflow_of(data: Mapping[str, Any]) -> Workflow:
    """The default workflow as a service's pack file changes it.

    `without` names moves there are not; `four_eyes` the answers a second officer has to approve; `moves` says for a
    move who `may` make it (roles, of those that could), what more it `needs`, what the resident is `told`. Raises
    UnusableWorkflow.
    """
    if not data:
        return DEFAULT
    try:
        without = {Move(name) for name in data.get("without", ())}
        four_eyes = frozenset(Move(name) for name in data.get("four_eyes", ()))
        changed = {Move(name): change for name, change in data.get("moves", {}).items()}
    except ValueError as unknown:
        raise UnusableWorkflow(str(unknown)) from None
    if lost := without & KEPT:
        raise UnusableWorkflow(f"a case cannot do without {', '.join(sorted(lost))}")
    if not four_eyes <= TWO_OFFICERS:
        raise UnusableWorkflow("only resolve and decline can ask for a second officer")
    moves = {move: _changed(rule, changed.get(move, {})) for move, rule in MOVES.items() if move not in without}
    for move in four_eyes:
        moves[move] = replace(moves[move], leads=_from([Status.IN_REVIEW], Status.PROPOSED))
    return Workflow(moves, four_eyes)


def _changed(rule: Rule, change: Mapping[str, Any]) -> Rule:
    needs = frozenset(change.get("needs", ()))
    if not needs <= MAY_NEED:
        raise UnusableWorkflow(f"a move can need {' or '.join(sorted(MAY_NEED))}")
    roles = frozenset(change["may"]) if "may" in change else None
    return replace(rule, needs=rule.needs | needs, roles=roles, told=change.get("told"))


def legal_moves(status: Status, by: Party, flow: Workflow = DEFAULT) -> list[Move]:
    """What a party may do with a case in this status."""
    return [move for move, rule in flow.moves.items() if status in rule.leads and by in rule.by]


def after(status: Status, move: Move, by: Party, flow: Workflow = DEFAULT) -> Status:
    """The status a move leads to. Raises IllegalMove, naming the legal ones."""
    rule = flow.moves.get(move)
    if rule is None or status not in rule.leads or by not in rule.by:
        raise IllegalMove(move=move, current=status, legal=legal_moves(status, by, flow))
    return rule.leads[status]


def missing(move: Move, given: Mapping[str, Any], flow: Workflow = DEFAULT) -> list[str]:
    """What the move needs and was not given."""
    return sorted(name for name in flow.moves[move].needs if not given.get(name))


def is_public(before: Status | None, now: Status) -> bool:
    """Whether the resident's history shows a step: what changed the case does, our notes do not."""
    return before is not now
