"""Hours nobody noted at the shift: the volunteer says afterwards when it was, and shows what there is to show."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.files import actions as files
from asimati.files.models import StoredFile
from asimati.http.uploads import Upload
from asimati.kit import audit, clock, reminders
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import messages, rules
from asimati.volunteering.actions.hours import ABOUT
from asimati.volunteering.actions.moves import held, told
from asimati.volunteering.models import HoursClaim, Opportunity, Shift, SignUp
from asimati.volunteering.queries import edition_on, tolerance_of
from asimati.volunteering.refusals import ClaimNotOpen, HoursClaimed, HoursDecided, NothingToClaim
from asimati.volunteering.rules import ClaimSource, ClaimStatus, SignUpStatus

EVIDENCE = 5  # files beside a claim
_MAY_CLAIM = frozenset({SignUpStatus.CONFIRMED, SignUpStatus.CHECKED_IN, SignUpStatus.NO_SHOW})


def claim_afterwards(
    tx: Session, actor: Actor, sign_up_id: UUID, left_at: datetime, note: str, arrived_at: datetime | None = None
) -> HoursClaim:
    """Say when one served on a shift where no check-out was noted; it waits for a coordinator, with evidence.

    An arrival that was noted stands. Raises NothingToClaim, HoursClaimed, ClaimNotOpen, or Invalid for times that
    cannot be.
    """
    found, shift = held(tx, actor, sign_up_id)
    if tx.scalar(select(HoursClaim.id).where(HoursClaim.sign_up_id == found.id)):
        raise HoursClaimed
    if found.status not in _MAY_CLAIM:
        raise NothingToClaim
    now = clock.now(tx)
    _require_open(tx, shift, now)
    arrived = found.checked_in_at or arrived_at
    _require_times(arrived, left_at, now)
    minutes = rules.accredited_minutes(
        arrived or now, left_at, shift.starts_at, shift.ends_at, tolerance_of(tx, shift)
    )
    if not minutes:
        raise Invalid([("/left_at", _("None of this time is within the shift."))])
    made = HoursClaim(
        sign_up_id=found.id, person_id=found.person_id, minutes=minutes, status=ClaimStatus.PENDING,
        source=ClaimSource.CLAIMED, arrived_at=arrived, left_at=left_at, note=note,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.hours_claimed", (ABOUT, made.id), [made.person_id], minutes=minutes)
    return made


def add_evidence(tx: Session, actor: Actor, claim_id: UUID, upload: Upload | None) -> StoredFile:
    """Put a photograph or a paper beside one's claim while it waits. Raises NotFound, HoursDecided."""
    mine = select(HoursClaim).where(HoursClaim.id == claim_id, HoursClaim.person_id == actor.person)
    if tx.scalar(mine) is None:
        raise NotFound
    content = files.prepare(tx, upload) if upload else None  # the slow part, before anything is locked
    claim = tx.scalars(mine.with_for_update(key_share=True).execution_options(populate_existing=True)).one()
    if claim.status is not ClaimStatus.PENDING:
        raise HoursDecided(decision=str(claim.status))
    return files.keep(tx, actor, content, (ABOUT, claim.id), person=claim.person_id, most=EVIDENCE)


def tell_of_missed_check_outs(tx: Session) -> int:
    """Tell whoever came and never checked out, two hours after the shift, that they can say when they left."""
    forgotten = (
        select(SignUp, Shift, Opportunity)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .outerjoin(HoursClaim, HoursClaim.sign_up_id == SignUp.id)
        .where(SignUp.status == SignUpStatus.CHECKED_IN, HoursClaim.id.is_(None))
        .with_for_update(read=True, skip_locked=True, of=SignUp)
    )
    late = reminders.due_after(tx, "check_out", forgotten, thing=SignUp.id, at=Shift.ends_at)
    for row in late:
        publish(tx, told(messages.CheckOutMissed, *row))
    return len(late)


def _require_open(tx: Session, shift: Shift, now: datetime) -> None:
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    days = edition.claim_days if edition else 0
    if not shift.ends_at <= now < shift.ends_at + timedelta(days=days):
        raise ClaimNotOpen(days=days)


def _require_times(arrived: datetime | None, left: datetime, now: datetime) -> None:
    if arrived is None:
        raise Invalid([("/arrived_at", _("This is required."))])
    if left <= arrived:
        raise Invalid([("/left_at", _("This is before the check-in."))])
    if left > now:
        raise Invalid([("/left_at", _("This has not been yet."))])
