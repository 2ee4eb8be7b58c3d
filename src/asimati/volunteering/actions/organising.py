"""What coordinators offer: opportunities and their shifts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.kit import audit
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.kit.words import _
from asimati.volunteering import catalogues, policy
from asimati.volunteering.models import Opportunity, Shift, Skill, SpokenLanguage


def search_text(opportunity: Opportunity) -> str:
    """The folded words by which an opportunity is found."""
    texts = (opportunity.title, opportunity.description or {}, opportunity.host or {}, opportunity.location or {})
    return fold(" ".join(words for text in texts for words in text.values() if words))


def create_opportunity(tx: Session, actor: Actor, details: Mapping[str, Any]) -> Opportunity:
    """Offer something new."""
    policy.require(actor, "organise")
    made = Opportunity(**each_target_once(known(tx, details)))
    made.search = search_text(made)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.opportunity_created", ("opportunity", made.id))
    return made


def edit_opportunity(
    tx: Session, actor: Actor, opportunity_id: UUID, version: int | None, changes: Mapping[str, Any]
) -> Opportunity:
    """Change what is offered. Raises Stale."""
    policy.require(actor, "organise")
    found = tx.get(Opportunity, opportunity_id, with_for_update={"key_share": True})
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise Stale
    for name, value in each_target_once(known(tx, changes, found)).items():
        setattr(found, name, value)
    found.search = search_text(found)
    audit.record(tx, actor, "volunteering.opportunity_edited", ("opportunity", found.id), fields=sorted(changes))
    return found


def create_shift(
    tx: Session, actor: Actor, opportunity: UUID, starts_at: datetime, ends_at: datetime, places: int
) -> Shift:
    """Add a shift to an opportunity."""
    policy.require(actor, "organise")
    if tx.get(Opportunity, opportunity) is None:
        raise Invalid([("/opportunity", _("There is no such opportunity."))])
    require_times(starts_at, ends_at)
    made = Shift(opportunity_id=opportunity, starts_at=starts_at, ends_at=ends_at, places=places, taken=0)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.shift_created", ("shift", made.id))
    return made


def each_target_once(details: Mapping[str, Any]) -> dict[str, Any]:
    """A target named twice would be counted twice."""
    once = {"targets": list(dict.fromkeys(details["targets"]))} if "targets" in details else {}
    return {**details, **once}


def known(tx: Session, details: Mapping[str, Any], found: Opportunity | None = None) -> dict[str, Any]:
    """The same with skills and languages of the catalogues. Raises Invalid."""
    catalogue: tuple[tuple[str, catalogues.Catalogue], ...] = (("skills", Skill), ("languages", SpokenLanguage))
    judged = {
        name: catalogues.require_known(
            tx, kind, details[name], f"/{name}", getattr(found, name) if found is not None else ()
        )
        for name, kind in catalogue
        if name in details
    }
    return {**details, **judged}


def require_times(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at >= ends_at:
        raise Invalid([("/ends_at", _("It must end after it starts."))])
