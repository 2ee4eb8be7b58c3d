"""Webhooks in staff's hands: endpoints of partners, what was sent to them, sending it again."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID as Id

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import UUID, Boolean, DateTime, Enum, Integer, List, Schema, String
from asimati.http.pages import PageQuery, page_of
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.notifications import policy, webhooks
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


@blp.post("/staff/webhooks", who=may("manage_webhooks"), takes=WebhookIn, gives=WebhookMade, status=201)
def make(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """Register a partner's endpoint."""
    made, secret = webhooks.new(tx, actor, **payload)
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
    return webhooks.named(tx, webhook_id)


@blp.patch("/staff/webhooks/<uuid:webhook_id>", who=may("manage_webhooks"), takes=WebhookChanges, gives=WebhookOut)
def edit(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, webhook_id: Id) -> Webhook:
    """Change an endpoint, or pause it."""
    return webhooks.edit(tx, actor, webhook_id, version, payload)


@blp.get(
    "/staff/webhooks/<uuid:webhook_id>/deliveries",
    who=may("see_webhooks"),
    query=DeliveriesQuery,
    gives=page_of(DeliveryOut),
)
def deliveries(tx: Session, actor: Actor, query: dict[str, Any], webhook_id: Id) -> Page:
    """What was sent to an endpoint and how it answered, the newest first."""
    policy.require(actor, "see_webhooks")
    webhooks.named(tx, webhook_id)
    return _listed(tx, webhook_id, **query)


def _listed(tx: Session, webhook_id: Id, page: PageArgs, status: Status | None = None) -> Page:
    found = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if status:
        found = found.where(WebhookDelivery.status == status)
    return paginate(tx, found, [WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc()], page)


@blp.post("/staff/webhooks/deliveries/<uuid:delivery_id>/replay", who=may("manage_webhooks"), gives=DeliveryOut)
def replay(tx: Session, actor: Actor, delivery_id: Id) -> WebhookDelivery:
    """Send it once more, under the same id."""
    found = webhooks.replay(tx, actor, delivery_id)
    tx.refresh(found)
    return found
