"""Routes of suggestions and of calls for volunteers."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.accounts.calendar import Overlaps, TooLittleRest
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import calling, policy, suggestions
from asimati.volunteering import calling_schemas as schemas
from asimati.volunteering.actions import calling as deeds
from asimati.volunteering.refusals import (
    NOT_READY,
    AlreadySignedUp,
    NobodyToCall,
    RoleNeeded,
    ShiftCancelled,
    ShiftFull,
    ShiftOver,
)

blp = Blueprint("volunteer_calling", __name__, description="Shifts that fit, and calls at short notice")
may = partial(access.staff_who, policy.MAY)
audit.SUBJECTS["call_out"] = _("a call for volunteers")

Dict = dict[str, Any]
FEW = 10


@blp.get(
    "/opportunities/suggestions",
    who=access.residents,
    query=schemas.SuggestionsQuery,
    gives=schemas.SuggestionsOut,
)
def suggested(tx: Session, actor: Actor, query: Dict) -> Dict:
    """Shifts of the next weeks that fit one, each with the reasons in words; those with most reasons first."""
    return {"items": suggestions.suggestions(tx, actor.person, query.get("limit", FEW))}


@blp.get("/me/call-outs", who=access.residents, query=PageQuery, gives=page_of(schemas.ReceivedCallOut))
def received(tx: Session, actor: Actor, query: Dict) -> Page:
    """Calls one received for shifts that have not begun."""
    return calling.mine(tx, actor, query["page"])


@blp.post(
    "/me/call-outs/<uuid:call_out_id>/come",
    who=access.residents,
    gives=schemas.ReceivedCallOut,
    refuses=[
        RoleNeeded,
        ShiftCancelled,
        ShiftFull,
        ShiftOver,
        AlreadySignedUp,
        Overlaps,
        TooLittleRest,
        *NOT_READY,
    ],
)
def come(tx: Session, actor: Actor, call_out_id: UUID) -> Dict:
    """I come: sign up for the shift of a call."""
    return deeds.come(tx, actor, call_out_id)


@blp.post("/me/call-outs/<uuid:call_out_id>/cannot", who=access.residents, gives=schemas.ReceivedCallOut)
def cannot(tx: Session, actor: Actor, call_out_id: UUID) -> Dict:
    """Say that one cannot come."""
    return deeds.cannot(tx, actor, call_out_id)


@blp.get(
    "/staff/shifts/<uuid:shift_id>/call-outs/preview",
    who=may("organise"),
    query=schemas.CallPreviewQuery,
    gives=schemas.CallPreviewOut,
    refuses=[RoleNeeded],
)
def preview(tx: Session, actor: Actor, query: Dict, shift_id: UUID) -> Dict:
    """How many volunteers fit a shift, and what speaks against the others."""
    return calling.preview(tx, actor, shift_id, **query)


@blp.post(
    "/staff/shifts/<uuid:shift_id>/call-outs",
    who=may("organise"),
    takes=schemas.CallOutIn,
    gives=schemas.CallOutOut,
    status=201,
    refuses=[RoleNeeded, ShiftCancelled, ShiftFull, ShiftOver, NobodyToCall],
)
def call_out(tx: Session, actor: Actor, payload: Dict, shift_id: UUID) -> Dict:
    """Call those who fit for a shift with free places."""
    return calling.shown(tx, deeds.call_out(tx, actor, shift_id, **payload))


@blp.get(
    "/staff/shifts/<uuid:shift_id>/call-outs",
    who=may("see"),
    query=PageQuery,
    gives=page_of(schemas.CallOutOut),
)
def call_outs(tx: Session, actor: Actor, query: Dict, shift_id: UUID) -> Page:
    """The calls for a shift, with what came of each."""
    return calling.call_outs(tx, actor, shift_id, query["page"])
