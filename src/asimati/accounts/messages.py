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
