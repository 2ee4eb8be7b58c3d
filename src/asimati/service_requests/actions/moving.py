"""What every move of a case has in common: the lock, the table of moves, the ledger of hops, the history.

The case's row is locked first, so of two people who move it at once the second sees what the first did; the row's
version in the UPDATE is the second line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from asimati.kit import audit, clock, outbox
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.ids import new_id
from asimati.kit.outbox import Message
from asimati.kit.policy import Actor
from asimati.kit.text import say
from asimati.kit.together import write_together
from asimati.kit.words import LANGUAGES, _, translate
from asimati.kit.worktime import Target
from asimati.places.queries import work_calendar
from asimati.service_requests import policy, rules
from asimati.service_requests.calendars import calendar_of
from asimati.service_requests.models import Entity, Hop, RequestEntry, RequestMessage, ServiceRequest
from asimati.service_requests.rules import CLOSED, TURNS, Move, Party, Status, Turn

Bilingual = Mapping[str, str | None]

# What the resident reads where nobody wrote anything else.
TOLD: Mapping[Move, str] = {
    Move.SUBMIT: _("We have received your request."),
    Move.CLAIM: _("A reviewer is studying your request."),
    Move.ASSIGN: _("A reviewer is studying your request."),
    Move.RELEASE: _("Your request is waiting for a reviewer."),
    Move.DECLARE: _("Your request is waiting for a reviewer."),
    Move.ANSWER: _("You have answered; we are continuing."),
    Move.REFER: _("Your request has been referred to {entity}."),
    Move.RETURN: _("Your request is back with us; we are continuing."),
    Move.REOPEN: _("Your request has been reopened."),
    Move.WITHDRAW: _("The request has been withdrawn."),
    Move.APPEAL: _("We have received your appeal. A different officer decides it."),
    Move.MERGE: _("Your request is dealt with together with an earlier one about the same matter."),
}


# What else a move's history and audit line keep: ids, codes and numbers, never what somebody wrote.
RECORDED = ("entity", "reviewer", "stars", "into", "reason")


@dataclass(frozen=True)
class Said:
    """What goes with a move: public words for the resident, a note for colleagues."""

    message: Bilingual | None = None
    note: str | None = None


NOTHING = Said()
# What the resident reads of an answer that a second officer has yet to approve.
CHECKED = _("Your request has been studied; the answer is being checked.")


def case(tx: Session, actor: Actor, reference: str, version: int | None = None) -> ServiceRequest:
    """The case, locked for this transaction. Raises NotFound where it is not the actor's to work on, Stale."""
    wanted = policy.workable(select(ServiceRequest), actor).where(ServiceRequest.reference == reference)
    locked = wanted.with_for_update(of=ServiceRequest, key_share=True)
    request = tx.scalar(locked.execution_options(populate_existing=True))
    if request is None:
        raise NotFound
    if version is not None and request.version != version:
        raise Stale
    return request


def step(
    tx: Session,
    actor: Actor,
    request: ServiceRequest,
    move: Move,
    said: Said = NOTHING,
    *,
    entity: Entity | None = None,
    to: Status | None = None,
    changes: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None,
) -> RequestEntry:
    """Make a move: the status, the hops, the clock, the history and the audit line, together.

    `to` is the status in the place of the table's, where the case itself decides it. `changes` are columns of
    the case that change with it; `given` is what else the caller brought. Raises
    IllegalMove, ClaimedByAnother, or Invalid for what the move cannot do without.
    """
    before, now = request.status, clock.now(tx)
    after = rules.after(before, move, party_of(actor), request.flow)
    if request.flow.moves[move].holder:
        policy.require_holder(actor, request.claimed_by, policy.about_of(request))
    brought = {"message": said.message, "note": said.note, "entity": entity, **(given or {})}
    if lacking := rules.missing(move, brought, request.flow):
        raise Invalid([(f"/{name}", _("This is required.")) for name in lacking])
    facts = {name: _plain(brought[name]) for name in RECORDED if brought.get(name)}
    with tx.no_autoflush:  # the row is written once, whole
        request.status, request.updated_at = to or after, now
        if before is Status.PROPOSED and request.status is not before:
            request.proposal = None
        for name, value in (changes or {}).items():
            setattr(request, name, value)
        if TURNS[before] is not TURNS[request.status]:
            facts |= _pass_on(tx, request, now, entity)
    return _write_down(tx, actor, request, move, said, before=before, at=now, entity=entity, facts=facts)


def begin(tx: Session, actor: Actor, request: ServiceRequest, said: Said, told: Callable[[], Message]) -> None:
    """A new case with its first hop, first line and what the house is told of it, in one statement.

    It has its `submitted_at`, not yet its due time, which `told` may speak of.
    """
    _start_clock(tx, request, request.submitted_at)
    request.version, facts = 1, {"channel": request.channel}
    request.hops = [_hop(tx, request, Turn.US, request.submitted_at)]
    request.entries = [_entry(actor, request, Move.SUBMIT, said, before=None, at=request.submitted_at, facts=facts)]
    request.messages = []
    line = audit.AuditLine(**_line(actor, request, Move.SUBMIT, facts))
    message = outbox.OutboxMessage(**outbox.as_row(told()))
    write_together(tx, request, *request.hops, *request.entries, line, message)


def party_of(actor: Actor) -> Party:
    return Party.STAFF if actor.is_staff else Party.RESIDENT


def post(tx: Session, actor: Actor, request: ServiceRequest, text: Bilingual, at: datetime) -> None:
    """Add a message to the case's conversation."""
    tx.add(
        RequestMessage(request_id=request.id, at=at, sender=party_of(actor), sender_id=actor.id, text=dict(text))
    )


def both(msgid: str, **facts: Bilingual) -> dict[str, str]:
    """Words in both languages, with bilingual facts put in."""
    return {
        language: translate(msgid, language).format(**{name: say(fact, language) for name, fact in facts.items()})
        for language in LANGUAGES
    }


# --- the clock -------------------------------------------------------------------------------------------------


def _pass_on(tx: Session, request: ServiceRequest, now: datetime, entity: Entity | None) -> dict[str, Any]:
    """End the open hop, begin the next; the promise moves if it stood still, and begins anew on reopening."""
    promised = request.due_at
    open_one = update(Hop).where(Hop.request_id == request.id, Hop.ended_at.is_(None))
    ended = tx.execute(open_one.values(ended_at=now).returning(Hop.paused)).one_or_none()
    request.closed_at = now if request.status in CLOSED else None
    if request.status in CLOSED:
        return {}
    if ended is None:
        _start_clock(tx, request, now)
    elif ended.paused:
        request.due_at = _promise(tx, request)
    tx.add(_hop(tx, request, request.turn, now, entity))
    if request.due_at == promised:
        return {}
    return {"due_before": promised.isoformat(), "due_at": request.due_at.isoformat()}


def _start_clock(tx: Session, request: ServiceRequest, at: datetime) -> None:
    request.clock_started_at = at
    request.due_at = Target.parse(request.target_time).due(work_calendar(tx), at)


def _promise(tx: Session, request: ServiceRequest) -> datetime:
    """When the case is due: the time promised, counted from the clock's start, pauses left out."""
    stood_still = select(Hop.started_at, Hop.ended_at).where(
        Hop.request_id == request.id, Hop.paused, Hop.started_at >= request.clock_started_at
    )
    pauses = [(start, end) for start, end in tx.execute(stood_still) if end is not None]
    return Target.parse(request.target_time).due(work_calendar(tx), request.clock_started_at, pauses)


def _hop(tx: Session, request: ServiceRequest, who: Turn, at: datetime, entity: Entity | None = None) -> Hop:
    """An entity has its own target; ours is the promise; nobody hurries the resident."""
    target, due_at = None, None
    if entity is not None:
        target = entity.target_time
        due_at = Target.parse(target).due(calendar_of(tx, entity), at)
    elif who is Turn.US:
        target, due_at = request.target_time, request.due_at
    return Hop(
        id=new_id(), request_id=request.id, who=who, entity_id=entity.id if entity else None, started_at=at,
        paused=who is Turn.RESIDENT, target=target, due_at=due_at,
    )  # fmt: skip


def _plain(fact: Any) -> Any:
    if isinstance(fact, Entity):
        return fact.code
    return str(fact) if isinstance(fact, UUID) else fact


# --- the history -----------------------------------------------------------------------------------------------


def _write_down(
    tx: Session,
    actor: Actor,
    request: ServiceRequest,
    move: Move,
    said: Said,
    *,
    before: Status | None,
    at: datetime,
    facts: dict[str, Any],
    entity: Entity | None = None,
) -> RequestEntry:
    if request.status is Status.PROPOSED and before is Status.IN_REVIEW:
        said = Said(both(CHECKED), said.note)
    elif said.message:
        post(tx, actor, request, said.message, at)
    entry = _entry(actor, request, move, said, before=before, at=at, facts=facts, entity=entity)
    tx.add(entry)
    tx.flush()
    tx.execute(insert(audit.AuditLine).values(_line(actor, request, move, facts)))
    return entry


def _entry(
    actor: Actor,
    request: ServiceRequest,
    move: Move,
    said: Said,
    *,
    before: Status | None,
    at: datetime,
    facts: dict[str, Any],
    entity: Entity | None = None,
) -> RequestEntry:
    about = {"entity": entity.name} if entity else {}
    told = request.flow.moves[move].told if move in request.flow.moves else None
    text = said.message or told or (both(TOLD[move], **about) if move in TOLD else None)
    return RequestEntry(
        id=new_id(), request_id=request.id, at=at, move=move, status_before=before, status=request.status,
        text=dict(text) if text else None, note=said.note, actor_kind=actor.kind, actor_id=actor.id,
        facts=facts,
    )  # fmt: skip


def _line(actor: Actor, request: ServiceRequest, move: Move, facts: dict[str, Any]) -> dict[str, Any]:
    return audit.as_row(
        actor, f"service_requests.{move}", ("service_request", request.id), [request.person_id],
        status=request.status, version=request.version, **facts,
    )  # fmt: skip
