"""Hours: check-in, check-out, and a second person's word. The ledger only grows."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.queries import demographics
from asimati.kit import audit, clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.ids import ALPHABET
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import messages, policy, rules
from asimati.volunteering.actions.signing_up import of
from asimati.volunteering.models import Credential, HoursClaim, HoursLine, Opportunity, Shift, SignUp
from asimati.volunteering.queries import edition_on
from asimati.volunteering.refusals import HoursDecided, NotNow, OwnRecord, WrongShiftCode
from asimati.volunteering.rules import ClaimStatus, LineKind, SignUpStatus


def shift_code(shift_id: UUID, moment: datetime, windows_ago: int = 0) -> str:
    """The code shown at a shift in the minute of a moment: eight letters that nobody can reckon from outside."""
    window = int(moment.timestamp()) // rules.CODE_WINDOW - windows_ago
    mac = secrets.mac([str(shift_id), str(window)], "shift-code")
    return "".join(ALPHABET[byte % 32] for byte in mac[:8])


def check_in(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None = None, at: datetime | None = None
) -> SignUp:
    """Note that a volunteer came: by the code shown at the shift, or by a coordinator, who may say when."""
    found, shift, now = _at_the_shift(tx, actor, sign_up_id, code, at)
    if not shift.starts_at - rules.CHECK_IN_OPENS <= now < shift.ends_at:
        raise NotNow
    rules.require_move(found.status, SignUpStatus.CHECKED_IN)
    found.status, found.checked_in_at = SignUpStatus.CHECKED_IN, now
    found.recorded_by = actor.id if actor.is_staff else found.recorded_by
    audit.record(tx, actor, "volunteering.checked_in", ("sign_up", found.id))
    return found


def check_out(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None = None, at: datetime | None = None
) -> SignUp:
    """Note that a volunteer left; the time served waits for a second person's word."""
    found, shift, now = _at_the_shift(tx, actor, sign_up_id, code, at, optional=True)
    if now > shift.ends_at + rules.CHECK_OUT_CLOSES and not actor.is_staff:
        raise NotNow
    rules.require_move(found.status, SignUpStatus.CHECKED_OUT)
    arrived = found.checked_in_at or now
    found.status, found.checked_out_at = SignUpStatus.CHECKED_OUT, now
    found.recorded_by = actor.id if actor.is_staff else found.recorded_by
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    tolerance = timedelta(minutes=edition.tolerance_minutes if edition else 0)
    minutes = rules.accredited_minutes(arrived, now, shift.starts_at, shift.ends_at, tolerance)
    tx.add(HoursClaim(sign_up_id=found.id, person_id=found.person_id, minutes=minutes, status=ClaimStatus.PENDING))
    audit.record(tx, actor, "volunteering.checked_out", ("sign_up", found.id), minutes=minutes)
    return found


def approve(tx: Session, actor: Actor, claim_id: UUID) -> HoursClaim:
    """Accredit the claimed hours. Raises HoursDecided, or OwnRecord for whoever wrote the times down."""
    claim = _claim(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING)
    _accredit(tx, actor, claim, claim.minutes, None)
    return claim


def correct(tx: Session, actor: Actor, claim_id: UUID, minutes: int, reason: str) -> HoursClaim:
    """Accredit another number of minutes; what was approved before is taken back by a line of its own."""
    claim = _claim(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING, ClaimStatus.APPROVED)
    if claim.status is ClaimStatus.APPROVED:
        _void(tx, actor, claim, reason)
    _accredit(tx, actor, claim, minutes, reason)
    return claim


def reject(tx: Session, actor: Actor, claim_id: UUID, reason: str) -> HoursClaim:
    """Refuse the hours; if they had been approved, exactly that is taken back."""
    claim = _claim(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING, ClaimStatus.APPROVED)
    if claim.status is ClaimStatus.APPROVED:
        _void(tx, actor, claim, reason)
    else:
        facts = _facts(tx, claim) | {"hours": rules.hours(claim.minutes), "note": reason}
        publish(tx, messages.HoursRejected(**facts))
    claim.status = ClaimStatus.REJECTED
    audit.record(tx, actor, "volunteering.hours_rejected", ("hours_claim", claim.id))
    return claim


def _at_the_shift(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None, at: datetime | None, *, optional: bool = False
) -> tuple[SignUp, Shift, datetime]:
    of(tx, actor, sign_up_id)
    found = tx.scalars(
        select(SignUp)
        .where(SignUp.id == sign_up_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    shift, now = tx.get_one(Shift, found.shift_id), clock.now(tx)
    if actor.is_staff:
        policy.require(actor, "record_times")
        return found, shift, min(at or now, now)
    shown = [shift_code(shift.id, now, ago) for ago in (0, 1)]
    given = (code or "").upper()
    if (given or not optional) and not any(hmac.compare_digest(given.encode(), one.encode()) for one in shown):
        raise WrongShiftCode
    return found, shift, now


def _claim(tx: Session, actor: Actor, claim_id: UUID) -> HoursClaim:
    """The claim under its lock: two coordinators at once decide one after the other, and the second is told so."""
    policy.require(actor, "decide")
    statement = select(HoursClaim).where(HoursClaim.id == claim_id).with_for_update(key_share=True)
    claim = tx.scalar(statement.execution_options(populate_existing=True))
    if claim is None:
        raise NotFound
    if tx.scalar(select(SignUp.recorded_by).where(SignUp.id == claim.sign_up_id)) == actor.id:
        raise OwnRecord
    return claim


def _require(claim: HoursClaim, *statuses: ClaimStatus) -> None:
    if claim.status not in statuses:
        raise HoursDecided(status=str(claim.status))


def _accredit(tx: Session, actor: Actor, claim: HoursClaim, minutes: int, reason: str | None) -> None:
    shift, opportunity = _served(tx, claim)
    day = clock.local_day(shift.starts_at)
    edition = edition_on(tx, day)
    line = HoursLine(
        claim_id=claim.id,
        person_id=claim.person_id,
        edition=edition.code if edition else None,
        kind=LineKind.APPROVED,
        minutes=minutes,
        decided_by=actor.id,
        reason=reason,
        at=clock.now(tx),
    )
    tx.add(line)
    claim.status = ClaimStatus.APPROVED
    tx.flush()
    if edition:
        issued = insert(Credential).values(person_id=claim.person_id, edition=edition.code)
        tx.execute(issued.on_conflict_do_nothing(index_elements=["person_id", "edition"]))
    audit.record(tx, actor, "volunteering.hours_approved", ("hours_claim", claim.id), minutes=minutes)
    publish(
        tx,
        messages.HoursApproved(
            **_facts(tx, claim),
            hours=rules.hours(minutes),
            source=f"volunteering.hours:{line.id}",
            on=day,
            group=demographics(tx, claim.person_id, day),
            targets=list(opportunity.targets),
        ),
    )


def _void(tx: Session, actor: Actor, claim: HoursClaim, reason: str) -> None:
    voided = select(HoursLine.voids).where(HoursLine.claim_id == claim.id, HoursLine.voids.is_not(None))
    line = tx.scalars(
        select(HoursLine).where(
            HoursLine.claim_id == claim.id, HoursLine.kind == LineKind.APPROVED, HoursLine.id.not_in(voided)
        )
    ).one()
    tx.add(
        HoursLine(
            claim_id=claim.id,
            person_id=claim.person_id,
            edition=line.edition,
            kind=LineKind.VOIDED,
            minutes=-line.minutes,
            voids=line.id,
            decided_by=actor.id,
            reason=reason,
            at=clock.now(tx),
        )
    )
    tx.flush()
    facts = _facts(tx, claim) | {"hours": rules.hours(line.minutes), "note": reason}
    publish(tx, messages.HoursVoided(**facts, source=f"volunteering.hours:{line.id}"))


def _served(tx: Session, claim: HoursClaim) -> tuple[Shift, Opportunity]:
    served = tx.get_one(SignUp, claim.sign_up_id)
    shift = tx.get_one(Shift, served.shift_id)
    return shift, tx.get_one(Opportunity, shift.opportunity_id)


def _facts(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    _, opportunity = _served(tx, claim)
    about = {"type": "hours", "reference": str(claim.id)}
    return {"person": claim.person_id, "about": about, "title": opportunity.title}
