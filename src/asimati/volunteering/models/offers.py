"""What volunteers are asked for: opportunities and their shifts."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column
from asimati.volunteering.joining_rules import OrientationRule
from asimati.volunteering.rules import OfferState


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
    # What its shifts are made with: roles, each with so many places of its own (`role_rules`).
    roles: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    review: Mapped[bool] = mapped_column(server_default="false")
    minimum_age: Mapped[int | None]
    orientation: Mapped[OrientationRule] = one_of(OrientationRule, name="orientation", server_default="as_edition")
    waitlist: Mapped[bool] = mapped_column(server_default="true")  # whoever finds a shift full may wait in line
    search: Mapped[str] = mapped_column(Text)
    published: Mapped[bool] = mapped_column(server_default="true")
    meeting_point: Mapped[dict[str, Any] | None] = bilingual(nullable=True)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    # Of an organisation that offers it: when it was submitted, the last no, and changes that wait for a word.
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("volunteer_entity.id"), index=True)
    submitted_at: Mapped[datetime | None] = timestamp(nullable=True)
    reason: Mapped[str | None] = mapped_column(Text)
    proposed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point"),
        CheckConstraint("NOT (published AND submitted_at IS NOT NULL)", name="state"),
        Index(
            "opportunity_waiting_idx",
            "created_at",
            "id",
            postgresql_where=text("submitted_at IS NOT NULL OR proposed IS NOT NULL"),
        ),
    )

    @property
    def state(self) -> OfferState:
        """Where it stands; a published one with a change that waits is published."""
        if self.published:
            return OfferState.PUBLISHED
        if self.submitted_at:
            return OfferState.SUBMITTED
        return OfferState.DECLINED if self.reason else OfferState.DRAFT


class ShiftSeries(Base):
    """A rule that makes shifts: on these weekdays, at this time of the governorate's clock."""

    __tablename__ = "shift_series"

    id: Mapped[UUID] = primary_id()
    opportunity_id: Mapped[UUID] = mapped_column(ForeignKey("opportunity.id"), index=True)
    weekdays: Mapped[list[str]] = mapped_column(JSONB)
    first_day: Mapped[date]
    until: Mapped[date]
    begins: Mapped[time]
    minutes: Mapped[int]
    places: Mapped[int]
    holidays: Mapped[bool]  # whether public holidays have shifts too
    created_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (
        CheckConstraint("first_day <= until", name="days"),
        CheckConstraint("minutes > 0 AND places > 0", name="sizes"),
        # Of two who make the same series at once, one finds it made.
        UniqueConstraint(
            "opportunity_id", "weekdays", "first_day", "until", "begins", "minutes", name="shift_series_key"
        ),
    )


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
    # By their code, with counts of their own of which the shift's are the sums; none: a place is a place.
    roles: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("shift_series.id"))
    series_day: Mapped[date | None]  # of the rule, whatever becomes of the times: so it is made once
    cancelled_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    # A sign-up is no edit of the shift: the version is raised by those who edit it.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False, "eager_defaults": True}
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times"),
        CheckConstraint("taken BETWEEN 0 AND places", name="places"),
        CheckConstraint("waiting >= 0 AND waiting <= waitlist_sequence", name="line"),
        CheckConstraint(
            "NOT jsonb_path_exists(roles, '$.* ? (@.taken < 0 || @.taken > @.places || @.waiting < 0)')",
            name="roles",
        ),
        Index("shift_series_day_key", "series_id", "series_day", unique=True),
        CheckConstraint("(series_id IS NULL) = (series_day IS NULL)", name="series"),
        Index("shift_starts_idx", "starts_at", "id"),
    )
