"""What volunteering tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class AboutSignUp(Message):
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    starts_at: datetime
    location: dict[str, Any] | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignedUp(AboutSignUp):
    topic: ClassVar[str] = "volunteering.signed_up"


@dataclass(frozen=True, kw_only=True)
class SignUpWaitlisted(AboutSignUp):
    """The shift was full; somebody waits in line."""

    topic: ClassVar[str] = "volunteering.sign_up_waitlisted"


@dataclass(frozen=True, kw_only=True)
class SignUpOffered(AboutSignUp):
    """A place came free for whoever's turn it is."""

    topic: ClassVar[str] = "volunteering.sign_up_offered"
    offer_expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignUpOfferLapsed(AboutSignUp):
    topic: ClassVar[str] = "volunteering.sign_up_offer_lapsed"


@dataclass(frozen=True, kw_only=True)
class NoShowNoted(AboutSignUp):
    """A coordinator noted that somebody did not come to their shift."""

    topic: ClassVar[str] = "volunteering.no_show_noted"


@dataclass(frozen=True, kw_only=True)
class SignUpApproved(AboutSignUp):
    topic: ClassVar[str] = "volunteering.sign_up_approved"


@dataclass(frozen=True, kw_only=True)
class SignUpDeclined(AboutSignUp):
    topic: ClassVar[str] = "volunteering.sign_up_declined"


@dataclass(frozen=True, kw_only=True)
class SignUpWithdrawn(AboutSignUp):
    topic: ClassVar[str] = "volunteering.sign_up_withdrawn"


@dataclass(frozen=True, kw_only=True)
class ShiftCancelled(AboutSignUp):
    """The staff cancelled a shift somebody was signed up for, or waited for; `reason` in both languages."""

    topic: ClassVar[str] = "volunteering.shift_cancelled"
    reason: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SwapTaken(AboutSignUp):
    """Another volunteer took the place that somebody offered them."""

    topic: ClassVar[str] = "volunteering.swap_taken"


@dataclass(frozen=True, kw_only=True)
class ShiftNotice(AboutSignUp):
    """A coordinator wrote to the volunteers of a shift."""

    topic: ClassVar[str] = "volunteering.shift_notice"
    text: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ShiftReminder(AboutSignUp):
    topic: ClassVar[str] = "volunteering.shift_reminder"


@dataclass(frozen=True, kw_only=True)
class AboutHours(Message):
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    hours: str  # decimal
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class HoursApproved(AboutHours):
    """Hours that happened and were approved: they count."""

    topic: ClassVar[str] = "volunteering.hours_approved"
    source: str  # the ledger line: "volunteering.hours:<line>"
    on: date
    group: dict[str, str]
    targets: list[str]
    partner: str | None = None  # the organisation that offered the opportunity, or hosted it
    channel: str = "app"  # or "door", where staff wrote down that somebody came


@dataclass(frozen=True, kw_only=True)
class HoursVoided(AboutHours):
    """Approved hours were taken back; `source` is the line that is undone."""

    topic: ClassVar[str] = "volunteering.hours_voided"
    source: str


@dataclass(frozen=True, kw_only=True)
class HoursRejected(AboutHours):
    topic: ClassVar[str] = "volunteering.hours_rejected"


@dataclass(frozen=True, kw_only=True)
class CheckOutMissed(AboutSignUp):
    """Somebody came and never checked out."""

    topic: ClassVar[str] = "volunteering.check_out_missed"


@dataclass(frozen=True, kw_only=True)
class DisputeUpheld(AboutHours):
    topic: ClassVar[str] = "volunteering.dispute_upheld"


@dataclass(frozen=True, kw_only=True)
class DisputeDismissed(AboutHours):
    topic: ClassVar[str] = "volunteering.dispute_dismissed"


@dataclass(frozen=True, kw_only=True)
class EntityAccredited(Message):
    """Staff accredited an entity; told to each of its coordinators."""

    topic: ClassVar[str] = "volunteering.entity_accredited"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EntityRefused(Message):
    """Staff declined an entity, or ended its accreditation, and said why; told to each of its coordinators."""

    topic: ClassVar[str] = "volunteering.entity_refused"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    note: str


@dataclass(frozen=True, kw_only=True)
class OpportunityApproved(Message):
    """Staff published what an organisation submitted, or let its change stand; told to each of its coordinators."""

    topic: ClassVar[str] = "volunteering.opportunity_approved"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class OpportunityDeclined(Message):
    topic: ClassVar[str] = "volunteering.opportunity_declined"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    note: str


@dataclass(frozen=True, kw_only=True)
class Thanked(Message):
    """An edition ended; somebody served in it."""

    topic: ClassVar[str] = "volunteering.thanked"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    hours: str  # decimal
    place: int
    category: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Won(Thanked):
    """An edition ended; somebody stands on one of the first three places of their category."""

    topic: ClassVar[str] = "volunteering.won"


@dataclass(frozen=True, kw_only=True)
class GuardianAskedToConsent(Message):
    """A minor signed up; `person` is a guardian, who reads in the app who it is."""

    topic: ClassVar[str] = "volunteering.guardian_asked"
    person: UUID
    about: dict[str, str]
    title: dict[str, Any]
    starts_at: datetime
    location: dict[str, Any] | None
    answer_by: datetime


@dataclass(frozen=True, kw_only=True)
class PlaceWithoutConsent(AboutSignUp):
    """A minor's place was given up: a guardian said no, did not answer in time, or took consent back."""

    topic: ClassVar[str] = "volunteering.place_without_consent"


@dataclass(frozen=True, kw_only=True)
class CalledOut(AboutSignUp):
    """A coordinator calls for volunteers; `person` fits. Good until the shift begins."""

    topic: ClassVar[str] = "volunteering.called_out"
    text: dict[str, Any]
    offer_expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CalledOutUrgently(CalledOut):
    """The shift begins within hours: at any hour of the day."""

    topic: ClassVar[str] = "volunteering.called_out_urgently"
