"""Hours: a second person's word on what was served. The ledger only grows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts.queries import demographics
from asimati.files import queries as kept
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.text import say
from asimati.kit.words import _
from asimati.settings import settings
from asimati.volunteering import messages, policy, role_rules, rules
from asimati.volunteering.actions.moves import count, locked
from asimati.volunteering.actions.vouching import take_back, vouch
from asimati.volunteering.models import (
    Edition,
    HoursClaim,
    HoursLine,
    Opportunity,
    Shift,
    SignUp,
    VolunteerEntity,
)
from asimati.volunteering.queries import edition_on, tolerance_of
from asimati.volunteering.refusals import EvidenceMissing, HoursDecided, OwnRecord
from asimati.volunteering.rules import ClaimSource, ClaimStatus, LineKind, SignUpStatus

ABOUT = "hours_claim"


def approve(tx: Session, actor: Actor, claim_id: UUID) -> HoursClaim:
    """Accredit the claimed hours.

    Raises HoursDecided; OwnRecord for whoever wrote the times down, OwnHours for the volunteer; EvidenceMissing
    where the volunteer alone says so.
    """
    claim = claim_to_decide(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING)
    if claim.source is ClaimSource.CLAIMED and not kept.of(tx, (ABOUT, claim.id)):
        raise EvidenceMissing
    _accredit(tx, actor, claim, claim.minutes, None)
    return claim


def correct(tx: Session, actor: Actor, claim_id: UUID, minutes: int, reason: str) -> HoursClaim:
    """Accredit another number of minutes, at most what the shift can bring anyone.

    What was approved before is taken back by a line of its own.
    """
    claim = claim_to_decide(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING, ClaimStatus.APPROVED)
    set_right(tx, actor, claim, minutes, reason)
    return claim


def set_right(tx: Session, actor: Actor, claim: HoursClaim, minutes: int, reason: str) -> None:
    """Accredit these minutes, whatever was decided before; the caller holds the claim. Raises Invalid."""
    shift, _opportunity = _served(tx, claim)
    if minutes > rules.most_minutes(shift.starts_at, shift.ends_at, tolerance_of(tx, shift)):
        raise Invalid([("/minutes", _("This is more than the shift and its tolerance."))])
    if claim.status is ClaimStatus.APPROVED:
        _void(tx, actor, claim, reason)
    _accredit(tx, actor, claim, minutes, reason)


def reject(tx: Session, actor: Actor, claim_id: UUID, reason: str) -> HoursClaim:
    """Refuse the hours; if they had been approved, exactly that is taken back."""
    claim = claim_to_decide(tx, actor, claim_id)
    _require(claim, ClaimStatus.PENDING, ClaimStatus.APPROVED)
    if claim.status is ClaimStatus.APPROVED:
        _void(tx, actor, claim, reason)
    else:
        _write(tx, actor, claim, LineKind.REJECTED, minutes=0, reason=reason, **_counted_in(tx, claim))
        facts = facts_of(tx, claim) | {"hours": rules.hours(claim.minutes), "note": reason}
        publish(tx, messages.HoursRejected(**facts))
    claim.status = ClaimStatus.REJECTED
    audit.record(tx, actor, "volunteering.hours_rejected", ("hours_claim", claim.id), [claim.person_id])
    return claim


def claim_to_decide(tx: Session, actor: Actor, claim_id: UUID) -> HoursClaim:
    """The claim under its lock: two coordinators at once decide one after the other, and the second is told so.

    Raises NotFound, Forbidden, OwnRecord or OwnHours. Where the word on a claim changes the sign-up too, the shift
    is held first, as everywhere.
    """
    policy.require(actor, "decide")
    about = select(HoursClaim.source, SignUp.shift_id).join(SignUp, SignUp.id == HoursClaim.sign_up_id)
    found = tx.execute(about.where(HoursClaim.id == claim_id)).one_or_none()
    if found is None:
        raise NotFound
    if found.source is ClaimSource.CLAIMED:
        locked(tx, found.shift_id)
    statement = select(HoursClaim).where(HoursClaim.id == claim_id)
    if not settings().without("hours_lock"):
        statement = statement.with_for_update(key_share=True)
    claim = tx.scalars(statement.execution_options(populate_existing=True)).one()
    served = tx.get_one(SignUp, claim.sign_up_id)
    if actor.id in (served.checked_in_by, served.checked_out_by):
        raise OwnRecord
    policy.require_not_own(tx, actor, claim.person_id)
    return claim


def _require(claim: HoursClaim, *statuses: ClaimStatus) -> None:
    if claim.status not in statuses:
        raise HoursDecided(decision=str(claim.status))


def _accredit(tx: Session, actor: Actor, claim: HoursClaim, minutes: int, reason: str | None) -> None:
    counted = _counted_in(tx, claim)
    line = _write(tx, actor, claim, LineKind.APPROVED, minutes=minutes, reason=reason, **counted)
    claim.status = ClaimStatus.APPROVED
    if claim.source is ClaimSource.CLAIMED and minutes:
        _came_after_all(tx, claim)
    vouch(tx, actor, claim.person_id, counted["edition"])
    about = ("hours_claim", claim.id)
    audit.record(tx, actor, "volunteering.hours_approved", about, [claim.person_id], minutes=minutes)
    day = clock.local_day(_served(tx, claim)[0].starts_at)
    publish(
        tx,
        messages.HoursApproved(
            **facts_of(tx, claim),
            hours=rules.hours(minutes),
            source=f"volunteering.hours:{line.id}",
            on=day,
            group=demographics(tx, claim.person_id, day),
            targets=list(line.targets),
            partner=_partner(tx, claim),
            channel="door" if tx.get_one(SignUp, claim.sign_up_id).checked_in_by else "app",
        ),
    )


def _partner(tx: Session, claim: HoursClaim) -> str | None:
    _, opportunity = _served(tx, claim)
    offered_by = tx.get(VolunteerEntity, opportunity.entity_id) if opportunity.entity_id else None
    name = offered_by.name if offered_by else opportunity.host
    return say(name, "en") if name else None


def _came_after_all(tx: Session, claim: HoursClaim) -> None:
    """The sign-up follows what is now known, whatever the check-in saw. The shift is held."""
    served = tx.get_one(SignUp, claim.sign_up_id, with_for_update={"key_share": True}, populate_existing=True)
    if served.status not in rules.HOLDING:  # taken for absent, and perhaps replaced: one more came than planned
        shift = tx.get_one(Shift, served.shift_id)
        tx.refresh(shift)
        if not role_rules.room(shift, served.role).free:
            shift.places += 1
            if served.role is not None:
                shift.roles = role_rules.with_one_more(shift.roles, served.role)
            tx.flush()
        count(shift, served.role, 1)
    served.status = SignUpStatus.CHECKED_OUT
    served.checked_in_at = served.checked_in_at or claim.arrived_at
    served.checked_out_at = claim.left_at
    tx.flush()


def _void(tx: Session, actor: Actor, claim: HoursClaim, reason: str) -> None:
    """Take back the line that stands, with all it counted for."""
    voided = select(HoursLine.voids).where(HoursLine.claim_id == claim.id, HoursLine.voids.is_not(None))
    of_the_claim = select(HoursLine).where(HoursLine.claim_id == claim.id, HoursLine.kind == LineKind.APPROVED)
    line = tx.scalars(of_the_claim.where(HoursLine.id.not_in(voided))).one()
    same = {"edition": line.edition, "targets": line.targets, "voids": line.id}
    _write(tx, actor, claim, LineKind.VOIDED, minutes=-line.minutes, reason=reason, **same)
    take_back(tx, actor, claim.person_id, line.edition)
    facts = facts_of(tx, claim) | {"hours": rules.hours(line.minutes), "note": reason}
    publish(tx, messages.HoursVoided(**facts, source=f"volunteering.hours:{line.id}"))


def _write(tx: Session, actor: Actor, claim: HoursClaim, kind: LineKind, **more: Any) -> HoursLine:
    """The next line of a claim. The claim's lock keeps the steps apart; their uniqueness is the second line."""
    last = tx.scalar(select(func.max(HoursLine.step)).where(HoursLine.claim_id == claim.id)) or 0
    line = HoursLine(
        claim_id=claim.id,
        step=last + 1,
        person_id=claim.person_id,
        kind=kind,
        decided_by=actor.id,
        at=clock.now(tx),
        after_freeze=_is_frozen(tx, more["edition"]),
        **more,
    )
    tx.add(line)
    tx.flush()
    return line


def _is_frozen(tx: Session, edition: str | None) -> bool:
    """Whether the edition's ranking stands. Its row is held, so that whoever freezes waits for this line."""
    stands = select(Edition.frozen_at).where(Edition.code == edition)
    if not settings().without("edition_lock"):
        stands = stands.with_for_update(read=True, key_share=True)
    return edition is not None and tx.scalar(stands) is not None


def _counted_in(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    """The edition and the targets hours served on this claim's shift count in, as they are now."""
    shift, opportunity = _served(tx, claim)
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    return {"edition": edition.code if edition else None, "targets": list(opportunity.targets)}


def _served(tx: Session, claim: HoursClaim) -> tuple[Shift, Opportunity]:
    served = tx.get_one(SignUp, claim.sign_up_id)
    shift = tx.get_one(Shift, served.shift_id)
    return shift, tx.get_one(Opportunity, shift.opportunity_id)


def facts_of(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    """What a message about a claim says of it."""
    _, opportunity = _served(tx, claim)
    about = {"type": "hours", "reference": str(claim.id)}
    return {"person": claim.person_id, "about": about, "title": opportunity.title}
