"""Credentials that were issued, and the public keys that ever signed one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, primary_id, timestamp


class Credential(Base):
    """One credential as it was last signed. `number` is its place in the status lists."""

    __tablename__ = "credential"

    id: Mapped[UUID] = primary_id()
    number: Mapped[int] = mapped_column(BigInteger, Identity(start=0, minvalue=0), unique=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)  # what of ours it stands on: "booking:<id>"
    # Nobody's, when it is about no person, or when the person was forgotten.
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    title: Mapped[dict[str, Any]] = bilingual()
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    jwt: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = timestamp()
    valid_until: Mapped[datetime | None] = timestamp(nullable=True)
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("credential_living_key", "kind", "subject", unique=True, postgresql_where=text("revoked_at IS NULL")),
        Index("credential_revoked_idx", "number", postgresql_where=text("revoked_at IS NOT NULL")),
    )


class CredentialKey(Base):
    """The public half of a key that signed credentials: it stays published when the key itself is long replaced."""

    __tablename__ = "credential_key"

    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[datetime] = timestamp(default=True)
