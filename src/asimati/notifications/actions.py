"""Deeds: tell a person something; mark what was read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit import outbox
from asimati.kit.errors import NotFound
from asimati.kit.outbox import Delivered
from asimati.kit.policy import Actor
from asimati.notifications.messages import NotificationQueued
from asimati.notifications.models import Channel, Notification, Status, Template
from asimati.notifications.recipients import recipient
from asimati.notifications.rendering import render


def notify(tx: Session, delivered: Delivered) -> None:
    """Write one notice for each channel of the topic's template that reaches the person.

    The inbox has it at once; for the others a message asks for the sending. A second delivery writes nothing.
    """
    facts = asdict(delivered.message)
    template = tx.get(Template, delivered.message.topic)
    if template is None or template.retired or facts.get("person") is None:
        return
    whom = recipient(tx, facts["person"])
    if whom is None:
        return
    rows = [
        row_of(delivered, template, channel, facts)
        for channel in map(Channel, template.channels)
        if whom.wants(channel, critical=template.critical) and whom.reached_by(channel)
    ]
    if not rows:
        return
    written = insert(Notification).values(rows).on_conflict_do_nothing()
    for new in tx.execute(written.returning(Notification.id, Notification.channel)):
        if new.channel is not Channel.INBOX:
            outbox.publish(tx, NotificationQueued(notification=new.id))


def row_of(delivered: Delivered, template: Template, channel: Channel, facts: dict[str, Any]) -> dict[str, Any]:
    """A notice as a row, with its words filled in in both languages."""
    about = facts.get("about") or {}
    known, in_house = {**about, **facts}, channel is Channel.INBOX
    words = template.sms if channel is Channel.SMS and template.sms else template.text
    return {
        "message_id": delivered.id,
        "person": facts.get("person"),
        "channel": channel,
        "topic": template.topic,
        "title": render(template.title, known),
        "text": render(words, known),
        "about": about or None,
        "status": Status.SENT if in_house else Status.PENDING,
        "sent_at": func.app_now() if in_house else None,
    }


def read(tx: Session, actor: Actor, notification: UUID) -> Notification:
    """Mark a notice as read; repeating it keeps the first moment. Raises NotFound for somebody else's."""
    mine = update(Notification).where(*_inbox_of(actor), Notification.id == notification)
    found = tx.scalar(
        mine.values(read_at=func.coalesce(Notification.read_at, func.app_now())).returning(Notification)
    )
    if found is None:
        raise NotFound
    return found


def read_all(tx: Session, actor: Actor) -> int:
    """Mark everything in the caller's inbox as read; how many notices were not."""
    unread = update(Notification).where(*_inbox_of(actor), Notification.read_at.is_(None))
    return len(tx.execute(unread.values(read_at=func.app_now()).returning(Notification.id)).all())


def _inbox_of(actor: Actor) -> tuple[Any, ...]:
    return Notification.person == actor.person, Notification.channel == Channel.INBOX
