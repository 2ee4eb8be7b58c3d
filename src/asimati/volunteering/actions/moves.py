"""Moving a sign-up from one status to the next, with the shift's counts and the volunteer's time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import messages, policy, role_rules, rules
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.queries import edition_on
from asimati.volunteering.rules import SignUpStatus

# A shift's roles once places of one of them were taken, and others wait for it.
ROLE_COUNTED = """shift.roles || jsonb_build_object(CAST(:role AS text), shift.roles -> CAST(:role AS text)
      || jsonb_build_object('taken', (shift.roles -> CAST(:role AS text) ->> 'taken')::integer + :takes,
                            'waiting', (shift.roles -> CAST(:role AS text) ->> 'waiting')::integer + :waits))"""


def locked(tx: Session, shift_id: UUID) -> Shift:
    """The shift under its lock, which comes before any other of volunteering. Raises NotFound."""
    statement = select(Shift).where(Shift.id == shift_id)
    if not settings().without("place_lock"):
        statement = statement.with_for_update(key_share=True)
    shift = tx.scalar(statement.execution_options(populate_existing=True))
    if shift is None:
        raise NotFound
    return shift


def of(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """A sign-up this actor may see. Raises NotFound."""
    found = tx.scalar(policy.visible(select(SignUp).where(SignUp.id == sign_up_id), actor))
    if found is None:
        raise NotFound
    return found


def held(tx: Session, actor: Actor, sign_up_id: UUID) -> tuple[SignUp, Shift]:
    """A sign-up this actor may see and its shift, both under their locks, as they are now. Raises NotFound."""
    found = of(tx, actor, sign_up_id)
    shift = locked(tx, found.shift_id)
    tx.refresh(found, with_for_update={"key_share": True})
    return found, shift


def told(
    kind: type[messages.AboutSignUp],
    found: SignUp,
    shift: Shift,
    opportunity: Opportunity,
    note: str | None = None,
    **more: Any,
) -> messages.AboutSignUp:
    """A message of that kind about a sign-up."""
    return kind(
        person=found.person_id,
        about={"type": "sign-up", "reference": str(found.id)},
        title=role_rules.named(opportunity.title, shift.roles, found.role),
        starts_at=shift.starts_at,
        location=opportunity.location,
        note=note,
        **more,
    )


def move(
    tx: Session, actor: Actor, found: SignUp, shift: Shift, after: SignUpStatus, expires_at: datetime | None = None
) -> None:
    """Change a sign-up's status and its shift's counts, give back the time if it is over; note who did it.

    The caller holds the shift's lock. Raises IllegalMove.
    """
    before = found.status
    rules.require_move(before, after)
    places, waits = rules.change_of_counts(before, after)
    if places or waits:
        count(shift, found.role, places, waits)
    found.status, found.offer_expires_at = after, expires_at
    if after is not SignUpStatus.PENDING:
        found.guardian_by = None
    tx.flush()
    if before in rules.HOLDING and after not in rules.HOLDING:
        calendar.release(tx, "shift", found.id)
    audit.record(tx, actor, f"volunteering.sign_up_{after}", ("sign_up", found.id), [found.person_id])


def count(shift: Shift, role: str | None, places: int, waits: int = 0) -> None:
    """Add to a shift's places taken and to its line, and to those of a role.

    Reckoned by the database, so that its checks speak if the lock ever fails.
    """
    shift.taken, shift.waiting = Shift.taken + places, Shift.waiting + waits
    if role is not None:
        roles = text(f"({ROLE_COUNTED})").bindparams(role=role, takes=places, waits=waits)
        shift.roles = type_coerce(roles, JSONB)


def engage(tx: Session, found: SignUp, shift: Shift, opportunity: Opportunity) -> None:
    """Give the volunteer's time to the shift, once. Raises Overlaps, or TooLittleRest."""
    calendar.release(tx, "shift", found.id)
    calendar.hold(tx, *_time_of(tx, found, shift, opportunity))


def try_to_engage(tx: Session, found: SignUp, shift: Shift, opportunity: Opportunity) -> None:
    """Give the volunteer's time to the shift if it is free and nobody holds their calendar in this moment."""
    calendar.try_hold(tx, *_time_of(tx, found, shift, opportunity))


def _time_of(tx: Session, found: SignUp, shift: Shift, opportunity: Opportunity) -> Any:
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    times = (shift.starts_at, shift.ends_at)
    rest = edition.rest_minutes if edition else 0
    return found.person_id, *times, "shift", found.id, opportunity.title, rest
