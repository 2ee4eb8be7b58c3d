"""Signing up for a shift, withdrawing, and a coordinator's yes or no."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.accounts.models import Person
from asimati.accounts.rules import age_on
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import messages, policy, rules
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.queries import edition_on
from asimati.volunteering.refusals import AlreadySignedUp, ShiftFull, ShiftOver, TooYoung
from asimati.volunteering.rules import SignUpStatus


def sign_up(tx: Session, actor: Actor, shift_id: UUID) -> SignUp:
    """Take a place on a shift. Raises ShiftFull, ShiftOver, AlreadySignedUp, TooYoung, or Overlaps."""
    shift = locked(tx, shift_id)
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    if not opportunity.published:
        raise NotFound
    if shift.ends_at <= clock.now(tx):
        raise ShiftOver
    holding = SignUp.status.in_([str(status) for status in rules.HOLDING])
    mine = select(SignUp.id).where(SignUp.shift_id == shift_id, SignUp.person_id == actor.person, holding)
    if tx.scalar(mine):
        raise AlreadySignedUp
    _require_age(tx, actor.person, shift, opportunity)
    if shift.taken >= shift.places:
        raise ShiftFull(places=shift.places)
    status = SignUpStatus.PENDING if opportunity.review else SignUpStatus.CONFIRMED
    made = SignUp(shift_id=shift_id, person_id=actor.person, status=status)
    tx.add(made)
    shift.taken = Shift.taken + 1  # reckoned by the database, so that its check speaks if the lock ever fails
    tx.flush()
    calendar.hold(tx, actor.person, shift.starts_at, shift.ends_at, "shift", made.id, opportunity.title)
    audit.record(tx, actor, "volunteering.signed_up", ("sign_up", made.id), shift=shift_id, status=str(status))
    publish(tx, told(messages.SignedUp, made, shift, opportunity))
    return made


def withdraw(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Give the place and the time back; saying so twice changes nothing. Raises ShiftOver or IllegalMove."""
    found, shift = held(tx, actor, sign_up_id)
    if found.status is SignUpStatus.WITHDRAWN:
        return found
    if shift.ends_at <= clock.now(tx):
        raise ShiftOver
    return _leave(tx, actor, found, shift, SignUpStatus.WITHDRAWN, messages.SignUpWithdrawn)


def approve(tx: Session, actor: Actor, sign_up_id: UUID) -> SignUp:
    """Say yes to a sign-up that is reviewed."""
    policy.require(actor, "decide")
    found, shift = held(tx, actor, sign_up_id)
    rules.require_move(found.status, SignUpStatus.CONFIRMED)
    found.status = SignUpStatus.CONFIRMED
    audit.record(tx, actor, "volunteering.sign_up_approved", ("sign_up", found.id), [found.person_id])
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    publish(tx, told(messages.SignUpApproved, found, shift, opportunity))
    return found


def decline(tx: Session, actor: Actor, sign_up_id: UUID, note: str | None = None) -> SignUp:
    """Say no to a sign-up that is reviewed; its place is free again."""
    policy.require(actor, "decide")
    found, shift = held(tx, actor, sign_up_id)
    return _leave(tx, actor, found, shift, SignUpStatus.DECLINED, messages.SignUpDeclined, note)


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
    kind: type[messages.AboutSignUp], found: SignUp, shift: Shift, opportunity: Opportunity, note: str | None = None
) -> messages.AboutSignUp:
    """A message of that kind about a sign-up."""
    return kind(
        person=found.person_id,
        about={"type": "sign-up", "reference": str(found.id)},
        title=opportunity.title,
        starts_at=shift.starts_at,
        location=opportunity.location,
        note=note,
    )


def _leave(
    tx: Session,
    actor: Actor,
    found: SignUp,
    shift: Shift,
    after: SignUpStatus,
    kind: type[messages.AboutSignUp],
    note: str | None = None,
) -> SignUp:
    rules.require_move(found.status, after)
    found.status = after
    shift.taken = Shift.taken - 1
    tx.flush()
    calendar.release(tx, "shift", found.id)
    audit.record(tx, actor, f"volunteering.sign_up_{after}", ("sign_up", found.id), [found.person_id])
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    publish(tx, told(kind, found, shift, opportunity, note))
    return found


def _require_age(tx: Session, person_id: UUID, shift: Shift, opportunity: Opportunity) -> None:
    """An opportunity's own minimum age, or the edition's. Whoever has not said their age is taken at their word."""
    day = clock.local_day(shift.starts_at)
    edition = edition_on(tx, day)
    least = (
        opportunity.minimum_age if opportunity.minimum_age is not None else edition.minimum_age if edition else 0
    )
    born = tx.scalar(select(Person.birth_date).where(Person.id == person_id))
    if born is not None and age_on(born, day) < least:
        raise TooYoung(minimum_age=least)
