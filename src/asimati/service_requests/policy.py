"""Who may do and see what with a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from asimati.kit import policy
from asimati.kit.errors import Conflict
from asimati.kit.policy import Actor, Role
from asimati.kit.words import _
from asimati.service_requests.models import CaseSubject, Service, ServiceRequest
from asimati.service_requests.rules import Move

REVIEWER, SUPERVISOR, AUDITOR = Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR
_REVIEW = frozenset({REVIEWER, SUPERVISOR})

MAY: Mapping[str, frozenset[Role]] = {
    "see": frozenset({REVIEWER, SUPERVISOR, AUDITOR}),
    "see_entities": frozenset({REVIEWER, SUPERVISOR, AUDITOR, Role.ADMINISTRATOR}),
    "keep_entities": frozenset({SUPERVISOR, Role.ADMINISTRATOR}),
    "see_replies": frozenset({REVIEWER, SUPERVISOR, AUDITOR, Role.ADMINISTRATOR}),
    "keep_replies": frozenset({SUPERVISOR, Role.ADMINISTRATOR}),
    "intake": _REVIEW,
    "claim": _REVIEW,
    "release": _REVIEW,
    "assign": frozenset({SUPERVISOR}),
    "hand_over": _REVIEW,
    "ask": _REVIEW,
    "refer": _REVIEW,
    "return": _REVIEW,
    "resolve": _REVIEW,
    "decline": _REVIEW,
    "approve": frozenset({SUPERVISOR}),
    "merge": _REVIEW,
    "declare": _REVIEW,
    "note": _REVIEW,
    "reopen": _REVIEW,
    # moving a case that somebody else holds
    "stand_in": frozenset({SUPERVISOR}),
}


class ClaimedByAnother(Conflict):
    slug = "claimed-by-another"
    title = _("A colleague is working on this case")
    detail = _("Only whoever has claimed the case, or a supervisor, can take this step.")


def require(actor: Actor, deed: str, request: ServiceRequest | None = None) -> None:
    """Raise Forbidden unless the actor's roles allow the deed; to a case, only where they reach it.

    A service's workflow may leave a move to some of the roles that could make it.
    """
    about = None if request is None else about_of(request)
    policy.require(actor, MAY if request is None else _of_service(request, deed), deed, about)


def require_at(actor: Actor, deed: str, service: Service, block: str | None) -> None:
    """Raise Forbidden unless the actor's roles let them do the deed for a service in a block."""
    about = {"service": service.code, "area": block, "department": service.department}
    policy.require(actor, MAY, deed, about)


def may(actor: Actor, deed: str) -> bool:
    """Whether the actor's roles allow the deed."""
    return policy.may(actor, MAY, deed)


def about_of(request: ServiceRequest) -> dict[str, str | None]:
    """Where a case lies in the house."""
    service = request.service
    return {"service": service.code, "area": request.block, "department": service.department}


def _of_service(request: ServiceRequest, deed: str) -> Mapping[str, frozenset[Role]]:
    rule = request.flow.moves.get(Move(deed)) if deed in set(Move) else None
    if rule is None or rule.roles is None:
        return MAY
    return {deed: frozenset(role for role in MAY[deed] if role in rule.roles)}


def require_holder(actor: Actor, holder: UUID | None, about: Mapping[str, str | None] | None = None) -> None:
    """Raise ClaimedByAnother unless the case is the actor's own, or they may stand in."""
    if holder != actor.id and not policy.may(actor, MAY, "stand_in", about):
        raise ClaimedByAnother


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Only the cases the actor may know of: residents their own and, unless in confidence, what was filed for them;
    staff by role and its scope, confidential ones with a clearance."""
    if actor.is_resident:
        about_me = select(CaseSubject.request_id).where(CaseSubject.person_id == actor.person)
        for_me = and_(ServiceRequest.confidential.is_(False), ServiceRequest.id.in_(about_me))
        return statement.where(or_(ServiceRequest.person_id == actor.person, for_me))
    seen = _reach(actor, "see")
    return statement.where(seen if is_cleared(actor) else and_(seen, ServiceRequest.confidential.is_(False)))


def is_cleared(actor: Actor) -> bool:
    """Whether an actor of the staff, or the house itself, may know of confidential cases where their roles hold."""
    return actor.cleared or actor.kind == "system"


def workable(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Only the cases the actor may do something with: whoever filed one acts in it, not whom it is for."""
    if actor.is_resident:
        return statement.where(ServiceRequest.person_id == actor.person)
    return visible(statement, actor)


def _reach(actor: Actor, deed: str) -> ColumnElement[bool]:
    mine = select(Service).where(Service.id == ServiceRequest.service_id).correlate(ServiceRequest)
    return policy.reach(
        actor, MAY, deed, area=ServiceRequest.block,
        service=mine.with_only_columns(Service.code).scalar_subquery(),
        department=mine.with_only_columns(Service.department).scalar_subquery(),
    )  # fmt: skip


def may_handle(officer: Actor, request: ServiceRequest) -> bool:
    """Whether a member of staff can be given a case."""
    about = about_of(request)
    known = officer.cleared or not request.confidential
    return known and policy.may(officer, MAY, "see", about) and policy.may(officer, MAY, "claim", about)
