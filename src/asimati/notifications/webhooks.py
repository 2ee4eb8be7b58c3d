"""Webhooks: partners' systems hear what happens, signed by Standard Webhooks, retried for two days, never doubled.

What a partner hears is a topic and its public facts: references, titles, times and numbers; never a person. A call
goes out by `kit.outside`: only to public addresses, checked where the connection goes, following no redirects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Signer

from asimati.kit import clock, outbox, outside, secrets
from asimati.kit.outbox import Delivered
from asimati.notifications.carrying import pool
from asimati.notifications.messages import WebhooksDue
from asimati.notifications.models import Webhook, WebhookDelivery
from asimati.notifications.rules import Status
from asimati.settings import settings

# What partners may hear, and the facts that go out: nothing that leads to a person.
TOPICS = frozenset(
    {
        "service_requests.request_submitted",
        "service_requests.request_referred",
        "service_requests.request_returned",
        "service_requests.request_resolved",
        "service_requests.request_reopened",
        "service_requests.request_withdrawn",
        "events.booking_confirmed",
        "events.booking_cancelled",
        "events.participant_checked_in",
        "events.check_in_voided",
        "volunteering.hours_approved",
        "volunteering.hours_voided",
    }
)
FACTS = (
    "reference", "title", "entity", "event", "programme", "venue", "starts_at", "due_at", "on", "party_size",
    "seats", "hours", "status", "targets", "source",
)  # fmt: skip
# Of a confidential case these would say what it is about: that it goes on is told, and no more.
TELLING = frozenset({"title", "entity", "targets"})
SECONDS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
WAITS = tuple(timedelta(seconds=one) for one in SECONDS)  # between the tries, as Standard Webhooks proposes
CHUNK = 20
LEASE = timedelta(seconds=90)


def hear(tx: Session, delivered: Delivered) -> None:
    """Write a delivery for every endpoint that listens to the topic; a second hearing writes nothing."""
    topic = delivered.message.topic
    listening = tx.scalars(select(Webhook.id).where(Webhook.active, Webhook.topics.contains([topic]))).all()
    if not listening:
        return
    facts = {**(getattr(delivered.message, "about", None) or {}), **asdict(delivered.message)}
    withheld = TELLING if facts.get("confidential") else ()
    data = {name: facts[name] for name in FACTS if facts.get(name) is not None and name not in withheld}
    body = json.dumps(
        {"type": topic, "timestamp": clock.now(tx).isoformat(), "data": data}, ensure_ascii=False, default=_plain
    )
    rows = [
        {"webhook_id": webhook, "message_id": delivered.id, "topic": topic, "body": body} for webhook in listening
    ]
    tx.execute(insert(WebhookDelivery).values(rows).on_conflict_do_nothing())
    outbox.publish(tx, WebhooksDue())


@dataclass(frozen=True)
class Sending:
    """One delivery in our hands."""

    id: UUID
    webhook: UUID
    number: int
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def take(tx: Session, _delivered: Delivered | None = None) -> Sequence[Sending]:
    """Take the next deliveries that are due; whoever dies with them leaves them to the next."""
    due = (
        select(WebhookDelivery, Webhook)
        .join(Webhook)
        .where(WebhookDelivery.status == Status.PENDING, WebhookDelivery.due_at <= func.app_now(), Webhook.active)
        .order_by(WebhookDelivery.due_at)
        .limit(CHUNK)
        .with_for_update(key_share=True, skip_locked=True, of=WebhookDelivery)
    )
    taken = []
    for delivery, webhook in tx.execute(due.execution_options(populate_existing=True)).all():
        delivery.attempts += 1
        delivery.due_at = func.app_now() + LEASE
        body = delivery.body.encode()
        headers = signed(delivery.id, secrets_of(webhook, clock.now(tx)), delivery.body)
        taken.append(Sending(delivery.id, webhook.id, delivery.attempts, webhook.url, body, headers))
    tx.flush()
    return taken


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """The secret, and for a while after a change the one before: a receiver takes either signature."""
    sealed = [webhook.secret]
    if webhook.old_secret and webhook.old_secret_until and now < webhook.old_secret_until:
        sealed.append(webhook.old_secret)
    return [secrets.unseal(one, "webhook") for one in sealed]


def signed(delivery: UUID, keys: Sequence[str], body: str) -> dict[str, str]:
    """The headers of Standard Webhooks; the id stays at every try, so that a receiver can tell a repetition."""
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Asimati-Webhooks/1",
        "webhook-id": f"msg_{delivery}",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(key).sign(f"msg_{delivery}", now, body) for key in keys),
    }


def call(sendings: Sequence[Sending]) -> Sequence[tuple[int | None, str | None]]:
    """Call each endpoint, several at a time; the status it answered, or words for why there is none."""
    return list(pool().map(_posted, sendings))


def _posted(sending: Sending) -> tuple[int | None, str | None]:
    try:
        status, _body = outside.post(
            sending.url, sending.body, sending.headers, timeout=settings().providers.timeout
        )
    except (outside.NotAllowed, outside.NotReached, outside.NotAnswered) as fault:
        return None, f"{type(fault).__name__}: {fault}"
    return status, None if 200 <= status < 300 else f"HTTP {status}"


def record(tx: Session, sendings: Sequence[Sending], answers: Sequence[tuple[int | None, str | None]]) -> None:
    """Write down what came of the calls; an endpoint that says it is gone (410) is called no more."""
    for sending, (status, error) in zip(sendings, answers, strict=True):
        found = tx.get(WebhookDelivery, sending.id, with_for_update={"key_share": True}, populate_existing=True)
        if found is None or found.attempts != sending.number or found.status is not Status.PENDING:
            continue
        found.answer, found.last_error = status, error
        if error is None:
            found.status, found.delivered_at = Status.DELIVERED, func.app_now()
        elif sending.number > len(WAITS) or status == 410:
            found.status = Status.FAILED
        else:
            found.due_at = func.app_now() + WAITS[sending.number - 1]
        if status == 410:
            tx.get_one(Webhook, sending.webhook).active = False
    tx.flush()


def wake(tx: Session) -> int:
    """Call a worker when deliveries are due; forget those of a month ago, and secrets whose time is over."""
    over = update(Webhook).where(Webhook.old_secret_until <= func.app_now())
    tx.execute(over.values(old_secret=None, old_secret_until=None))
    tx.execute(
        text(
            "DELETE FROM webhook_delivery WHERE status <> 'pending' AND created_at < app_now() - interval '30 days'"
        )
    )
    due = (
        select(WebhookDelivery.id)
        .join(Webhook)
        .where(WebhookDelivery.status == Status.PENDING, WebhookDelivery.due_at <= func.app_now(), Webhook.active)
    )
    if tx.scalar(due.limit(1)) is None or outbox.undelivered(tx, WebhooksDue.topic):
        return 0
    outbox.publish(tx, WebhooksDue())
    return 1


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
