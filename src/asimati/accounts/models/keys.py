"""Keys of other systems: what each may do, how often, and until when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, primary_id, timestamp


class ApiKey(Base):
    """One key of a partner's system; of its secret only the hash is kept, and its last characters to tell it by."""

    __tablename__ = "api_key"

    id: Mapped[UUID] = primary_id()
    name: Mapped[str] = mapped_column(Text)  # whose system it is for
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))  # of rules.KEY_SCOPES
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    tail: Mapped[str] = mapped_column(Text, server_default="")
    organisation_id: Mapped[UUID | None]  # whose own things it reads, where it is for such; of `volunteering`
    per_minute: Mapped[int]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime] = timestamp(default=True)
    expires_at: Mapped[datetime | None] = timestamp(nullable=True)
    used_at: Mapped[datetime | None] = timestamp(nullable=True)  # to the minute
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        CheckConstraint("per_minute BETWEEN 1 AND 6000", name="per_minute"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint("expires_at > created_at", name="expires"),
        CheckConstraint("('offers.read' = ANY (scopes)) = (organisation_id IS NOT NULL)", name="organisation"),
    )
