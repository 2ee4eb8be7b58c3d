"""What coordinators offer: opportunities and their shifts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.kit import audit
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.kit.words import _
from asimati.volunteering import catalogues, policy, role_rules
from asimati.volunteering.models import Opportunity, Shift, Skill, SpokenLanguage
from asimati.volunteering.role_rules import Role


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


def create_shift(tx: Session, actor: Actor, opportunity: UUID, **details: Any) -> Shift:
    """Add a shift to an opportunity: `starts_at`, `ends_at`, and what `seats` reads. Raises Invalid."""
    policy.require(actor, "organise")
    return add_shift(tx, actor, opportunity_of(tx, opportunity), **details)


def opportunity_of(tx: Session, opportunity: UUID) -> Opportunity:
    """The opportunity a shift is asked for. Raises Invalid."""
    found = tx.get(Opportunity, opportunity)
    if found is None:
        raise Invalid([("/opportunity", _("There is no such opportunity."))])
    return found


def add_shift(
    tx: Session, actor: Actor, opportunity: Opportunity, *, starts_at: datetime, ends_at: datetime, **details: Any
) -> Shift:
    """Add a shift, whoever may. Raises Invalid."""
    require_times(starts_at, ends_at)
    room = seats(tx, opportunity, details)
    made = Shift(opportunity_id=opportunity.id, starts_at=starts_at, ends_at=ends_at, taken=0, **room)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "volunteering.shift_created", ("shift", made.id))
    return made


def seats(tx: Session, opportunity: Opportunity, details: Mapping[str, Any]) -> dict[str, Any]:
    """A new shift's places and roles: its own `roles`, else so many `places`, else the opportunity's roles."""
    if "roles" in details and "places" not in details:
        asked = known_roles(tx, details["roles"])
    else:
        asked = [] if "places" in details else opportunity.roles
    if not asked and "places" not in details:
        raise Invalid([("/places", _("This is required."))])
    return {"places": details.get("places") or role_rules.places(asked), "roles": role_rules.opened(asked)}


def known_roles(tx: Session, wanted: Sequence[Role], before: Iterable[Role] = ()) -> list[dict[str, Any]]:
    """Roles as they are kept, their skills of the catalogue, their codes told apart. Raises Invalid."""
    codes = [role["code"] for role in wanted if "code" in role]
    if len(set(codes)) < len(codes):
        raise Invalid([("/roles", _("This stands twice."))])
    kept = {skill for role in before for skill in role["skills"]}
    judged = [
        {**role, "skills": catalogues.require_known(tx, Skill, role.get("skills", []), f"/roles/{n}/skills", kept)}
        for n, role in enumerate(wanted)
    ]
    return role_rules.numbered(judged)


def each_target_once(details: Mapping[str, Any]) -> dict[str, Any]:
    """A target named twice would be counted twice."""
    once = {"targets": list(dict.fromkeys(details["targets"]))} if "targets" in details else {}
    return {**details, **once}


def known(tx: Session, details: Mapping[str, Any], found: Opportunity | None = None) -> dict[str, Any]:
    """The same with skills and languages of the catalogues, and roles as they are kept. Raises Invalid."""
    catalogue: tuple[tuple[str, catalogues.Catalogue], ...] = (("skills", Skill), ("languages", SpokenLanguage))
    judged: dict[str, Any] = {
        name: catalogues.require_known(
            tx, kind, details[name], f"/{name}", getattr(found, name) if found is not None else ()
        )
        for name, kind in catalogue
        if name in details
    }
    if "roles" in details:
        judged["roles"] = known_roles(tx, details["roles"], found.roles if found is not None else ())
    return {**details, **judged}


def require_times(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at >= ends_at:
        raise Invalid([("/ends_at", _("It must end after it starts."))])
