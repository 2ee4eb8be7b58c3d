"""Questions: what is in somebody's inbox; what the development mailbox kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.notifications.models import Broadcast, DevMail, Notification
from asimati.notifications.rules import Channel


def inbox(tx: Session, actor: Actor, page: PageArgs, unread: bool = False) -> Page:
    """The caller's notices, newest first; only those not yet read if asked."""
    mine = _shown().where(Notification.person == actor.person, Notification.channel == Channel.INBOX)
    if unread:
        mine = mine.where(Notification.read_at.is_(None))
    return paginate(tx, mine, [Notification.created_at.desc(), Notification.id.desc()], page)


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
