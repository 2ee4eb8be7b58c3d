"""What the house is told about files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class FileReceived(Message):
    """A file waits for the scanner."""

    topic: ClassVar[str] = "files.file_received"

    file: UUID
