"""A guardian's word on whether a minor volunteers: given, refused, withdrawn, or not given in time.

Of two guardians who answer at once, the first settles it and the other hears how; either may withdraw it later. The
order of locks is the room's: shifts first, in the order of their ids, then the consent, then the sign-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from asimati.accounts import household
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings
from asimati.volunteering import messages, rules
from asimati.volunteering.actions.moves import locked, move, told
from asimati.volunteering.actions.waitlist import hand_on
from asimati.volunteering.joining_rules import ConsentStatus, require_consent_move
from asimati.volunteering.models import GuardianConsent, Opportunity, Shift, SignUp
from asimati.volunteering.rules import SignUpStatus

_LIVE = SignUp.status.in_([str(one) for one in rules.LIVE])
_AWAITED = SignUp.guardian_by.is_not(None)


def give(tx: Session, actor: Actor, consent_id: UUID) -> GuardianConsent:
    """Agree that the minor volunteers in the edition: their held places are theirs, or wait for a coordinator.

    Repeating it changes nothing. Raises NotFound where the actor is no guardian of theirs, IllegalMove,
    AssuranceTooLow.
    """
    found, changed = _settled(tx, actor, consent_id, ConsentStatus.GIVEN)
    for sign_up, shift in _held_places(tx, found, _AWAITED) if changed else ():
        _let_in(tx, actor, sign_up, shift)
    return found


def refuse(tx: Session, actor: Actor, consent_id: UUID) -> GuardianConsent:
    """Say no: held places go to others. Repeating it changes nothing. Raises NotFound, IllegalMove."""
    found, changed = _settled(tx, actor, consent_id, ConsentStatus.REFUSED)
    for sign_up, shift in _held_places(tx, found, _AWAITED) if changed else ():
        _give_up(tx, actor, sign_up, shift, SignUpStatus.DECLINED)
    return found


def withdraw(tx: Session, actor: Actor, consent_id: UUID) -> GuardianConsent:
    """Take consent back: places on shifts that have not begun are given up; what was served stays counted."""
    found, changed = _settled(tx, actor, consent_id, ConsentStatus.WITHDRAWN)
    for sign_up, shift in _held_places(tx, found, _LIVE, SignUp.checked_in_at.is_(None)) if changed else ():
        if shift.starts_at > clock.now(tx):
            _give_up(tx, actor, sign_up, shift, SignUpStatus.WITHDRAWN)
    return found


def lapse_guardians(tx: Session) -> int:
    """Give up places for which no guardian answered in time; how many. What somebody holds waits."""
    late = select(SignUp.shift_id).where(SignUp.guardian_by <= func.app_now())
    shifts = select(Shift).where(Shift.id.in_(late)).order_by(Shift.id)
    count = 0
    for shift in tx.scalars(shifts.with_for_update(key_share=True, skip_locked=True)).all():
        due = select(SignUp).where(SignUp.shift_id == shift.id, SignUp.guardian_by <= func.app_now())
        for sign_up in tx.scalars(due.order_by(SignUp.id)).all():
            _give_up(tx, SYSTEM, sign_up, shift, SignUpStatus.DECLINED)
            _close_if_none_waits(tx, sign_up.person_id)
            count += 1
    return count


def _settled(tx: Session, actor: Actor, consent_id: UUID, after: ConsentStatus) -> tuple[GuardianConsent, bool]:
    """The consent with this answer, under its lock and those of its shifts; whether it is news."""
    found = tx.get(GuardianConsent, consent_id)
    if found is None or not household.is_guardian_of(tx, actor.person, found.person_id):
        raise NotFound
    concerned = select(SignUp.shift_id).where(SignUp.person_id == found.person_id, _LIVE)
    for shift_id in sorted(set(tx.scalars(concerned))):
        locked(tx, shift_id)
    if not settings().without("consent_lock"):
        tx.refresh(found, with_for_update={"key_share": True})
    if found.status is after:
        return found, False
    require_consent_move(found.status, after)
    if after is ConsentStatus.GIVEN:
        household.require_known_guardian(actor)
    now = clock.now(tx)
    found.status, found.guardian_id, found.answered_at = after, actor.person, now
    found.ended_at = None if after is ConsentStatus.GIVEN else now
    tx.flush()
    about = ("guardian_consent", found.id)
    audit.record(tx, actor, f"volunteering.guardian_consent_{after}", about, [found.person_id])
    return found, True


def _held_places(
    tx: Session, found: GuardianConsent, *which: ColumnElement[bool]
) -> Sequence[tuple[SignUp, Shift]]:
    wanted = select(SignUp.id).where(SignUp.person_id == found.person_id, *which).order_by(SignUp.shift_id)
    places = []
    for sign_up_id in tx.scalars(wanted).all():
        sign_up = tx.get_one(SignUp, sign_up_id)
        shift = locked(tx, sign_up.shift_id)
        tx.refresh(sign_up, with_for_update={"key_share": True})
        places.append((sign_up, shift))
    return places


def _let_in(tx: Session, actor: Actor, sign_up: SignUp, shift: Shift) -> None:
    if sign_up.guardian_by is None or sign_up.status is not SignUpStatus.PENDING:
        return
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    sign_up.guardian_by = None
    if opportunity.review:
        tx.flush()
        return
    move(tx, actor, sign_up, shift, SignUpStatus.CONFIRMED)
    publish(tx, told(messages.SignUpApproved, sign_up, shift, opportunity))


def _give_up(tx: Session, actor: Actor, sign_up: SignUp, shift: Shift, after: SignUpStatus) -> None:
    if sign_up.status not in rules.LIVE:
        return
    sign_up.guardian_by = None
    move(tx, actor, sign_up, shift, after)
    publish(tx, told(messages.PlaceWithoutConsent, sign_up, shift, tx.get_one(Opportunity, shift.opportunity_id)))
    hand_on(tx, shift)


def _close_if_none_waits(tx: Session, person: UUID) -> None:
    """Nobody answered and no place waits any more: the next sign-up asks anew."""
    if tx.scalar(select(SignUp.id).where(SignUp.person_id == person, _AWAITED).limit(1)):
        return
    asked = select(GuardianConsent).where(
        GuardianConsent.person_id == person, GuardianConsent.status == ConsentStatus.ASKED
    )
    for consent in tx.scalars(asked.with_for_update(key_share=True)).all():
        consent.status, consent.ended_at = ConsentStatus.LAPSED, clock.now(tx)
    tx.flush()
