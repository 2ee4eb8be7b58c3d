"""How a case is answered: resolved, declined, approved by a second officer, or joined to another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit.errors import Invalid
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import messages
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import NOTHING, Bilingual, Said, case, step
from asimati.service_requests.actions.reviewing import not_who_decided, take
from asimati.service_requests.models import Follower, RequestEntry, ServiceRequest
from asimati.service_requests.refusals import DifferentOfficerNeeded
from asimati.service_requests.rules import CLOSED, Move, Status
from asimati.settings import settings


def resolve(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Answer the case; where the service asks for four eyes, propose the answer."""
    request = take(tx, actor, reference, Move.RESOLVE, version)
    return _answer(tx, actor, request, Move.RESOLVE, said, {})


def decline(
    tx: Session,
    actor: Actor,
    reference: str,
    said: Said,
    *,
    reason: str | None = None,
    version: int | None = None,
) -> ServiceRequest:
    """Close the case with why it cannot be done: in words of one's own, or a reason of the pack's by its code."""
    request = take(tx, actor, reference, Move.DECLINE, version)
    words = said.message or (_reason(reason) if reason else None)
    return _answer(tx, actor, request, Move.DECLINE, Said(words, said.note), {"reason": reason})


def approve(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Agree to a proposed answer, which closes the case. Raises DifferentOfficerNeeded for whoever proposed it."""
    request = take(tx, actor, reference, Move.APPROVE, version)
    proposal = request.proposal
    not_who_decided(request, actor.id)
    if proposal and str(actor.id) == proposal["by"]:
        raise DifferentOfficerNeeded
    move = Move(proposal["move"]) if proposal else Move.RESOLVE
    words = Said(said.message or (proposal or {}).get("message"), said.note)
    to = Status.RESOLVED if move is Move.RESOLVE else Status.DECLINED
    entry = step(tx, actor, request, Move.APPROVE, words, to=to)
    _tell(tx, request, move, entry)
    return request


def merge(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, into: str, version: int | None = None
) -> ServiceRequest:
    """Join a case to an earlier one about the same matter; its resident is told that one's answer. Raises Invalid.

    The case it goes on in is locked first when its number is lower, so two merges cannot wait for each other.
    """
    for one in sorted({reference, into}):
        case(tx, actor, one)
    request, main = take(tx, actor, reference, Move.MERGE, version), case(tx, actor, into)
    not_who_decided(request, actor.id)
    if main.id == request.id or main.status in CLOSED or main.service_id != request.service_id:
        raise Invalid([("/into", _("Name another open case of the same service."))])
    changes = {"merged_into": main.id}
    entry = step(tx, actor, request, Move.MERGE, said, changes=changes, given={"into": into})
    _follow_on(tx, request, main, entry)
    publish(tx, messages.RequestMerged(**telling.of(request)))
    return request


def decline_reasons() -> list[dict[str, Any]]:
    """The reasons a case is usually declined for: `[[decline_reason]]` in the pack's governorate.toml."""
    found: list[dict[str, Any]] = settings().governorate.facts.get("decline_reason", [])
    return found


def _reason(code: str) -> Bilingual:
    for one in decline_reasons():
        if one["code"] == code:
            words: Bilingual = one["text"]
            return words
    raise Invalid([("/reason", _("There is no such reason."))])


def _answer(
    tx: Session, actor: Actor, request: ServiceRequest, move: Move, said: Said, given: dict[str, Any]
) -> ServiceRequest:
    not_who_decided(request, actor.id)
    changes: dict[str, Any] = {}
    if move in request.flow.four_eyes:
        message = dict(said.message) if said.message else None
        changes["proposal"] = {"move": move, "message": message, "by": str(actor.id)}
    entry = step(tx, actor, request, move, said, changes=changes, given=given)
    if request.status is not Status.PROPOSED:
        _tell(tx, request, move, entry)
    return request


def _tell(tx: Session, request: ServiceRequest, move: Move, entry: RequestEntry) -> None:
    """Say the answer, to the followers too. A resolution counts; whether in time is decided here, once."""
    if move is Move.RESOLVE:
        counted = telling.counted(tx, request, entry.id, Move.RESOLVE, entry.at)
        in_time = entry.at <= request.due_at
        publish(tx, messages.RequestResolved(**telling.of(request), **counted, note=entry.text, in_time=in_time))
    else:
        publish(tx, messages.RequestDeclined(**telling.of(request), note=entry.text))
    for person, theirs in telling.followers(tx, request):
        # The answer was written to one resident; a stranger learns that there is one.
        note = entry.text if theirs else None
        publish(tx, messages.FollowedRequestAnswered(**telling.to_follower(request, person), note=note))


def _follow_on(tx: Session, request: ServiceRequest, main: ServiceRequest, entry: RequestEntry) -> None:
    """The resident of the merged case, and whoever followed it, follow the one it goes on in."""
    people = set(tx.scalars(select(Follower.person_id).where(Follower.request_id == request.id)))
    if request.person_id:
        people.add(request.person_id)
    rows = [
        {"request_id": main.id, "person_id": person, "at": entry.at}
        for person in people
        if person != main.person_id
    ]
    if rows:
        tx.execute(insert(Follower).values(rows).on_conflict_do_nothing())
