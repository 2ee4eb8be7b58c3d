"""Tables: the texts, and every version they had."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, timestamp, version_column


class ReplyTemplate(Base):
    """A text to begin an answer with. What the staff write is theirs: a sync of the pack leaves it alone."""

    __tablename__ = "reply_template"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    services: Mapped[list[str]] = mapped_column(JSONB)  # for these alone; none: for every service
    moves: Mapped[list[str]] = mapped_column(JSONB)  # with these alone; none: with every move that says something
    by_staff: Mapped[bool] = mapped_column(server_default="false")
    retired_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class ReplyVersion(Base):
    """What a text said, by whom (none: the pack) and since when."""

    __tablename__ = "reply_template_version"

    code: Mapped[str] = mapped_column(ForeignKey("reply_template.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    at: Mapped[datetime] = timestamp(default=True)
