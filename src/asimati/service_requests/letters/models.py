"""Tables: the letters of the pack, the year's counter, and what was issued."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from asimati.kit.db import Base, bilingual, primary_id, timestamp, version_column
from asimati.service_requests.models import ServiceRequest


class LetterTemplate(Base):
    """A letter as the pack words it. Written by the pack; one that leaves it is retired."""

    __tablename__ = "letter_template"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    text: Mapped[dict[str, Any]] = bilingual()
    services: Mapped[list[str]] = mapped_column(JSONB)  # for these alone; none: for every service
    retired_at: Mapped[datetime | None] = timestamp(nullable=True)


class LetterYear(Base):
    """The last number of a year. Taken under the row's lock in the letter's own transaction: no number is lost."""

    __tablename__ = "letter_year"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int]


class Letter(Base):
    """One letter, with its words as they were when it was issued."""

    __tablename__ = "letter"

    id: Mapped[UUID] = primary_id()
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    template: Mapped[str] = mapped_column(ForeignKey("letter_template.code"))
    title: Mapped[dict[str, Any]] = bilingual()
    text: Mapped[dict[str, Any]] = bilingual()
    issued_at: Mapped[datetime] = timestamp()
    issued_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credential.id"))
    link: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)
    reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = version_column()

    request: Mapped[ServiceRequest] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index("letter_year_number_key", "year", "number", unique=True),
        Index("letter_request_idx", "request_id", "id"),
        CheckConstraint("(revoked_at IS NULL) = (reason IS NULL)", name="revoked"),
    )

    @property
    def reference(self) -> str:
        """LT-2026-00017: the year's seventeenth."""
        return f"LT-{self.year}-{self.number:05}"
