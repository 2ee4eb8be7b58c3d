"""What the desk itself keeps of people."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import and_, func, or_, update
from sqlalchemy.orm import Session

from asimati.dataprotection.models import AccountMerge, DataRequest, Erasure, Restriction, Unmasking
from asimati.dataprotection.rules import UNANSWERED
from asimati.kit.policy import Actor
from asimati.kit.privacy import BEFORE_ERASURE, Fate, Group, Together, holds
from asimati.kit.words import _

_PROOF = _("Kept for its period as proof of what was asked and answered; your own words are deleted.")

holds(
    DataRequest,
    Group.RECORD,
    _("What you asked about your data"),
    of="person_id",
    personal=["text", "changes"],
    plain=["reference", "group", "consent", "about", "answer"],
    fate=Fate.REDACT,
    why=_PROOF,
    periods={
        "data_request": and_(
            DataRequest.status.not_in(UNANSWERED), or_(DataRequest.text != "", DataRequest.changes.is_not(None))
        )
    },
    aged=DataRequest.closed_at,
)
holds(
    Restriction,
    Group.RECORD,
    _("What is blocked, and what you object to"),
    of="person_id",
    plain=["group"],
    fate=Fate.KEEP,
    why=_PROOF,
)
holds(
    Erasure,
    Group.RECORD,
    _("That you asked to be erased"),
    of="person_id",
    fate=Fate.KEEP,
    why=_("It stays, so that a backup that is put back is erased once more."),
    together=Together.LEAVE,
    left=_("Whoever was erased is not brought together with anybody."),
)
holds(
    Unmasking,
    Group.RECORD,
    _("Who saw what is masked of you"),
    of="person_id",
    personal=["reason"],
    fate=Fate.REDACT,
    why=_("That somebody looked stays known; what they wrote is deleted."),
    hidden=["staff_id"],
)

holds(
    AccountMerge,
    Group.RECORD,
    _("That two accounts of yours became one"),
    of=lambda person: or_(AccountMerge.kept_id == person, AccountMerge.other_id == person),
    personal=["reason", "answer"],
    plain=["moved"],
    fate=Fate.REDACT,
    why=_("That it was done, by whom, stays known; what they wrote is deleted."),
    hidden=["proposed_by", "decided_by"],
    together=Together.LEAVE,
    left=_("It says what was done with both."),
)


def end_restrictions(tx: Session, actor: Actor, person: UUID) -> None:
    """Who leaves blocks nothing any more."""
    standing = update(Restriction).where(Restriction.person_id == person, Restriction.ended_at.is_(None))
    tx.execute(standing.values(ended_at=func.app_now()))


BEFORE_ERASURE.append(end_restrictions)
