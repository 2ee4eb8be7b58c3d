"""Reminding residents of what we asked them for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import reminders
from asimati.kit.outbox import publish
from asimati.service_requests import messages
from asimati.service_requests.actions import telling
from asimati.service_requests.models import Hop, RequestEntry, ServiceRequest
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
