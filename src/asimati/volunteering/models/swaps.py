"""Places that volunteers hand to one another."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import SwapStatus


class Swap(Base):
    """A place somebody would hand to another. They keep it until the other agrees.

    Whoever has the code may take it, which is how a place goes to one person; an open one everybody sees who fits.
    """

    __tablename__ = "shift_swap"

    id: Mapped[UUID] = primary_id()
    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)  # who hands it on
    open: Mapped[bool]
    code: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # the digest of what the other shows
    status: Mapped[SwapStatus] = one_of(SwapStatus, name="status", server_default="offered")
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    settled_at: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index("shift_swap_offered_key", "sign_up_id", unique=True, postgresql_where=text("status = 'offered'")),
        CheckConstraint("(status = 'taken') = (taken_by IS NOT NULL)", name="taken"),
        CheckConstraint("(status = 'offered') = (settled_at IS NULL)", name="settled"),
    )
