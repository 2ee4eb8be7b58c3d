"""Who serves on which shift."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import HOLDING, SignUpStatus

# Two keys, because the first was there before the line; the shift's lock holds them together.
_PLACED = ", ".join(repr(str(status)) for status in sorted(HOLDING - {SignUpStatus.OFFERED}))


class SignUp(Base):
    __tablename__ = "sign_up"

    id: Mapped[UUID] = primary_id()
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    status: Mapped[SignUpStatus] = one_of(SignUpStatus, name="status")
    role: Mapped[str | None] = mapped_column(Text)  # of the shift's; none where it has none
    place: Mapped[int | None]  # in line, in the order of arrival
    offer_expires_at: Mapped[datetime | None] = timestamp(nullable=True)
    guardian_by: Mapped[datetime | None] = timestamp(nullable=True)  # until when a guardian answers for this place
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
            postgresql_where=text(f"status IN ({_PLACED})"),
        ),
        Index(
            "sign_up_line_key",
            "shift_id",
            "person_id",
            unique=True,
            postgresql_where=text("status IN ('waitlisted', 'offered')"),
        ),
        Index("sign_up_turn_idx", "shift_id", "place", postgresql_where=text("status = 'waitlisted'")),
        Index("sign_up_offer_idx", "offer_expires_at", postgresql_where=text("status = 'offered'")),
        CheckConstraint("(status = 'offered') = (offer_expires_at IS NOT NULL)", name="offer"),
        Index("sign_up_guardian_idx", "guardian_by", postgresql_where=text("guardian_by IS NOT NULL")),
        CheckConstraint("guardian_by IS NULL OR status = 'pending'", name="guardian"),
        CheckConstraint("status <> 'waitlisted' OR place IS NOT NULL", name="place"),
        Index("sign_up_person_idx", "person_id", "created_at", "id"),
        Index("sign_up_status_idx", "status", "created_at", "id"),
    )
