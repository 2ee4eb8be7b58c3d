"""What the house is told about cases. `title` is the service's; `person` is none when filed anonymously."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class CaseMessage(Message):
    """What every message about a case says."""

    person: UUID | None
    reference: str
    title: dict[str, str]
    service: str
    kind: str
    domain: str
    channel: str
    confidential: bool = False  # then it goes to nobody outside under its title


@dataclass(frozen=True, kw_only=True)
class Told(CaseMessage):
    """A message that tells the resident something."""

    about: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ForStaff(Message):
    """A message that tells colleagues something; of a confidential case `title` does not say what it is about."""

    about: dict[str, str]
    reference: str
    title: dict[str, str]
    staff: list[str]


@dataclass(frozen=True, kw_only=True)
class Counted(Message):
    """A message that counts for impact; its group has the block of the case.

    `counts_for`: whose act it counts as where that is not who is told, a member of a household, by account or line.
    """

    source: str
    on: date
    group: dict[str, str]
    targets: list[str]
    counts_for: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class RequestSubmitted(Told, Counted):
    topic: ClassVar[str] = "service_requests.request_submitted"

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestClaimed(Told):
    topic: ClassVar[str] = "service_requests.request_claimed"


@dataclass(frozen=True, kw_only=True)
class RequestReferred(Told):
    topic: ClassVar[str] = "service_requests.request_referred"

    entity: dict[str, str]
    due_at: datetime | None  # the entity's


@dataclass(frozen=True, kw_only=True)
class RequestReturned(Told):
    """A case came back to us: from an entity, or (then `entity` is none) from waiting for the resident."""

    topic: ClassVar[str] = "service_requests.request_returned"

    entity: dict[str, str] | None
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ResidentAsked(Told):
    topic: ClassVar[str] = "service_requests.resident_asked"

    note: dict[str, str | None] | None  # the public message, as written to the resident


@dataclass(frozen=True, kw_only=True)
class AnswerReminder(Told):
    """We asked for something and still wait for it."""

    topic: ClassVar[str] = "service_requests.answer_reminder"

    note: dict[str, str | None] | None


@dataclass(frozen=True, kw_only=True)
class ResidentAnswered(ForStaff):
    """For whoever reviews the case, so it names no person to be told."""

    topic: ClassVar[str] = "service_requests.resident_answered"

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseAssigned(ForStaff):
    """A case was given to somebody, by a supervisor or by the colleague who held it."""

    topic: ClassVar[str] = "service_requests.case_assigned"

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestResolved(Told, Counted):
    topic: ClassVar[str] = "service_requests.request_resolved"

    note: dict[str, str | None] | None
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class RequestDeclined(Told):
    topic: ClassVar[str] = "service_requests.request_declined"

    note: dict[str, str | None] | None


@dataclass(frozen=True, kw_only=True)
class DueTimeMoved(Told):
    """A holiday came or went, and with it the time we promised."""

    topic: ClassVar[str] = "service_requests.due_time_moved"

    before: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseTimeMoved(ForStaff):
    """The same for whoever holds the case: the time promised, or that of the entity which has the case."""

    topic: ClassVar[str] = "service_requests.case_time_moved"

    before: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestEscalated(ForStaff):
    """A case is late with us or with an entity: for whoever holds it and their supervisors, not for residents."""

    topic: ClassVar[str] = "service_requests.request_escalated"

    level: int
    late_since: datetime
    turn: str
    entity: str | None


@dataclass(frozen=True, kw_only=True)
class EntityReminder(ForStaff):
    """What an entity has is near its time, or past it: for its own mailboxes, and for whoever holds the case."""

    offices: list[dict[str, str]]  # to, language
    entity: dict[str, str]
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class EntityDueSoon(EntityReminder):
    topic: ClassVar[str] = "service_requests.entity_due_soon"


@dataclass(frozen=True, kw_only=True)
class EntityLate(EntityReminder):
    topic: ClassVar[str] = "service_requests.entity_late"


@dataclass(frozen=True, kw_only=True)
class RequestMerged(Told):
    """The case goes on in an earlier one about the same matter."""

    topic: ClassVar[str] = "service_requests.request_merged"


@dataclass(frozen=True, kw_only=True)
class FollowedRequestAnswered(Told):
    """For somebody who follows the case; it is not theirs to open."""

    topic: ClassVar[str] = "service_requests.followed_request_answered"

    note: dict[str, str | None] | None  # none for those whose own case it never was


@dataclass(frozen=True, kw_only=True)
class FollowedRequestWithdrawn(Told):
    """Whoever relied on it has to file their own."""

    topic: ClassVar[str] = "service_requests.followed_request_withdrawn"


@dataclass(frozen=True, kw_only=True)
class RequestReopened(Told):
    """Takes back what the resolution counted: `source` is the resolution's, or none after a decline."""

    topic: ClassVar[str] = "service_requests.request_reopened"

    due_at: datetime
    source: str | None


@dataclass(frozen=True, kw_only=True)
class RequestWithdrawn(Told):
    topic: ClassVar[str] = "service_requests.request_withdrawn"


@dataclass(frozen=True, kw_only=True)
class LetterIssued(Told):
    """`title` is the letter's."""

    topic: ClassVar[str] = "service_requests.letter_issued"

    letter: str


@dataclass(frozen=True, kw_only=True)
class LetterRevoked(Told):
    topic: ClassVar[str] = "service_requests.letter_revoked"

    letter: str


@dataclass(frozen=True, kw_only=True)
class RequestRated(CaseMessage, Counted):
    topic: ClassVar[str] = "service_requests.request_rated"

    stars: int
