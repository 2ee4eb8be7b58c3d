"""Persons, their preferences and devices, and the calendar of a person."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"


class Language(StrEnum):
    ARABIC = "ar"
    ENGLISH = "en"


class HolderKind(StrEnum):
    RESIDENT = "resident"
    STAFF = "staff"


class EngagementKind(StrEnum):
    BOOKING = "booking"
    SHIFT = "shift"
    APPOINTMENT = "appointment"


# What people say of themselves and may correct, as it stands in their row.
PROFILE = (
    "name_ar", "name_latin", "sex", "birth_date", "nationality", "flat", "building", "road", "block", "language",
)  # fmt: skip


class Person(Base):
    """A resident. What identifies them is sealed; a keyed hash beside it finds it again."""

    __tablename__ = "person"

    id: Mapped[UUID] = primary_id()
    # For the calendar's constraint, which can compare numbers but no UUIDs.
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    # Nobody's telephone but its owner's; none where somebody came by a national sign-on alone.
    phone: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(unique=True)
    email: Mapped[bytes | None]
    cpr: Mapped[bytes | None]
    cpr_index: Mapped[bytes | None] = mapped_column(unique=True)
    cpr_proved_at: Mapped[datetime | None] = timestamp(nullable=True)  # by a sign-on; none: they merely say so
    name_ar: Mapped[str | None] = mapped_column(Text)
    name_latin: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[Sex | None] = one_of(Sex, name="sex", nullable=True)
    birth_date: Mapped[date | None]
    nationality: Mapped[str | None] = mapped_column(Text)  # a country by ISO 3166-1, two letters
    flat: Mapped[str | None] = mapped_column(Text)
    building: Mapped[str | None] = mapped_column(Text)
    road: Mapped[str | None] = mapped_column(Text)
    block: Mapped[str | None] = mapped_column(Text)
    language: Mapped[Language] = one_of(Language, name="language", server_default="ar")
    created_at: Mapped[datetime] = timestamp(default=True)
    erased_at: Mapped[datetime | None] = timestamp(nullable=True)  # nobody since: never told anything, never found
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class FormerAccount(Base):
    """An account that turned out to be somebody's second one: its telephone leads to the account that was kept."""

    __tablename__ = "former_account"

    former_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    phone: Mapped[bytes | None]  # none: it had none, or the kept account took it over
    phone_index: Mapped[bytes | None] = mapped_column(unique=True)
    merged_at: Mapped[datetime] = timestamp(default=True)


class PersonSensitive(Base):
    """What the law calls sensitive, apart from the rest and only with consent."""

    __tablename__ = "person_sensitive"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    disability: Mapped[bool]
    consent_at: Mapped[datetime] = timestamp(default=True)


class Preference(Base):
    """How a person wishes to be told things. No row: the defaults of `queries.preference_of`."""

    __tablename__ = "preference"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[dict[str, list[str]]] = mapped_column(JSONB, server_default="{}")  # channels by topic or room
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    friday_prayer: Mapped[bool] = mapped_column(server_default="true")  # nothing that can wait during the prayer
    digest: Mapped[bool] = mapped_column(server_default="false")  # what can wait comes once a day, in one notice
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class Device(Base):
    """An installation of the app that takes push messages."""

    __tablename__ = "device"

    installation_id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str] = mapped_column(Text)
    push_token: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = timestamp(default=True)


class CalendarLink(Base):
    """The address at which a person's calendar programme reads their calendar. A new one ends the one before."""

    __tablename__ = "calendar_link"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[bytes] = mapped_column(unique=True)  # its digest: who reads the table cannot read calendars
    created_at: Mapped[datetime] = timestamp(default=True)


class Engagement(Base):
    """Time a person has given away. No two of one person may overlap, whoever writes them at whatever moment.

    Core PostgreSQL has no equality for GiST, so the person's number stands in the constraint as a range of one.
    """

    __tablename__ = "engagement"

    id: Mapped[UUID] = primary_id()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    person_number: Mapped[int] = mapped_column(BigInteger)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    kind: Mapped[EngagementKind] = one_of(EngagementKind, name="kind")
    source: Mapped[UUID]
    title: Mapped[dict[str, Any]] = bilingual()
    rest_minutes: Mapped[int] = mapped_column(server_default="0")  # what it asks to be free before and after it

    __table_args__ = (
        Index("engagement_kind_source_key", "kind", "source", unique=True),
        ExcludeConstraint(
            (text("int8range(person_number, person_number, '[]')"), "="),
            ("during", "&&"),
            name="engagement_no_overlap",
            using="gist",
        ),
    )
