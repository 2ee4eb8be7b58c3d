"""Questions: what is in somebody's inbox; what the development mailbox kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.notifications import templates
from asimati.notifications.models import Broadcast, DevMail, Notification, Template
from asimati.notifications.recipients import recipients
from asimati.notifications.rendering import render
from asimati.notifications.rules import Channel


def inbox(tx: Session, actor: Actor, page: PageArgs, unread: bool = False) -> Page:
    """The caller's notices, newest first; only those not yet read if asked."""
    mine = _shown().where(Notification.person == actor.person, Notification.channel == Channel.INBOX)
    if unread:
        mine = mine.where(Notification.read_at.is_(None))
    return paginate(tx, mine, [Notification.created_at.desc(), Notification.id.desc()], page)


def staff_inbox(tx: Session, actor: Actor, page: PageArgs, unread: bool = False) -> Page:
    """What a member of staff was told, newest first; only what was not read yet if asked."""
    mine = _shown().where(Notification.staff_id == actor.id, Notification.channel == Channel.INBOX)
    if unread:
        mine = mine.where(Notification.read_at.is_(None))
    return paginate(tx, mine, [Notification.created_at.desc(), Notification.id.desc()], page)


def topics_of(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """What the caller may be told about: by which channels, by which as they chose, with an example of a title.

    Sign-in codes are left out: they are asked for, and there is nothing to choose.
    """
    whom = recipients(tx, [actor.person])[actor.person]
    told = select(Template).where(~Template.retired, Template.topic != templates.CODE_TOPIC)
    mine = [one for one in tx.scalars(told.order_by(Template.topic)) if templates.is_for_people(one.topic)]
    return [
        {
            "topic": one.topic,
            "room": one.topic.partition(".")[0],
            "critical": one.critical,
            "channels": one.channels,
            "chosen": [by for by in one.channels if whom.wants(Channel(by), one.topic, critical=one.critical)],
            "example": render(one.title, templates.example(one.topic, one.example)),
        }
        for one in mine
    ]


def notice(tx: Session, notification: UUID) -> Any:
    """One notice as its reader sees it."""
    return tx.execute(_shown().where(Notification.id == notification)).one()


def _shown() -> Select[Any]:
    """Notices with their words, which a broadcast's have in common."""
    columns = (
        Notification.id,
        Notification.topic,
        Notification.about,
        Notification.created_at,
        Notification.read_at,
    )
    words = [
        func.coalesce(getattr(Notification, one), getattr(Broadcast, one)).label(one) for one in ("title", "text")
    ]
    return select(*columns, *words).join_from(
        Notification, Broadcast, Notification.message_id == Broadcast.id, isouter=True
    )


def dev_mailbox(tx: Session, to: str | None, page: PageArgs) -> Page:
    """What would have been sent, newest first; to one address if given.

    The plus of a phone number written bare in an address bar arrives as a space: it is understood.
    """
    kept = select(DevMail)
    if to and (bare := to.strip()):
        kept = kept.where(DevMail.to.in_([bare, f"+{bare}"]))
    return paginate(tx, kept, [DevMail.at.desc(), DevMail.id.desc()], page)
