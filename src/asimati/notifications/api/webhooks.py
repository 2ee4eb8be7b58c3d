"""Webhooks in staff's hands: endpoints of partners, what was sent to them, sending it again."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID as Id

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import UUID, Boolean, DateTime, Enum, Integer, List, Nested, Schema, String
from asimati.http.pages import PageQuery, page_of
from asimati.kit.errors import Unauthenticated
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import SYSTEM, Actor
from asimati.notifications import partners, policy
from asimati.notifications.api.blueprint import blp
from asimati.notifications.models import Webhook, WebhookDelivery
from asimati.notifications.rules import Status

may = partial(access.staff_who, policy.MAY)


class WebhookChanges(Schema):
    name = String(min_length=1, max_length=100)
    url = String(min_length=1, max_length=500)
    topics = List(String(max_length=100), max_items=50)
    active = Boolean()


class WebhookIn(Schema):
    name = String(min_length=1, max_length=100, required=True)
    url = String(min_length=1, max_length=500, required=True)
    topics = List(String(max_length=100), max_items=50, required=True)


class WebhookOut(Schema):
    id = UUID()
    name = String()
    url = String()
    topics = List(String())
    active = Boolean()
    created_at = DateTime()


class WebhookMade(WebhookOut):
    secret = String(metadata={"description": "For verifying signatures (Standard Webhooks); shown this once"})


class DeliveryOut(Schema):
    id = UUID()
    topic = String()
    status = Enum(Status)
    attempts = Integer()
    answer = Integer(allow_none=True, metadata={"description": "The HTTP status of the last try"})
    last_error = String(allow_none=True)
    body = String(metadata={"description": "What is sent, byte for byte"})
    created_at = DateTime()
    due_at = DateTime()
    delivered_at = DateTime(allow_none=True)


class DeliveriesQuery(PageQuery):
    status = Enum(Status)


class RotateIn(Schema):
    overlap_hours = Integer(
        min=0,
        max=168,
        load_default=partners.OVERLAP,
        metadata={"description": "How long calls bear the old signature too; 0 for a secret that leaked"},
    )


class ReplayIn(Schema):
    since = DateTime(required=True)
    status = Enum(Status, load_default=Status.FAILED)


class ReplayedOut(Schema):
    count = Integer()


class Deed(StrEnum):
    """What a partner may ask for."""

    LOG = "log"
    REPLAY = "replay"
    TEST = "test"
    PAUSE = "pause"
    RESUME = "resume"


class PartnerAsks(Schema):
    deed = Enum(Deed, required=True)
    since = DateTime(metadata={"description": "Of a replay: from when on; all that is kept without it"})
    status = Enum(Status)  # of a log or a replay: what ended so; a replay without it: what failed
    after = String(max_length=200)
    limit = Integer(min=1, max=100, load_default=50)


class PartnerTold(Schema):
    active = Boolean()
    topics = List(String())
    count = Integer(allow_none=True, metadata={"description": "Of a replay: how many go out again"})
    items = List(Nested(DeliveryOut))
    next = String(allow_none=True)


@blp.post("/staff/webhooks", who=may("manage_webhooks"), takes=WebhookIn, gives=WebhookMade, status=201)
def make(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """Register a partner's endpoint."""
    return _with_secret(tx, *partners.new(tx, actor, **payload))


def _with_secret(tx: Session, made: Webhook, secret: str) -> dict[str, Any]:
    tx.refresh(made)
    return {name: getattr(made, name) for name in WebhookOut().fields} | {"secret": secret, "version": made.version}


@blp.get("/staff/webhooks", who=may("see_webhooks"), query=PageQuery, gives=page_of(WebhookOut))
def all_webhooks(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Endpoints of partners."""
    policy.require(actor, "see_webhooks")
    return paginate(tx, select(Webhook), [Webhook.created_at.desc(), Webhook.id.desc()], query["page"])


@blp.get("/staff/webhooks/<uuid:webhook_id>", who=may("see_webhooks"), gives=WebhookOut, tagged=True)
def webhook(tx: Session, actor: Actor, webhook_id: Id) -> Webhook:
    """One endpoint."""
    policy.require(actor, "see_webhooks")
    return partners.named(tx, webhook_id)


@blp.patch("/staff/webhooks/<uuid:webhook_id>", who=may("manage_webhooks"), takes=WebhookChanges, gives=WebhookOut)
def edit(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, webhook_id: Id) -> Webhook:
    """Change an endpoint, or pause it."""
    return partners.edit(tx, actor, webhook_id, version, payload)


@blp.get(
    "/staff/webhooks/<uuid:webhook_id>/deliveries",
    who=may("see_webhooks"),
    query=DeliveriesQuery,
    gives=page_of(DeliveryOut),
)
def deliveries(tx: Session, actor: Actor, query: dict[str, Any], webhook_id: Id) -> Page:
    """What was sent to an endpoint and how it answered, the newest first."""
    policy.require(actor, "see_webhooks")
    partners.named(tx, webhook_id)
    return _listed(tx, webhook_id, **query)


def _listed(tx: Session, webhook_id: Id, page: PageArgs, status: Status | None = None) -> Page:
    found = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if status:
        found = found.where(WebhookDelivery.status == status)
    return paginate(tx, found, [WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc()], page)


@blp.post("/staff/webhooks/deliveries/<uuid:delivery_id>/replay", who=may("manage_webhooks"), gives=DeliveryOut)
def replay(tx: Session, actor: Actor, delivery_id: Id) -> WebhookDelivery:
    """Send it once more, under the same id."""
    found = partners.replay(tx, actor, delivery_id)
    tx.refresh(found)
    return found


@blp.post("/staff/webhooks/<uuid:webhook_id>/replay", who=may("manage_webhooks"), takes=ReplayIn, gives=ReplayedOut)
def replay_since(tx: Session, actor: Actor, payload: dict[str, Any], webhook_id: Id) -> Any:
    """Send again what failed since a moment, or ended otherwise; each under its id."""
    partners.named(tx, webhook_id)
    return {"count": partners.replay_since(tx, actor, webhook_id, **payload)}


@blp.post(
    "/staff/webhooks/<uuid:webhook_id>/rotate-secret",
    who=may("manage_webhooks"),
    takes=RotateIn,
    gives=WebhookMade,
)
def rotate(tx: Session, actor: Actor, payload: dict[str, Any], webhook_id: Id) -> Any:
    """A new secret; calls are signed with the old one too for a while, so that the partner can change in peace."""
    return _with_secret(tx, *partners.rotate(tx, actor, webhook_id, **payload))


@blp.post("/staff/webhooks/<uuid:webhook_id>/test", who=may("manage_webhooks"), gives=DeliveryOut)
def try_out(tx: Session, actor: Actor, webhook_id: Id) -> WebhookDelivery:
    """Send a call that says nothing (`webhooks.test`)."""
    return partners.try_out(tx, actor, webhook_id)


@blp.post(
    "/partners/webhooks/<uuid:webhook_id>",
    who=access.anyone,
    cost="signal",
    takes=PartnerAsks,
    gives=PartnerTold,
    refuses=(Unauthenticated,),
)
def partner(tx: Session, actor: Actor, payload: dict[str, Any], webhook_id: Id) -> Any:
    """What a partner asks about its own endpoint, signed with its secret as our calls are (Standard Webhooks)."""
    found = partners.asking(tx, webhook_id, dict(request.headers), request.get_data())
    deed, count, page = payload["deed"], None, Page([], None)
    status = payload.get("status")
    if deed is Deed.LOG:
        page = _listed(tx, found.id, PageArgs(payload.get("after"), payload["limit"]), status)
    elif deed is Deed.REPLAY:
        since = payload.get("since") or found.created_at
        count = partners.replay_since(tx, SYSTEM, found.id, since, status or Status.FAILED)
    elif deed is Deed.TEST:
        page = Page([partners.try_out(tx, SYSTEM, found.id)], None)
    else:
        partners.pause(tx, SYSTEM, found, active=deed is Deed.RESUME)
    told = {"active": found.active, "topics": found.topics, "count": count}
    return told | {"items": page.items, "next": page.next}
