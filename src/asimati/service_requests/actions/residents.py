"""What residents do with their own cases; staff may reopen one too."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from asimati.accounts.callers import staff_as_actor
from asimati.kit import audit, clock
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.service_requests import messages, policy
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import NOTHING, Bilingual, Said, case, party_of, post, step
from asimati.service_requests.actions.reviewing import require_no_part
from asimati.service_requests.models import CaseSubject, RequestEntry, ServiceRequest
from asimati.service_requests.refusals import AlreadyAppealed, AlreadyRated, RatingWindowOver, ReopenWindowOver
from asimati.service_requests.rules import OPEN, Move, Status, after
from asimati.settings import settings

_ARABIC = re.compile(r"[\u0600-\u06ff]")


def write(tx: Session, actor: Actor, reference: str, *, text: str, version: int | None = None) -> ServiceRequest:
    """Write to whoever reviews the case. If we were waiting for it, it is our turn again. Raises IllegalMove."""
    request = case(tx, actor, reference, version)
    if request.status is Status.WAITING or request.status not in OPEN:
        at = step(tx, actor, request, Move.ANSWER, given={"text": text}).at
    else:
        at = request.updated_at = clock.now(tx)
        about = ("service_request", request.id)
        audit.record(tx, actor, "service_requests.write", about, [request.person_id])
    post(tx, actor, request, in_its_language(text), at)
    holder = staff_as_actor(tx, request.claimed_by) if request.claimed_by else None
    publish(tx, messages.ResidentAnswered(**telling.for_staff(request, [holder]), due_at=request.due_at))
    return request


def withdraw(
    tx: Session, actor: Actor, reference: str, *, text: str | None = None, version: int | None = None
) -> ServiceRequest:
    """Take one's case back, with a reason if one likes."""
    request = case(tx, actor, reference, version)
    said = Said(in_its_language(text)) if text else NOTHING
    step(tx, actor, request, Move.WITHDRAW, said)
    publish(tx, messages.RequestWithdrawn(**telling.of(request)))
    for person, _theirs in telling.followers(tx, request):
        publish(tx, messages.FollowedRequestWithdrawn(**telling.to_follower(request, person)))
    return request


def reopen(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Ask for an answered case to be looked at again: a new clock, and what it counted is taken back.

    Staff may at any time, residents for as long as the pack says. Raises IllegalMove, ReopenWindowOver; of staff
    InterestDeclared, OwnAffair.
    """
    if actor.is_staff:
        policy.require(actor, Move.REOPEN)
    request = case(tx, actor, reference, version)
    if actor.is_staff:
        policy.require(actor, Move.REOPEN, request)
        require_no_part(tx, actor, request)
    after(request.status, Move.REOPEN, party_of(actor), request.flow)
    if not actor.is_staff and _is_over(tx, request, days := days_of("reopen_days", 30)):
        raise ReopenWindowOver(days=days)
    resolved = request.status is Status.RESOLVED
    anew = {"claimed_by": None, "stars": None, "comment": None, "rated_at": None}
    step(tx, actor, request, Move.REOPEN, said, changes=anew)
    source = telling.source(Move.RESOLVE, _last(tx, request, Move.RESOLVE, Move.APPROVE).id) if resolved else None
    publish(tx, messages.RequestReopened(**telling.of(request), due_at=request.due_at, source=source))
    return request


def appeal(tx: Session, actor: Actor, reference: str, *, text: str, version: int | None = None) -> ServiceRequest:
    """Ask that a different officer decides an answered case anew, once, and within the time for reopening.

    Raises IllegalMove, AlreadyAppealed, ReopenWindowOver.
    """
    request = case(tx, actor, reference, version)
    after(request.status, Move.APPEAL, party_of(actor), request.flow)
    if request.appealed_from is not None:
        raise AlreadyAppealed
    if _is_over(tx, request, days := days_of("reopen_days", 30)):
        raise ReopenWindowOver(days=days)
    resolved, decision = request.status is Status.RESOLVED, _last(tx, request, Move.RESOLVE, Move.DECLINE)
    counted = _last(tx, request, Move.RESOLVE, Move.APPROVE).id if resolved else None
    anew = {"claimed_by": None, "stars": None, "comment": None, "rated_at": None}
    changes = anew | {"appealed_from": decision.actor_id}
    step(tx, actor, request, Move.APPEAL, Said(in_its_language(text)), changes=changes, given={"text": text})
    source = telling.source(Move.RESOLVE, counted) if counted else None
    publish(tx, messages.RequestReopened(**telling.of(request), due_at=request.due_at, source=source))
    return request


def rate(
    tx: Session,
    actor: Actor,
    reference: str,
    *,
    stars: int,
    comment: str | None = None,
    version: int | None = None,
) -> ServiceRequest:
    """Say how good the answer was, once for each answer. Raises IllegalMove, AlreadyRated, RatingWindowOver."""
    request = case(tx, actor, reference, version)
    after(request.status, Move.RATE, party_of(actor), request.flow)
    if request.rated_at:
        raise AlreadyRated
    if _is_over(tx, request, days := days_of("rating_days", 14)):  # 14 days, as Tawasul has it
        raise RatingWindowOver(days=days)
    rating = {"stars": stars, "comment": comment, "rated_at": clock.now(tx)}
    entry = step(tx, actor, request, Move.RATE, changes=rating, given=rating)
    # Reopening clears the rating; the history does not forget it.
    entry.text = dict(in_its_language(comment)) if comment else None
    counted = telling.counted(tx, request, entry.id, Move.RATE, entry.at)
    publish(tx, messages.RequestRated(**telling.facts(request), **counted, stars=stars))
    return request


def forget_subject(tx: Session, actor: Actor, person: UUID) -> None:
    """Somebody leaves: the cases others filed for them stay the filers', without their name."""
    theirs = update(CaseSubject).where(CaseSubject.person_id == person)
    tx.execute(theirs.values(person_id=None, name={"ar": "", "en": ""}))


def in_its_language(text: str) -> Bilingual:
    """What a resident wrote, under the language it is written in; nobody translates it."""
    arabic = bool(_ARABIC.search(text))
    return {"ar": text if arabic else None, "en": None if arabic else text}


def days_of(name: str, default: int) -> int:
    """How long a resident may, after the answer: `[service_requests]` in the pack's governorate.toml."""
    return int(settings().governorate.facts.get("service_requests", {}).get(name, default))


def _is_over(tx: Session, request: ServiceRequest, days: int) -> bool:
    return request.closed_at is not None and clock.now(tx) > request.closed_at + timedelta(days=days)


def _last(tx: Session, request: ServiceRequest, *moves: Move) -> RequestEntry:
    """The newest line of one of these moves in the case's history; there is one."""
    lines = select(RequestEntry).where(RequestEntry.request_id == request.id, RequestEntry.move.in_(moves))
    return tx.scalars(lines.order_by(RequestEntry.at.desc(), RequestEntry.id.desc()).limit(1)).one()
