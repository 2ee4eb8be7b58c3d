"""Files that were kept: what they are and whose thing they stand beside. Their content lies in the store."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp


class FileStatus(StrEnum):
    """Nobody reads a file before it is ready."""

    PENDING = "pending"  # the scanner has not spoken yet
    READY = "ready"
    INFECTED = "infected"  # the scanner found something; the content is gone


class StoredFile(Base):
    """One file beside one thing of a feature: `about_kind` and `about_id` say which."""

    __tablename__ = "stored_file"

    id: Mapped[UUID] = primary_id()
    about_kind: Mapped[str] = mapped_column(Text)
    about_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    internal: Mapped[bool]  # for staff alone
    by_kind: Mapped[str] = mapped_column(Text)
    by_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]  # bytes of what is kept
    sha256: Mapped[bytes]
    status: Mapped[FileStatus] = one_of(FileStatus, name="status")
    created_at: Mapped[datetime] = timestamp(default=True)
    scanned_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        Index("stored_file_about_idx", "about_kind", "about_id", "id"),
        Index("stored_file_pending_idx", "created_at", postgresql_where=text("status = 'pending'")),
    )

    @property
    def key(self) -> str:
        """Where its content lies in the store."""
        return key_of(self.id)


def key_of(file_id: UUID) -> str:
    """The place of a file's content in the store; the id alone, so that no name of a person's stands in a path."""
    return f"{file_id.hex[-2:]}/{file_id.hex}"
