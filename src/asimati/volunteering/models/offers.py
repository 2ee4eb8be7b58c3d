"""What volunteers are asked for: opportunities and their shifts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column
from asimati.volunteering.joining_rules import OrientationRule


class Opportunity(Base):
    __tablename__ = "opportunity"

    id: Mapped[UUID] = primary_id()
    code: Mapped[str | None] = mapped_column(Text, unique=True)  # its name in the pack; none if made by staff
    title: Mapped[dict[str, Any]] = bilingual()
    description: Mapped[dict[str, Any] | None] = bilingual(nullable=True)
    host: Mapped[dict[str, Any] | None] = bilingual(nullable=True)
    location: Mapped[dict[str, Any] | None] = bilingual(nullable=True)
    block: Mapped[str | None] = mapped_column(Text)
    targets: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    # What it asks for, by the catalogues: one of them is enough. None: nothing in particular.
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    review: Mapped[bool] = mapped_column(server_default="false")
    minimum_age: Mapped[int | None]
    orientation: Mapped[OrientationRule] = one_of(OrientationRule, name="orientation", server_default="as_edition")
    waitlist: Mapped[bool] = mapped_column(server_default="true")  # whoever finds a shift full may wait in line
    search: Mapped[str] = mapped_column(Text)
    published: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class Shift(Base):
    """A stretch of an opportunity. `taken` counts sign-ups that hold a place, under the shift's own lock."""

    __tablename__ = "shift"

    id: Mapped[UUID] = primary_id()
    code: Mapped[str | None] = mapped_column(Text, unique=True)
    opportunity_id: Mapped[UUID] = mapped_column(ForeignKey("opportunity.id"), index=True)
    starts_at: Mapped[datetime] = timestamp()
    ends_at: Mapped[datetime] = timestamp()
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")
    waiting: Mapped[int] = mapped_column(server_default="0")
    waitlist_sequence: Mapped[int] = mapped_column(server_default="0")  # the last place given in line
    version: Mapped[int] = version_column()

    # A sign-up is no edit of the shift: the version is raised by those who edit it.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False, "eager_defaults": True}
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times"),
        CheckConstraint("taken BETWEEN 0 AND places", name="places"),
        CheckConstraint("waiting >= 0 AND waiting <= waitlist_sequence", name="line"),
        Index("shift_starts_idx", "starts_at", "id"),
    )
