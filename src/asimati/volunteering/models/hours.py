"""Hours: what was claimed, and the ledger of what was decided."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import ClaimStatus, LineKind


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
