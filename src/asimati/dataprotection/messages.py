"""What the house is told about data-protection cases. `title` is what was asked for, `note` the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class DataRequestReceived(Message):
    """It is noted; the law's clock runs."""

    topic: ClassVar[str] = "dataprotection.request_received"

    person: UUID
    about: dict[str, str]
    reference: str
    title: dict[str, str]
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DataRequestAnswered(Message):
    """It was carried out, in whole or in part, or refused. The answer itself is read in the app."""

    topic: ClassVar[str] = "dataprotection.request_answered"

    person: UUID
    about: dict[str, str]
    reference: str
    title: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class LegalClock(Message):
    """For the desk: what the law sets a time for, in `title`. Mail leaves the house: it says no more of a case."""

    about: dict[str, str]
    reference: str
    title: dict[str, str]
    staff: list[str]
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestDueSoon(LegalClock):
    topic: ClassVar[str] = "dataprotection.request_due_soon"


@dataclass(frozen=True, kw_only=True)
class RequestOverdue(LegalClock):
    """For those too who watch over the desk."""

    topic: ClassVar[str] = "dataprotection.request_overdue"


@dataclass(frozen=True, kw_only=True)
class AccountsMerged(Message):
    """Two accounts were one person's: the person's stays, the other leads to it. Figures count one."""

    topic: ClassVar[str] = "dataprotection.accounts_merged"

    person: UUID
    about: dict[str, str]
    other: UUID
