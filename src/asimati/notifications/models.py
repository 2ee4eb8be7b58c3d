"""Notices and their templates, and the development mailbox."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp


class Channel(StrEnum):
    INBOX = "inbox"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Status(StrEnum):
    """`unknown`: a provider was called and never said what came of it."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Template(Base):
    """What is said about a topic, and where; from the pack."""

    __tablename__ = "template"

    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    channels: Mapped[list[str]] = mapped_column(JSONB)
    critical: Mapped[bool]
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    sms: Mapped[dict[str, str] | None] = bilingual(nullable=True)  # shorter words, where the text is too long
    retired: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (is_object("title"), is_object("text"))


class Notification(Base):
    """One message for one person by one channel. Its id is the reference a provider knows it by.

    The address is not kept: it is looked up at the moment of sending. A one-time code is not kept either.
    """

    __tablename__ = "notification"

    id: Mapped[UUID] = primary_id()
    message_id: Mapped[UUID]
    person: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    channel: Mapped[Channel] = one_of(Channel, name="channel")
    topic: Mapped[str] = mapped_column(Text)
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    about: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[Status] = one_of(Status, name="status", server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    calling_since: Mapped[datetime | None] = timestamp(nullable=True)  # set while a provider's answer is awaited
    provider_reference: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    sent_at: Mapped[datetime | None] = timestamp(nullable=True)
    read_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        is_object("title"),
        is_object("text"),
        Index(
            "notification_message_person_channel_key",
            "message_id",
            "person",
            "channel",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("notification_inbox_idx", "person", "created_at", "id", postgresql_where=sql("channel = 'inbox'")),
    )


class DevMail(Base):
    """What would have left the house, kept for the newcomer to see. Written in development and tests only."""

    __tablename__ = "dev_mail"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    to: Mapped[str] = mapped_column(Text, index=True)
    channel: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = timestamp(default=True)
