"""Sign-ins: sessions, their refresh tokens, and one-time codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.accounts.models.people import Language
from asimati.kit.db import Base, one_of, primary_id, timestamp


class AccountSession(Base):
    """One sign-in, from the first token to the sign-out or its end."""

    __tablename__ = "account_session"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id", ondelete="CASCADE"), index=True)
    assurance: Mapped[str] = mapped_column(Text)
    proved_at: Mapped[datetime] = timestamp(default=True)  # when they last showed who they are
    method: Mapped[str] = mapped_column(Text)  # how: code, password, passkey, totp, or the sign-on's provider
    device: Mapped[str] = mapped_column(Text)  # app, or browser and system: for people to recognise it
    created_at: Mapped[datetime] = timestamp(default=True)
    seen_at: Mapped[datetime] = timestamp(default=True)  # to the minute
    expires_at: Mapped[datetime] = timestamp()
    revoked_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (CheckConstraint("num_nonnulls(person_id, staff_id) = 1", name="one_holder"),)


class RefreshToken(Base):
    """A refresh token by its digest. Used once; a repeat within the grace gets the same child."""

    __tablename__ = "refresh_token"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("account_session.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    expires_at: Mapped[datetime] = timestamp()
    used_at: Mapped[datetime | None] = timestamp(nullable=True)
    child: Mapped[bytes | None]  # the sealed token it was exchanged for


class CodeChallenge(Base):
    """A one-time code on its way to a phone, or one that is awaited from it.

    A code that we send is sealed until it is used or too old. One that the phone is to send us is known by its mac
    alone (`awaited`), and signs in once it `arrived_at`.
    """

    __tablename__ = "code_challenge"

    id: Mapped[UUID] = primary_id()
    phone: Mapped[bytes]
    phone_index: Mapped[bytes]
    code: Mapped[bytes | None]
    code_mac: Mapped[bytes]
    language: Mapped[Language] = one_of(Language, name="language")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    requester: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text, server_default="")
    device: Mapped[str | None] = mapped_column(Text)  # a device known for this phone; none for strangers
    created_at: Mapped[datetime] = timestamp(default=True)
    expires_at: Mapped[datetime] = timestamp()
    used_at: Mapped[datetime | None] = timestamp(nullable=True)
    awaited: Mapped[bytes | None] = mapped_column(unique=True)  # of phone and code; none where we send the code
    arrived_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        # Budgets are counted in these; what costs nothing, and so has no bound, must not slow the counting.
        Index("code_challenge_phone_idx", "phone_index", "created_at", postgresql_where=text("awaited IS NULL")),
        Index("code_challenge_requester_idx", "requester", "created_at", postgresql_where=text("awaited IS NULL")),
        Index("code_challenge_created_idx", "created_at", postgresql_where=text("awaited IS NULL")),
    )
