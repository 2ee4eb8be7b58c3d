"""What somebody needs before they serve: the charter, an orientation, and for minors a guardian's consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column
from asimati.volunteering.joining_rules import ConsentStatus

_OPEN = "status IN ('asked', 'given')"


class Charter(Base):
    """The volunteers' charter as one version of it reads. Words that somebody accepted never change."""

    __tablename__ = "charter"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[dict[str, Any]] = bilingual()
    text: Mapped[dict[str, Any]] = bilingual()
    since: Mapped[datetime] = timestamp(default=True)


class CharterAcceptance(Base):
    """The receipt of somebody who accepted a version."""

    __tablename__ = "charter_acceptance"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("charter.version"), primary_key=True)
    accepted_at: Mapped[datetime] = timestamp(default=True)


class Orientation(Base):
    """Somebody was at an edition's orientation: a coordinator noted it, or they served on a shift that is one."""

    __tablename__ = "orientation"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    attended_at: Mapped[datetime] = timestamp(default=True)
    noted_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    sign_up_id: Mapped[UUID | None] = mapped_column(ForeignKey("sign_up.id"))


class GuardianConsent(Base):
    """A guardian's word on whether a minor volunteers in an edition: asked, then given or refused, or withdrawn."""

    __tablename__ = "guardian_consent"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"))
    status: Mapped[ConsentStatus] = one_of(ConsentStatus, name="status", server_default="asked")
    guardian_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)  # who answered last
    asked_at: Mapped[datetime] = timestamp(default=True)
    answered_at: Mapped[datetime | None] = timestamp(nullable=True)
    ended_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index("guardian_consent_open_key", "person_id", "edition", unique=True, postgresql_where=text(_OPEN)),
        Index("guardian_consent_person_idx", "person_id", "asked_at"),
        CheckConstraint(f"({_OPEN}) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("status IN ('asked', 'lapsed') OR answered_at IS NOT NULL", name="answered"),
    )
