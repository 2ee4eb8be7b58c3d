"""The line for a shift's places, by the rules events have too: `kit.waitlist`.

Whatever frees a place hands it on in the same transaction, under the shift's lock, so that no newcomer takes it
from those who wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit import clock, waitlist, worktime
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings
from asimati.volunteering import messages, role_rules, rules
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.moves import engage, held, locked, move, told, try_to_engage
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.refusals import ShiftOfferLapsed
from asimati.volunteering.rules import SignUpStatus


def hand_on(tx: Session, shift: Shift) -> None:
    """Offer free places to those whose turn it is, until the shift begins. The caller holds the shift's lock."""
    now = clock.now(tx)
    tx.refresh(shift)
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    if not shift.waiting or not opportunity.published or now >= shift.starts_at:
        return
    hours = settings().governorate.facts.get("offer_waking_hours", rules.OFFER_WAKING_HOURS)
    expires_at = waitlist.offer_ends(_waking(), now, hours, shift.starts_at)
    turns = {role: role_rules.room(shift, role) for role in role_rules.each(shift.roles)}
    for role, room in turns.items():
        line = first_in_line(tx, shift, role, room.free) if room.free and room.waiting else []
        for position in waitlist.served(room.free, [1] * len(line)):
            _offer(tx, line[position], shift, opportunity, expires_at)


def first_in_line(tx: Session, shift: Shift, role: str | None, limit: int) -> Sequence[SignUp]:
    """The first of those who wait on a shift, for that role where it has roles."""
    waits = select(SignUp).where(SignUp.shift_id == shift.id, SignUp.status == SignUpStatus.WAITLISTED)
    if role is not None:
        waits = waits.where(SignUp.role == role)
    first = waits.order_by(SignUp.place).limit(limit)
    return tx.scalars(first.execution_options(populate_existing=True)).all()


def accept(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Take the place that is offered. Raises ShiftOfferLapsed, IllegalMove, Overlaps or TooLittleRest.

    A shift whose volunteers are reviewed then waits for a coordinator's word. After Overlaps the offer stays.
    """
    found, shift = held(tx, actor, sign_up_id)
    late = found.offer_expires_at is not None and found.offer_expires_at <= clock.now(tx)
    if late or found.status is SignUpStatus.LAPSED:
        raise ShiftOfferLapsed
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    awaited = readiness.consent_awaited_of(tx, found.person_id, shift)
    after = SignUpStatus.PENDING if opportunity.review or awaited else SignUpStatus.CONFIRMED
    if found.status is not SignUpStatus.OFFERED:
        rules.require_move(found.status, SignUpStatus.LAPSED)  # only what is offered can be taken
    move(tx, actor, found, shift, after)
    found.guardian_by = awaited
    engage(tx, found, shift, opportunity)
    publish(tx, told(messages.SignedUp, found, shift, opportunity))
    readiness.ask_guardians(tx, found, shift, opportunity)
    return found


def lapse_offers(tx: Session) -> int:
    """Pass on the places of offers that ran out; how many shifts that concerned. Shifts somebody holds wait."""
    late = select(SignUp.shift_id).where(_late())
    statement = select(Shift).where(Shift.id.in_(late)).order_by(Shift.id)
    shifts = tx.scalars(statement.with_for_update(key_share=True, skip_locked=True)).all()
    for shift in shifts:
        settle(tx, shift)
    return len(shifts)


def hold_shift(tx: Session, shift_id: UUID) -> Shift:
    """The shift under its lock, with offers settled whose time has run out. Raises NotFound."""
    shift = locked(tx, shift_id)
    settle(tx, shift)
    return shift


def settle(tx: Session, shift: Shift) -> None:
    """End offers whose time has run out, and hand their places on."""
    late = tx.scalars(select(SignUp).where(SignUp.shift_id == shift.id, _late()).order_by(SignUp.place)).all()
    for found in late:
        move(tx, SYSTEM, found, shift, SignUpStatus.LAPSED)
        publish(tx, told(messages.SignUpOfferLapsed, found, shift, tx.get_one(Opportunity, shift.opportunity_id)))
    if late:
        hand_on(tx, shift)


def _late() -> Any:
    return (SignUp.status == SignUpStatus.OFFERED) & (SignUp.offer_expires_at <= func.app_now())


def _offer(tx: Session, found: SignUp, shift: Shift, opportunity: Opportunity, expires_at: datetime) -> None:
    """Hold a place for somebody in line, and the time in their calendar if that is still free.

    If it is not, the offer is made all the same, for they may prefer this shift; accepting it refuses until the
    other engagement is given up. Nor is anybody's calendar waited for: two shifts that offer to the same people in
    opposite order would wait for each other.
    """
    move(tx, SYSTEM, found, shift, SignUpStatus.OFFERED, expires_at)
    try_to_engage(tx, found, shift, opportunity)
    publish(tx, told(messages.SignUpOffered, found, shift, opportunity, offer_expires_at=expires_at))


@cache
def _waking() -> worktime.Calendar:
    return worktime.Calendar.waking(settings().governorate.facts)
