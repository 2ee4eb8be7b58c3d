"""What staff write to people: broadcasts."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.pages import page_of
from asimati.kit.audiences import KINDS
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import translate
from asimati.notifications import broadcasts, policy
from asimati.notifications import staff_schemas as schemas
from asimati.notifications.api.blueprint import blp
from asimati.notifications.models import Broadcast
from asimati.notifications.rules import Stage

may = partial(access.staff_who, policy.MAY)


@blp.get("/staff/audiences", who=may("broadcast"), gives=schemas.AudienceKindsOut)
def audience_kinds(tx: Session, actor: Actor) -> Any:
    """In which respects people can be chosen, and the values of each."""
    policy.require(actor, "broadcast")
    return {
        "items": [
            {
                "kind": kind.name,
                "title": translate(kind.title),
                "choices": [{"value": value, "title": title} for value, title in kind.choices(tx)],
            }
            for kind in KINDS.values()
        ]
    }


@blp.post(
    "/staff/broadcasts", who=may("broadcast"), takes=schemas.BroadcastIn, gives=schemas.BroadcastOut, status=201
)
def draft(tx: Session, actor: Actor, payload: dict[str, Any]) -> Broadcast:
    """Write a broadcast; nothing is sent before it is submitted."""
    return broadcasts.draft(tx, actor, **payload)


@blp.get(
    "/staff/broadcasts",
    who=may("see_broadcasts"),
    query=schemas.BroadcastsQuery,
    gives=page_of(schemas.BroadcastOut),
)
def all_broadcasts(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Broadcasts, the newest first."""
    return listed(tx, actor, **query)


def listed(tx: Session, actor: Actor, page: PageArgs, stage: Stage | None = None) -> Page:
    policy.require(actor, "see_broadcasts")
    found = select(Broadcast)
    if stage:
        found = found.where(Broadcast.stage == stage)
    return paginate(tx, found, [Broadcast.created_at.desc(), Broadcast.id.desc()], page)


@blp.get(
    "/staff/broadcasts/<uuid:broadcast_id>", who=may("see_broadcasts"), gives=schemas.BroadcastOut, tagged=True
)
def broadcast(tx: Session, actor: Actor, broadcast_id: UUID) -> Broadcast:
    """One broadcast."""
    return _seen(tx, actor, broadcast_id)


@blp.patch(
    "/staff/broadcasts/<uuid:broadcast_id>",
    who=may("broadcast"),
    takes=schemas.BroadcastChanges,
    gives=schemas.BroadcastOut,
    refuses=(IllegalMove,),
)
def edit(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, broadcast_id: UUID) -> Broadcast:
    """Change a draft, or one that awaits approval: it is a draft again."""
    return broadcasts.edit(tx, actor, broadcast_id, version, payload)


@blp.get("/staff/broadcasts/<uuid:broadcast_id>/preview", who=may("see_broadcasts"), gives=schemas.PreviewOut)
def preview(tx: Session, actor: Actor, broadcast_id: UUID) -> Any:
    """Whom it would reach now, by which channels, and what the text messages would cost."""
    return broadcasts.preview(tx, _seen(tx, actor, broadcast_id))


@blp.get("/staff/broadcasts/<uuid:broadcast_id>/progress", who=may("see_broadcasts"), gives=schemas.ProgressOut)
def progress(tx: Session, actor: Actor, broadcast_id: UUID) -> Any:
    """How far it is."""
    found = _seen(tx, actor, broadcast_id)
    told = {name: getattr(found, name) for name in ("stage", "people", "all_reached")}
    return told | {"channels": broadcasts.progress(tx, found.id)}


MOVES = {"gives": schemas.BroadcastOut, "refuses": (IllegalMove,)}


@blp.post("/staff/broadcasts/<uuid:broadcast_id>/submit", who=may("broadcast"), **MOVES)
def submit(tx: Session, actor: Actor, broadcast_id: UUID) -> Broadcast:
    """Send it off, or to a second person first when many are told."""
    return broadcasts.submit(tx, actor, broadcast_id)


@blp.post("/staff/broadcasts/<uuid:broadcast_id>/approve", who=may("approve_broadcast"), versioned=True, **MOVES)
def approve(tx: Session, actor: Actor, version: int | None, broadcast_id: UUID) -> Broadcast:
    """Let somebody else's broadcast go. Name by If-Match the words that were read: others are not let go."""
    return broadcasts.approve(tx, actor, broadcast_id, version)


@blp.post("/staff/broadcasts/<uuid:broadcast_id>/stop", who=may("broadcast"), **MOVES)
def stop(tx: Session, actor: Actor, broadcast_id: UUID) -> Broadcast:
    """Tell nobody more."""
    return broadcasts.stop(tx, actor, broadcast_id)


def _seen(tx: Session, actor: Actor, broadcast_id: UUID) -> Broadcast:
    policy.require(actor, "see_broadcasts")
    found = tx.get(Broadcast, broadcast_id)
    if found is None:
        raise NotFound
    return found
