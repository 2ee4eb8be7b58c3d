"""Tables: what residents have begun, and what was captured outside and sent once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from asimati.accounts.household import name_of
from asimati.accounts.models import HouseholdMember
from asimati.kit.db import Base, is_object, primary_id, timestamp, version_column
from asimati.service_requests.models import Service


class Draft(Base):
    """A form somebody has begun; nobody else sees it, and it is forgotten some time after its last change."""

    __tablename__ = "request_draft"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    # For whom it is, of their household; none: for themselves.
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("household_member.id"), index=True)
    form_version: Mapped[int]  # the form it was written in
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    location: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = timestamp(default=True)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.app_now(), onupdate=func.app_now()
    )
    version: Mapped[int] = version_column()

    service: Mapped[Service] = relationship(lazy="joined", innerjoin=True)
    member: Mapped[HouseholdMember | None] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (is_object("answers"), Index("request_draft_person_idx", "person_id", "updated_at", "id"))

    @property
    def subject(self) -> dict[str, Any] | None:
        """The member it is for, as a case names them."""
        return {"member_id": self.member.id, "name": name_of(self.member)} if self.member else None

    @property
    def current(self) -> bool:
        """Whether it can be sent in the form it was written in."""
        return self.service.available and self.form_version == self.service.form_number


class CapturedKey(Base):
    """That something captured outside has come in: sent again, however much later, it is the same case."""

    __tablename__ = "captured_key"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes]
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_request.id"), index=True)
    at: Mapped[datetime] = timestamp(default=True)
