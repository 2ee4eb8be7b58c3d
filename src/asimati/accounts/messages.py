"""What accounts tell the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class CodeRequested(Message):
    """Somebody waits for a one-time code. Neither the code nor the phone travels in the message."""

    topic: ClassVar[str] = "accounts.code_requested"
    challenge: UUID


@dataclass(frozen=True, kw_only=True)
class SignedInElsewhere(Message):
    """A resident signed in while another sign-in of theirs still stands."""

    topic: ClassVar[str] = "accounts.signed_in_elsewhere"
    person: UUID
    about: dict[str, str]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class HouseholdInvited(Message):
    """Somebody wishes to count a person among their household."""

    topic: ClassVar[str] = "accounts.household_invited"
    person: UUID
    about: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class GuardianAsked(Message):
    """A minor asks a person to agree to be their guardian here."""

    topic: ClassVar[str] = "accounts.guardian_asked"
    person: UUID
    about: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class HouseholdAgreed(Message):
    """Whoever was asked has agreed; the person is whoever had asked."""

    topic: ClassVar[str] = "accounts.household_agreed"
    person: UUID
    about: dict[str, str]
    holder: UUID
    member: UUID


@dataclass(frozen=True, kw_only=True)
class HouseholdEnded(Message):
    """Two people are not of one household here any more, or one did not agree; the person is the other one."""

    topic: ClassVar[str] = "accounts.household_ended"
    person: UUID
    about: dict[str, str]
    holder: UUID | None
    member: UUID | None


@dataclass(frozen=True, kw_only=True)
class GuardianshipVerified(Message):
    """Staff saw the papers of a guardian."""

    topic: ClassVar[str] = "accounts.guardianship_verified"
    person: UUID
    about: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class GuardianshipRefused(Message):
    """Staff could not confirm a guardian."""

    topic: ClassVar[str] = "accounts.guardianship_refused"
    person: UUID
    about: dict[str, str]
    note: str
