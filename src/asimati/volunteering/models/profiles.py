"""What volunteers say of themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, DATEMULTIRANGE, INT4MULTIRANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, timestamp, version_column


class Volunteer(Base):
    """A volunteer's profile. Serving needs none; suggestions and call-outs go by it."""

    __tablename__ = "volunteer"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    blocks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")  # in reach; none: all of them
    availability: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")  # weekday, from, to
    free: Mapped[list[Range[int]] | None] = mapped_column(INT4MULTIRANGE)  # the same in minutes of the week
    away: Mapped[list[Range[date]]] = mapped_column(DATEMULTIRANGE, server_default="{}")
    emergency: Mapped[bytes | None]  # sealed: whom to call if something happens to them
    call_outs: Mapped[bool] = mapped_column(server_default="true")  # whether they may be called at short notice
    created_at: Mapped[datetime] = timestamp(default=True)
    updated_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (Index("volunteer_skills_idx", "skills", postgresql_using="gin"),)


class AccessibilityNeed(Base):
    """What somebody needs to serve, in their own words: sensitive, sealed, apart, and only while they agree."""

    __tablename__ = "accessibility_need"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    needs: Mapped[bytes]
    said_at: Mapped[datetime] = timestamp(default=True)
