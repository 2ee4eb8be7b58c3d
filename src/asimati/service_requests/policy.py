"""Who may do and see what with a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, false

from asimati.kit import policy
from asimati.kit.errors import Conflict
from asimati.kit.policy import Actor, Role
from asimati.kit.words import _
from asimati.service_requests.models import ServiceRequest

REVIEWER, SUPERVISOR, AUDITOR = Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR
_REVIEW = frozenset({REVIEWER, SUPERVISOR})

MAY: Mapping[str, frozenset[Role]] = {
    "see": frozenset({REVIEWER, SUPERVISOR, AUDITOR}),
    "see_confidential": frozenset({SUPERVISOR}),
    "intake": _REVIEW,
    "claim": _REVIEW,
    "release": _REVIEW,
    "assign": frozenset({SUPERVISOR}),
    "ask": _REVIEW,
    "refer": _REVIEW,
    "return": _REVIEW,
    "resolve": _REVIEW,
    "decline": _REVIEW,
    "note": _REVIEW,
    "reopen": _REVIEW,
    # moving a case that somebody else holds
    "stand_in": frozenset({SUPERVISOR}),
}


class ClaimedByAnother(Conflict):
    slug = "claimed-by-another"
    title = _("A colleague is working on this case")
    detail = _("Only whoever has claimed the case, or a supervisor, can take this step.")


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless the actor's roles allow the deed."""
    policy.require(actor, MAY, deed)


def may(actor: Actor, deed: str) -> bool:
    """Whether the actor's roles allow the deed."""
    return policy.may(actor, MAY, deed)


def require_holder(actor: Actor, holder: UUID | None) -> None:
    """Raise ClaimedByAnother unless the case is the actor's own, or they may stand in."""
    if holder != actor.id and not policy.may(actor, MAY, "stand_in"):
        raise ClaimedByAnother


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Only the cases the actor may know of: residents their own, staff by role, confidential ones if cleared."""
    if actor.is_resident:
        return statement.where(ServiceRequest.person_id == actor.person)
    if not policy.may(actor, MAY, "see"):
        return statement.where(false())
    if not policy.may(actor, MAY, "see_confidential"):
        return statement.where(ServiceRequest.confidential.is_(False))
    return statement


def may_handle(roles: frozenset[Role], *, confidential: bool) -> bool:
    """Whether a member of staff with these roles can be given a case."""
    allowed = roles & MAY["claim"]
    return bool(allowed and (not confidential or allowed & MAY["see_confidential"]))
