"""Idempotency keys: the answer is remembered in the transaction of the work.

The key's row is inserted first, so a second request with the same key waits for the first to commit and then
replays its answer; if the first fails, the row goes with it and the second does the work. Accidents (5xx) are never
remembered.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request
from sqlalchemy import LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.http import strict_json, uploads
from asimati.kit import secrets
from asimati.kit.db import Base, timestamp
from asimati.kit.errors import Conflict, Invalid, Refusal
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.settings import settings

_PURPOSE = "remembered-answer"


class KeyReused(Refusal):
    slug = "idempotency-key-reused"
    title = _("This key was used for another request")
    detail = _("Send a new Idempotency-Key with a new request.")


class AnswerUnreadable(Conflict):
    """The answer was sealed with a master key that is gone. Doing the work once more could do it twice."""

    slug = "answer-unreadable"
    title = _("This was answered before, and the answer can no longer be read")
    detail = _(
        "The first answer had the status {first_status}; nothing was done now. See what is there, and send a new"
        " Idempotency-Key if it is still wanted."
    )
    says = {"first_status": "the status of the answer that cannot be given again"}


class IdempotencyKey(Base):
    """One remembered answer, by caller and key."""

    __tablename__ = "idempotency_key"

    caller: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    mimetype: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)


@dataclass(frozen=True)
class Key:
    """The key of this request, whose it is, and what it stands for."""

    caller: str
    value: str
    fingerprint: bytes

    @property
    def names(self) -> dict[str, Any]:
        return {"caller": self.caller, "key": self.value}


# A key older than it is remembered counts as new.
_HOLD = text(
    """
    INSERT INTO idempotency_key AS held (caller, key, fingerprint) VALUES (:caller, :key, :fingerprint)
    ON CONFLICT (caller, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = app_now()
      WHERE held.created_at < app_now() - make_interval(hours => :hours)
    RETURNING 1
    """
)
_REMEMBER = text(
    "UPDATE idempotency_key SET status = :status, body = :body, mimetype = :mimetype"
    " WHERE caller = :caller AND key = :key"
)
_REMEMBER_REFUSAL = text(
    """
    INSERT INTO idempotency_key (caller, key, fingerprint, status, body, mimetype)
    VALUES (:caller, :key, :fingerprint, :status, :body, :mimetype) ON CONFLICT DO NOTHING
    """
)
_RECALL = text(
    "SELECT fingerprint, status, body, mimetype FROM idempotency_key WHERE caller = :caller AND key = :key"
)


def key_of(actor: Actor) -> Key | None:
    """The request's key, if it has one. Raises Invalid for a key that is not 1 to 255 printable characters."""
    value = request.headers.get("Idempotency-Key")
    if value is None:
        return None
    if not (1 <= len(value) <= 255 and value.isascii() and value.isprintable()):
        raise Invalid([("/Idempotency-Key", _("A key has 1 to 255 printable characters."))])
    caller = f"{actor.kind}:{actor.id or request.remote_addr}"
    return Key(caller, value, _fingerprint())


def hold(tx: Session, key: Key) -> Response | None:
    """Take the key for this transaction, waiting for whoever has it; the first answer if there is one already.

    Raises KeyReused, AnswerUnreadable.
    """
    hours = settings().idempotency.hours
    if tx.execute(_HOLD, {**key.names, "fingerprint": key.fingerprint, "hours": hours}).first():
        return None
    first = tx.execute(_RECALL, key.names).one()
    if first.fingerprint != key.fingerprint:
        raise KeyReused
    try:
        body = _opened(first.body)
    except secrets.Unsealable:
        raise AnswerUnreadable(first_status=first.status) from None
    response = Response(body, status=first.status, mimetype=first.mimetype)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def remember(tx: Session, key: Key, response: Response) -> None:
    """Keep the answer with the work it answers."""
    tx.execute(_REMEMBER, {**key.names, **_kept(response)})


def remember_refusal(tx: Session, key: Key, response: Response) -> None:
    """Keep a refusal whose work was undone, unless someone was quicker."""
    tx.execute(_REMEMBER_REFUSAL, {**key.names, "fingerprint": key.fingerprint, **_kept(response)})


def purge(tx: Session) -> None:
    """Forget keys older than they are remembered."""
    hours = settings().idempotency.hours
    tx.execute(
        text("DELETE FROM idempotency_key WHERE created_at < app_now() - make_interval(hours => :hours)"),
        {"hours": hours},
    )


def _kept(response: Response) -> dict[str, Any]:
    """Sealed: an answer may hold what is shown once, such as tokens, recovery codes and keys."""
    sealed = secrets.seal(response.get_data().decode("latin-1"), _PURPOSE)
    return {"status": response.status_code, "body": sealed, "mimetype": response.mimetype}


def _opened(sealed: bytes | None) -> bytes:
    return secrets.unseal(sealed, _PURPOSE).encode("latin-1") if sealed else b""


def _fingerprint() -> bytes:
    """Method, path and the body's meaning: key order and white space do not make another request."""
    if request.mimetype == uploads.FORM:
        whole = "\n".join((request.method, request.full_path, uploads.fingerprint()))
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
    raw = request.get_data()
    body = json.dumps(strict_json.loads(raw), sort_keys=True) if raw and request.is_json else raw.hex()
    whole = "\n".join((request.method, request.full_path, body))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
