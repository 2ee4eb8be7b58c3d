"""Withdrawing from a shift, not coming, and a coordinator's yes or no."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.staff_queries import require_not_own
from asimati.kit import audit, clock
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import messages, policy, role_rules, rules
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.moves import engage, held, move, told
from asimati.volunteering.actions.waitlist import hand_on
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.refusals import GuardianAwaited, NotNow, ShiftFull, ShiftOver
from asimati.volunteering.rules import SignUpStatus


def withdraw(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Give the place (or the place in line) and the time back; saying so twice changes nothing.

    Raises ShiftOver or IllegalMove.
    """
    found, shift = held(tx, actor, sign_up_id)
    if found.status is SignUpStatus.WITHDRAWN:
        return found
    if shift.ends_at <= clock.now(tx):
        raise ShiftOver
    return _leave(tx, actor, found, shift, SignUpStatus.WITHDRAWN, messages.SignUpWithdrawn)


def approve(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Say yes to a sign-up that is reviewed. Raises OwnAffair; GuardianAwaited before a minor's guardian has."""
    policy.require(actor, "decide")
    found, shift = held(tx, actor, sign_up_id)
    require_not_own(tx, actor, found.person_id)
    if found.guardian_by is not None:
        raise GuardianAwaited(answer_by=found.guardian_by)
    if found.status is not SignUpStatus.PENDING:
        rules.require_move(found.status, SignUpStatus.DECLINED)  # only what is reviewed can be decided
    found.status = SignUpStatus.CONFIRMED
    audit.record(tx, actor, "volunteering.sign_up_approved", ("sign_up", found.id), [found.person_id])
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    publish(tx, told(messages.SignUpApproved, found, shift, opportunity))
    return found


def decline(tx: Session, actor: Actor, sign_up_id: UUID, note: str | None = None) -> SignUp:
    """Say no to a sign-up that is reviewed; its place is free again. Raises OwnAffair."""
    policy.require(actor, "decide")
    found, shift = held(tx, actor, sign_up_id)
    require_not_own(tx, actor, found.person_id)
    return _leave(tx, actor, found, shift, SignUpStatus.DECLINED, messages.SignUpDeclined, note)


def note_no_show(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Note that somebody did not come, once the shift has begun: their place is free for a replacement.

    Who came all the same claims the hours afterwards. Raises NotNow or IllegalMove.
    """
    policy.require(actor, "record_times")
    found, shift = held(tx, actor, sign_up_id)
    policy.require_not_own(tx, actor, found.person_id)
    if clock.now(tx) < shift.starts_at:
        raise NotNow
    return _leave(tx, actor, found, shift, SignUpStatus.NO_SHOW, messages.NoShowNoted)


def call_in(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Give a free place to somebody in line who was asked and said yes, without regard to turns: a replacement.

    Raises ShiftFull, ShiftOver, IllegalMove, Overlaps, TooLittleRest, or GuardianAwaited.
    """
    policy.require(actor, "decide")
    found, shift = held(tx, actor, sign_up_id)
    policy.require_not_own(tx, actor, found.person_id)
    if found.status is not SignUpStatus.WAITLISTED:
        rules.require_move(found.status, SignUpStatus.OFFERED)  # only who is in line can be called in
    if shift.ends_at <= clock.now(tx):
        raise ShiftOver
    room = role_rules.room(shift, found.role)
    if not room.free:
        raise ShiftFull(places=room.places)
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    if until := readiness.consent_awaited_of(tx, found.person_id, shift):
        raise GuardianAwaited(answer_by=until)
    move(tx, actor, found, shift, SignUpStatus.CONFIRMED)
    engage(tx, found, shift, opportunity)
    publish(tx, told(messages.SignUpApproved, found, shift, opportunity))
    return found


def _leave(
    tx: Session,
    actor: Actor,
    found: SignUp,
    shift: Shift,
    after: SignUpStatus,
    kind: type[messages.AboutSignUp],
    note: str | None = None,
) -> SignUp:
    move(tx, actor, found, shift, after)
    publish(tx, told(kind, found, shift, tx.get_one(Opportunity, shift.opportunity_id), note))
    hand_on(tx, shift)
    return found
