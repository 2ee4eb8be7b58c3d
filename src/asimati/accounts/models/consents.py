"""Receipts of consent: what somebody agreed to, in the words they read, and when they took it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, primary_id, timestamp


class Consent(Base):
    """One receipt. The words stand in it, so that a later edition of the pack does not change what was agreed."""

    __tablename__ = "consent"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    code: Mapped[str] = mapped_column(Text)
    edition: Mapped[int]  # of the words: the pack's `version`
    text: Mapped[dict[str, Any]] = bilingual()
    given_at: Mapped[datetime] = timestamp(default=True)
    withdrawn_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        Index(
            "consent_standing_key", "person_id", "code", unique=True, postgresql_where=sql("withdrawn_at IS NULL")
        ),
    )
