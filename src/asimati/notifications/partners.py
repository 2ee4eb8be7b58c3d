"""Partners' endpoints in the hands of staff, and what partners may ask for themselves.

A partner asks as we tell: a call signed by Standard Webhooks with the endpoint's own secret. So whoever can verify
what they hear can also look at the log, have it told again, and pause; nobody has to hold another key.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from asimati.kit import audit, clock, outbox, outside, secrets
from asimati.kit.errors import Invalid, NotFound, Stale, Unauthenticated
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.notifications import policy
from asimati.notifications.messages import WebhooksDue
from asimati.notifications.models import Webhook, WebhookDelivery
from asimati.notifications.rules import Status
from asimati.notifications.webhooks import TOPICS, secrets_of

OVERLAP = 24  # hours an old secret goes on signing beside the new one


def new(tx: Session, actor: Actor, **said: Any) -> tuple[Webhook, str]:
    """Register a partner's endpoint; it and its secret, which is shown this once."""
    policy.require(actor, "manage_webhooks")
    _check(said)
    secret = _drawn()
    made = Webhook(created_by=actor.id, secret=secrets.seal(secret, "webhook"), **said)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "notifications.webhook_made", ("webhook", made.id), topics=sorted(said["topics"]))
    return made, secret


def edit(tx: Session, actor: Actor, webhook: UUID, version: int | None, changes: Mapping[str, Any]) -> Webhook:
    """Change or pause an endpoint. Raises Stale, NotFound."""
    policy.require(actor, "manage_webhooks")
    _check(changes)
    found = held(tx, webhook)
    if version is not None and found.version != version:
        raise Stale
    for name, value in changes.items():
        setattr(found, name, value)
    audit.record(tx, actor, "notifications.webhook_edited", ("webhook", found.id), fields=sorted(changes))
    tx.flush()
    return found


def rotate(tx: Session, actor: Actor, webhook: UUID, overlap_hours: int = OVERLAP) -> tuple[Webhook, str]:
    """Give an endpoint a new secret, shown this once; for `overlap_hours` calls bear both signatures.

    None at all is for a secret that leaked. Raises NotFound.
    """
    policy.require(actor, "manage_webhooks")
    found, secret = held(tx, webhook), _drawn()
    found.old_secret = found.secret if overlap_hours else None
    found.old_secret_until = clock.now(tx) + timedelta(hours=overlap_hours) if overlap_hours else None
    found.secret = secrets.seal(secret, "webhook")
    about = ("webhook", found.id)
    audit.record(tx, actor, "notifications.webhook_secret_rotated", about, overlap_hours=overlap_hours)
    tx.flush()
    return found, secret


def replay(tx: Session, actor: Actor, delivery: UUID) -> WebhookDelivery:
    """Send one again, whatever became of it, under the same id. Raises NotFound."""
    policy.require(actor, "manage_webhooks")
    found = tx.get(WebhookDelivery, delivery, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    found.status, found.attempts, found.due_at = Status.PENDING, 0, func.app_now()
    audit.record(tx, actor, "notifications.webhook_replayed", ("webhook", found.webhook_id), delivery=found.id)
    outbox.publish(tx, WebhooksDue())
    tx.flush()
    return found


def replay_since(tx: Session, actor: Actor, webhook: UUID, since: datetime, status: Status = Status.FAILED) -> int:
    """Send again what ended so since a moment, after an outage at the partner's say; how many.

    Their ids stay, so a receiver that heard some of it can tell. A month is kept.
    """
    policy.require(actor, "manage_webhooks")
    of_it = (WebhookDelivery.webhook_id == webhook, WebhookDelivery.status == status)
    again = update(WebhookDelivery).where(*of_it, WebhookDelivery.created_at >= since)
    again = again.values(status=Status.PENDING, attempts=0, due_at=func.app_now())
    count = len(tx.execute(again.returning(WebhookDelivery.id)).all())
    audit.record(tx, actor, "notifications.webhook_replayed", ("webhook", webhook), count=count)
    if count:
        outbox.publish(tx, WebhooksDue())
    return count


def try_out(tx: Session, actor: Actor, webhook: UUID) -> WebhookDelivery:
    """Send a call that says nothing, so that a partner sees whether it arrives and verifies. Raises NotFound."""
    policy.require(actor, "manage_webhooks")
    found = named(tx, webhook)
    body = json.dumps({"type": "webhooks.test", "timestamp": clock.now(tx).isoformat(), "data": {}})
    made = WebhookDelivery(webhook_id=found.id, message_id=new_id(), topic="webhooks.test", body=body)
    tx.add(made)
    audit.record(tx, actor, "notifications.webhook_tried", ("webhook", found.id))
    outbox.publish(tx, WebhooksDue())
    tx.flush()
    tx.refresh(made)
    return made


def asking(tx: Session, webhook: UUID, headers: Mapping[str, str], body: bytes) -> Webhook:
    """The endpoint whose partner signed this call to us. Raises Unauthenticated, also for one there is not."""
    found = tx.get(Webhook, webhook, with_for_update={"key_share": True}, populate_existing=True)
    if found is None or not any(_signed_by(secret, headers, body) for secret in secrets_of(found, clock.now(tx))):
        raise Unauthenticated
    return found


def _signed_by(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Signer(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: what is no signature at all
        return False
    return True


def pause(tx: Session, actor: Actor, webhook: Webhook, *, active: bool) -> None:
    """Stop telling an endpoint, or go on."""
    webhook.active = active
    audit.record(tx, actor, "notifications.webhook_edited", ("webhook", webhook.id), fields=["active"])
    tx.flush()


def named(tx: Session, webhook: UUID) -> Webhook:
    """Raises NotFound."""
    found = tx.get(Webhook, webhook)
    if found is None:
        raise NotFound
    return found


def held(tx: Session, webhook: UUID) -> Webhook:
    """The endpoint as it is now, until the transaction ends. Raises NotFound."""
    found = named(tx, webhook)
    tx.refresh(found, with_for_update={"key_share": True})
    return found


def _drawn() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def _check(said: Mapping[str, Any]) -> None:
    if not TOPICS.issuperset(said.get("topics", ())):
        raise Invalid([("/topics", _("Partners cannot hear one of these topics."))])
    try:
        outside.check_form(said.get("url", "https://asimati.example/"))
    except outside.NotAllowed:
        raise Invalid([("/url", _("This must be a public https address."))]) from None
