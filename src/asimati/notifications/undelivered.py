"""What did not arrive: listed, sent again; what is forgotten in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from asimati.kit import audit, clock, outbox
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.notifications import policy
from asimati.notifications.messages import DUE
from asimati.notifications.models import Notification
from asimati.notifications.rules import NO_ADDRESS, NOBODY, TOO_LATE, Channel, Lane, Status

ENDED_BADLY = (Status.FAILED, Status.UNKNOWN)
WITHOUT_HOPE = (NO_ADDRESS, NOBODY, TOO_LATE)
RECENT = timedelta(days=14)  # nobody waits for older ones any more; the list of all still has them


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
        raise IllegalMove(current=found.status, legal=[])
    found.status, found.attempts, found.doubts, found.refused_by = Status.PENDING, 0, min(found.doubts, 1), []
    found.good_until, found.due_at = None, func.app_now()
    about = ("notification", found.id)
    audit.record(tx, actor, "notifications.sent_again", about, [found.person], channel=found.channel)
    outbox.publish(tx, DUE[found.lane](channel=found.channel))
    tx.flush()
    return found


def send_all_again(
    tx: Session,
    actor: Actor,
    *,
    status: Status = Status.FAILED,
    channel: Channel | None = None,
    topic: str | None = None,
    since: datetime | None = None,
) -> int:
    """Put all notices that ended so back into their lanes, after an outage say; how many, 10,000 at most.

    Left out are those whose time is over or to whom nothing leads: they would only end as they did.
    """
    policy.require(actor, "send_again")
    chosen = [Notification.status == status, Notification.status.in_(ENDED_BADLY), Notification.lane != Lane.CODE]
    chosen += [func.coalesce(Notification.last_error, "").not_in(WITHOUT_HOPE)]
    chosen += [or_(Notification.good_until.is_(None), Notification.good_until > func.app_now())]
    chosen += [Notification.channel == channel] if channel else []
    chosen += [Notification.topic == topic] if topic else []
    chosen += [Notification.created_at >= since] if since else []
    ids = select(Notification.id).where(*chosen).limit(10_000).with_for_update(key_share=True, skip_locked=True)
    doubts = func.least(Notification.doubts, 1)
    again = update(Notification).where(Notification.id.in_(ids), Notification.status == status)
    again = again.values(status=Status.PENDING, attempts=0, doubts=doubts, refused_by=[], due_at=func.app_now())
    put_back = tx.execute(again.returning(Notification.lane, Notification.channel)).all()
    for lane, by in {(row.lane, row.channel) for row in put_back}:
        outbox.publish(tx, DUE[lane](channel=by))
    about, count = ("notification", ""), len(put_back)
    audit.record(tx, actor, "notifications.all_sent_again", about, count=count, channel=channel, topic=topic)
    return count


def dead_letters(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """Messages of the house that a listener could not take, after all its runs; the oldest hundred."""
    policy.require(actor, "see_dead_letters")
    return outbox.dead(tx)


def revive(tx: Session, actor: Actor, delivery: int | None = None) -> int:
    """Put one of them back in line, or all; how many. Raises NotFound for one that is not dead."""
    policy.require(actor, "revive")
    count = outbox.revive(tx, delivery=delivery)
    if delivery is not None and not count:
        raise NotFound
    audit.record(tx, actor, "notifications.dead_letters_revived", ("delivery", delivery or ""), count=count)
    return count


def waiting(tx: Session, actor: Actor) -> dict[str, int]:
    """How many recent notices did not arrive."""
    return {"undelivered": tx.scalar(select(func.count()).select_from(_recent(tx, actor).subquery())) or 0}


def queue(tx: Session, actor: Actor, args: PageArgs) -> Page:
    """Recent notices that did not arrive, the newest first. They show nobody, so no opening is noted."""
    found = paginate(tx, _recent(tx, actor), [Notification.created_at.desc(), Notification.id.desc()], args)
    shown = ("id", "topic", "channel", "status", "last_error", "attempts", "provider", "created_at", "state")
    return Page(
        [{name: getattr(one, name) for name in shown} | {"person": None} for one in found.items], found.next
    )


def _recent(tx: Session, actor: Actor) -> Select[Any]:
    since = clock.now(tx) - RECENT
    return undelivered(actor, None, None).where(Notification.created_at > since, Notification.lane != Lane.CODE)
