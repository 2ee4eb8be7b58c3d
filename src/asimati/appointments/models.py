"""Tables: desks with their hours, times they are closed, and appointments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from asimati.appointments.rules import DeskKind, Move, Span, Status, comes_again, legal_moves
from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp, version_column
from asimati.kit.policy import ASSURANCE
from asimati.kit.worktime import from_pack
from asimati.settings import settings

_HOLDING = text("status IN ('booked', 'arrived', 'served')")


class Desk(Base):
    """A counter, or an officer's door: where one person is served at a time. Written by the pack.

    `hours` and `priority` are weeks as the pack writes them ("08:00-12:30" by weekday); `services` gives the
    minutes that each service takes here.
    """

    __tablename__ = "desk"

    id: Mapped[UUID] = primary_id()
    # For the constraint below, which can compare numbers but no UUIDs.
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[DeskKind] = one_of(DeskKind, name="kind")
    title: Mapped[dict[str, Any]] = bilingual()
    place: Mapped[dict[str, Any]] = bilingual()
    step: Mapped[int]  # minutes between two beginnings
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB)
    priority: Mapped[dict[str, Any]] = mapped_column(JSONB)
    services: Mapped[dict[str, int]] = mapped_column(JSONB)
    retired_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (is_object("hours"), is_object("priority"), is_object("services"))


class AppointmentService(Base):
    """What can be done at a desk, in the words of the catalogue. Written by the pack."""

    __tablename__ = "appointment_service"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    targets: Mapped[list[str]] = mapped_column(JSONB)
    # How well whoever books must be known, as for filing it.
    assurance: Mapped[str] = mapped_column(Text, server_default="phone")

    __table_args__ = (
        CheckConstraint("assurance IN ({})".format(", ".join(f"'{one}'" for one in ASSURANCE)), name="assurance"),
    )


class DeskClosure(Base):
    """A time in which a desk is closed: leave, training, a broken lift."""

    __tablename__ = "desk_closure"

    id: Mapped[UUID] = primary_id()
    desk_id: Mapped[UUID] = mapped_column(ForeignKey("desk.id"))
    starts_at: Mapped[datetime] = timestamp()
    ends_at: Mapped[datetime] = timestamp()
    reason: Mapped[dict[str, Any]] = bilingual()
    by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))

    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("desk_closure_desk_idx", "desk_id", "ends_at"),
    )


class DeskLeave(Base):
    """A time that comes again: an officer's Thursday afternoon, every second week; for some weeks, or for good."""

    __tablename__ = "desk_leave"

    id: Mapped[UUID] = primary_id()
    desk_id: Mapped[UUID] = mapped_column(ForeignKey("desk.id"), index=True)
    weekdays: Mapped[list[str]] = mapped_column(JSONB)
    hours: Mapped[str] = mapped_column(Text)  # "12:00-14:00"; "00:00-24:00" is the whole day
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    every_weeks: Mapped[int] = mapped_column(
        SmallInteger
    )  # 1: each week; weeks are counted from that of the first day
    reason: Mapped[dict[str, Any]] = bilingual()
    by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))

    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="order"),
        CheckConstraint("every_weeks BETWEEN 1 AND 52", name="every"),
    )

    def spans(self, days: Iterable[date]) -> list[Span]:
        """When it keeps the desk closed, on some days."""
        zone = str(settings().governorate.time_zone)
        week = from_pack({"time_zone": zone, "working_week": dict.fromkeys(self.weekdays, self.hours)})
        meant = (day for day in days if comes_again(day, self.starts_on, self.ends_on, self.every_weeks))
        return [span for day in meant for span in week.spans(day)]


class Appointment(Base):
    """One person at one desk. The database lets nobody else in while it holds its time.

    Core PostgreSQL has no equality for GiST, so the desk's number stands in the constraint as a range of one. The
    person's side of it is their own calendar (`accounts.calendar`).
    """

    __tablename__ = "appointment"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    desk_id: Mapped[UUID] = mapped_column(ForeignKey("desk.id"))
    desk_number: Mapped[int] = mapped_column(BigInteger)
    service: Mapped[str] = mapped_column(ForeignKey("appointment_service.code"))
    title: Mapped[dict[str, Any]] = bilingual()
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    starts_at: Mapped[datetime] = timestamp()
    ends_at: Mapped[datetime] = timestamp()
    status: Mapped[Status] = one_of(Status, name="status")
    priority: Mapped[bool]  # goes first: elderly, or with a disability
    walk_in: Mapped[bool]
    by_kind: Mapped[str] = mapped_column(Text)
    by_id: Mapped[UUID | None]
    reason: Mapped[dict[str, Any] | None] = bilingual(nullable=True)  # why it was cancelled
    created_at: Mapped[datetime] = timestamp(default=True)
    settled_at: Mapped[datetime] = timestamp()  # when its time was last agreed on: booked, or moved
    arrived_at: Mapped[datetime | None] = timestamp(nullable=True)
    served_at: Mapped[datetime | None] = timestamp(nullable=True)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.app_now(), onupdate=func.app_now()
    )
    version: Mapped[int] = version_column()

    desk: Mapped[Desk] = relationship(lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        ExcludeConstraint(
            (text("int8range(desk_number, desk_number, '[]')"), "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            name="appointment_no_overlap",
            using="gist",
            where=_HOLDING,
        ),
        Index("appointment_person_idx", "person_id", "starts_at", "id"),
        Index("appointment_day_idx", "starts_at", "id"),
    )

    @property
    def moves(self) -> list[Move]:
        return legal_moves(self.status)
