"""Deeds: keep a file, take it away, sweep what nobody names any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from asimati.files import inspecting, store
from asimati.files.messages import FileReceived
from asimati.files.models import FileStatus, StoredFile, key_of
from asimati.files.refusals import TooManyFiles
from asimati.http.uploads import Upload
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.text import UnfitText, clean
from asimati.kit.words import _
from asimati.settings import settings

About = tuple[str, UUID]
NAME = 120  # characters of a file's name
SWEPT_AFTER = timedelta(days=1)
SCANNED_AGAIN_AFTER = timedelta(minutes=15)
PATIENCE = 120_000  # milliseconds


@dataclass(frozen=True)
class Prepared:
    """A file that was inspected and lies in the store, before any row names it."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: bytes


def prepare(tx: Session, upload: Upload) -> Prepared:
    """Inspect what somebody sent and put it into the store: the slow part, best done before anything is locked.

    If no row comes to name it, it is swept. Raises Unavailable and what `inspecting.inspect` raises.
    """
    _take_time(tx)
    content, identity = inspecting.inspect(upload.stream), new_id()
    store.put(key_of(identity), content.stream)
    name = named(upload.name, content.media_type)
    return Prepared(identity, name, content.media_type, content.size, content.sha256)


def keep(
    tx: Session,
    actor: Actor,
    upload: Upload | Prepared | None,
    about: About,
    *,
    person: UUID | None = None,
    internal: bool = False,
    most: int | None = None,
) -> StoredFile:
    """Keep what somebody sent beside a thing. `person`: whose data it is; `internal`: for staff alone.

    The caller holds the thing's lock, so that the count (`most`, else files.each) is right. Raises TooManyFiles,
    Invalid without a file, and what `prepare` raises.
    """
    if upload is None:
        raise Invalid([("/file", _("This is required."))])
    most = most or settings().files.each
    if (tx.scalar(_count(about)) or 0) >= most:
        raise TooManyFiles(most=most)
    content = upload if isinstance(upload, Prepared) else prepare(tx, upload)
    scanned = bool(settings().files.clamav)
    kept = StoredFile(
        id=content.id, about_kind=about[0], about_id=about[1], person_id=person, internal=internal,
        by_kind=actor.kind, by_id=actor.id, name=content.name,
        media_type=content.media_type, size=content.size, sha256=content.sha256, created_at=clock.now(tx),
        status=FileStatus.PENDING if scanned else FileStatus.READY,
    )  # fmt: skip
    tx.add(kept)
    tx.flush()
    audit.record(tx, actor, "files.kept", about, [person], file=kept.id, type=kept.media_type, size=kept.size)
    if scanned:
        publish(tx, FileReceived(file=kept.id))
    return kept


def named(given: str, media_type: str) -> str:
    """A name that is safe to show and to save under, ending as the content truly is."""
    try:
        stem = PurePosixPath(clean(given).replace("\\", "/").replace("\n", " ")).stem.strip(". ")
    except UnfitText:
        stem = ""
    return (stem[:NAME] or "file") + inspecting.ENDINGS[media_type]


def remove(tx: Session, actor: Actor, file: StoredFile) -> None:
    """Take a file away; its content is swept later, when nothing can bring the row back."""
    audit.record(tx, actor, "files.removed", (file.about_kind, file.about_id), [file.person_id], file=file.id)
    tx.delete(file)
    tx.flush()


def remove_all(tx: Session, about: About) -> int:
    """Take away every file of a thing that is itself erased; how many there were."""
    gone = delete(StoredFile).where(StoredFile.about_kind == about[0], StoredFile.about_id == about[1])
    return len(tx.scalars(gone.returning(StoredFile.id)).all())


def sweep(tx: Session) -> int:
    """Delete contents that no row names, a day after they were written: until then their row may yet commit."""
    _take_time(tx)
    before, swept = clock.now(tx) - SWEPT_AFTER, 0
    batch: list[str] = []
    for key, written in store.listed():
        if written < before:
            batch.append(key)
        if len(batch) == 1000:
            swept, batch = swept + _sweep(tx, batch), []
    return swept + _sweep(tx, batch)


def scan_again(tx: Session) -> int:
    """Ask once more for files that have waited long: the scanner was away, or its answer was lost."""
    waiting = select(StoredFile.id).where(
        StoredFile.status == FileStatus.PENDING, StoredFile.created_at < func.app_now() - SCANNED_AGAIN_AFTER
    )
    found = tx.scalars(waiting.order_by(StoredFile.created_at).limit(200)).all()
    for file_id in found:
        publish(tx, FileReceived(file=file_id))
    return len(found)


def _take_time(tx: Session) -> None:
    """Let this transaction stand idle while pixels are decoded or a store answers."""
    tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {PATIENCE}"))


def _count(about: About) -> Select[int]:
    here = (StoredFile.about_kind == about[0], StoredFile.about_id == about[1])
    return select(func.count()).select_from(StoredFile).where(*here)


def _sweep(tx: Session, keys: Sequence[str]) -> int:
    ids = {key: _id_of(key) for key in keys}
    wanted = [found for found in ids.values() if found]
    named_still = set(
        tx.scalars(select(StoredFile.id).where(StoredFile.id.in_(wanted), StoredFile.status != FileStatus.INFECTED))
    )
    gone = [key for key, found in ids.items() if found and found not in named_still]
    for key in gone:
        store.delete(key)
    return len(gone)


def _id_of(key: str) -> UUID | None:
    """The file a key is of; None for something else that lies in the same store, which is left alone."""
    try:
        found = UUID(key.rpartition("/")[2])
    except ValueError:
        return None
    return found if key_of(found) == key else None
