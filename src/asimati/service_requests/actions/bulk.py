"""One move with many cases, each on its own: what stands in the way of one leaves the others done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from asimati.kit.errors import Invalid, Refusal
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests.actions import answering, reviewing
from asimati.service_requests.actions.moving import Said
from asimati.service_requests.models import ServiceRequest
from asimati.service_requests.rules import Move

# The moves that make sense for many at once, with what each takes besides its words.
DEEDS: Mapping[Move, tuple[Callable[..., ServiceRequest], tuple[str, ...]]] = {
    Move.CLAIM: (reviewing.claim, ()),
    Move.RELEASE: (reviewing.release, ()),
    Move.ASSIGN: (reviewing.assign, ("reviewer",)),
    Move.HAND_OVER: (reviewing.hand_over, ("reviewer",)),
    Move.REFER: (reviewing.refer, ("entity",)),
    Move.RETURN: (reviewing.return_, ()),
    Move.NOTE: (reviewing.note, ()),
    Move.RESOLVE: (answering.resolve, ()),
    Move.DECLINE: (answering.decline, ("reason",)),
}


def bulk(
    tx: Session, actor: Actor, *, move: Move, references: Sequence[str], **given: Any
) -> dict[str, list[dict[str, Any]]]:
    """Make the move with each case, in the order of their references: two of these never deadlock.

    Raises Invalid for a move that is not made with many at once, or lacks what all of them need.
    """
    if move not in DEEDS:
        raise Invalid([("/move", _("This move is made with one case at a time."))])
    deed, names = DEEDS[move]
    if lacking := [name for name in names if not given.get(name) and name != "reason"]:
        raise Invalid([(f"/{name}", _("This is required.")) for name in lacking])
    said, more = Said(given.get("message"), given.get("note")), {name: given.get(name) for name in names}
    return {"items": [_one(tx, actor, deed, one, said, more) for one in sorted(set(references))]}


def _one(
    tx: Session, actor: Actor, deed: Callable[..., ServiceRequest], reference: str, said: Said, more: dict[str, Any]
) -> dict[str, Any]:
    try:
        with tx.begin_nested():
            request = deed(tx, actor, reference, said, **more)
    except Refusal as refused:
        return {"reference": reference, "done": False, "status": None, "problem": refused.slug}
    return {"reference": reference, "done": True, "status": request.status, "problem": None}
