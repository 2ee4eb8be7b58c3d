"""Routes of the files beside a case; what is not yours to see is not there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from asimati.files import queries as kept
from asimati.files import serving
from asimati.files.models import StoredFile
from asimati.http import access
from asimati.http.fields import List, Nested, Schema
from asimati.http.routes import BY_HAND, Blueprint
from asimati.http.uploads import Upload
from asimati.kit import audit
from asimati.kit.errors import Forbidden
from asimati.kit.policy import Actor
from asimati.service_requests import policy, queries
from asimati.service_requests.actions.attaching import ABOUT, CaseIsClosed, attach, attach_by_pass, detach
from asimati.service_requests.models import ServiceRequest

blp = Blueprint("attachments", __name__, description="Photographs and papers beside a case")
may = partial(access.staff_who, policy.MAY)

MINE = "/service-requests/<reference>/attachments"
THEIRS = "/staff/service-requests/<reference>/attachments"


class AttachmentsOut(Schema):
    items = List(Nested(serving.FileOut))


@blp.post(
    MINE, who=access.residents, uploads=True, gives=serving.FileOut, status=201,
    refuses=(*serving.REFUSALS, CaseIsClosed),
)  # fmt: skip
def add(tx: Session, actor: Actor, upload: Upload | None, reference: str) -> StoredFile:
    """Send a photograph or a PDF for my case."""
    return attach(tx, actor, reference, upload)


@blp.post(
    "/service-requests/attachments/<token>", who=access.anyone, uploads=True, gives=serving.FileOut, status=201,
    refuses=(*serving.REFUSALS, CaseIsClosed),
)  # fmt: skip
def add_by_pass(tx: Session, actor: Actor, upload: Upload | None, token: str) -> StoredFile:
    """Send a photograph or a PDF beside what I filed without a name, by the pass that came with the answer."""
    return attach_by_pass(tx, actor, token, upload)


@blp.get(MINE, who=access.residents, gives=AttachmentsOut, tagged=True)
def mine(tx: Session, actor: Actor, reference: str) -> dict[str, Any]:
    """What stands beside my case, mine and what staff sent me."""
    request = queries.request(tx, actor, reference)
    return {"items": kept.of(tx, (ABOUT, request.id))}


@blp.get(f"{MINE}/<uuid:file_id>", who=access.residents, refuses=serving.WITHHELD, sends=serving.KINDS)
def read_mine(tx: Session, actor: Actor, reference: str, file_id: UUID) -> Response:
    """One file of my case."""
    request = queries.request(tx, actor, reference)
    return serving.answer(kept.one(tx, (ABOUT, request.id), file_id))


@blp.delete(f"{MINE}/<uuid:file_id>", who=access.residents, refuses=(CaseIsClosed, Forbidden))
def take_back(tx: Session, actor: Actor, reference: str, file_id: UUID) -> None:
    """Take back a file I sent."""
    detach(tx, actor, reference, file_id)


@blp.post(
    THEIRS, who=may("note"), uploads=True, gives=serving.FileOut, status=201, refuses=serving.REFUSALS
)  # fmt: skip
def staff_add(tx: Session, actor: Actor, upload: Upload | None, reference: str) -> StoredFile:
    """Keep a file beside a case; for colleagues alone unless `internal` is false."""
    return attach(tx, actor, reference, upload)


@blp.get(THEIRS, who=may("see"), gives=AttachmentsOut, opens=BY_HAND)
def staff_list(tx: Session, actor: Actor, reference: str) -> dict[str, Sequence[StoredFile]]:
    """What stands beside a case."""
    request = _opened(tx, actor, reference)
    return {"items": kept.of(tx, (ABOUT, request.id), internal=True)}


@blp.get(
    f"{THEIRS}/<uuid:file_id>", who=may("see"), refuses=serving.WITHHELD, opens=BY_HAND, sends=serving.KINDS
)  # fmt: skip
def staff_read(tx: Session, actor: Actor, reference: str, file_id: UUID) -> Response:
    """One file of a case."""
    request = _opened(tx, actor, reference, file=file_id)
    return serving.answer(kept.one(tx, (ABOUT, request.id), file_id, internal=True))


@blp.delete(f"{THEIRS}/<uuid:file_id>", who=may("note"), refuses=(Forbidden,))
def staff_remove(tx: Session, actor: Actor, reference: str, file_id: UUID) -> None:
    """Take away a file one added oneself."""
    detach(tx, actor, reference, file_id)


def _opened(tx: Session, actor: Actor, reference: str, **facts: Any) -> ServiceRequest:
    request = queries.request(tx, actor, reference)
    audit.opened(tx, actor, ("service_request", reference), [request.person_id], view="attachments", **facts)
    return request
