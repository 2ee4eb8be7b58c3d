"""What the house is told about appointments. `title` is the service's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class AppointmentMessage(Message):
    """What every message about an appointment tells its person."""

    person: UUID
    about: dict[str, str]
    reference: str
    title: dict[str, str]
    desk: dict[str, str]
    place: dict[str, str]
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class AppointmentBooked(AppointmentMessage):
    topic: ClassVar[str] = "appointments.appointment_booked"


@dataclass(frozen=True, kw_only=True)
class AppointmentMoved(AppointmentMessage):
    topic: ClassVar[str] = "appointments.appointment_moved"

    before: datetime


@dataclass(frozen=True, kw_only=True)
class AppointmentCancelled(AppointmentMessage):
    topic: ClassVar[str] = "appointments.appointment_cancelled"

    note: dict[str, str | None] | None
    offer: dict[str, str] | None = None  # another time, in words, where it was us who cancelled


@dataclass(frozen=True, kw_only=True)
class AppointmentReminder(AppointmentMessage):
    topic: ClassVar[str] = "appointments.appointment_reminder"


@dataclass(frozen=True, kw_only=True)
class AppointmentMissed(AppointmentMessage):
    topic: ClassVar[str] = "appointments.appointment_missed"


@dataclass(frozen=True, kw_only=True)
class AppointmentKept(Message):
    """Somebody was served. It counts; it tells nobody."""

    topic: ClassVar[str] = "appointments.appointment_kept"

    source: str
    on: date
    group: dict[str, str]
    targets: list[str]
    service: str
    walk_in: bool
    priority: bool
