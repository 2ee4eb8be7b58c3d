"""Ending mails of a kind in one click (RFC 8058): the link in the mail is the key, nobody has to sign in."""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.actions.people import leave_out
from asimati.kit import audit, secrets
from asimati.kit.errors import NotFound
from asimati.kit.policy import SYSTEM
from asimati.settings import settings

PURPOSE = "unsubscribe"


def link(person: UUID, topic: str) -> str:
    """Where a person ends mails about a topic."""
    token = base64.urlsafe_b64encode(person.bytes + _seal(person, topic)).rstrip(b"=").decode()
    return f"{settings().base_url}/api/v1/unsubscribe/{token}~{topic}"


def read(token: str) -> tuple[UUID, str]:
    """Whose link it is, and about what. Raises NotFound for one we did not make."""
    key, _, topic = token.partition("~")
    try:
        raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
        person = UUID(bytes=raw[:16])
    except (ValueError, binascii.Error):
        raise NotFound from None
    if not hmac.compare_digest(raw[16:], _seal(person, topic)):
        raise NotFound
    return person, topic


def end(tx: Session, token: str) -> str:
    """Send no more mails about the topic; repeating it changes nothing. The topic."""
    person, topic = read(token)
    leave_out(tx, person, topic, "email")
    audit.record(tx, SYSTEM, "notifications.unsubscribed", ("person", person), topic=topic)
    return topic


def _seal(person: UUID, topic: str) -> bytes:
    return secrets.mac([str(person), topic], PURPOSE)[:16]
