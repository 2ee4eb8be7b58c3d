"""Members of staff, and the authority they were given."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp, version_column
from asimati.kit.policy import Role


class StaffMember(Base):
    """Somebody who works for the governorate. What they may do stands in their grants."""

    __tablename__ = "staff_member"

    id: Mapped[UUID] = primary_id()
    email: Mapped[str] = mapped_column(Text, unique=True)
    password: Mapped[str | None] = mapped_column(Text)  # Argon2id; none until they have chosen one
    # Of a password that somebody told them: until when it opens the one door behind which they choose their own.
    password_until: Mapped[datetime | None] = timestamp(nullable=True)
    name: Mapped[dict[str, Any]] = bilingual()
    # As the personnel office knows them: by these the house knows a colleague's own account as a resident.
    cpr: Mapped[bytes | None]
    cpr_index: Mapped[bytes | None] = mapped_column(unique=True)
    phone: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    created_at: Mapped[datetime] = timestamp(default=True)
    disabled_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class RoleGrant(Base):
    """A role given to a member of staff: where it holds (`scopes`), from when and until when.

    A delegation is a grant with an origin, the delegator's own: it always ends, and it holds only as long as its
    origin does. Grants are ended, never deleted: who could do what on a day stays known.
    """

    __tablename__ = "role_grant"

    id: Mapped[UUID] = primary_id()
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = one_of(Role, name="role")
    scopes: Mapped[dict[str, list[str]]] = mapped_column(JSONB, server_default=text("'{}'"))
    starts_at: Mapped[datetime] = timestamp(default=True)
    ends_at: Mapped[datetime | None] = timestamp(nullable=True)
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    origin_id: Mapped[UUID | None] = mapped_column(ForeignKey("role_grant.id"), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        is_object("scopes"),
        CheckConstraint("origin_id IS NULL OR ends_at IS NOT NULL", name="delegation_ends"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
    )


class Clearance(Base):
    """That a member of staff may know of confidential cases: what their roles let them see is wider by these.

    It always ends, is nobody's to lend, and alone opens nothing. Ended, never deleted, as grants are.
    """

    __tablename__ = "clearance"

    id: Mapped[UUID] = primary_id()
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime] = timestamp(default=True)
    ends_at: Mapped[datetime] = timestamp()
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    reason: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))

    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),)
