"""Programmes, events, bookings, and what happens at the door."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.events.rules import (
    LIVE,
    BookingStatus,
    DeferralStatus,
    EventType,
    Language,
    Mode,
    Outcome,
    Publication,
    StatedFor,
)
from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column


class Programme(Base):
    """An edition of events, such as a week of them. `slug` names it in addresses and never changes."""

    __tablename__ = "programme"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, str | None]] = bilingual()
    description: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    edition: Mapped[str | None] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[Publication] = one_of(Publication, name="status")
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="days"),)


class Event(Base):
    """A public event and the counts of its seats.

    `taken` and `waiting` are counts of bookings, kept beside the capacity so that one row lock decides who gets a
    seat; `asimati verify seats` compares. They move without anybody editing the event, so they do not touch
    `version`: an edit says so itself.
    """

    __tablename__ = "event"

    id: Mapped[UUID] = primary_id()
    code: Mapped[str | None] = mapped_column(Text, unique=True)  # its name in the pack; none if made by staff
    programme: Mapped[str] = mapped_column(ForeignKey("programme.slug"), index=True)
    type: Mapped[EventType] = one_of(EventType, name="type")
    title: Mapped[dict[str, str | None]] = bilingual()
    description: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    venue: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    block: Mapped[str | None] = mapped_column(Text)
    language: Mapped[Language] = one_of(Language, name="language")
    mode: Mapped[Mode] = one_of(Mode, name="mode")
    starts_at: Mapped[datetime] = timestamp()
    ends_at: Mapped[datetime] = timestamp()
    registration_opens_at: Mapped[datetime | None] = timestamp(nullable=True)
    registration_closes_at: Mapped[datetime | None] = timestamp(nullable=True)  # none: when it begins
    party_limit: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    approval: Mapped[bool] = mapped_column(server_default="false")
    waitlist: Mapped[bool] = mapped_column(server_default="true")
    questions: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  # a form (JSON Schema) asked when booking
    minimum_age: Mapped[int | None] = mapped_column(SmallInteger)  # on the day of the event
    maximum_age: Mapped[int | None] = mapped_column(SmallInteger)
    late_cancel_hours: Mapped[int] = mapped_column(SmallInteger, server_default="24")
    series: Mapped[str | None] = mapped_column(Text, index=True)  # events of one series are held in parallel
    room_capacity: Mapped[int | None]
    speakers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    audience: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    endorsement: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    materials: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    waiver: Mapped[str | None] = mapped_column(Text)  # why it is published in one language alone
    stated_for: Mapped[str] = mapped_column(Text, server_default=StatedFor.EVERYBODY.value)
    targets: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    co_hosts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    partners_told: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))  # acts told of its partners
    status: Mapped[Publication] = one_of(Publication, name="status")
    search: Mapped[str] = mapped_column(Text)  # folded title, description and venue
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")
    waiting: Mapped[int] = mapped_column(server_default="0")
    waitlist_sequence: Mapped[int] = mapped_column(server_default="0")  # the last place given in line
    edited_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="seats"),
        CheckConstraint("waiting >= 0 AND waiting <= waitlist_sequence", name="line"),
        CheckConstraint("party_limit >= 1", name="party_limit"),
        CheckConstraint("late_cancel_hours BETWEEN 0 AND 720", name="late_cancel"),
        CheckConstraint("capacity <= room_capacity", name="room"),
        CheckConstraint("minimum_age <= maximum_age", name="ages"),
        CheckConstraint("stated_for IN ('everybody', 'first_timers')", name="stated_for"),
        Index("event_starts_idx", "starts_at", "id"),
    )

    @property
    def seats_left(self) -> int:
        """Seats nobody holds; those in line come first for them."""
        return self.capacity - self.taken

    @property
    def registration(self) -> Event:
        """The window for booking, as answers nest it."""
        return self


def _is(*statuses: BookingStatus) -> Any:
    return text(f"status IN ({', '.join(repr(status.value) for status in sorted(statuses))})")


class Booking(Base):
    """One party's place, or its place in line. `place` is the number drawn in line; the rank shown is by it."""

    __tablename__ = "booking"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    party_size: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[BookingStatus] = one_of(BookingStatus, name="status")
    place: Mapped[int | None]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="2")  # kit.waitlist.Priority
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    late: Mapped[bool] = mapped_column(server_default="false")  # given up so late that nobody could come instead
    walk_in: Mapped[bool] = mapped_column(server_default="false")
    gathers_until: Mapped[datetime | None] = timestamp(nullable=True)  # head of the line: free seats wait till then
    offer_expires_at: Mapped[datetime | None] = timestamp(nullable=True)
    sequence_base: Mapped[int] = mapped_column(server_default="0")  # keeps a calendar's SEQUENCE growing on a move
    created_at: Mapped[datetime] = timestamp(default=True)
    updated_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("party_size >= 1", name="party_size"),
        CheckConstraint("(status = 'offered') = (offer_expires_at IS NOT NULL)", name="offer"),
        CheckConstraint("status <> 'waitlisted' OR place IS NOT NULL", name="place"),
        Index("booking_live_key", "event_id", "person_id", unique=True, postgresql_where=_is(*LIVE)),
        Index("booking_line_key", "event_id", "place", unique=True, postgresql_where=_is(BookingStatus.WAITLISTED)),
        CheckConstraint("priority BETWEEN 1 AND 3", name="priority"),
        CheckConstraint("gathers_until IS NULL OR status = 'waitlisted'", name="gathers"),
        Index("booking_offer_idx", "event_id", "offer_expires_at", postgresql_where=_is(BookingStatus.OFFERED)),
        Index("booking_person_idx", "person_id", "created_at", "id"),
        Index("booking_event_idx", "event_id", "status"),
    )


class Admission(Base):
    """That a party was let in. One for a booking, whatever two doors do at once; `id` names the act."""

    __tablename__ = "admission"

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    at: Mapped[datetime] = timestamp()
    device: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = timestamp(default=True)


class Scan(Base):
    """What a device was told about a ticket: the same nonce of the same device is told it again."""

    __tablename__ = "scan"

    device: Mapped[str] = mapped_column(Text, primary_key=True)
    nonce: Mapped[str] = mapped_column(Text, primary_key=True)
    ticket: Mapped[bytes]  # the digest of the token, which lets in whoever shows it
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id"), index=True)
    outcome: Mapped[Outcome] = one_of(Outcome, name="outcome")
    at: Mapped[datetime] = timestamp()
    recorded_at: Mapped[datetime] = timestamp(default=True)


class Feedback(Base):
    """What somebody who came says of an event; once for each booking."""

    __tablename__ = "feedback"

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    stars: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),)


class Deferral(Base):
    """That somebody who repeatedly did not come waits behind others for a stated time; they may appeal once."""

    __tablename__ = "deferral"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    status: Mapped[DeferralStatus] = one_of(DeferralStatus, name="status")
    missed: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime] = timestamp(default=True)
    ends_at: Mapped[datetime] = timestamp()
    appeal: Mapped[str | None] = mapped_column(Text)
    appealed_at: Mapped[datetime | None] = timestamp(nullable=True)
    note: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (CheckConstraint("status <> 'appealed' OR appeal IS NOT NULL", name="appeal"),)
