"""The second proof of who a member of staff is: an authenticator app, recovery codes, passkeys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, primary_id, timestamp


class Authenticator(Base):
    """A member's authenticator app (RFC 6238). It counts once a first code has confirmed it."""

    __tablename__ = "authenticator"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")  # a code is good once
    wrong: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # tries in the window that began at:
    wrong_since: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    confirmed_at: Mapped[datetime | None] = timestamp(nullable=True)


class RecoveryCode(Base):
    """A code for the day the telephone is lost, as a keyed hash; each is good once."""

    __tablename__ = "recovery_code"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), primary_key=True)
    mac: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None] = timestamp(nullable=True)


class Passkey(Base):
    """A WebAuthn credential: its public half, and how often its device says it has signed."""

    __tablename__ = "passkey"

    id: Mapped[UUID] = primary_id()
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    credential: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    signed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    used_at: Mapped[datetime | None] = timestamp(nullable=True)


class PasskeyChallenge(Base):
    """What a browser is asked to sign, once and within minutes; nobody's where somebody is about to sign in."""

    __tablename__ = "passkey_challenge"

    id: Mapped[UUID] = primary_id()
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    challenge: Mapped[bytes]
    expires_at: Mapped[datetime] = timestamp()
