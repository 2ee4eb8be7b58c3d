"""What programmes and events tell the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class AboutBooking(Message):
    """What is told to the person whose booking it is."""

    person: UUID
    about: dict[str, str]
    event: UUID
    reference: str
    title: dict[str, Any]
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed(AboutBooking):
    topic: ClassVar[str] = "events.booking_confirmed"

    venue: dict[str, Any] | None
    party_size: int


@dataclass(frozen=True, kw_only=True)
class BookingWaitlisted(AboutBooking):
    topic: ClassVar[str] = "events.booking_waitlisted"

    position: int


@dataclass(frozen=True, kw_only=True)
class BookingOffered(AboutBooking):
    """Seats are held for somebody from the line, until `offer_expires_at`."""

    topic: ClassVar[str] = "events.booking_offered"

    party_size: int
    offer_expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class BookingReminder(AboutBooking):
    topic: ClassVar[str] = "events.booking_reminder"

    venue: dict[str, Any] | None
    party_size: int


@dataclass(frozen=True, kw_only=True)
class OfferReminder(AboutBooking):
    """Seats are still held, but not for long."""

    topic: ClassVar[str] = "events.offer_reminder"

    party_size: int
    offer_expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OfferLapsed(AboutBooking):
    topic: ClassVar[str] = "events.offer_lapsed"


@dataclass(frozen=True, kw_only=True)
class BookingCancelled(AboutBooking):
    """It is over: `status` says whether cancelled or declined, `by` whether the resident or the staff did it."""

    topic: ClassVar[str] = "events.booking_cancelled"

    status: str
    by: str


@dataclass(frozen=True, kw_only=True)
class EventChanged(AboutBooking):
    """An event moved in time or place, or is held in another way; `starts_at` is the new time.

    `clashes`: the person has given the new time to something else already. `what` names in words what changed.
    """

    topic: ClassVar[str] = "events.event_changed"

    venue: dict[str, Any] | None
    ends_at: datetime
    mode: str
    changed: list[str]
    what: dict[str, str]
    clashes: bool


@dataclass(frozen=True, kw_only=True)
class NoShowRecorded(AboutBooking):
    """Somebody who had a place was not let in; `missed` so many of late, this one among them."""

    topic: ClassVar[str] = "events.no_show_recorded"

    missed: int


@dataclass(frozen=True, kw_only=True)
class LastMissWarned(AboutBooking):
    """One event more missed within `within_days` of another, and this person waits behind others for `days`."""

    topic: ClassVar[str] = "events.last_miss_warned"

    missed: int
    within_days: int
    days: int


@dataclass(frozen=True, kw_only=True)
class Deferred(Message):
    """Somebody missed events repeatedly and waits behind others until `ends_at`; they may appeal."""

    topic: ClassVar[str] = "events.deferred"

    person: UUID
    about: dict[str, str]
    missed: int
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class AppealDecided(Message):
    """A human decided on an appeal: `status` is lifted or upheld."""

    topic: ClassVar[str] = "events.appeal_decided"

    person: UUID
    about: dict[str, str]
    status: str
    note: dict[str, Any]
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class ParticipantCheckedIn(Message):
    """A party came. This counts for impact; a booking alone does not."""

    topic: ClassVar[str] = "events.participant_checked_in"

    source: str  # the act: "events.check_in:<admission>"
    on: date
    group: dict[str, str]
    person: UUID
    event: UUID
    programme: str
    seats: int
    partner: str | None = None  # the first of its co-hosts
    channel: str = "app"  # or "door", for somebody who came without a booking
    targets: list[str]


@dataclass(frozen=True, kw_only=True)
class CheckInVoided(Message):
    """A check-in was a mistake and is taken back."""

    topic: ClassVar[str] = "events.check_in_voided"

    source: str
    on: date


@dataclass(frozen=True, kw_only=True)
class PartnerEngaged(Message):
    """An event was held with a partner, and people came. This counts for impact, once for each co-host."""

    topic: ClassVar[str] = "events.partner_engaged"

    source: str
    on: date
    group: dict[str, str]  # the place alone: it is about nobody
    organisation: str
    partner: str
    event: UUID
    programme: str
    targets: list[str]


@dataclass(frozen=True, kw_only=True)
class PartnerTakenBack(Message):
    """It turned out that nobody had come to an event after all."""

    topic: ClassVar[str] = "events.partner_taken_back"

    source: str
