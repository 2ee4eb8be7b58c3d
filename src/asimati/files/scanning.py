"""The scanner hook: what the worker does with a file that waits. No transaction spans the scanner's work."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.files import clamav, store
from asimati.files.models import FileStatus, StoredFile
from asimati.kit import audit, clock
from asimati.kit.outbox import Delivered
from asimati.kit.policy import SYSTEM
from asimati.settings import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A file to be scanned."""

    id: UUID
    key: str


def prepare(tx: Session, delivered: Delivered) -> Waiting | None:
    """The file of a message, unless it was scanned or taken away meanwhile."""
    found = tx.get(StoredFile, delivered.message.file)  # type: ignore[attr-defined]
    if found is None or found.status is not FileStatus.PENDING:
        return None
    return Waiting(found.id, found.key)


def call(waiting: Waiting) -> str | None:
    """What the scanner finds, None for nothing. Raises ScanFailed: the delivery is then tried again, later.

    Where the scanner was taken out of the settings, what still waits is let through.
    """
    config = settings().files
    return clamav.scan(config.clamav, store.read(waiting.key), config.scan_timeout) if config.clamav else None


def record(tx: Session, waiting: Waiting, found: str | None) -> bool:
    """Write down what the scanner said. What is infected is deleted at once."""
    file = tx.get(StoredFile, waiting.id, with_for_update={"key_share": True}, populate_existing=True)
    if file is not None and file.status is FileStatus.PENDING:
        file.status = FileStatus.INFECTED if found else FileStatus.READY
        file.scanned_at = clock.now(tx)
        if found:
            log.warning("a file is infected", extra={"file": str(file.id), "found": found})
            audit.record(
                tx, SYSTEM, "files.infected", (file.about_kind, file.about_id), [file.person_id], file=file.id
            )
            store.delete(file.key)
    return False
