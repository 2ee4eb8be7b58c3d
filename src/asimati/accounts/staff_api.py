"""Routes of staff and their authority."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.accounts import actions, policy, staff_queries
from asimati.accounts import staff_schemas as schemas
from asimati.accounts.models import Clearance, RoleGrant
from asimati.accounts.refusals import DelegationTooWide, OwnAuthority
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor

blp = Blueprint("staff", __name__, description="Staff and their authority")
overseers = access.staff_with(policy.MAY["see_staff"])
administrators = access.staff_with(policy.MAY["manage_staff"])


@blp.get("/staff/me", who=access.staff_signing_in, gives=schemas.MemberOut)
def me(tx: Session, actor: Actor) -> dict[str, Any]:
    """Oneself, with the authority one has."""
    assert actor.id is not None  # noqa: S101 - staff have one
    return staff_queries.member(tx, actor.id)


@blp.get("/staff/members", who=overseers, query=PageQuery, gives=page_of(schemas.MemberOut))
def members(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Everybody who works or worked here, and with what authority."""
    return staff_queries.members(tx, query["page"])


@blp.get("/staff/members/<uuid:staff_id>", who=overseers, gives=schemas.MemberOut, tagged=True)
def member(tx: Session, actor: Actor, staff_id: UUID) -> dict[str, Any]:
    """One member of staff."""
    return staff_queries.member(tx, staff_id)


@blp.post(
    "/staff/members/<uuid:staff_id>/grants",
    who=administrators,
    takes=schemas.GrantIn,
    gives=schemas.GrantOut,
    status=201,
    refuses=[OwnAuthority],
)
def grant(tx: Session, actor: Actor, payload: dict[str, Any], staff_id: UUID) -> RoleGrant:
    """Give a role, everywhere or in a part of the house, for good or for a time."""
    payload["scopes"] = schemas.only_given(payload["scopes"])
    return actions.grant(tx, actor, staff_id, **payload)


@blp.delete("/staff/grants/<uuid:grant_id>", who=administrators, refuses=[OwnAuthority])
def revoke(tx: Session, actor: Actor, grant_id: UUID) -> None:
    """End a grant, and what was delegated from it."""
    actions.revoke(tx, actor, grant_id)


@blp.put(
    "/staff/members/<uuid:staff_id>/clearance", who=administrators, takes=schemas.ClearanceIn,
    gives=schemas.ClearanceOut, refuses=[OwnAuthority], needs_match=False,
)  # fmt: skip
def clear(tx: Session, actor: Actor, payload: dict[str, Any], staff_id: UUID) -> Clearance:
    """Let a colleague know of confidential cases, where their roles hold, until a day."""
    return actions.clear(tx, actor, staff_id, **payload)


@blp.delete("/staff/members/<uuid:staff_id>/clearance", who=administrators, refuses=[OwnAuthority])
def end_clearance(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Take it from them, at once."""
    actions.end_clearance(tx, actor, staff_id)


@blp.delete("/staff/members/<uuid:staff_id>/sessions", who=administrators)
def end_sessions(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """End every sign-in of a colleague, at once."""
    staff_queries.member(tx, staff_id)
    actions.end_sessions_of_staff(tx, actor, staff_id)


@blp.delete("/staff/people/<uuid:person_id>/sessions", who=access.staff_who(policy.MAY, "sign_out_person"))
def end_sessions_of_person(tx: Session, actor: Actor, person_id: UUID) -> None:
    """End every sign-in of a resident who lost a telephone, at once."""
    actions.end_sessions_of_person(tx, actor, person_id)


@blp.get("/staff/colleagues", who=access.staff, query=PageQuery, gives=page_of(schemas.ColleagueOut))
def colleagues(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Who else works here, to lend a role to."""
    return staff_queries.colleagues(tx, actor, query["page"])


@blp.get("/staff/delegations", who=access.staff, query=PageQuery, gives=page_of(schemas.GrantOut))
def delegations(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What one has lent, and what one was lent."""
    return staff_queries.delegations(tx, actor, query["page"])


@blp.post(
    "/staff/delegations",
    who=access.staff_with(policy.MAY["delegate"]),
    takes=schemas.DelegationIn,
    gives=schemas.GrantOut,
    status=201,
    refuses=[OwnAuthority, DelegationTooWide, NotFound],
)
def delegate(tx: Session, actor: Actor, payload: dict[str, Any]) -> RoleGrant:
    """Lend one's own role, or a part of it, to a colleague for a time."""
    payload["scopes"] = schemas.only_given(payload["scopes"])
    return actions.delegate(tx, actor, payload.pop("grant"), **payload)


@blp.delete("/staff/delegations/<uuid:grant_id>", who=access.staff)
def end_delegation(tx: Session, actor: Actor, grant_id: UUID) -> None:
    """Take back what one lent, or hand back what one was lent."""
    actions.end_delegation(tx, actor, grant_id)
