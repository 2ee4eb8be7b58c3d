"""Keys of the systems that may file requests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, primary_id, timestamp


class Open311Key(Base):
    """One key; of its secret only the hash is kept."""

    __tablename__ = "open311_key"

    id: Mapped[UUID] = primary_id()
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime] = timestamp(default=True)
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)
