"""What providers tell us, signed by them: what became of letters, and messages that people sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, update
from sqlalchemy.orm import Session

from asimati.accounts.actions import code_arrived
from asimati.kit.errors import Malformed, NotFound, Unauthenticated
from asimati.notifications.channels import configured
from asimati.notifications.channels.gateway import at
from asimati.notifications.models import Notification
from asimati.notifications.rules import Status


def receive(tx: Session, provider: str, headers: Mapping[str, str], body: bytes) -> int:
    """What a provider says became of letters; how many notices that changed.

    Its `[provider.receipts]` says where the reference and the status stand, and which statuses mean `delivered` and
    `failed`. Raises as `signed` does.
    """
    how, items = signed(provider, "receipts", headers, body)
    return sum(_told(tx, provider, how, one) for one in items)


def take_in(tx: Session, provider: str, headers: Mapping[str, str], body: bytes) -> int:
    """Messages that people sent to our number; how many were codes that we waited for. The others are not kept.

    Its `[provider.messages]` says where the sender's number (`from`) and the words (`text`) stand. Raises as
    `signed` does.
    """
    how, items = signed(provider, "messages", headers, body)
    names = how.get("from", "from"), how.get("text", "text")
    told = [[str(at(item, name) or "")[:500] for name in names] for item in items]
    return sum(code_arrived(tx, sender, words) for sender, words in told)


def signed(
    provider: str, kind: str, headers: Mapping[str, str], body: bytes
) -> tuple[Mapping[str, Any], Sequence[Any]]:
    """What a provider's file says of what it tells us of this kind, and the items it tells: at most 1,000.

    It signs (`secret`, `header`) with the HMAC-SHA256 of the body in hex. Raises NotFound for a provider that tells
    nothing of the kind, Unauthenticated for a signature that is not its, Malformed for no JSON.
    """
    how = (configured.named(provider) or {}).get(kind)
    if how is None:
        raise NotFound
    expected = hmac.new(how["secret"].encode(), body, hashlib.sha256).hexdigest()
    given = (
        {name.lower(): value for name, value in headers.items()}.get(how.get("header", "X-Signature").lower(), "")
        .lower()
        .removeprefix("sha256=")
    )
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unauthenticated
    try:
        found = json.loads(body)
    except ValueError:
        raise Malformed from None
    return how, found[:1000] if isinstance(found, list) else [found]


def _told(tx: Session, provider: str, how: Mapping[str, Any], item: Any) -> int:
    reference = str(at(item, how.get("reference", "reference")) or "")[:200]
    said = str(at(item, how.get("status", "status")) or "")
    values: dict[str, Any] = {"status": Status.DELIVERED, "delivered_at": func.app_now()}
    if said in how.get("failed", ()):
        values = {"status": Status.FAILED, "last_error": f"{provider}: {said}"[:500]}
    elif said not in how.get("delivered", ()):
        return 0
    ours = [Notification.provider_reference == reference]
    try:
        ours.append(Notification.id == UUID(reference))
    except ValueError:
        pass
    told = update(Notification).where(
        Notification.provider == provider, Notification.status.in_([Status.SENT, Status.UNKNOWN]), or_(*ours)
    )
    return len(tx.scalars(told.values(**values).returning(Notification.id)).all())
