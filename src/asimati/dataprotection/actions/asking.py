"""A case of the desk: asked for, taken in hand, carried out or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts import actions as accounts
from asimati.accounts.models import Person
from asimati.accounts.queries import CHANNELS
from asimati.accounts.staff_queries import is_own_affair
from asimati.dataprotection import policy
from asimati.dataprotection.actions.erasing import erase
from asimati.dataprotection.messages import DataRequestAnswered, DataRequestReceived
from asimati.dataprotection.models import DataRequest, Restriction
from asimati.dataprotection.refusals import AskedAlready, OwnFile
from asimati.dataprotection.rules import (
    MOVES,
    PASSED_ON,
    UNANSWERED,
    Kind,
    RestrictionKind,
    Status,
    legal_moves,
)
from asimati.kit import audit, clock
from asimati.kit.errors import IllegalMove, Invalid, NotFound
from asimati.kit.ids import new_reference
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.privacy import Group
from asimati.kit.words import LANGUAGES, _, translate
from asimati.kit.worktime import Target
from asimati.places.queries import work_calendar
from asimati.settings import settings

TITLES: Mapping[Kind, str] = {
    Kind.COPY: _("A copy of your data"),
    Kind.RECTIFY: _("A correction of your data"),
    Kind.BLOCK: _("Your data to be blocked"),
    Kind.ERASE: _("Your data to be erased"),
    Kind.OBJECT: _("An objection to how your data are used"),
    Kind.WITHDRAW: _("A consent to be withdrawn"),
    Kind.REVIEW: _("A decision of the system to be looked at by a person"),
}
BROADCAST = "notifications.broadcast"  # the topic of what is told to many


def ask(tx: Session, actor: Actor, person: UUID, kind: Kind, **said: Any) -> DataRequest:
    """Ask something of the desk, for oneself or, as a member of it, for somebody who came or wrote.

    `said`: text, group, consent, about, changes. Raises AskedAlready for an erasure or a copy that is open, Invalid
    where the kind needs to know more, NotFound.
    """
    if tx.scalar(select(Person.id).where(Person.id == person).with_for_update(key_share=True)) is None:
        raise NotFound
    _require_enough(kind, said)
    _refuse_twice(tx, person, kind)
    now = clock.now(tx)
    made = DataRequest(
        reference=new_reference("DP"), person_id=person, kind=kind, created_at=now,
        due_at=_within(tx, "answer_within"),
        by_staff=actor.id if actor.is_staff else None, **said,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "dataprotection.asked", _subject(made), [person], kind=kind)
    publish(tx, DataRequestReceived(**_told(made), due_at=made.due_at))
    return made


def claim(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Take a case in hand."""
    found = _for_desk(tx, actor, reference, "claim")
    found.status, found.claimed_by = Status.IN_HAND, actor.id
    audit.record(tx, actor, "dataprotection.claimed", _subject(found), [found.person_id])
    tx.flush()
    return found


def carry_out(
    tx: Session, actor: Actor, reference: str, answer: str, changes: Mapping[str, Any] | None = None
) -> DataRequest:
    """Do what was asked and answer. `changes` are those of a correction where they differ from what was asked.

    An erasure that has to wait for something ends as `partly`, and goes on by itself. Raises IllegalMove, OwnFile.
    """
    found = _for_desk(tx, actor, reference, "carry_out")
    deed = _DEEDS.get(found.kind)
    whole = deed is None or deed(tx, actor, found, changes) is not False
    found = tx.get_one(DataRequest, found.id)
    return _close(tx, actor, found, Status.DONE if whole else Status.PARTLY, answer)


def refuse(tx: Session, actor: Actor, reference: str, answer: str) -> DataRequest:
    """Refuse what was asked, and say why."""
    return _close(tx, actor, _for_desk(tx, actor, reference, "refuse"), Status.REFUSED, answer)


def cancel(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Take one's own request back."""
    found = _locked(tx, reference)
    if found.person_id != actor.person:
        raise NotFound
    _require_move(found, "cancel")
    found.status, found.closed_at = Status.CANCELLED, clock.now(tx)
    audit.record(tx, actor, "dataprotection.cancelled", _subject(found))
    tx.flush()
    return found


def passed_on(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Note that those who had received the data were told of the change."""
    policy.require(actor, "handle")
    found = _locked(tx, reference)
    if found.pass_on_by is None or found.passed_on_at is not None:
        raise IllegalMove(legal=legal_moves(found.status))
    found.passed_on_at = clock.now(tx)
    audit.record(tx, actor, "dataprotection.passed_on", _subject(found), [found.person_id])
    tx.flush()
    return found


def unblock(tx: Session, actor: Actor, restriction_id: UUID) -> None:
    """End a block or an objection. Raises NotFound."""
    policy.require(actor, "handle")
    found = tx.get(Restriction, restriction_id, with_for_update=True)
    if found is None or found.ended_at is not None:
        raise NotFound
    found.ended_at = clock.now(tx)
    audit.record(tx, actor, "dataprotection.unblocked", ("person", found.person_id), restriction=found.id)


# --- what each kind does ---------------------------------------------------------------------------------------


def _rectify(tx: Session, actor: Actor, request: DataRequest, changes: Mapping[str, Any] | None) -> None:
    wanted = dict(changes or request.changes or {})
    if not wanted:
        raise Invalid([("/changes", _("Say what is to be corrected."))])
    accounts.rectify(tx, actor, request.person_id, wanted)


def _restrict(tx: Session, actor: Actor, request: DataRequest, _changes: object) -> None:
    kind = RestrictionKind.BLOCK if request.kind is Kind.BLOCK else RestrictionKind.OBJECTION
    row = Restriction(person_id=request.person_id, kind=kind, group=request.group, request_id=request.id)
    tx.add(row)
    if kind is RestrictionKind.OBJECTION and request.group in (None, Group.NOTICE):
        for channel in CHANNELS:
            accounts.leave_out(tx, request.person_id, BROADCAST, channel)


def _erase(tx: Session, actor: Actor, request: DataRequest, _changes: object) -> bool:
    return erase(tx, actor, request.person_id).finished_at is not None


def _withdraw(tx: Session, actor: Actor, request: DataRequest, _changes: object) -> None:
    assert request.consent is not None  # noqa: S101 - asked for when it was filed
    accounts.withdraw_consent(tx, actor, request.person_id, request.consent)


_DEEDS: Mapping[Kind, Callable[[Session, Actor, DataRequest, Mapping[str, Any] | None], bool | None]] = {
    Kind.RECTIFY: _rectify,
    Kind.BLOCK: _restrict,
    Kind.OBJECT: _restrict,
    Kind.ERASE: _erase,
    Kind.WITHDRAW: _withdraw,
}


# --- helpers ---------------------------------------------------------------------------------------------------


def _close(tx: Session, actor: Actor, found: DataRequest, status: Status, answer: str) -> DataRequest:
    found.status, found.answer, found.closed_at = status, answer, clock.now(tx)
    found.claimed_by = found.claimed_by or actor.id
    if status is not Status.REFUSED and found.kind in PASSED_ON:
        found.pass_on_by = _within(tx, "third_parties_within")
    people = [found.person_id]
    audit.record(tx, actor, "dataprotection.answered", _subject(found), people, kind=found.kind, status=status)
    tx.flush()
    if not (found.kind is Kind.ERASE and status is Status.DONE):  # nobody is left there to be told
        publish(tx, DataRequestAnswered(**_told(found)))
    return found


def _for_desk(tx: Session, actor: Actor, reference: str, move: str) -> DataRequest:
    policy.require(actor, "handle")
    found = _locked(tx, reference)
    refuse_own(tx, actor, found.person_id)
    _require_move(found, move)
    return found


def refuse_own(tx: Session, actor: Actor, person: UUID) -> None:
    """Raise OwnFile where a member of staff would act on their own account as a resident."""
    if is_own_affair(tx, actor, person):
        raise OwnFile


def _locked(tx: Session, reference: str) -> DataRequest:
    wanted = select(DataRequest).where(DataRequest.reference == reference).with_for_update(key_share=True)
    found = tx.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def _require_move(found: DataRequest, move: str) -> None:
    if found.status not in MOVES[move]:
        raise IllegalMove(legal=legal_moves(found.status))


def _require_enough(kind: Kind, said: Mapping[str, Any]) -> None:
    if kind is Kind.WITHDRAW and said.get("consent") not in accounts.asked():
        raise Invalid([("/consent", _("This is required."))])
    if kind in (Kind.OBJECT, Kind.REVIEW, Kind.BLOCK) and not (said.get("text") or "").strip():
        raise Invalid([("/text", _("This is required."))])
    if kind is Kind.RECTIFY and not (said.get("changes") or (said.get("text") or "").strip()):
        raise Invalid([("/changes", _("Say what is to be corrected."))])


def _refuse_twice(tx: Session, person: UUID, kind: Kind) -> None:
    standing = select(DataRequest.reference).where(
        DataRequest.person_id == person, DataRequest.kind == kind, DataRequest.status.in_(UNANSWERED)
    )
    if kind in (Kind.ERASE, Kind.COPY) and (reference := tx.scalar(standing.limit(1))):
        raise AskedAlready(reference=reference)


def _within(tx: Session, name: str) -> Any:
    target = Target.parse(settings().governorate.facts["privacy"][name])
    return target.due(work_calendar(tx), clock.now(tx))


def _told(request: DataRequest) -> dict[str, Any]:
    return {
        "person": request.person_id,
        "about": {"type": "data_request", "reference": request.reference},
        "reference": request.reference,
        "title": {language: translate(TITLES[request.kind], language) for language in LANGUAGES},
    }


def _subject(request: DataRequest) -> tuple[str, str]:
    return "data_request", request.reference
