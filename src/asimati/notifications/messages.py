"""What the listener tells itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class NotificationQueued(Message):
    """A notice waits to be handed to a provider."""

    topic: ClassVar[str] = "notifications.queued"

    notification: UUID
