"""Editions, opportunities, shifts, sign-ups, and the ledger of hours."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import HOLDING, ClaimStatus, LineKind, SignUpStatus


class Edition(Base):
    """One year of the passport, with its six categories."""

    __tablename__ = "edition"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    minimum_age: Mapped[int]
    tolerance_minutes: Mapped[int]
    categories: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


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
    review: Mapped[bool] = mapped_column(server_default="false")
    minimum_age: Mapped[int | None]
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
    version: Mapped[int] = version_column()

    # A sign-up is no edit of the shift: the version is raised by those who edit it.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False, "eager_defaults": True}
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times"),
        CheckConstraint("taken BETWEEN 0 AND places", name="places"),
        Index("shift_starts_idx", "starts_at", "id"),
    )


_HOLDING = ", ".join(repr(str(status)) for status in sorted(HOLDING))


class SignUp(Base):
    __tablename__ = "sign_up"

    id: Mapped[UUID] = primary_id()
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    status: Mapped[SignUpStatus] = one_of(SignUpStatus, name="status")
    checked_in_at: Mapped[datetime | None] = timestamp(nullable=True)
    checked_out_at: Mapped[datetime | None] = timestamp(nullable=True)
    # Staff who wrote a time down; none where the volunteer showed the shift's code.
    checked_in_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    checked_out_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index(
            "sign_up_live_key",
            "shift_id",
            "person_id",
            unique=True,
            postgresql_where=text(f"status IN ({_HOLDING})"),
        ),
        Index("sign_up_person_idx", "person_id", "created_at", "id"),
        Index("sign_up_status_idx", "status", "created_at", "id"),
    )


class HoursClaim(Base):
    """Time served on one sign-up, waiting for a second person's word."""

    __tablename__ = "hours_claim"

    id: Mapped[UUID] = primary_id()
    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    minutes: Mapped[int]
    status: Mapped[ClaimStatus] = one_of(ClaimStatus, name="status")
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes"),
        Index("hours_claim_status_idx", "status", "created_at", "id"),
    )


class HoursLine(Base):
    """The ledger: lines are added, never changed. The passport is their sum."""

    __tablename__ = "hours_line"

    id: Mapped[UUID] = primary_id()
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("hours_claim.id"))
    step: Mapped[int]  # 1, 2, … of its claim: of two who decide at once, one cannot write
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    edition: Mapped[str | None] = mapped_column(ForeignKey("edition.code"))
    kind: Mapped[LineKind] = one_of(LineKind, name="kind")
    minutes: Mapped[int]  # negative on a voided line
    targets: Mapped[list[str]] = mapped_column(JSONB)  # as the opportunity had them: later edits change no stamp
    voids: Mapped[UUID | None] = mapped_column(ForeignKey("hours_line.id"), unique=True)
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (
        CheckConstraint("(kind = 'voided') = (voids IS NOT NULL)", name="voids"),
        CheckConstraint("(kind = 'voided') = (minutes < 0) OR minutes = 0", name="sign"),
        Index("hours_line_person_idx", "person_id", "edition"),
        UniqueConstraint("claim_id", "step", name="hours_line_step_key"),
    )
