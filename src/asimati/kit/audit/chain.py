"""The chain: each line's hash covers the line before; the end of the chain is signed at every sealing.

Chaining under the deed's lock would make every deed of the house wait for one row. So a line is written bare and a
sealer (one at a time, every few seconds) gives the lines their places. The hash needs no secret, so anybody can
walk the chain; the signatures (Ed25519) are what cannot be made anew by someone who has the database alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, SmallInteger, func, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit import secrets
from asimati.kit.audit.anchors import Checkpoint, anchored
from asimati.kit.audit.lines import AuditLine
from asimati.kit.db import Base, timestamp

SEALER_LOCK = 7_301_001  # advisory lock: one sealer at a time
PURPOSE = "audit"
NO_END = 2**63 - 1  # the last place of a key that still signs: any

log = logging.getLogger(__name__)


class AuditCheckpoint(Base):
    """The end of the chain as it was at a sealing: its last place and hash, signed."""

    __tablename__ = "audit_checkpoint"

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[int] = mapped_column(SmallInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = timestamp(default=True)


class AuditKey(Base):
    """The public half of a key that signed checkpoints, endorsed by the key that came after it.

    So old checkpoints can be verified when the old master key is long destroyed, and nobody but the holder of the
    present key can add a key to those that are believed, or let a retired one sign again: the endorsement names the
    last place it signed. Endorsements from before places were named (null) end where a newer key first signed.
    """

    __tablename__ = "audit_key"

    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    endorsed_by: Mapped[int] = mapped_column(SmallInteger)
    endorsement: Mapped[bytes] = mapped_column(LargeBinary)
    last_place: Mapped[int | None] = mapped_column(BigInteger)


# --- sealing ---------------------------------------------------------------------------------------------------

_GIVE_PLACES = text(
    """
    UPDATE audit_line SET place = sealed.place, hash = sealed.hash
    FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS bigint[]), CAST(:hashes AS bytea[]))
      AS sealed(id, place, hash)
    WHERE audit_line.id = sealed.id
    """
)


def seal(tx: Session, limit: int = 5000) -> int:
    """Chain the lines that are not yet chained and sign the new end; the number of them. A second sealer waits.

    A process that has not heard of a new key yet leaves the lines to those that have: the old key has ended.
    """
    tx.execute(select(func.pg_advisory_xact_lock(SEALER_LOCK)))
    place, before, version = _end(tx)
    if version > secrets.newest_version():
        log.warning("the audit trail is sealed by a newer key", extra={"version": version})
        return 0
    waiting = select(AuditLine).where(AuditLine.place.is_(None)).order_by(AuditLine.id).limit(limit)
    given: list[tuple[Any, int, bytes]] = []
    for line in tx.scalars(waiting):
        place, before = place + 1, hash_of(line, place + 1, before)
        given.append((line.id, place, before))
    if given:
        ids, places, hashes = zip(*given, strict=True)
        tx.execute(_GIVE_PLACES, {"ids": list(ids), "places": list(places), "hashes": list(hashes)})
        _sign(tx, place, before)
    return len(given)


def _end(tx: Session) -> tuple[int, bytes, int]:
    last = tx.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.place.desc()).limit(1))
    return (last.place, last.hash, last.key_version) if last else (0, b"", 0)


def _sign(tx: Session, place: int, hashed: bytes) -> None:
    version = secrets.newest_version()
    _endorse(tx, version)
    signature = secrets.sign(_statement(place, hashed), PURPOSE)
    tx.execute(insert(AuditCheckpoint).values(place=place, hash=hashed, key_version=version, signature=signature))


def _endorse(tx: Session, version: int) -> None:
    """When the key was rotated, the new one vouches for those before it, while their halves are still at hand."""
    known = set(tx.scalars(select(AuditKey.version)))
    for old in {*secrets.versions(), version} - known - {version}:
        public, last = secrets.public_key(PURPOSE, old), _last_place(tx, old)
        row = {"version": old, "public": public, "endorsed_by": version, "last_place": last}
        tx.execute(insert(AuditKey).values(**row, endorsement=secrets.sign(_vouching(old, public, last), PURPOSE)))


def _last_place(tx: Session, version: int) -> int:
    signed = select(func.max(AuditCheckpoint.place)).where(AuditCheckpoint.key_version == version)
    return tx.scalar(signed) or 0


def hash_of(line: AuditLine, place: int, before: bytes) -> bytes:
    """SHA-256 over the line, its place and the hash before it; each part with its length."""
    moment = int(line.at.timestamp()) * 1_000_000 + line.at.microsecond
    parts = (
        place, moment, line.id, line.actor_kind, line.actor_id, line.action, line.subject_type, line.subject_id,
        line.facts, line.request_id, ",".join(map(str, line.people or ())), before.hex(),
    )  # fmt: skip
    return hashlib.sha256(_joined("line", *map(str, parts))).digest()


def _statement(place: int, hashed: bytes) -> bytes:
    return _joined("checkpoint", str(place), hashed.hex())


def _vouching(version: int, public: bytes, last_place: int | None) -> bytes:
    return _joined("key", str(version), public.hex(), *(() if last_place is None else (str(last_place),)))


def _joined(*parts: str) -> bytes:
    """No two lists of parts give the same bytes."""
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("asimati audit", *parts))


# --- verifying -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault(Exception):
    """The first thing that is wrong: where, and how."""

    place: int
    kind: str


def verify(tx: Session, anchors: Iterable[Checkpoint] | None = None) -> dict[str, Any]:
    """Walk the chain up to its last checkpoint, and ask that every anchor stands in it.

    The report says `ok`, how many lines are sealed and wait, how many checkpoints and anchors were met, and the
    first fault: `altered` (a line is not what was sealed), `missing` (its place is empty), `rewritten` (the lines
    were changed and chained anew before this checkpoint), `forged` (a checkpoint we did not sign, or one by a key
    that had ended before), `cut off` (lines from this place on are gone), `unsigned` (lines stand after the last
    checkpoint). Anchors are those of this machine's file unless others are given.
    """
    waiting = tx.scalar(select(func.count()).where(AuditLine.place.is_(None)))
    report: dict[str, Any] = {"ok": True, "waiting": waiting, "fault": None}
    rows = tx.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.place))
    checkpoints = {row.place: row for row in rows}
    kept = list(anchored() if anchors is None else anchors)
    walk = _Walk(checkpoints, _believed(tx, checkpoints))
    try:
        walk.along(tx)
        walk.require_anchors(kept)
        _require_nothing_after(tx)
    except Fault as fault:
        report |= {"ok": False, "fault": {"place": fault.place, "kind": fault.kind}}
    return {**report, "sealed": walk.place, "checkpoints": len(checkpoints), "anchors": len(kept)}


@dataclass(frozen=True)
class _Key:
    """The public half of a key that is believed, and the last place it may have signed."""

    public: bytes
    last: int

    def signed(self, row: AuditCheckpoint) -> bool:
        statement = _statement(row.place, row.hash)
        return row.place <= self.last and secrets.is_signed_by(self.public, statement, row.signature)

    def vouches_for(self, row: AuditKey) -> bool:
        return secrets.is_signed_by(
            self.public, _vouching(row.version, row.public, row.last_place), row.endorsement
        )


class _Walk:
    """From the first line to the last checkpoint."""

    def __init__(self, checkpoints: Mapping[int, AuditCheckpoint], believed: Mapping[int, _Key]) -> None:
        self.checkpoints, self.believed = checkpoints, believed
        self.place, self.hash = 0, b""

    def along(self, tx: Session) -> None:
        end = max(self.checkpoints, default=0)
        for row in self.checkpoints.values():
            key = self.believed.get(row.key_version)
            if not key or not key.signed(row):
                raise Fault(row.place, "forged")
        chained = select(AuditLine).where(AuditLine.place <= end).order_by(AuditLine.place)
        for line in tx.scalars(chained.execution_options(yield_per=1000)):
            self._step(line)
            tx.expunge(line)
        if self.place != end:
            raise Fault(self.place + 1, "cut off")

    def _step(self, line: AuditLine) -> None:
        if line.place != self.place + 1:
            raise Fault(self.place + 1, "missing")
        hashed = hash_of(line, line.place, self.hash)
        if line.hash != hashed:
            raise Fault(line.place, "altered")
        signed = self.checkpoints.get(line.place)
        if signed is not None and signed.hash != hashed:
            raise Fault(line.place, "rewritten")
        self.place, self.hash = line.place, hashed

    def require_anchors(self, anchors: Iterable[Checkpoint]) -> None:
        """What was once anchored must still be the chain's: this finds a database put back to an earlier state."""
        for anchor in anchors:
            found = self.checkpoints.get(anchor.place)
            if found is None or found.hash != anchor.hash:
                raise Fault(anchor.place, "cut off" if anchor.place > self.place else "rewritten")


def _require_nothing_after(tx: Session) -> None:
    end = select(func.coalesce(func.max(AuditCheckpoint.place), 0)).scalar_subquery()
    after = tx.scalar(select(func.min(AuditLine.place)).where(AuditLine.place > end))
    if after is not None:
        raise Fault(after, "unsigned")


def _believed(tx: Session, checkpoints: Mapping[int, AuditCheckpoint]) -> dict[int, _Key]:
    """Keys by version, newest first: those we can derive, and those that one of them, or of these, vouches for.

    No key vouches for a newer one, nor for an older one beyond where it ended itself.
    """
    endorsed = {row.version: row for row in tx.scalars(select(AuditKey))}
    believed: dict[int, _Key] = {}
    for version in sorted({*secrets.versions(), *endorsed}, reverse=True):
        # Where a newer key first signed, this one had ended.
        newer = min((row.place for row in checkpoints.values() if row.key_version > version), default=None)
        row = endorsed.get(version)
        voucher = believed.get(row.endorsed_by) if row else None
        if row and voucher and voucher.vouches_for(row):
            # Without a place it ended where its successor began, which signed when it vouched.
            last = row.last_place if row.last_place is not None else (newer or 1) - 1
            believed[version] = _Key(row.public, min(last, voucher.last))
        elif version in secrets.versions():
            believed[version] = _Key(secrets.public_key(PURPOSE, version), newer - 1 if newer else NO_END)
    return believed
