"""Opportunities that an accredited organisation offers, and the staff's word on them.

A coordinator of the organisation writes a draft with its shifts and submits it; staff publish it, or decline it
with a reason. After that, a change to what volunteers agreed to (`AGREED`) waits for the same word, and what is
published stands until then; any other change is made at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import NotFound, Stale
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import messages, policy
from asimati.volunteering.actions import organising
from asimati.volunteering.actions.entities import coordinated, coordinators
from asimati.volunteering.actions.organising import each_target_once, known, search_text
from asimati.volunteering.models import Opportunity, Shift, VolunteerEntity
from asimati.volunteering.refusals import NothingToReview, NothingToSubmit, UnderReview
from asimati.volunteering.rules import OfferState

AGREED = frozenset(
    {
        "title",
        "location",
        "meeting_point",
        "block",
        "lat",
        "lon",
        "minimum_age",
        "review",
        "waitlist",
        "orientation",
        "skills",
        "languages",
        "roles",
    }
)


def draft(tx: Session, actor: Actor, entity_id: UUID, details: Mapping[str, Any]) -> Opportunity:
    """Write an opportunity for one's organisation; nobody sees it yet. Raises NotFound, NotAccredited."""
    entity = coordinated(tx, actor, entity_id)
    host = {"host": entity.name} | dict(details)
    made = Opportunity(**each_target_once(known(tx, host)), entity_id=entity.id, published=False)
    made.search = search_text(made)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.opportunity_drafted", ("opportunity", made.id), entity=entity.id)
    return made


def add_shift(tx: Session, actor: Actor, entity_id: UUID, opportunity_id: UUID, **details: Any) -> Shift:
    """Add a shift to a draft. Raises UnderReview once it was submitted; then it is the staff's."""
    found = _mine(tx, actor, entity_id, opportunity_id)
    if found.state not in (OfferState.DRAFT, OfferState.DECLINED):
        raise UnderReview
    return organising.add_shift(tx, actor, found, **details)


def change(
    tx: Session,
    actor: Actor,
    entity_id: UUID,
    opportunity_id: UUID,
    version: int | None,
    changes: Mapping[str, Any],
) -> Opportunity:
    """Change one's opportunity: a draft at once; a published one at once but for what was agreed to, which waits.

    Raises UnderReview while it waits for its first word, or Stale.
    """
    found = _mine(tx, actor, entity_id, opportunity_id)
    if version is not None and found.version != version:
        raise Stale
    if found.state is OfferState.SUBMITTED:
        raise UnderReview
    judged = each_target_once(known(tx, changes, found))
    wanted = {name: value for name, value in judged.items() if getattr(found, name) != value}
    waits = {name: wanted.pop(name) for name in sorted(wanted.keys() & AGREED)} if found.published else {}
    _apply(found, wanted)
    if waits:
        found.proposed = (found.proposed or {}) | waits
    audit.record(
        tx, actor, "volunteering.opportunity_changed", ("opportunity", found.id), made=sorted(wanted),
        waiting=sorted(waits),
    )  # fmt: skip
    tx.flush()
    return found


def submit(tx: Session, actor: Actor, entity_id: UUID, opportunity_id: UUID) -> Opportunity:
    """Ask for one's draft to be published. Raises UnderReview, or NothingToSubmit without a shift to come."""
    found = _mine(tx, actor, entity_id, opportunity_id)
    if found.state not in (OfferState.DRAFT, OfferState.DECLINED):
        raise UnderReview
    now = clock.now(tx)
    coming = select(Shift.id).where(Shift.opportunity_id == found.id, Shift.starts_at > now).limit(1)
    if tx.scalar(coming) is None:
        raise NothingToSubmit
    found.submitted_at, found.reason = now, None
    audit.record(tx, actor, "volunteering.opportunity_submitted", ("opportunity", found.id))
    tx.flush()
    return found


def approve(tx: Session, actor: Actor, opportunity_id: UUID) -> Opportunity:
    """Publish what was submitted, or let a proposed change stand. Raises NothingToReview."""
    found = _to_review(tx, actor, opportunity_id)
    if found.proposed:
        _apply(found, found.proposed)
    found.published, found.submitted_at, found.proposed, found.reason = True, None, None, None
    audit.record(tx, actor, "volunteering.opportunity_approved", ("opportunity", found.id))
    _tell(tx, found, messages.OpportunityApproved)
    tx.flush()
    return found


def decline(tx: Session, actor: Actor, opportunity_id: UUID, reason: str) -> Opportunity:
    """Say no to what was submitted or proposed, and why; what is published stays. Raises NothingToReview."""
    found = _to_review(tx, actor, opportunity_id)
    found.submitted_at, found.proposed, found.reason = None, None, reason
    audit.record(tx, actor, "volunteering.opportunity_declined", ("opportunity", found.id))
    _tell(tx, found, messages.OpportunityDeclined, note=reason)
    tx.flush()
    return found


def _apply(found: Opportunity, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(found, name, value)
    found.search = search_text(found)


def _to_review(tx: Session, actor: Actor, opportunity_id: UUID) -> Opportunity:
    policy.require(actor, "decide")
    found = _locked(tx, opportunity_id)
    if not found.submitted_at and not found.proposed:
        raise NothingToReview
    return found


def _mine(tx: Session, actor: Actor, entity_id: UUID, opportunity_id: UUID) -> Opportunity:
    """An opportunity of an organisation the actor coordinates, locked after it."""
    coordinated(tx, actor, entity_id)
    found = _locked(tx, opportunity_id)
    if found.entity_id != entity_id:
        raise NotFound
    return found


def _locked(tx: Session, opportunity_id: UUID) -> Opportunity:
    found = tx.get(Opportunity, opportunity_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _tell(tx: Session, found: Opportunity, kind: type[Any], **more: Any) -> None:
    if found.entity_id is None:
        return
    entity = tx.get_one(VolunteerEntity, found.entity_id)
    about = {"type": "opportunity", "reference": str(found.id)}
    for person in coordinators(tx, entity.id):
        publish(tx, kind(person=person, about=about, title=found.title, **more))
