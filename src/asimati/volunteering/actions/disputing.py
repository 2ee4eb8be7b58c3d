"""Disputes: a volunteer objects to what was decided of their hours, and somebody else looks again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import messages, policy, rules
from asimati.volunteering.actions import hours
from asimati.volunteering.models import Dispute, Edition, HoursClaim, HoursLine
from asimati.volunteering.refusals import (
    DisputeClosed,
    DisputeOpen,
    DisputeSettled,
    HoursNotDecided,
    OwnDecision,
)
from asimati.volunteering.rules import ClaimStatus, DisputeStatus

DAYS = 30  # in which hours outside every edition are disputed


def dispute(tx: Session, actor: Actor, claim_id: UUID, note: str) -> Dispute:
    """Object to what was decided of one's own hours. Raises HoursNotDecided, DisputeOpen, DisputeClosed."""
    mine = select(HoursClaim).where(HoursClaim.id == claim_id, HoursClaim.person_id == actor.person)
    claim = tx.scalar(mine.with_for_update(key_share=True).execution_options(populate_existing=True))
    if claim is None:
        raise NotFound
    if claim.status is ClaimStatus.PENDING:
        raise HoursNotDecided
    if tx.scalar(select(Dispute.id).where(Dispute.claim_id == claim.id, Dispute.status == DisputeStatus.OPEN)):
        raise DisputeOpen
    last, edition = _last_line(tx, claim), None
    if last.edition:
        edition = tx.get_one(Edition, last.edition)
    days = edition.dispute_days if edition else DAYS
    if clock.now(tx) >= last.at + timedelta(days=days):
        raise DisputeClosed(days=days)
    made = Dispute(claim_id=claim.id, person_id=claim.person_id, note=note, status=DisputeStatus.OPEN)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.hours_disputed", (hours.ABOUT, claim.id), [claim.person_id])
    return made


def uphold(tx: Session, actor: Actor, dispute_id: UUID, minutes: int, answer: str) -> Dispute:
    """Agree with the volunteer: these minutes count instead, as new lines of the ledger."""
    found, claim = _to_settle(tx, actor, dispute_id)
    hours.set_right(tx, actor, claim, minutes, answer)
    _settle(tx, actor, found, DisputeStatus.UPHELD, answer)
    facts = hours.facts_of(tx, claim) | {"hours": rules.hours(minutes), "note": answer}
    publish(tx, messages.DisputeUpheld(**facts))
    return found


def dismiss(tx: Session, actor: Actor, dispute_id: UUID, answer: str) -> Dispute:
    """Disagree with the volunteer, and say why; the hours stay as they were decided."""
    found, claim = _to_settle(tx, actor, dispute_id)
    _settle(tx, actor, found, DisputeStatus.DISMISSED, answer)
    stands = tx.scalar(select(func.sum(HoursLine.minutes)).where(HoursLine.claim_id == claim.id)) or 0
    facts = hours.facts_of(tx, claim) | {"hours": rules.hours(stands), "note": answer}
    publish(tx, messages.DisputeDismissed(**facts))
    return found


def _to_settle(tx: Session, actor: Actor, dispute_id: UUID) -> tuple[Dispute, HoursClaim]:
    """The dispute and its claim, the claim held first. Raises OwnDecision, DisputeSettled."""
    policy.require(actor, "decide")
    claim_id = tx.scalar(select(Dispute.claim_id).where(Dispute.id == dispute_id))
    if claim_id is None:
        raise NotFound
    claim = hours.claim_to_decide(tx, actor, claim_id)
    found = tx.get_one(Dispute, dispute_id, with_for_update={"key_share": True}, populate_existing=True)
    if found.status is not DisputeStatus.OPEN:
        raise DisputeSettled
    if _last_line(tx, claim).decided_by == actor.id:
        raise OwnDecision
    return found, claim


def _settle(tx: Session, actor: Actor, found: Dispute, status: DisputeStatus, answer: str) -> None:
    now = clock.now(tx)
    found.status, found.answer, found.decided_by, found.decided_at = status, answer, actor.id, now
    tx.flush()
    about = (hours.ABOUT, found.claim_id)
    audit.record(tx, actor, f"volunteering.dispute_{status}", about, [found.person_id], dispute=found.id)


def _last_line(tx: Session, claim: HoursClaim) -> HoursLine:
    lines = select(HoursLine).where(HoursLine.claim_id == claim.id)
    return tx.scalars(lines.order_by(HoursLine.step.desc()).limit(1)).one()
