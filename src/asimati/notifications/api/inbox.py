"""The in-app inbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.http import access
from asimati.http.pages import page_of
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.notifications import actions, queries
from asimati.notifications.api.blueprint import blp
from asimati.notifications.schemas import InboxQuery, NotificationOut, ReadAllOut, ToldAboutOut


@blp.get("/notifications", who=access.residents, query=InboxQuery, gives=page_of(NotificationOut))
def notifications(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What we told you, newest first."""
    return queries.inbox(tx, actor, **query)


@blp.post("/notifications/<uuid:notification_id>/read", who=access.residents, gives=NotificationOut)
def read(tx: Session, actor: Actor, notification_id: UUID) -> Any:
    """Mark one notice as read."""
    return queries.notice(tx, actions.read(tx, actor, notification_id))


@blp.post("/notifications/read-all", who=access.residents, gives=ReadAllOut)
def read_all(tx: Session, actor: Actor) -> dict[str, int]:
    """Mark everything as read."""
    return {"read": actions.read_all(tx, actor)}


@blp.get("/staff/notices", who=access.staff, query=InboxQuery, gives=page_of(NotificationOut))
def staff_notices(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What you were told about your work, newest first."""
    return queries.staff_inbox(tx, actor, **query)


@blp.post("/staff/notices/<uuid:notice_id>/read", who=access.staff, gives=NotificationOut)
def staff_read(tx: Session, actor: Actor, notice_id: UUID) -> Any:
    """Mark one of them as read."""
    return queries.notice(tx, actions.read(tx, actor, notice_id))


@blp.post("/staff/notices/read-all", who=access.staff, gives=ReadAllOut)
def staff_read_all(tx: Session, actor: Actor) -> dict[str, int]:
    """Mark everything as read."""
    return {"read": actions.read_all(tx, actor)}


@blp.get("/me/notification-topics", who=access.residents, gives=page_of(ToldAboutOut))
def topics(tx: Session, actor: Actor) -> Page:
    """What you may be told about and by which channels, for choosing; what is critical is always told."""
    return Page(queries.topics_of(tx, actor))
