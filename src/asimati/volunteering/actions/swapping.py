"""Handing one's place on a shift to another volunteer.

The place changes hands in one transaction, under the shift's lock: at no moment has nobody the place, or have two.
The other agrees by taking it, and everything is asked of them that is asked of whoever signs up.
"""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.secrets import digest
from asimati.volunteering import messages, role_rules, rules
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.moves import count, engage, held, locked, move, told
from asimati.volunteering.actions.waitlist import first_in_line
from asimati.volunteering.models import Opportunity, Shift, SignUp, Swap
from asimati.volunteering.refusals import (
    AlreadySignedUp,
    LineWaits,
    OwnPlace,
    ShiftOver,
    SwapOffered,
    SwapSettled,
)
from asimati.volunteering.rules import SignUpStatus, SwapStatus


def offer(tx: Session, actor: Actor, sign_up_id: UUID, *, is_open: bool = False) -> tuple[Swap, str]:
    """Offer one's place: to whoever is given the code, and if it is open to everybody who fits; with that code.

    Raises IllegalMove where there is no place to give, ShiftOver once the shift has begun, SwapOffered, or
    LineWaits for an open offer while others stand in line: giving the place back hands it to them.
    """
    found, shift = held(tx, actor, sign_up_id)
    if found.status is not SignUpStatus.CONFIRMED:
        rules.require_move(found.status, SignUpStatus.NO_SHOW)  # only a place somebody has can change hands
    _require_ahead(shift, clock.now(tx))
    if tx.scalar(select(Swap.id).where(Swap.sign_up_id == found.id, Swap.status == SwapStatus.OFFERED)):
        raise SwapOffered
    if is_open and role_rules.room(shift, found.role).waiting:
        raise LineWaits
    code = token_urlsafe(16)
    made = Swap(sign_up_id=found.id, person_id=found.person_id, open=is_open, code=digest(code))
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.swap_offered", ("sign_up", found.id), open=is_open)
    return made, code


def end(tx: Session, actor: Actor, swap_id: UUID) -> Swap:
    """Keep one's place after all; saying so twice changes nothing. Raises SwapSettled once it is taken."""
    mine = select(Swap.sign_up_id).where(Swap.id == swap_id, Swap.person_id == actor.person)
    sign_up = tx.scalar(mine)
    if sign_up is None:
        raise NotFound
    held(tx, actor, sign_up)
    swap = _now(tx, swap_id)
    if swap.status is SwapStatus.TAKEN:
        raise SwapSettled
    if swap.status is SwapStatus.OFFERED:
        swap.status, swap.settled_at = SwapStatus.ENDED, clock.now(tx)
        audit.record(tx, actor, "volunteering.swap_ended", ("sign_up", sign_up))
    return swap


def take(tx: Session, actor: Actor, swap_id: UUID | None = None, code: str | None = None) -> SignUp:
    """Take the place somebody offers: an open offer by its id, any by its code; the sign-up one then has.

    Raises NotFound, SwapSettled, ShiftOver, OwnPlace, AlreadySignedUp, LineWaits, Overlaps, TooLittleRest, or what
    `readiness.require_ready_for` finds missing. A minor's place waits for a guardian, as when signing up.
    """
    swap, giver, shift = _held(tx, swap_id, code)
    _require_ahead(shift, clock.now(tx))
    if swap.person_id == actor.person:
        raise OwnPlace
    if swap.status is not SwapStatus.OFFERED or giver.status is not SignUpStatus.CONFIRMED:
        raise SwapSettled
    mine = _mine(tx, actor.person, shift.id)
    if code is None and role_rules.room(shift, giver.role).waiting and not _is_next(tx, mine, shift, giver.role):
        raise LineWaits
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    readiness.require_ready_for(tx, actor.person, shift, opportunity, giver.role)
    move(tx, actor, giver, shift, SignUpStatus.WITHDRAWN)
    if mine is not None and mine.role != giver.role:  # they wait for another role: this place is a new one to them
        move(tx, actor, mine, shift, SignUpStatus.WITHDRAWN)
        mine = None
    taker = _placed(tx, actor, mine, shift, opportunity, giver.role)
    swap.status, swap.taken_by, swap.settled_at = SwapStatus.TAKEN, actor.person, clock.now(tx)
    publish(tx, told(messages.SwapTaken, giver, shift, opportunity))
    publish(tx, told(messages.SignedUp, taker, shift, opportunity))
    readiness.ask_guardians(tx, taker, shift, opportunity)
    return taker


def _placed(
    tx: Session, actor: Actor, mine: SignUp | None, shift: Shift, opportunity: Opportunity, role: str | None
) -> SignUp:
    """The place the giver has just let go, in the hands of who takes it; it waits where others have a say."""
    awaited = readiness.consent_awaited_of(tx, actor.person, shift)
    after = SignUpStatus.PENDING if opportunity.review or awaited else SignUpStatus.CONFIRMED
    if mine is None:
        mine = SignUp(shift_id=shift.id, person_id=actor.person, status=after, role=role, guardian_by=awaited)
        tx.add(mine)
        count(shift, role, 1)
        tx.flush()
        facts: dict[str, Any] = {"shift": shift.id, "status": str(after), "swap": True}
        audit.record(tx, actor, "volunteering.signed_up", ("sign_up", mine.id), **facts)
    else:
        if after is SignUpStatus.PENDING:  # out of the line by way of an offer, as everybody there
            move(tx, actor, mine, shift, SignUpStatus.OFFERED, shift.starts_at)
        move(tx, actor, mine, shift, after)
        mine.guardian_by = awaited
    engage(tx, mine, shift, opportunity)
    return mine


def _held(tx: Session, swap_id: UUID | None, code: str | None) -> tuple[Swap, SignUp, Shift]:
    """An offer, the place and its shift, under the shift's lock and as they are now."""
    known = Swap.code == digest(code) if code is not None else (Swap.id == swap_id) & Swap.open
    row = tx.execute(
        select(Swap.id, Swap.sign_up_id, SignUp.shift_id).join(SignUp, SignUp.id == Swap.sign_up_id).where(known)
    ).one_or_none()
    if row is None:
        raise NotFound
    shift = locked(tx, row.shift_id)
    giver = tx.get_one(SignUp, row.sign_up_id, populate_existing=True)
    return _now(tx, row.id), giver, shift


def _now(tx: Session, swap_id: UUID) -> Swap:
    return tx.get_one(Swap, swap_id, populate_existing=True)


def _mine(tx: Session, person: UUID, shift: UUID) -> SignUp | None:
    """What somebody has on the shift: at most a place in its line. Raises AlreadySignedUp for more."""
    live = [str(status) for status in rules.LIVE]
    mine = select(SignUp).where(SignUp.shift_id == shift, SignUp.person_id == person, SignUp.status.in_(live))
    found = tx.scalar(mine.execution_options(populate_existing=True))
    if found is not None and found.status is not SignUpStatus.WAITLISTED:
        raise AlreadySignedUp
    return found


def _is_next(tx: Session, mine: SignUp | None, shift: Shift, role: str | None) -> bool:
    """Whether somebody stands at the head of the shift's line, or of that role's."""
    return mine is not None and [mine] == list(first_in_line(tx, shift, role, 1))


def _require_ahead(shift: Shift, now: datetime) -> None:
    if shift.starts_at <= now:
        raise ShiftOver
