"""Questions about what organisations offer, and what of it waits for a word."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.api_keys import organisation_of
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.volunteering import policy, queries
from asimati.volunteering.models import Opportunity, VolunteerEntity
from asimati.volunteering.refusals import NotAccredited
from asimati.volunteering.rules import EntityStatus


def offer(tx: Session, found: Opportunity) -> dict[str, Any]:
    """An opportunity as its organisation sees it: with its shifts, the last no, and what waits."""
    more = {"reason": found.reason, "proposed": found.proposed}
    return queries.opportunity(tx, found.id, unpublished=True) | more


def offers(tx: Session, entity_id: UUID) -> list[dict[str, Any]]:
    """All that an organisation offers or offered, the latest first."""
    of_entity = select(Opportunity).where(Opportunity.entity_id == entity_id)
    rows = tx.scalars(of_entity.order_by(Opportunity.created_at.desc(), Opportunity.id).limit(100)).all()
    return [offer(tx, found) for found in rows]


def of_system(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """What the organisation of a partner's key offers. Raises NotFound, NotAccredited."""
    entity = tx.get(VolunteerEntity, organisation_of(tx, actor))
    if entity is None:
        raise NotFound
    if entity.status is not EntityStatus.ACCREDITED:
        raise NotAccredited
    return offers(tx, entity.id)


def to_review(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """What organisations submitted or would change, the oldest first."""
    policy.require(actor, "decide")
    statement = select(Opportunity, VolunteerEntity.name).outerjoin(
        VolunteerEntity, VolunteerEntity.id == Opportunity.entity_id
    )
    found = paginate(tx, statement.where(_waits()), [Opportunity.created_at, Opportunity.id], page)
    nobody = {"person_id": None}  # an organisation's words are nobody's file
    return Page([offer(tx, row[0]) | nobody | {"entity_name": row[1]} for row in found.items], found.next)


def waiting(tx: Session) -> int:
    """How many wait for a word."""
    return int(tx.scalars(select(func.count()).select_from(Opportunity).where(_waits())).one())


def _waits() -> ColumnElement[bool]:
    return or_(Opportunity.submitted_at.is_not(None), Opportunity.proposed.is_not(None))
