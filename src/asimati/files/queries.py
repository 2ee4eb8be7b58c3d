"""Questions about files. Who may ask is for the thing they stand beside to say."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.files.models import StoredFile
from asimati.kit.errors import NotFound


def of(tx: Session, about: tuple[str, UUID], *, internal: bool = False) -> Sequence[StoredFile]:
    """The files of a thing in the order they came; with `internal`, those for staff alone too."""
    here = select(StoredFile).where(StoredFile.about_kind == about[0], StoredFile.about_id == about[1])
    return tx.scalars((here if internal else here.where(~StoredFile.internal)).order_by(StoredFile.id)).all()


def one(tx: Session, about: tuple[str, UUID], file_id: UUID, *, internal: bool = False) -> StoredFile:
    """One file of a thing. Raises NotFound, also for one of another thing, or for staff alone."""
    found = tx.get(StoredFile, file_id)
    if found is None or (found.about_kind, found.about_id) != about or (found.internal and not internal):
        raise NotFound
    return found
