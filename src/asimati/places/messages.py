"""What the house is told about the governorate as a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class WorkingTimeChanged(Message):
    """A holiday came, went or moved: what is due is counted anew. `after` is where a long recount goes on."""

    topic: ClassVar[str] = "places.working_time_changed"

    after: UUID | None = None
