"""The audit trail: who did what to what, written in the deed's own transaction, chained afterwards.

Chaining under the deed's lock would make every deed of the house wait for one row. So a line is written bare and a
sealer (one at a time, every few seconds) gives the lines their places and links each to the one before by an HMAC.
`verify` finds a line that was edited, removed, reordered or cut off the end after it was sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, Uuid, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit import secrets
from asimati.kit.db import Base, primary_id, timestamp
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.kit.trace import request_id
from asimati.kit.words import _

# What a subject is called to the person it is about: "your request". Each room names its own.
SUBJECTS: dict[str, str] = {"person": _("your file")}

SEALER_LOCK = 7_301_001  # advisory lock: one sealer at a time


class AuditLine(Base):
    """One deed. `facts` is stored as the very text that is sealed, not as JSONB, which would rewrite it."""

    __tablename__ = "audit_line"

    id: Mapped[UUID] = primary_id()
    at: Mapped[datetime] = timestamp(default=True)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    # Whose data was opened or worked on by somebody else; none where people act for themselves.
    people: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    place: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    mac: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("audit_line_unsealed_idx", "id", postgresql_where=text("place IS NULL")),
        Index("audit_line_subject_idx", "subject_type", "subject_id"),
        Index("audit_line_actor_idx", "actor_id", "at"),
        Index(
            "audit_line_people_idx", "people", postgresql_using="gin", postgresql_where=text("people IS NOT NULL")
        ),
    )


class AuditHead(Base):
    """The end of the chain: how many lines are sealed, and the last one's seal. One row."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[bytes] = mapped_column(LargeBinary)
    seal: Mapped[bytes] = mapped_column(LargeBinary)  # HMAC over place and mac: the count cannot be lowered


def as_row(
    actor: Actor, action: str, subject: tuple[str, object], people: Iterable[UUID | None] = (), **facts: Any
) -> dict[str, Any]:
    """The line as a row, for statements that insert it together with the deed."""
    named = {*people, subject[1] if subject[0] == "person" else None} - {None, actor.id}
    return {
        "id": new_id(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "subject_type": subject[0],
        "subject_id": str(subject[1]),
        "facts": json.dumps(facts, default=str, sort_keys=True, ensure_ascii=False),
        "request_id": request_id.get(),
        "people": sorted(named, key=str) or None,
    }


def record(
    tx: Session,
    actor: Actor,
    action: str,
    subject: tuple[str, object],
    people: Iterable[UUID | None] = (),
    **facts: Any,
) -> None:
    """Write who did what, and to whom: `people` (residents' ids) read it in their access log.

    Facts are ids, enums and numbers, never personal data.
    """
    tx.execute(insert(AuditLine).values(**as_row(actor, action, subject, people, **facts)))


def opened(
    tx: Session, actor: Actor, subject: tuple[str, object], people: Iterable[UUID | None], **facts: Any
) -> None:
    """Write that somebody read what is kept about these people; what one reads of oneself is no opening.

    It may be called in a session of `db.reading()`: the line is then written before the answer leaves, and no
    answer leaves without it.
    """
    others = set(people) - {None, actor.id}
    if others or actor.is_staff:
        record(tx, actor, f"{subject[0]}.opened", subject, others, **facts)


def seal(tx: Session, limit: int = 5000) -> int:
    """Chain the lines that are not yet chained; the number of them. A second sealer waits."""
    tx.execute(select(text(f"pg_advisory_xact_lock({SEALER_LOCK})")))
    head = tx.get(AuditHead, 1) or AuditHead(id=1, place=0, mac=b"", seal=b"")
    place, mac = head.place, head.mac
    lines = tx.scalars(select(AuditLine).where(AuditLine.place.is_(None)).order_by(AuditLine.id).limit(limit))
    sealed = []
    for line in lines:
        place, mac = place + 1, _mac(line, place + 1, mac)
        sealed.append({"id": line.id, "place": place, "mac": mac})
    if sealed:
        tx.execute(update(AuditLine), sealed)
        head.place, head.mac, head.seal = place, mac, _head_seal(place, mac)
        tx.add(head)
    return len(sealed)


def verify(tx: Session) -> dict[str, Any]:
    """Walk the chain. `ok`, the number of sealed and waiting lines, and the first fault's place and kind."""
    head = tx.get(AuditHead, 1)
    waiting = tx.scalar(text("SELECT count(*) FROM audit_line WHERE place IS NULL"))
    report = {"ok": True, "sealed": 0, "waiting": waiting, "fault": None}
    place, mac = 0, b""
    chained = select(AuditLine).where(AuditLine.place.is_not(None)).order_by(AuditLine.place)
    for line in tx.scalars(chained.execution_options(yield_per=1000)):
        if line.place != place + 1:
            return {**report, "ok": False, "sealed": place, "fault": {"place": place + 1, "kind": "missing"}}
        if line.mac != _mac(line, place + 1, mac):
            return {**report, "ok": False, "sealed": place, "fault": {"place": place + 1, "kind": "altered"}}
        place, mac = place + 1, line.mac
    if head and (head.seal != _head_seal(head.place, head.mac)):
        return {**report, "ok": False, "sealed": place, "fault": {"place": head.place, "kind": "head altered"}}
    if place != (head.place if head else 0):
        return {**report, "ok": False, "sealed": place, "fault": {"place": place + 1, "kind": "cut off"}}
    return {**report, "sealed": place}


def _mac(line: AuditLine, place: int, before: bytes) -> bytes:
    moment = int(line.at.timestamp()) * 1_000_000 + line.at.microsecond
    parts = (place, moment, line.id, line.actor_kind, line.actor_id, line.action, line.subject_type)
    people = ",".join(map(str, line.people or ()))
    return secrets.mac(
        [*map(str, parts), line.subject_id, line.facts, line.request_id, people, before.hex()], "audit"
    )


def _head_seal(place: int, mac: bytes) -> bytes:
    return secrets.mac([str(place), mac.hex()], "audit-head")
