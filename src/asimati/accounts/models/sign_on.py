"""Sign-on by a provider: who has come from where, and who waits to be let in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, primary_id, timestamp


class SignOnLink(Base):
    """Whose account a provider's subject opens. A subject may be a personal number: it is sealed like one."""

    __tablename__ = "sign_on_link"

    id: Mapped[UUID] = primary_id()
    provider: Mapped[str] = mapped_column(Text)
    subject: Mapped[bytes]
    subject_index: Mapped[bytes]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    used_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, staff_id) = 1", name="one_holder"),
        Index("sign_on_link_subject_key", "provider", "subject_index", unique=True),
        Index("sign_on_link_person_key", "provider", "person_id", unique=True),
        Index("sign_on_link_staff_key", "provider", "staff_id", unique=True),
    )


class SignOn(Base):
    """Somebody a provider has vouched for, until the app fetches their tokens with the code, once."""

    __tablename__ = "sign_on"

    id: Mapped[UUID] = primary_id()
    provider: Mapped[str] = mapped_column(Text)
    state: Mapped[bytes] = mapped_column(unique=True)  # its digest: an attempt ends once
    code: Mapped[bytes] = mapped_column(unique=True)  # its digest
    challenge: Mapped[str] = mapped_column(Text)
    identity: Mapped[bytes]  # sealed; forgotten with the row within minutes
    proved_at: Mapped[datetime] = timestamp()
    expires_at: Mapped[datetime] = timestamp()
    used_at: Mapped[datetime | None] = timestamp(nullable=True)
    # The sign-in its code gave: it ends when the code is brought a second time.
    session_id: Mapped[UUID | None]
