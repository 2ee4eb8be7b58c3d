"""Topics, templates and people for the tests of notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text

from asimati.kit import db, outbox
from asimati.kit.outbox import Message
from asimati.notifications.sending import wake
from asimati.notifications.sync import sync


@dataclass(frozen=True, kw_only=True)
class ParcelCame(Message):
    topic: ClassVar[str] = "toy.parcel_came"

    person: UUID
    about: dict[str, str]
    title: dict[str, str]
    at: datetime = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    pieces: int = 3


TEMPLATES: dict[str, Any] = {
    "templates": [
        {
            "topic": ParcelCame.topic,
            "channels": ["inbox", "sms", "email", "push"],
            "critical": False,
            "title": {"ar": "وصل طرد: {title}", "en": "A parcel: {title}"},
            "text": {"ar": "وصل {pieces} في {at} ({reference}).", "en": "{pieces} came on {at} ({reference})."},
            "sms": {"ar": "طرد {reference}", "en": "Parcel {reference}"},
        },
        {
            "topic": "accounts.code_requested",
            "channels": ["sms"],
            "critical": True,
            "title": {"ar": "رمز الدخول", "en": "Your sign-in code"},
            "text": {"ar": "{code} رمز دخولكم", "en": "{code} is your code"},
            "sms": None,
        },
    ]
}


def lay_templates() -> None:
    with db.transaction() as tx:
        sync(tx, TEMPLATES)


def parcel_for(person: UUID, **more: Any) -> ParcelCame:
    """Tell somebody that a parcel came."""
    about = {"type": "parcel", "reference": "PC-7K3M9QWZ"}
    made = ParcelCame(person=person, about=about, title={"ar": "كتب", "en": "Books"}, **more)
    with db.transaction() as tx:
        outbox.publish(tx, made)
    return made


def ask(sql: str, **values: Any) -> list[Any]:
    with db.transaction() as tx:
        return list(tx.execute(text(sql), values))


def make_due() -> None:
    """Whatever waits to be tried again is due, and workers are called to it."""
    ask("UPDATE delivery SET due_at = app_now() WHERE status = 'ready' RETURNING id")
    ask("UPDATE notification SET due_at = app_now() WHERE status = 'pending' RETURNING id")
    ask("UPDATE provider_state SET rests_until = app_now() RETURNING name")
    with db.transaction() as tx:
        wake(tx)
