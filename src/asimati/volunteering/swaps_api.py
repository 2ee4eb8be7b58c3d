"""Routes of swaps: a volunteer hands their place on a shift to another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.accounts.calendar import Overlaps, TooLittleRest
from asimati.http import access
from asimati.http.fields import UUID as Id
from asimati.http.fields import Boolean, DateTime, Enum, Nested, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.volunteering import queries, swaps
from asimati.volunteering.actions import swapping
from asimati.volunteering.refusals import (
    NOT_READY,
    AlreadySignedUp,
    LineWaits,
    OwnPlace,
    ShiftOver,
    SwapOffered,
    SwapSettled,
)
from asimati.volunteering.rules import SwapStatus
from asimati.volunteering.schemas import ShiftOut, SignUpOut

blp = Blueprint("swaps", __name__, description="Places on shifts that volunteers hand to one another")
Dict = dict[str, Any]


class SwapIn(Schema):
    open = Boolean(metadata={"description": "Whether everybody who fits may see and take it, without the code"})


class SwapOut(Schema):
    id = Id()
    shift = Nested(ShiftOut)
    title = Text()
    role = String(allow_none=True)
    open = Boolean()
    mine = Boolean(metadata={"description": "Whether it is the caller who offers"})
    status = Enum(SwapStatus)
    created_at = DateTime()


class OfferedSwapOut(SwapOut):
    code = String(metadata={"description": "Whoever has it may take the place. It is shown this once"})


class SwapCodeIn(Schema):
    code = String(required=True, min_length=1, max_length=40)


@blp.post(
    "/sign-ups/<uuid:sign_up_id>/swap",
    who=access.residents,
    takes=SwapIn,
    gives=OfferedSwapOut,
    status=201,
    refuses=[IllegalMove, ShiftOver, SwapOffered, LineWaits],
    remembers=False,
)
def offer_swap(tx: Session, actor: Actor, payload: Dict, sign_up_id: UUID) -> Dict:
    """Offer one's place to another; it stays one's own until they take it."""
    made, code = swapping.offer(tx, actor, sign_up_id, is_open=payload.get("open", False))
    return swaps.swap(tx, actor, made.id) | {"code": code}


@blp.get("/swaps", who=access.residents, query=PageQuery, gives=page_of(SwapOut))
def listed(tx: Session, actor: Actor, query: Dict) -> Page:
    """Places one offers, and those that others offer to everybody and one is fit and free for."""
    return swaps.swaps(tx, actor, query["page"])


@blp.delete("/swaps/<uuid:swap_id>", who=access.residents, gives=SwapOut, refuses=[SwapSettled])
def end_swap(tx: Session, actor: Actor, swap_id: UUID) -> Dict:
    """Keep one's place after all."""
    return swaps.swap(tx, actor, swapping.end(tx, actor, swap_id).id)


_TAKING = [SwapSettled, ShiftOver, OwnPlace, AlreadySignedUp, LineWaits, Overlaps, TooLittleRest, *NOT_READY]


@blp.post("/swaps/<uuid:swap_id>/take", who=access.residents, gives=SignUpOut, refuses=_TAKING)
def take_open(tx: Session, actor: Actor, swap_id: UUID) -> Dict:
    """Take a place that is offered to everybody."""
    return queries.sign_up_view(tx, swapping.take(tx, actor, swap_id))


@blp.post("/swaps/take", who=access.residents, takes=SwapCodeIn, gives=SignUpOut, refuses=[NotFound, *_TAKING])
def take_by_code(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Take the place somebody offered by handing over its code."""
    return queries.sign_up_view(tx, swapping.take(tx, actor, code=payload["code"]))
