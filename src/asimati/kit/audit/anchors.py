"""Anchors: checkpoints copied out of the database, to a file that whoever administers the database cannot write.

Without them somebody with rights on the tables could put the whole trail back to what it was at an earlier
checkpoint. Each machine that runs the periodic work keeps its own file; the log carries the same lines.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati.settings import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it was anchored."""

    place: int
    hash: bytes


def path() -> Path:
    """Where this machine keeps its anchors: `audit.anchors`, relative to home."""
    return settings().home_folder / str(settings().audit.anchors)


def anchor(tx: Session) -> int | None:
    """Copy the last committed checkpoint to the file and the log, unless it is there; its place.

    A job of its own: a checkpoint of a transaction that fails would be an alarm about nothing.
    """
    row = tx.execute(text("SELECT * FROM audit_checkpoint ORDER BY place DESC LIMIT 1")).one_or_none()
    last = max((kept.place for kept in anchored()), default=0)
    if row is None or row.place <= last:
        return None
    line: dict[str, Any] = {
        "place": row.place,
        "hash": row.hash.hex(),
        "key_version": row.key_version,
        "signature": row.signature.hex(),
        "at": row.at.isoformat(),
    }
    _append(json.dumps(line))
    log.info("audit checkpoint", extra=line)
    return int(row.place)


def anchored() -> Iterator[Checkpoint]:
    """The anchors of this machine, in their order; none where nothing was anchored yet."""
    if not path().exists():
        return
    with path().open(encoding="utf-8") as file:
        for line in file:
            kept = json.loads(line)
            yield Checkpoint(kept["place"], bytes.fromhex(kept["hash"]))


def _append(line: str) -> None:
    path().parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(handle)
