"""Reports of wrongdoing. Nothing here says who sent one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.integrity.rules import By, Category, Outcome, Status
from asimati.kit.db import Base, one_of, primary_id, timestamp


class IntegrityReport(Base):
    """One report. Its words are its first message."""

    __tablename__ = "integrity_report"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    code_index: Mapped[bytes] = mapped_column(unique=True)  # a hash of the return code
    category: Mapped[Category] = one_of(Category, name="category")
    status: Mapped[Status] = one_of(Status, name="status", server_default="received")
    outcome: Mapped[Outcome | None] = one_of(Outcome, name="outcome", nullable=True)
    received_at: Mapped[datetime] = timestamp(default=True)
    closed_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (Index("integrity_report_status_idx", "status", "id"),)


class IntegrityMessage(Base):
    """What one of the two wrote, sealed."""

    __tablename__ = "integrity_message"

    id: Mapped[UUID] = primary_id()
    report_id: Mapped[UUID] = mapped_column(ForeignKey("integrity_report.id", ondelete="CASCADE"), index=True)
    by: Mapped[By] = one_of(By, name="by")
    words: Mapped[bytes]
    at: Mapped[datetime] = timestamp(default=True)
