"""Many cases at once, each on its own: what stands in the way of one leaves the others taken in.

What was captured without a network carries a key that its device made; it stays with the case for good, so a batch
that is sent again, tomorrow or after a lost answer, makes nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from asimati.http import problems
from asimati.http.writes import KeyReused
from asimati.kit.errors import Invalid, Refusal
from asimati.kit.policy import Actor
from asimati.kit.words import told, translate
from asimati.service_requests import policy
from asimati.service_requests.actions.submitting import intake
from asimati.service_requests.intake.models import CapturedKey
from asimati.service_requests.intake.schemas import checked
from asimati.service_requests.models import ServiceRequest

Result = dict[str, Any]
Captured = tuple[str, Mapping[str, Any]]  # its key, and what was captured, as the device wrote it


def batch(tx: Session, actor: Actor, captured: Sequence[Captured]) -> list[Result]:
    """Take in what was captured outside; a result for each, in the order given.

    They are taken by their keys' order, so two devices that send the same never wait for each other in a circle.
    """
    policy.require(actor, "intake")
    done = {}
    for key, raw in sorted(captured, key=lambda one: one[0]):
        done[key] = {"key": key, **attempt(tx, partial(_once, tx, actor, key, raw))}
    return [done[key] for key, _ in captured]


def attempt(tx: Session, deed: Callable[[], tuple[str, ServiceRequest]]) -> Result:
    """Do one, and say what came of it: its outcome and reference, or the problem as the edge would tell it."""
    try:
        with tx.begin_nested():
            outcome, request = deed()
            return {"outcome": outcome, "reference": request.reference}
    except Refusal as refused:
        return _refused(refused)
    except IntegrityError as fault:
        diagnosis = getattr(fault.orig, "diag", None)
        known = problems.CONSTRAINTS.get(str(diagnosis and diagnosis.constraint_name))
        if known is None:
            raise
        return _refused(known())


def _once(tx: Session, actor: Actor, key: str, raw: Mapping[str, Any]) -> tuple[str, ServiceRequest]:
    """The case of a key: made now, or found where it was made before. Raises KeyReused for another content."""
    mark = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).digest()
    row = {"staff_id": actor.id, "key": key, "fingerprint": mark}
    held = insert(CapturedKey).values(row).on_conflict_do_nothing().returning(CapturedKey.key)
    if tx.scalar(held) is None:
        before = tx.get_one(CapturedKey, (actor.id, key), populate_existing=True)
        if before.fingerprint != mark:
            raise KeyReused
        return "repeated", tx.get_one(ServiceRequest, before.request_id)
    request = intake(tx, actor, **checked(raw))
    tx.get_one(CapturedKey, (actor.id, key)).request_id = request.id
    tx.flush()
    return "created", request


def _refused(refusal: Refusal) -> Result:
    errors = refusal.errors if isinstance(refusal, Invalid) else []
    return {
        "outcome": "refused",
        "reference": None,
        "problem": refusal.slug,
        "title": translate(refusal.title),
        "detail": told(refusal.detail, refusal.facts) if refusal.detail else None,
        "errors": [{"pointer": pointer, "detail": translate(words)} for pointer, words in errors],
    }
