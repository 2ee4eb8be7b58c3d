"""Hours: what was claimed, and the ledger of what was decided."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import ClaimSource, ClaimStatus, DisputeStatus, LineKind


class HoursClaim(Base):
    """Time served on one sign-up, waiting for a second person's word."""

    __tablename__ = "hours_claim"

    id: Mapped[UUID] = primary_id()
    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    minutes: Mapped[int]
    # How the times became known. What the volunteer says afterwards comes with words, and with files beside it.
    source: Mapped[ClaimSource] = one_of(ClaimSource, name="source", server_default="checked")
    arrived_at: Mapped[datetime | None] = timestamp(nullable=True)
    left_at: Mapped[datetime | None] = timestamp(nullable=True)
    note: Mapped[str | None] = mapped_column(Text)
    status: Mapped[ClaimStatus] = one_of(ClaimStatus, name="status")
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes"),
        CheckConstraint("source = 'checked' OR (arrived_at < left_at AND note IS NOT NULL)", name="said"),
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
    after_freeze: Mapped[bool] = mapped_column(server_default="false")  # its edition's ranking stood already

    __table_args__ = (
        CheckConstraint("(kind = 'voided') = (voids IS NOT NULL)", name="voids"),
        CheckConstraint("(kind = 'voided') = (minutes < 0) OR minutes = 0", name="sign"),
        Index("hours_line_person_idx", "person_id", "edition"),
        Index("hours_line_late_idx", "edition", "person_id", postgresql_where=text("after_freeze")),
        UniqueConstraint("claim_id", "step", name="hours_line_step_key"),
    )


class Dispute(Base):
    """A volunteer's objection to what was decided of their hours."""

    __tablename__ = "hours_dispute"

    id: Mapped[UUID] = primary_id()
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("hours_claim.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    note: Mapped[str] = mapped_column(Text)
    status: Mapped[DisputeStatus] = one_of(DisputeStatus, name="status", server_default="open")
    answer: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("(status = 'open') = (decided_by IS NULL)", name="decided"),
        Index("hours_dispute_open_key", "claim_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("hours_dispute_status_idx", "status", "created_at", "id"),
    )


# The ledger in the database's own keeping: a line is never changed or deleted, whoever asks. Whose it is may follow
# two accounts of one person that become one.
_UNLESS_MOVED = "WHEN (to_jsonb(OLD) - 'person_id' IS DISTINCT FROM to_jsonb(NEW) - 'person_id')"
for _deed, _when in (("update", _UNLESS_MOVED), ("delete", "")):
    event.listen(HoursLine.__table__, "after_create", DDL(
        f"CREATE OR REPLACE TRIGGER hours_line_{_deed}_forbidden BEFORE {_deed.upper()} ON hours_line"
        f" FOR EACH ROW {_when} EXECUTE FUNCTION refuse_change()"
    ))  # fmt: skip
