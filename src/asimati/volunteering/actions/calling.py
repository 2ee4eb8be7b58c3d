"""Calling for volunteers at short notice, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import calling, calling_rules, messages, policy, role_rules, rules
from asimati.volunteering.actions import joining
from asimati.volunteering.actions.moves import locked
from asimati.volunteering.calling_rules import Answer
from asimati.volunteering.models import Call, CallOut, Opportunity, Shift, SignUp
from asimati.volunteering.refusals import NobodyToCall, ShiftCancelled, ShiftFull, ShiftOver

CALLING = 7_301_011  # advisory lock: one call at a time, so that nobody is called more often than the pack says


def call_out(
    tx: Session,
    actor: Actor,
    shift_id: UUID,
    text: Mapping[str, Any] | None = None,
    people: int | None = None,
    role: str | None = None,
) -> CallOut:
    """Call those who fit for a shift with free places, or for a role of it: so many, or three for each place.

    Raises NotFound, ShiftCancelled, ShiftOver once it has begun, RoleNeeded, ShiftFull, NobodyToCall.
    """
    policy.require(actor, "organise")
    tx.execute(select(func.pg_advisory_xact_lock(CALLING)))
    shift = locked(tx, shift_id)
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    if not opportunity.published:
        raise NotFound
    if shift.cancelled_at is not None:
        raise ShiftCancelled
    if shift.starts_at <= clock.now(tx):
        raise ShiftOver
    role = role_rules.chosen(shift.roles, role)
    room = role_rules.room(shift, role)
    if not room.free:
        raise ShiftFull(places=room.places)
    urgent = calling.urgent(tx, shift)
    found = CallOut(id=new_id(), shift_id=shift_id, role=role, called_by=actor.id, urgent=urgent)
    number = calling_rules.how_many(room.free, people)
    whom = calling.chosen(tx, shift, opportunity, number, found.id, role)
    if not whom:
        raise NobodyToCall
    found.text, found.called = dict(text) if text else None, len(whom)
    tx.add(found)
    tx.flush()
    tx.add_all([Call(call_out_id=found.id, person_id=person) for person in whom])
    for person in whom:
        publish(tx, _told(found, shift, opportunity, person))
    about = ("call_out", found.id)
    audit.record(tx, actor, "volunteering.called_out", about, shift=shift_id, called=len(whom), urgent=found.urgent)
    return found


def come(tx: Session, actor: Actor, call_out_id: UUID) -> dict[str, Any]:
    """Sign up by answering a call. Said again while one has the place, it changes nothing.

    Raises NotFound for a call one did not receive, and whatever a sign-up may be refused for.
    """
    call, found = _held(tx, actor, call_out_id)
    if call.answer is not Answer.COMES or not _stands(tx, call.sign_up_id):
        call.sign_up_id = joining.sign_up(tx, actor, found.shift_id, found.role)["id"]
        _note(tx, actor, call, Answer.COMES)
    return calling.one_of_mine(tx, actor, call_out_id)


def cannot(tx: Session, actor: Actor, call_out_id: UUID) -> dict[str, Any]:
    """Say that one cannot come. Who has signed up by it withdraws that instead. Raises NotFound."""
    call, _ = _held(tx, actor, call_out_id)
    if call.answer is None:
        _note(tx, actor, call, Answer.CANNOT)
    return calling.one_of_mine(tx, actor, call_out_id)


def _held(tx: Session, actor: Actor, call_out_id: UUID) -> tuple[Call, CallOut]:
    """A call one received and what it is for, the shift's lock first as everywhere in the room."""
    found = tx.get(CallOut, call_out_id)
    if found is None:
        raise NotFound
    locked(tx, found.shift_id)
    mine = select(Call).where(Call.call_out_id == call_out_id, Call.person_id == actor.person)
    held = mine.with_for_update(key_share=True).execution_options(populate_existing=True)
    call = tx.scalar(held)
    if call is None:
        raise NotFound
    return call, found


def _stands(tx: Session, sign_up: UUID | None) -> bool:
    return sign_up is not None and tx.get_one(SignUp, sign_up).status in rules.LIVE


def _note(tx: Session, actor: Actor, call: Call, answer: Answer) -> None:
    call.answer, call.answered_at = answer, clock.now(tx)
    tx.flush()
    audit.record(tx, actor, "volunteering.call_answered", ("call_out", call.call_out_id), answer=str(answer))


def _told(found: CallOut, shift: Shift, opportunity: Opportunity, person: UUID) -> messages.CalledOut:
    kind = messages.CalledOutUrgently if found.urgent else messages.CalledOut
    return kind(
        person=person,
        about={"type": "call-out", "reference": str(found.id)},
        title=role_rules.named(opportunity.title, shift.roles, found.role),
        starts_at=shift.starts_at,
        location=opportunity.location,
        text=found.text or {"ar": "", "en": ""},
        offer_expires_at=shift.starts_at,
    )
