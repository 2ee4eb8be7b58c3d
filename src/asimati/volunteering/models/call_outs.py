"""Calls for volunteers at short notice: for which shift, who was called, and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp
from asimati.volunteering.calling_rules import Answer


class CallOut(Base):
    """A coordinator called for volunteers for a shift with free places."""

    __tablename__ = "call_out"

    id: Mapped[UUID] = primary_id()
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"), index=True)
    role: Mapped[str | None] = mapped_column(Text)  # of the shift's, for which they are called
    called_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    text: Mapped[dict[str, Any] | None] = bilingual(nullable=True)
    urgent: Mapped[bool]  # at any hour: the shift begins within hours
    called: Mapped[int]
    created_at: Mapped[datetime] = timestamp(default=True)


class Call(Base):
    """One person called: they sign up by one answer, or say that they cannot."""

    __tablename__ = "call_out_call"

    call_out_id: Mapped[UUID] = mapped_column(ForeignKey("call_out.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    called_at: Mapped[datetime] = timestamp(default=True)
    answer: Mapped[Answer | None] = one_of(Answer, name="answer", nullable=True)
    answered_at: Mapped[datetime | None] = timestamp(nullable=True)
    sign_up_id: Mapped[UUID | None] = mapped_column(ForeignKey("sign_up.id"))

    __table_args__ = (Index("call_out_call_person_idx", "person_id", "called_at"),)
