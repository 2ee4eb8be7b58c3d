"""What staff do with a case."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.callers import staff_as_actor
from asimati.kit.errors import Invalid
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import messages, policy
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import NOTHING, Said, case, step
from asimati.service_requests.models import Entity, Hop, ServiceRequest
from asimati.service_requests.refusals import NobodyToAsk
from asimati.service_requests.rules import Move, Status


def _take(tx: Session, actor: Actor, reference: str, move: Move, version: int | None) -> ServiceRequest:
    policy.require(actor, move)
    return case(tx, actor, reference, version)


def claim(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Take a case to review it. Of two who claim it at once one is refused."""
    request = _take(tx, actor, reference, Move.CLAIM, version)
    step(tx, actor, request, Move.CLAIM, said, changes={"claimed_by": actor.id})
    publish(tx, messages.RequestClaimed(**telling.of(request)))
    return request


def release(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Put a claimed case back into the queue."""
    request = _take(tx, actor, reference, Move.RELEASE, version)
    step(tx, actor, request, Move.RELEASE, said, changes={"claimed_by": None})
    return request


def assign(
    tx: Session,
    actor: Actor,
    reference: str,
    said: Said = NOTHING,
    *,
    reviewer: UUID,
    version: int | None = None,
) -> ServiceRequest:
    """Give a case to a member of staff who may handle it. Raises Invalid when they may not."""
    request = _take(tx, actor, reference, Move.ASSIGN, version)
    chosen = staff_as_actor(tx, reviewer)
    if chosen is None or not policy.may_handle(chosen.roles, confidential=request.confidential):
        raise Invalid([("/reviewer", _("Nobody who may handle this case has this identifier."))])
    unclaimed = request.status is Status.SUBMITTED
    chosen_one = {"claimed_by": reviewer}
    step(tx, actor, request, Move.ASSIGN, said, changes=chosen_one, given={"reviewer": reviewer})
    if unclaimed:
        publish(tx, messages.RequestClaimed(**telling.of(request)))
    return request


def ask(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Ask the resident something; our clock stands still until they answer. Raises NobodyToAsk."""
    request = _take(tx, actor, reference, Move.ASK, version)
    if request.person_id is None:
        raise NobodyToAsk
    entry = step(tx, actor, request, Move.ASK, said)
    publish(tx, messages.ResidentAsked(**telling.of(request), note=entry.text))
    return request


def refer(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, entity: str, version: int | None = None
) -> ServiceRequest:
    """Hand the case to an outside entity, whose own clock begins."""
    request = _take(tx, actor, reference, Move.REFER, version)
    chosen = tx.scalar(select(Entity).where(Entity.code == entity, Entity.retired_at.is_(None)))
    if chosen is None:
        raise Invalid([("/entity", _("There is no such entity."))])
    step(tx, actor, request, Move.REFER, said, entity=chosen)
    due_at = tx.scalar(select(Hop.due_at).where(Hop.request_id == request.id, Hop.ended_at.is_(None)))
    publish(tx, messages.RequestReferred(**telling.of(request), entity=chosen.name, due_at=due_at))
    return request


def return_(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Take the case back: from the entity, or from a resident whose answer we do not wait for any longer."""
    request = _take(tx, actor, reference, Move.RETURN, version)
    held = tx.scalar(
        select(Entity).join(Hop, Hop.entity_id == Entity.id).where(
            Hop.request_id == request.id, Hop.ended_at.is_(None)
        )
    )  # fmt: skip
    step(tx, actor, request, Move.RETURN, said)
    name = held.name if held else None
    publish(tx, messages.RequestReturned(**telling.of(request), entity=name, due_at=request.due_at))
    return request


def resolve(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Answer the case. It counts, and whether it was in time is decided here, once."""
    request = _take(tx, actor, reference, Move.RESOLVE, version)
    entry = step(tx, actor, request, Move.RESOLVE, said)
    counted = telling.counted(tx, request, entry.id, Move.RESOLVE, entry.at)
    in_time = entry.at <= request.due_at
    publish(tx, messages.RequestResolved(**telling.of(request), **counted, note=entry.text, in_time=in_time))
    return request


def decline(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Close the case with the reason why it cannot be done."""
    request = _take(tx, actor, reference, Move.DECLINE, version)
    entry = step(tx, actor, request, Move.DECLINE, said)
    publish(tx, messages.RequestDeclined(**telling.of(request), note=entry.text))
    return request


def note(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Write something down for colleagues; the resident never sees it."""
    request = _take(tx, actor, reference, Move.NOTE, version)
    step(tx, actor, request, Move.NOTE, said)
    return request
