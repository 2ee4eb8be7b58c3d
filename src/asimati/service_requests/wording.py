"""The clock of a case in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asimati.kit import clock as time
from asimati.kit.text import isolate, say
from asimati.kit.words import LANGUAGES, _, translate
from asimati.service_requests.rules import Status, Turn

WITH_US = _("It is our turn. You will have the answer by {due}.")
LATE = _("It is our turn. The answer was due on {due} and is late; the case has been escalated.")
CHECKED = _("The answer is being checked by a second officer. You will have it by {due}.")
WITH_ENTITY = _(
    "It is with {entity} since {since}; they have until {entity_due}. You will have our answer by {due}."
)
WITH_YOU = _("We are waiting for your answer since {since}. Our time stands still until then.")
OVER = _("The case was closed on {closed}.")


def clock(request: Any) -> dict[str, str]:
    """Whose turn it is, since when and until when, in both languages; times are the governorate's."""
    hop = next((one for one in request.hops if one.ended_at is None), None)
    return {language: _said(request, hop, language) for language in LANGUAGES}


def _said(request: Any, hop: Any, language: str) -> str:
    facts: Mapping[str, str] = {
        "due": moment(request.due_at),
        "since": moment(hop.started_at) if hop else "",
        "entity": say(hop.entity.name, language) if hop and hop.entity else "",
        "entity_due": moment(hop.due_at) if hop and hop.due_at else "",
        "closed": moment(request.closed_at) if request.closed_at else "",
    }
    return translate(_which(request), language).format(**facts)


def _which(request: Any) -> str:
    if request.turn is Turn.NOBODY:
        return OVER
    if request.turn is Turn.RESIDENT:
        return WITH_YOU
    if request.turn is Turn.ENTITY:
        return WITH_ENTITY
    if request.due_at < time.utcnow():
        return LATE
    return CHECKED if request.status is Status.PROPOSED else WITH_US


def moment(at: datetime) -> str:
    """A moment on the governorate's clock, apart from the direction of the sentence around it."""
    return isolate(f"{time.local(at):%Y-%m-%d %H:%M}")
