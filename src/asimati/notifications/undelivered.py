"""What did not arrive: listed, sent again; what providers say later; what is forgotten in time."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.orm import Session

from asimati.kit import audit, outbox
from asimati.kit.errors import IllegalMove, Malformed, NotFound, Unauthenticated
from asimati.kit.policy import Actor
from asimati.notifications import policy
from asimati.notifications.channels import configured
from asimati.notifications.channels.gateway import at
from asimati.notifications.messages import DUE
from asimati.notifications.models import Notification
from asimati.notifications.rules import Channel, Lane, Status
from asimati.settings import settings

ENDED_BADLY = (Status.FAILED, Status.UNKNOWN)


def undelivered(actor: Actor, channel: Channel | None, status: Status | None) -> Select[Any]:
    """Notices that failed or whose fate is unknown."""
    policy.require(actor, "see_undelivered")
    found = select(Notification).where(Notification.status.in_([status] if status else ENDED_BADLY))
    return found.where(Notification.channel == channel) if channel else found


def send_again(tx: Session, actor: Actor, notification: UUID) -> Notification:
    """Put a notice back into its lane, under the same reference, and to the same provider if that one may have it.
    Raises IllegalMove for what is no dead letter.

    A one-time code is never sent again: the person asks for another.
    """
    policy.require(actor, "send_again")
    found = tx.get(Notification, notification, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    if found.status not in ENDED_BADLY or found.lane is Lane.CODE:
        raise IllegalMove(status=found.status, legal=[])
    found.status, found.attempts, found.doubts, found.refused_by = Status.PENDING, 0, min(found.doubts, 1), []
    found.good_until, found.due_at = None, func.app_now()
    audit.record(tx, actor, "notifications.sent_again", ("notification", found.id), channel=found.channel)
    outbox.publish(tx, DUE[found.lane](channel=found.channel))
    tx.flush()
    return found


def receive(tx: Session, provider: str, headers: Mapping[str, str], body: bytes) -> int:
    """What a provider says became of letters; how many notices that changed.

    Its `[provider.receipts]` says how it signs (`secret`, `header`: HMAC-SHA256 of the body in hex), where the
    reference and the status stand, and which statuses mean `delivered` and `failed`. Raises NotFound for a provider
    that sends none, Unauthenticated for a signature that is not its, Malformed for no JSON.
    """
    how = (configured.named(provider) or {}).get("receipts")
    if how is None:
        raise NotFound
    expected = hmac.new(how["secret"].encode(), body, hashlib.sha256).hexdigest()
    given = (
        {name.lower(): value for name, value in headers.items()}.get(how.get("header", "X-Signature").lower(), "")
        .lower()
        .removeprefix("sha256=")
    )
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unauthenticated
    try:
        found = json.loads(body)
    except ValueError:
        raise Malformed from None
    items = found if isinstance(found, list) else [found]
    return sum(_told(tx, provider, how, one) for one in items[:1000])


def _told(tx: Session, provider: str, how: Mapping[str, Any], item: Any) -> int:
    reference = str(at(item, how.get("reference", "reference")) or "")[:200]
    said = str(at(item, how.get("status", "status")) or "")
    values: dict[str, Any] = {"status": Status.DELIVERED, "delivered_at": func.app_now()}
    if said in how.get("failed", ()):
        values = {"status": Status.FAILED, "last_error": f"{provider}: {said}"[:500]}
    elif said not in how.get("delivered", ()):
        return 0
    ours = [Notification.provider_reference == reference]
    try:
        ours.append(Notification.id == UUID(reference))
    except ValueError:
        pass
    told = update(Notification).where(
        Notification.provider == provider, Notification.status.in_([Status.SENT, Status.UNKNOWN]), or_(*ours)
    )
    return len(tx.scalars(told.values(**values).returning(Notification.id)).all())


def purge(tx: Session) -> int:
    """Forget notices older than `notifications.keep_days` that have come to an end, and old development mail."""
    tx.execute(text("DELETE FROM dev_mail WHERE at < app_now() - interval '30 days'"))
    gone = tx.execute(
        text(
            """
            DELETE FROM notification WHERE id IN (
              SELECT id FROM notification WHERE status <> 'pending'
              AND created_at < app_now() - make_interval(days => :days) LIMIT 100000)
            """
        ),
        {"days": settings().notifications.keep_days},
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
