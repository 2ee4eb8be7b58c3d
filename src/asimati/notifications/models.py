"""Notices, their templates, what we remember of providers, and the development mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp
from asimati.notifications.rules import Channel, Lane, Status


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

    The table is the queue: what is `pending` and due is taken by whoever works its lane. A notice that was taken
    falls due again by itself, so a worker that dies loses none. The address is not kept: it is looked up at the
    moment of sending. A one-time code is not kept either.
    """

    __tablename__ = "notification"

    id: Mapped[UUID] = primary_id()
    message_id: Mapped[UUID]
    person: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    channel: Mapped[Channel] = one_of(Channel, name="channel")
    lane: Mapped[Lane] = one_of(Lane, name="lane", server_default="normal")
    topic: Mapped[str] = mapped_column(Text)
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    about: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[Status] = one_of(Status, name="status", server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = timestamp(default=True)
    good_until: Mapped[datetime | None] = timestamp(nullable=True)  # told later than this it would only confuse
    calling_since: Mapped[datetime | None] = timestamp(nullable=True)  # set while a provider's answer is awaited
    provider: Mapped[str | None] = mapped_column(Text)
    provider_reference: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    sent_at: Mapped[datetime | None] = timestamp(nullable=True)
    delivered_at: Mapped[datetime | None] = timestamp(nullable=True)
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
        Index("notification_due_idx", "lane", "channel", "due_at", postgresql_where=sql("status = 'pending'")),
        Index("notification_inbox_idx", "person", "created_at", "id", postgresql_where=sql("channel = 'inbox'")),
    )


class ProviderState(Base):
    """What we remember of a provider: whether it answers, and how much of its rate is left."""

    __tablename__ = "provider_state"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")  # in a row
    rests_until: Mapped[datetime | None] = timestamp(nullable=True)
    allowance: Mapped[float] = mapped_column(server_default="0")  # calls left of the rate
    counted_at: Mapped[datetime] = timestamp(default=True)


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
