"""Cases of the desk, what is blocked or objected to, erasures, and who saw what is masked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.dataprotection.rules import Kind, MergeStatus, Purpose, RestrictionKind, Status
from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column


class DataRequest(Base):
    """What somebody asks for about their own data, with the clock the law sets."""

    __tablename__ = "data_request"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[Kind] = one_of(Kind, name="kind")
    status: Mapped[Status] = one_of(Status, name="status", server_default="open")
    group: Mapped[str | None] = mapped_column(Text)  # of fields: what is to be blocked or is objected to
    consent: Mapped[str | None] = mapped_column(Text)  # the code of what is withdrawn
    about: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))  # the decision to look at again
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # of the profile, as asked for
    text: Mapped[str] = mapped_column(Text, server_default="")
    answer: Mapped[str | None] = mapped_column(Text)
    by_staff: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))  # who wrote it down for the person
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime] = timestamp(default=True)
    due_at: Mapped[datetime] = timestamp()
    closed_at: Mapped[datetime | None] = timestamp(nullable=True)
    pass_on_by: Mapped[datetime | None] = timestamp(nullable=True)  # tell those who received the data, until then
    passed_on_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        Index("data_request_due_idx", "due_at", "id", postgresql_where=sql("status IN ('open', 'in_hand')")),
    )


class Restriction(Base):
    """Data that are blocked, or that somebody objects to; of one group of fields, or of all."""

    __tablename__ = "restriction"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[RestrictionKind] = one_of(RestrictionKind, name="kind")
    group: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("data_request.id"))
    since: Mapped[datetime] = timestamp(default=True)
    ended_at: Mapped[datetime | None] = timestamp(nullable=True)


class Erasure(Base):
    """That somebody was erased: a backup that is put back is erased anew by these rows."""

    __tablename__ = "erasure"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    asked_at: Mapped[datetime] = timestamp(default=True)
    finished_at: Mapped[datetime | None] = timestamp(nullable=True)  # none while something has to wait


class Unmasking(Base):
    """That a member of staff may read, for some minutes, what is masked of one person; and why they asked."""

    __tablename__ = "unmasking"

    id: Mapped[UUID] = primary_id()
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[Purpose] = one_of(Purpose, name="purpose")
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    ends_at: Mapped[datetime] = timestamp()

    __table_args__ = (Index("unmasking_staff_idx", "staff_id", "person_id", "ends_at"),)


class AccountMerge(Base):
    """That two accounts are said to be one person's: proposed by one of the staff, done upon another's word."""

    __tablename__ = "account_merge"

    id: Mapped[UUID] = primary_id()
    kept_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    status: Mapped[MergeStatus] = one_of(MergeStatus, name="status", server_default="proposed")
    reason: Mapped[str] = mapped_column(Text)  # why it is thought, and what was seen that says so
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    answer: Mapped[str | None] = mapped_column(Text)  # why not
    created_at: Mapped[datetime] = timestamp(default=True)
    decided_at: Mapped[datetime | None] = timestamp(nullable=True)
    moved: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")  # rows, by table
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("kept_id <> other_id", name="of_two"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(status = 'proposed') = (decided_by IS NULL)", name="decided"),
        # Of one account there is one proposal at a time, whichever side it stands on.
        Index("account_merge_other_key", "other_id", unique=True, postgresql_where=sql("status = 'proposed'")),
        Index("account_merge_status_idx", "status", "id"),
    )
