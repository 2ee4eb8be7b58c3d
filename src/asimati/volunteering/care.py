"""Whom to call for a volunteer, and what they need: for the coordinators of their shifts, while it can matter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import policy, profile_queries
from asimati.volunteering.actions.moves import of
from asimati.volunteering.models import Shift, SignUp, Volunteer
from asimati.volunteering.refusals import OutsideShift
from asimati.volunteering.rules import SignUpStatus

CONTACT_HOURS = 2  # before and after a shift, where the pack says nothing
_COMES = frozenset({SignUpStatus.CONFIRMED, SignUpStatus.CHECKED_IN, SignUpStatus.CHECKED_OUT})


def emergency_contact(tx: Session, actor: Actor, sign_up_id: UUID) -> dict[str, Any]:
    """Whom to call. Raises NotFound where there is nobody to read of, OutsideShift, OwnHours."""
    found, shift = _expected(tx, actor, sign_up_id)
    around = timedelta(
        hours=settings().governorate.facts.get("volunteering", {}).get("contact_hours", CONTACT_HOURS)
    )
    _require_within(tx, shift.starts_at - around, shift.ends_at + around)
    volunteer = tx.get(Volunteer, found.person_id)
    contact = profile_queries.contact(volunteer) if volunteer else None
    return {"person_id": found.person_id, "emergency_contact": contact}


def accessibility(tx: Session, actor: Actor, sign_up_id: UUID) -> dict[str, Any]:
    """What they need, while they agree. Raises NotFound, OutsideShift once the shift is over, OwnHours."""
    found, shift = _expected(tx, actor, sign_up_id)
    _require_within(tx, None, shift.ends_at)
    needs = profile_queries.accessibility(tx, found.person_id)
    return {"person_id": found.person_id, "needs": needs["needs"] if needs else None}


def _expected(tx: Session, actor: Actor, sign_up_id: UUID) -> tuple[SignUp, Shift]:
    policy.require(actor, "record_times")
    found = of(tx, actor, sign_up_id)
    policy.require_not_own(tx, actor, found.person_id)
    if found.status not in _COMES:
        raise NotFound
    return found, tx.get_one(Shift, found.shift_id)


def _require_within(tx: Session, opens: datetime | None, closes: datetime) -> None:
    now = clock.now(tx)
    if (opens is not None and now < opens) or now >= closes:
        raise OutsideShift(opens_at=opens, closes_at=closes)
