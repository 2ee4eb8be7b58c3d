"""Telling the desk of the law's clocks before they end, and once they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from asimati.accounts.callers import staff_holding
from asimati.dataprotection import policy
from asimati.dataprotection.messages import LegalClock, RequestDueSoon, RequestOverdue
from asimati.dataprotection.models import DataRequest
from asimati.dataprotection.rules import UNANSWERED
from asimati.kit import reminders
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _, translate


@dataclass(frozen=True)
class _Clock:
    """What the law sets a time for: in which rows it runs, since when, and until when."""

    runs: ColumnElement[bool]
    since: InstrumentedAttribute[Any]
    ends: InstrumentedAttribute[Any]
    duty: str


_CLOCKS: Sequence[_Clock] = (
    _Clock(
        DataRequest.status.in_(UNANSWERED), DataRequest.created_at, DataRequest.due_at,
        _("The answer to the person"),
    ),
    _Clock(
        DataRequest.passed_on_at.is_(None), DataRequest.closed_at, DataRequest.pass_on_by,
        _("Telling those who had received the data"),
    ),
)  # fmt: skip


def remind(tx: Session) -> int:
    """Tell the desk of times that are near, and those too who watch over it of times that are past; how many.

    Each is told once for each of the pack's hours. While nobody holds the role nothing counts as told.
    """
    desk = staff_holding(tx, policy.MAY["handle"])
    if not desk:
        return 0
    watched = staff_holding(tx, policy.MAY["see_requests"])
    return sum(_remind_of(tx, clock, desk, watched) for clock in _CLOCKS)


def _remind_of(tx: Session, clock: _Clock, desk: Iterable[Actor], watched: Iterable[Actor]) -> int:
    running = select(DataRequest).where(clock.runs).with_for_update(read=True, skip_locked=True)
    named = {"thing": DataRequest.id, "at": clock.ends}
    soon = reminders.due_before(tx, "data_request", running, since=clock.since, **named)
    late = reminders.due_after(tx, "data_request_late", running, **named)
    for kind, found, whom in ((RequestDueSoon, soon, desk), (RequestOverdue, late, watched)):
        for (request,) in found:
            publish(tx, _told(kind, request, clock, whom))
    return len(soon) + len(late)


def _told(kind: type[LegalClock], request: DataRequest, clock: _Clock, whom: Iterable[Actor]) -> LegalClock:
    return kind(
        about={"type": "data_request", "reference": request.reference},
        reference=request.reference,
        title={language: translate(clock.duty, language) for language in LANGUAGES},
        staff=sorted(str(one.id) for one in whom),
        due_at=getattr(request, clock.ends.key),
    )
