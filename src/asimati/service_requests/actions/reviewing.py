"""What staff do with a case."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.callers import staff_as_actor
from asimati.accounts.staff_queries import is_own_affair, require_not_own
from asimati.kit.errors import Invalid
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import messages, policy
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import NOTHING, Said, case, step
from asimati.service_requests.models import Entity, Hop, Interest, ServiceRequest
from asimati.service_requests.refusals import DifferentOfficerNeeded, HandOverFirst, InterestDeclared, NobodyToAsk
from asimati.service_requests.rules import Move, Status


def take(tx: Session, actor: Actor, reference: str, move: Move, version: int | None) -> ServiceRequest:
    """The case, locked, if the actor may make the move with it.

    Raises Forbidden, NotFound, InterestDeclared; OwnAffair, but for saying that one has an interest in it.
    """
    policy.require(actor, move)
    request = case(tx, actor, reference, version)
    policy.require(actor, move, request)
    require_no_part(tx, actor, request, saying_so=move is Move.DECLARE)
    return request


def require_no_part(tx: Session, actor: Actor, request: ServiceRequest, *, saying_so: bool = False) -> None:
    """Raise InterestDeclared or OwnAffair for whoever has a part in a case that they would act on as staff."""
    if tx.get(Interest, (request.id, actor.id)):
        raise InterestDeclared
    if not saying_so:
        require_not_own(tx, actor, *request.people)


def claim(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Take a case to review it. Of two who claim it at once one is refused."""
    request = take(tx, actor, reference, Move.CLAIM, version)
    not_who_decided(request, actor.id)
    step(tx, actor, request, Move.CLAIM, said, changes={"claimed_by": actor.id})
    publish(tx, messages.RequestClaimed(**telling.of(request)))
    return request


def release(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, version: int | None = None
) -> ServiceRequest:
    """Put a claimed case back into the queue."""
    request = take(tx, actor, reference, Move.RELEASE, version)
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
    request = take(tx, actor, reference, Move.ASSIGN, version)
    chosen = _fit_officer(tx, request, reviewer)
    unclaimed = request.status is Status.SUBMITTED
    chosen_one = {"claimed_by": reviewer}
    step(tx, actor, request, Move.ASSIGN, said, changes=chosen_one, given={"reviewer": reviewer})
    if unclaimed:
        publish(tx, messages.RequestClaimed(**telling.of(request)))
    _tell(tx, actor, request, chosen)
    return request


def hand_over(
    tx: Session, actor: Actor, reference: str, said: Said, *, reviewer: UUID, version: int | None = None
) -> ServiceRequest:
    """Give a case one holds to a colleague, with a note of where it stands. Raises Invalid."""
    request = take(tx, actor, reference, Move.HAND_OVER, version)
    chosen = _fit_officer(tx, request, reviewer)
    changes, given = {"claimed_by": reviewer}, {"reviewer": reviewer}
    step(tx, actor, request, Move.HAND_OVER, said, changes=changes, given=given)
    _tell(tx, actor, request, chosen)
    return request


def declare_interest(
    tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None
) -> ServiceRequest:
    """Say that one has an interest in a case: one takes no further part in it, and lets go of it if one holds it.

    Raises HandOverFirst where it waits for somebody else and nobody would hold it.
    """
    request = take(tx, actor, reference, Move.DECLARE, version)
    mine = request.claimed_by == actor.id
    if mine and request.status is not Status.IN_REVIEW:
        raise HandOverFirst
    changes = {"claimed_by": None} if mine else {}
    to = Status.SUBMITTED if mine else None
    entry = step(tx, actor, request, Move.DECLARE, said, to=to, changes=changes)
    tx.add(Interest(request_id=request.id, staff_id=actor.id, at=entry.at))
    return request


def ask(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Ask the resident something; our clock stands still until they answer. Raises NobodyToAsk."""
    request = take(tx, actor, reference, Move.ASK, version)
    if request.person_id is None:
        raise NobodyToAsk
    entry = step(tx, actor, request, Move.ASK, said)
    publish(tx, messages.ResidentAsked(**telling.of(request), note=entry.text))
    return request


def refer(
    tx: Session, actor: Actor, reference: str, said: Said = NOTHING, *, entity: str, version: int | None = None
) -> ServiceRequest:
    """Hand the case to an outside entity, whose own clock begins."""
    request = take(tx, actor, reference, Move.REFER, version)
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
    request = take(tx, actor, reference, Move.RETURN, version)
    held = tx.scalar(
        select(Entity).join(Hop, Hop.entity_id == Entity.id).where(
            Hop.request_id == request.id, Hop.ended_at.is_(None)
        )
    )  # fmt: skip
    step(tx, actor, request, Move.RETURN, said)
    name = held.name if held else None
    publish(tx, messages.RequestReturned(**telling.of(request), entity=name, due_at=request.due_at))
    return request


def note(tx: Session, actor: Actor, reference: str, said: Said, *, version: int | None = None) -> ServiceRequest:
    """Write something down for colleagues; the resident never sees it."""
    request = take(tx, actor, reference, Move.NOTE, version)
    step(tx, actor, request, Move.NOTE, said)
    return request


def _tell(tx: Session, actor: Actor, request: ServiceRequest, chosen: Actor) -> None:
    """Say to a colleague that a case is theirs now."""
    if chosen.id != actor.id:
        publish(tx, messages.CaseAssigned(**telling.for_staff(request, [chosen]), due_at=request.due_at))


def _fit_officer(tx: Session, request: ServiceRequest, reviewer: UUID) -> Actor:
    """The member of staff, who may handle the case. Raises Invalid, DifferentOfficerNeeded after an appeal."""
    chosen = staff_as_actor(tx, reviewer)
    interested = tx.get(Interest, (request.id, reviewer))
    if (
        chosen is None
        or interested
        or not policy.may_handle(chosen, request)
        or is_own_affair(tx, chosen, *request.people)
    ):
        raise Invalid([("/reviewer", _("Nobody who may handle this case has this identifier."))])
    not_who_decided(request, reviewer)
    return chosen


def not_who_decided(request: ServiceRequest, officer: UUID | None) -> None:
    """Raise DifferentOfficerNeeded for whoever gave the answer that was appealed against."""
    if request.appealed_from is not None and request.appealed_from == officer:
        raise DifferentOfficerNeeded
