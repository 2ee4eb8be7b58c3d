"""Reminding residents of what we asked them for, and entities of what they have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.callers import staff_as_actor
from asimati.kit import reminders
from asimati.kit.outbox import publish
from asimati.service_requests import messages
from asimati.service_requests.actions import telling
from asimati.service_requests.models import Entity, Hop, RequestEntry, ServiceRequest
from asimati.service_requests.rules import Move, Turn


def remind(tx: Session) -> int:
    """Tell whoever we asked for an answer or a document that the case still waits for it; how many."""
    last = select(RequestEntry.text).where(
        RequestEntry.request_id == ServiceRequest.id, RequestEntry.move == Move.ASK
    )
    waiting = (
        select(ServiceRequest, last.order_by(RequestEntry.at.desc()).limit(1).scalar_subquery())
        .join(Hop, Hop.request_id == ServiceRequest.id)
        .where(Hop.who == Turn.RESIDENT, Hop.ended_at.is_(None), ServiceRequest.person_id.is_not(None))
        .with_for_update(read=True, skip_locked=True, of=ServiceRequest)
    )
    due = reminders.due_after(tx, "documents", waiting, thing=ServiceRequest.id, at=Hop.started_at)
    for request, asked in due:
        publish(tx, messages.AnswerReminder(**telling.of(request), note=asked))
    return len(due)


def remind_entities(tx: Session) -> int:
    """Write to the entities whose time for a case is near or past, and tell whoever holds it; how many."""
    theirs = (
        select(ServiceRequest, Hop, Entity)
        .join(Hop, Hop.request_id == ServiceRequest.id)
        .join(Entity, Entity.id == Hop.entity_id)
        .where(Hop.ended_at.is_(None), Hop.due_at.is_not(None))
        .with_for_update(read=True, skip_locked=True, of=ServiceRequest)
    )
    named = {"thing": Hop.id, "at": Hop.due_at}
    soon = reminders.due_before(tx, "referral", theirs, since=Hop.started_at, **named)
    late = reminders.due_after(tx, "referral_late", theirs, **named)
    for kind, found in ((messages.EntityDueSoon, soon), (messages.EntityLate, late)):
        for request, hop, entity in found:
            publish(tx, kind(**_to_entity(tx, request, hop, entity)))
    return len(soon) + len(late)


def _to_entity(tx: Session, request: ServiceRequest, hop: Hop, entity: Entity) -> dict[str, Any]:
    holder = staff_as_actor(tx, request.claimed_by) if request.claimed_by else None
    offices = [{"to": one["email"], "language": one["language"]} for one in entity.contacts]
    facts = telling.for_staff(request, [holder])
    return {**facts, "offices": offices, "entity": entity.name, "due_at": hop.due_at}
