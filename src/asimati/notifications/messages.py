"""What the listener tells itself: that a lane has something due. A hint: the notices' rows are the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message
from asimati.notifications.rules import Lane


@dataclass(frozen=True, kw_only=True)
class LaneDue(Message):
    """Notices of a channel wait in a lane."""

    lane: ClassVar[Lane]
    channel: str


@dataclass(frozen=True, kw_only=True)
class UrgentDue(LaneDue):
    topic: ClassVar[str] = "notifications.urgent_due"
    lane: ClassVar[Lane] = Lane.URGENT


@dataclass(frozen=True, kw_only=True)
class NormalDue(LaneDue):
    topic: ClassVar[str] = "notifications.normal_due"
    lane: ClassVar[Lane] = Lane.NORMAL


@dataclass(frozen=True, kw_only=True)
class BulkDue(LaneDue):
    topic: ClassVar[str] = "notifications.bulk_due"
    lane: ClassVar[Lane] = Lane.BULK


@dataclass(frozen=True, kw_only=True)
class DigestDue(Message):
    """A person who wishes one notice a day has `count` they did not read; `lines` are the titles of some."""

    topic: ClassVar[str] = "notifications.digest"
    person: UUID
    about: dict[str, str]
    count: int
    lines: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class BroadcastGoesOn(Message):
    """More people of a broadcast are to be found."""

    topic: ClassVar[str] = "notifications.broadcast_goes_on"
    broadcast: UUID


@dataclass(frozen=True, kw_only=True)
class WebhooksDue(Message):
    """Deliveries to partners wait."""

    topic: ClassVar[str] = "notifications.webhooks_due"


DUE: dict[Lane, type[LaneDue]] = {kind.lane: kind for kind in (UrgentDue, NormalDue, BulkDue)}
