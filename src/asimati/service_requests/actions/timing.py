"""The clock between moves: due times counted anew when holidays change, and what is late is escalated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from asimati.accounts.callers import staff_as_actor, staff_holding
from asimati.kit import audit, clock
from asimati.kit.outbox import Delivered, publish
from asimati.kit.policy import SYSTEM, Actor, Role
from asimati.kit.worktime import Calendar, Target, add_working_days
from asimati.places.messages import WorkingTimeChanged
from asimati.places.queries import work_calendar
from asimati.service_requests import messages
from asimati.service_requests.actions import telling
from asimati.service_requests.calendars import calendar_of
from asimati.service_requests.models import Escalation, Hop, RequestEntry, ServiceRequest
from asimati.service_requests.rules import Move, Turn

AT_ONCE = 500  # cases in one transaction; the next message goes on behind them
AGAIN = 2  # working days after the due time at which a late case is escalated to the second level


def recount(tx: Session, delivered: Delivered) -> None:
    """Count the due times of open cases anew; a clock never restarts, only what counts as working time changed.

    Old and new are recorded in the history and the audit, and those concerned are told, once: counting again finds
    nothing to change.
    """
    changed = delivered.message
    assert isinstance(changed, WorkingTimeChanged)  # noqa: S101 - for the type checker: the table sends no other
    wanted = select(ServiceRequest).where(ServiceRequest.closed_at.is_(None)).order_by(ServiceRequest.id)
    if changed.after:
        wanted = wanted.where(ServiceRequest.id > changed.after)
    locked = wanted.limit(AT_ONCE).with_for_update(of=ServiceRequest, key_share=True)
    found = tx.scalars(locked.options(selectinload(ServiceRequest.hops))).all()
    calendar, now = work_calendar(tx), clock.now(tx)
    officer = cache(lambda staff: staff_as_actor(tx, staff))
    for request in found:
        if facts := _recount(tx, request, calendar, now):
            _tell(tx, request, facts, officer)
    if len(found) == AT_ONCE:
        publish(tx, WorkingTimeChanged(after=found[-1].id))


def _recount(tx: Session, request: ServiceRequest, calendar: Calendar, now: datetime) -> Mapping[str, str]:
    """What changed of its times, written down; empty for nothing."""
    facts = _promise(request, calendar) | _hop(tx, request, calendar)
    if not facts:
        return facts
    request.updated_at = now
    tx.add(_entry(request, Move.RECOUNT, now, facts))
    tx.flush()
    audit.record(
        tx, SYSTEM, "service_requests.recount", ("service_request", request.id), [request.person_id], **facts
    )
    return facts


def _tell(
    tx: Session, request: ServiceRequest, facts: Mapping[str, str], officer: Callable[[UUID], Actor | None]
) -> None:
    """Tell the resident what we promise now, and whoever holds the case."""
    kind = "" if "due_at" in facts else "hop_"
    before, due_at = (datetime.fromisoformat(facts[f"{kind}due_{part}"]) for part in ("before", "at"))
    if not kind and request.promised_at:
        publish(tx, messages.DueTimeMoved(**telling.of(request), before=before, due_at=due_at))
    if request.claimed_by:
        told = telling.for_staff(request, [officer(request.claimed_by)])
        publish(tx, messages.CaseTimeMoved(**told, before=before, due_at=due_at))


def _promise(request: ServiceRequest, calendar: Calendar) -> dict[str, str]:
    """Count the promise anew; while we wait for the resident it is counted when they answer."""
    started = request.clock_started_at
    pauses = [(one.started_at, one.ended_at) for one in request.hops
              if one.paused and one.ended_at and one.started_at >= started]  # fmt: skip
    due = Target.parse(request.target_time).due(calendar, started, pauses)
    if request.turn is Turn.RESIDENT or due == request.due_at:
        return {}
    before, request.due_at = request.due_at, due
    return {"due_before": before.isoformat(), "due_at": due.isoformat()}


def _hop(tx: Session, request: ServiceRequest, calendar: Calendar) -> dict[str, str]:
    """Count the open stretch anew: an entity's own time, or ours."""
    hop = next((one for one in request.hops if one.ended_at is None), None)
    if hop is None or hop.due_at is None or hop.target is None:
        return {}
    if hop.who is not Turn.ENTITY:
        due = request.due_at
    else:
        theirs = calendar_of(tx, hop.entity) if hop.entity and hop.entity.calendar else calendar
        due = Target.parse(hop.target).due(theirs, hop.started_at)
    if due == hop.due_at:
        return {}
    before, hop.due_at = hop.due_at, due
    return {"hop_due_before": before.isoformat(), "hop_due_at": due.isoformat()}


def escalate(tx: Session) -> int:
    """Find what became late since we looked last, from the ledger; how many. A tick that was away finds it once."""
    now, calendar = clock.now(tx), work_calendar(tx)
    late = [
        (row, level)
        for level in (2, 1)
        for row in _late(tx, level)
        if level == 1 or add_working_days(calendar, row.late_since, AGAIN) <= now
    ]
    heads = staff_holding(tx, {Role.SUPERVISOR}) if late else []
    return sum(_escalate(tx, row, level, now, heads) for row, level in late)


def _late(tx: Session, level: int) -> Sequence[Any]:
    """Open stretches past their time, not yet escalated to the level; never those that wait for the resident."""
    # An entity's time may end before the promise and the promise before the entity's time: late is the earlier.
    since = case((Hop.due_at.is_(None), ServiceRequest.due_at), else_=func.least(Hop.due_at, ServiceRequest.due_at))
    told = select(Escalation).where(
        Escalation.hop_id == Hop.id, Escalation.level >= level, Escalation.due_at == since
    )
    first_told = select(Escalation).where(Escalation.hop_id == Hop.id, Escalation.level == 1)
    late = or_(ServiceRequest.due_at < func.app_now(), and_(Hop.due_at.is_not(None), Hop.due_at < func.app_now()))
    wanted = (
        select(ServiceRequest, Hop.id.label("hop"), since.label("late_since"))
        .join(Hop, Hop.request_id == ServiceRequest.id)
        .where(Hop.ended_at.is_(None), ~Hop.paused, ServiceRequest.closed_at.is_(None), late, ~told.exists())
        .order_by(since)
        .limit(AT_ONCE)
        .with_for_update(of=ServiceRequest, key_share=True, skip_locked=True)
    )
    return tx.execute(wanted.where(first_told.exists()) if level > 1 else wanted).all()


def _escalate(tx: Session, row: Any, level: int, now: datetime, heads: Sequence[Actor]) -> int:
    """Note it, and tell whoever holds the case and the supervisors who reach it: once for each level."""
    request, late_since = row.ServiceRequest, row.late_since
    line = {"hop_id": row.hop, "level": level, "due_at": late_since, "at": now}
    if not tx.scalar(insert(Escalation).values(line).on_conflict_do_nothing().returning(Escalation.level)):
        return 0
    facts = {"level": level, "due_at": late_since.isoformat()}
    tx.add(_entry(request, Move.ESCALATE, now, facts))
    audit.record(tx, SYSTEM, "service_requests.escalate", ("service_request", request.id), **facts)
    entity = next((one.entity for one in request.hops if one.id == row.hop and one.entity), None)
    holder = staff_as_actor(tx, request.claimed_by) if request.claimed_by else None
    publish(
        tx,
        messages.RequestEscalated(
            **telling.for_staff(request, [holder, *heads]), level=level, late_since=late_since,
            turn=str(request.turn), entity=entity.code if entity else None,
        ),
    )  # fmt: skip
    return 1


def _entry(request: ServiceRequest, move: Move, at: datetime, facts: dict[str, Any]) -> RequestEntry:
    return RequestEntry(
        request_id=request.id, at=at, move=move, status_before=request.status, status=request.status, facts=facts,
        actor_kind=SYSTEM.kind, actor_id=None,
    )  # fmt: skip
