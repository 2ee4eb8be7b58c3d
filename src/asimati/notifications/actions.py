"""Deeds: tell a person something; mark what was read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit import clock, outbox
from asimati.kit.errors import NotFound
from asimati.kit.outbox import Delivered
from asimati.kit.policy import Actor
from asimati.notifications.messages import DUE
from asimati.notifications.models import Notification, Template
from asimati.notifications.recipients import Recipient, colleagues, mailbox, recipients
from asimati.notifications.rendering import render
from asimati.notifications.rules import Channel, Lane, Quiet, Status, may_go_at, waking
from asimati.settings import settings


def notify(tx: Session, delivered: Delivered) -> None:
    """Write one notice for each channel of the topic's template that reaches the person.

    The inbox has it at once; the others stand in their lane, from now or from the end of quiet hours on, and a
    message calls a worker to it. A second delivery writes nothing.
    """
    facts = asdict(delivered.message)
    if facts.get("person") is None:
        return
    _call_off(tx, delivered.id, facts)
    template = tx.get(Template, delivered.message.topic)
    if template is None or template.retired:
        return
    if good_until(template.topic, facts) and _overtaken(tx, delivered.id, facts):
        return
    whom = recipients(tx, [facts["person"]]).get(facts["person"])
    if whom is None:
        return
    now = clock.now(tx)
    due = earliest(now, whom.quiet, critical=template.critical)
    rows = [row_of(delivered, template, one, facts) | {"due_at": due} for one in _channels(template, whom)]
    if not rows:
        return
    written = insert(Notification).values(rows).on_conflict_do_nothing().returning(Notification.channel)
    for channel in tx.scalars(written):
        if channel is not Channel.INBOX and due <= now:
            _hint(tx, lane_of(template), channel)


def notify_staff(tx: Session, delivered: Delivered) -> None:
    """Tell colleagues, in their inbox and by mail as the template says. A second delivery writes nothing."""
    facts = asdict(delivered.message)
    told = colleagues(tx, map(UUID, facts["staff"]))
    _tell(tx, delivered, facts, [{"staff_id": one, "to": whom} for one, whom in told.items()])


def notify_offices(tx: Session, delivered: Delivered) -> None:
    """Write to the mailboxes of another body, to those alone. A second delivery writes nothing."""
    facts = asdict(delivered.message)
    told = [{"office": one, "to": mailbox(**one)} for one in facts["offices"]]
    _tell(tx, delivered, facts, told, only={Channel.EMAIL})


# What the staff is told by: they have no telephone of ours, and no app.
_AT_WORK = frozenset({Channel.INBOX, Channel.EMAIL})


def _tell(
    tx: Session,
    delivered: Delivered,
    facts: Mapping[str, Any],
    told: Sequence[Mapping[str, Any]],
    only: frozenset[Channel] | set[Channel] = _AT_WORK,
) -> None:
    """Write the notices of those who are at work; they have no quiet hours and no wishes."""
    template = tx.get(Template, delivered.message.topic)
    if template is None or template.retired or not told:
        return
    by = [channel for channel in map(Channel, template.channels) if channel in only]
    rows = [
        row_of(delivered, template, channel, facts) | {"staff_id": None, "office": None, "due_at": clock.now(tx)}
        | {name: value for name, value in one.items() if name != "to"}
        for channel in by
        for one in told
        if one["to"].reached_by(channel)
    ]  # fmt: skip
    if not rows:
        return
    written = insert(Notification).values(rows).on_conflict_do_nothing().returning(Notification.channel)
    for channel in set(tx.scalars(written)) - {Channel.INBOX}:
        _hint(tx, lane_of(template), channel)


_hinted: dict[tuple[Lane, Channel], float] = {}  # when this process last called a worker to a lane


def _hint(tx: Session, lane: Lane, channel: Channel) -> None:
    """Call a worker to a lane; of what can wait, in a burst, only now and then: `wake` calls to what is left."""
    now = time.monotonic()
    if lane is not Lane.URGENT and now - _hinted.get((lane, channel), -1e9) < settings().notifications.hint_every:
        return
    _hinted[lane, channel] = now
    outbox.publish(tx, DUE[lane](channel=channel))


def _call_off(tx: Session, message: UUID, facts: Mapping[str, Any]) -> None:
    """Stop what still waits about a thing of which there is news, if it was good for a while only.

    Such are the reminder of a booking that has been cancelled since, and the offer that has been taken. What is in
    a worker's hands stays there. The ids of messages follow time.
    """
    waits = (Notification.person == facts.get("person"), Notification.status == Status.PENDING)
    brief = (Notification.good_until.is_not(None), Notification.message_id < message, Notification.doubts == 0)
    tx.execute(update(Notification).where(*waits, *brief, _of_same(facts)).values(status=Status.STOPPED))


def _overtaken(tx: Session, message: UUID, facts: Mapping[str, Any]) -> bool:
    """Whether the person was told something newer about the thing before this message's turn came."""
    mine = (Notification.person == facts["person"], Notification.channel == Channel.INBOX)
    newer = select(Notification.id).where(*mine, Notification.message_id > message, _of_same(facts))
    return tx.scalar(newer.limit(1)) is not None


def _of_same(facts: Mapping[str, Any]) -> Any:
    return Notification.about["reference"].astext == (facts.get("about") or {}).get("reference")


def _channels(template: Template, whom: Recipient) -> list[Channel]:
    return [
        channel
        for channel in map(Channel, template.channels)
        if whom.wants(channel, template.topic, critical=template.critical) and whom.reached_by(channel)
    ]


def earliest(now: datetime, quiet: Quiet, *, critical: bool) -> datetime:
    """When a person may be told: now, or when their quiet hours end."""
    if critical or not settings().notifications.quiet_hours:
        return now
    return may_go_at(waking(settings().governorate.facts, quiet), now, critical=False)


def lane_of(template: Template) -> Lane:
    """What is critical does not stand behind what is not."""
    return Lane.URGENT if template.critical else Lane.NORMAL


def row_of(delivered: Delivered, template: Template, channel: Channel, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A notice as a row, with its words filled in in both languages."""
    about = facts.get("about") or {}
    known, in_house = {**about, **facts}, channel is Channel.INBOX
    words = getattr(template, channel, None) or template.text
    return {
        "message_id": delivered.id,
        "person": facts.get("person"),
        "channel": channel,
        "lane": lane_of(template),
        "topic": template.topic,
        "title": render(template.title, known),
        "text": render(words, known),
        "about": about or None,
        "template_version": template.version,
        "good_until": good_until(template.topic, facts),
        "status": Status.SENT if in_house else Status.PENDING,
        "sent_at": func.app_now() if in_house else None,
    }


def good_until(topic: str, facts: Mapping[str, Any]) -> datetime | None:
    """When a notice would only confuse: a reminder of what has begun, an offer that is over."""
    found = facts.get("offer_expires_at")
    if found is None and topic.endswith("_reminder"):
        found = facts.get("starts_at")
    return found if isinstance(found, datetime) else None


def read(tx: Session, actor: Actor, notification: UUID) -> UUID:
    """Mark a notice as read; repeating it keeps the first moment. Raises NotFound for somebody else's."""
    mine = update(Notification).where(*_inbox_of(actor), Notification.id == notification)
    found = tx.scalar(
        mine.values(read_at=func.coalesce(Notification.read_at, func.app_now())).returning(Notification.id)
    )
    if found is None:
        raise NotFound
    return found


def read_all(tx: Session, actor: Actor) -> int:
    """Mark everything in the caller's inbox as read; how many notices were not."""
    unread = update(Notification).where(*_inbox_of(actor), Notification.read_at.is_(None))
    return len(tx.execute(unread.values(read_at=func.app_now()).returning(Notification.id)).all())


def _inbox_of(actor: Actor) -> tuple[Any, ...]:
    whose = Notification.staff_id == actor.id if actor.is_staff else Notification.person == actor.person
    return whose, Notification.channel == Channel.INBOX
