"""Notices, their templates, what we remember of providers, and the development mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit import rotation
from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp, version_column
from asimati.kit.words import LANGUAGES, translate
from asimati.notifications.rules import Channel, Lane, Stage, Status, state_of


class Template(Base):
    """What is said about a topic, and where; from the pack."""

    __tablename__ = "template"

    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    channels: Mapped[list[str]] = mapped_column(JSONB)
    critical: Mapped[bool]
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    # Words of a channel's own, where the text does not suit it.
    sms: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    push: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    email: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    example: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # facts for previews
    edited: Mapped[bool] = mapped_column(server_default="false")  # by staff: the pack's words wait
    version: Mapped[int] = version_column()
    retired: Mapped[bool] = mapped_column(server_default="false")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (is_object("title"), is_object("text"))


class TemplateVersion(Base):
    """The words a template had, by whom (null: from the pack) and since when."""

    __tablename__ = "template_version"

    topic: Mapped[str] = mapped_column(ForeignKey("template.topic"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    at: Mapped[datetime] = timestamp(default=True)


class Notification(Base):
    """One message for one person, colleague or office by one channel. Its id is what a provider knows it by.

    The table is the queue: what is `pending` and due is taken by whoever works its lane. A notice that was taken
    falls due again by itself, so a worker that dies loses none. The address is not kept: it is looked up at the
    moment of sending. A one-time code is not kept either.
    """

    __tablename__ = "notification"

    id: Mapped[UUID] = primary_id()
    message_id: Mapped[UUID]
    person: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    # Or one of the staff, or a mailbox of another body, which is looked up nowhere: {"to", "language"}.
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"))
    office: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    channel: Mapped[Channel] = one_of(Channel, name="channel")
    lane: Mapped[Lane] = one_of(Lane, name="lane", server_default="normal")
    topic: Mapped[str] = mapped_column(Text)
    # Words of its own; a broadcast's stand once, in the broadcast that `message_id` names.
    title: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    text: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    template_version: Mapped[int | None]
    about: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[Status] = one_of(Status, name="status", server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = timestamp(default=True)
    good_until: Mapped[datetime | None] = timestamp(nullable=True)  # told later than this it would only confuse
    # Calls of which nobody ever said what came: raised before each call, taken back by a clear answer.
    doubts: Mapped[int] = mapped_column(server_default="0")
    provider: Mapped[str | None] = mapped_column(Text)  # the last that was called
    refused_by: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")  # providers that will never take it
    provider_reference: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    sent_at: Mapped[datetime | None] = timestamp(nullable=True)
    delivered_at: Mapped[datetime | None] = timestamp(nullable=True)
    read_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(title, text) = CASE topic WHEN 'notifications.broadcast' THEN 0 ELSE 2 END", name="words"
        ),
        Index(
            "notification_message_recipient_channel_key",
            "message_id",
            "person",
            "channel",
            "staff_id",
            "office",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("notification_due_idx", "lane", "channel", "due_at", postgresql_where=sql("status = 'pending'")),
        Index(
            "notification_undelivered_idx",
            "created_at",
            "id",
            postgresql_where=sql("status IN ('failed', 'unknown')"),
        ),
        Index(
            "notification_brief_idx",
            "person",
            postgresql_where=sql("status = 'pending' AND good_until IS NOT NULL"),
        ),
        Index("notification_inbox_idx", "person", "created_at", "id", postgresql_where=sql("channel = 'inbox'")),
        Index(
            "notification_staff_idx",
            "staff_id",
            "created_at",
            "id",
            postgresql_where=sql("channel = 'inbox' AND staff_id IS NOT NULL"),
        ),
        CheckConstraint("num_nonnulls(person, staff_id, office) <= 1", name="one_recipient"),
    )

    @property
    def state(self) -> dict[str, str]:
        """What became of it, in words."""
        words = state_of(self.status, self.last_error)
        return {language: translate(words, language) for language in LANGUAGES}


class Broadcast(Base):
    """What staff tell many people at once. Its people are found step by step; `reached` is the last one's id."""

    __tablename__ = "broadcast"

    id: Mapped[UUID] = primary_id()
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    sms: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    channels: Mapped[list[str]] = mapped_column(JSONB)
    audience: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    critical: Mapped[bool] = mapped_column(server_default="false")  # a warning: at any hour, whatever was wished
    send_at: Mapped[datetime | None] = timestamp(nullable=True)
    stage: Mapped[Stage] = one_of(Stage, name="stage", server_default="draft")
    people: Mapped[int | None]  # how many it was for when it was submitted
    created_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    edited_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")  # whose words it may be too
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    reached: Mapped[UUID | None]
    all_reached: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = timestamp(default=True)
    started_at: Mapped[datetime | None] = timestamp(nullable=True)
    ended_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index("broadcast_stage_idx", "stage", postgresql_where=sql("stage IN ('scheduled', 'sending')")),
        Index("broadcast_created_idx", "created_at", "id"),
        CheckConstraint("approved_by <> created_by", name="second_person"),
    )


class Webhook(Base):
    """A partner's endpoint: what it hears, and the sealed secret its calls are signed with."""

    __tablename__ = "webhook"

    id: Mapped[UUID] = primary_id()
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[str]] = mapped_column(JSONB)
    secret: Mapped[bytes]
    old_secret: Mapped[bytes | None]  # signs too, until then
    old_secret_until: Mapped[datetime | None] = timestamp(nullable=True)
    active: Mapped[bool] = mapped_column(server_default="true")
    created_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


rotation.seals(Webhook.secret, "webhook")
rotation.seals(Webhook.old_secret, "webhook")


class WebhookDelivery(Base):
    """One message for one endpoint; kept for a month as its log."""

    __tablename__ = "webhook_delivery"

    id: Mapped[UUID] = primary_id()
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    message_id: Mapped[UUID]
    topic: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[Status] = one_of(Status, name="status", server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = timestamp(default=True)
    answer: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    delivered_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        Index("webhook_delivery_webhook_message_key", "webhook_id", "message_id", unique=True),
        Index("webhook_delivery_due_idx", "due_at", postgresql_where=sql("status = 'pending'")),
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
