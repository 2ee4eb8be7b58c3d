"""Reminding volunteers of their shifts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import reminders
from asimati.kit.outbox import publish
from asimati.volunteering import messages
from asimati.volunteering.actions.moves import told
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.rules import SignUpStatus


def remind(tx: Session) -> int:
    """Tell whoever has a place on a shift that it begins soon; how many."""
    confirmed = (
        select(SignUp, Shift, Opportunity)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(SignUp.status == SignUpStatus.CONFIRMED)
        .with_for_update(read=True, skip_locked=True, of=SignUp)
    )
    due = reminders.due_before(tx, "shift", confirmed, thing=SignUp.id, at=Shift.starts_at, since=SignUp.created_at)
    for row in due:
        publish(tx, told(messages.ShiftReminder, *row))
    return len(due)
