"""The lines of the audit trail: who did what to what, and whose data they opened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, Uuid, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit.db import Base, primary_id, timestamp
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.kit.trace import request_id
from asimati.kit.words import _

# What a subject is called to the person it is about: "your request". Each room names its own.
SUBJECTS: dict[str, str] = {"person": _("your file")}


class AuditLine(Base):
    """One deed, and its place in the chain once it is sealed.

    `facts` is stored as the very text that is sealed, not as JSONB, which would rewrite it.
    """

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
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("audit_line_unsealed_idx", "id", postgresql_where=text("place IS NULL")),
        Index("audit_line_subject_idx", "subject_type", "subject_id"),
        Index("audit_line_actor_idx", "actor_id", "at"),
        Index(
            "audit_line_people_idx", "people", postgresql_using="gin", postgresql_where=text("people IS NOT NULL")
        ),
    )


def as_row(
    actor: Actor, action: str, subject: tuple[str, object], people: Iterable[UUID | None] = (), **facts: Any
) -> dict[str, Any]:
    """The line as a row, for statements that insert it together with the deed."""
    named = {*people, subject[1] or None if subject[0] == "person" else None} - {None, actor.id}
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
