"""Photographs and papers beside a case."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.files import actions as files
from asimati.files import queries as kept
from asimati.files.models import StoredFile
from asimati.http.uploads import Upload
from asimati.kit import clock, secrets
from asimati.kit.errors import Conflict, Forbidden, NotFound
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import policy, queries
from asimati.service_requests.actions.moving import case
from asimati.service_requests.models import ServiceRequest

ABOUT = "service_request"
PASS = timedelta(hours=1)  # in which somebody without a name may send files beside what they filed


class CaseIsClosed(Conflict):
    slug = "case-is-closed"
    title = _("This case is closed")
    detail = _("Reopen it, or file a new one, to send more.")


def attach(tx: Session, actor: Actor, reference: str, upload: Upload | None) -> StoredFile:
    """Keep a file beside a case: residents beside their own while it is open, staff who review it at any time.

    Staff's files are for colleagues unless they say `internal=false`. Raises NotFound, CaseIsClosed and what
    `files.keep` raises.
    """
    if actor.is_staff:
        policy.require(actor, "note")
    queries.request(tx, actor, reference)  # nobody fills the store beside what is not theirs to see
    prepared = files.prepare(tx, upload) if upload else None
    request = _case(tx, actor, reference)
    internal = actor.is_staff and upload is not None and upload.flag("internal", otherwise=True)
    file = files.keep(tx, actor, prepared, (ABOUT, request.id), person=request.person_id, internal=internal)
    request.updated_at = clock.now(tx)
    return file


def pass_for(tx: Session, request: ServiceRequest) -> dict[str, Any]:
    """What lets somebody who filed without a name send files beside their case, for an hour."""
    expires_at = (clock.now(tx) + PASS).replace(microsecond=0)
    return {"token": f"{request.id.hex}.{_mark(request.id, expires_at)}", "expires_at": expires_at}


def attach_by_pass(tx: Session, actor: Actor, token: str, upload: Upload | None) -> StoredFile:
    """Keep a file beside a case filed without a name. Raises NotFound for a pass that is not ours or is over."""
    wanted = select(ServiceRequest).where(ServiceRequest.id == _passed(tx, token))
    if tx.scalar(wanted) is None:
        raise NotFound
    prepared = files.prepare(tx, upload) if upload else None
    locked = wanted.with_for_update(of=ServiceRequest, key_share=True).execution_options(populate_existing=True)
    request = tx.scalars(locked).one()
    if request.closed_at:
        raise CaseIsClosed
    file = files.keep(tx, actor, prepared, (ABOUT, request.id))
    request.updated_at = clock.now(tx)
    return file


def _mark(request: UUID, expires_at: datetime) -> str:
    until = f"{int(expires_at.timestamp()):x}"
    return f"{until}.{secrets.mac([request.hex, until], 'attach').hex()}"


def _passed(tx: Session, token: str) -> UUID:
    """The case of a pass that holds. Raises NotFound."""
    try:
        whose, until, _mac = token.split(".")
        request, expires_at = UUID(whose), datetime.fromtimestamp(int(until, 16), UTC)
    except (ValueError, OverflowError, OSError):
        raise NotFound from None
    genuine = hmac.compare_digest(token.encode(), f"{request.hex}.{_mark(request, expires_at)}".encode())
    if not genuine or expires_at < clock.now(tx):
        raise NotFound
    return request


def detach(tx: Session, actor: Actor, reference: str, file_id: UUID) -> None:
    """Take one's own file back, residents while the case is open. Raises NotFound, CaseIsClosed, Forbidden."""
    if actor.is_staff:
        policy.require(actor, "note")
    request = _case(tx, actor, reference)
    file = kept.one(tx, (ABOUT, request.id), file_id, internal=actor.is_staff)
    if (file.by_kind, file.by_id) != (actor.kind, actor.id):
        raise Forbidden
    files.remove(tx, actor, file)
    request.updated_at = clock.now(tx)


def _case(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """The case, locked: the count of its files is right while it is."""
    request = case(tx, actor, reference)
    if request.closed_at and not actor.is_staff:
        raise CaseIsClosed
    return request
