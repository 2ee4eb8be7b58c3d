"""What a coordinator does with the people of a shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import audit
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.volunteering import messages, policy
from asimati.volunteering.actions.moves import told
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.rules import SignUpStatus

_EXPECTED = (SignUpStatus.PENDING, SignUpStatus.CONFIRMED, SignUpStatus.CHECKED_IN)
_ON_PAPER = (*_EXPECTED, SignUpStatus.CHECKED_OUT, SignUpStatus.NO_SHOW)


def broadcast(tx: Session, actor: Actor, shift_id: UUID, text: Mapping[str, Any]) -> int:
    """Write to everybody who is expected at a shift or is there; how many that are. Raises NotFound."""
    policy.require(actor, "organise")
    shift, opportunity = of_shift(tx, shift_id)
    expected = select(SignUp).where(SignUp.shift_id == shift_id, SignUp.status.in_(_EXPECTED)).order_by(SignUp.id)
    people = tx.scalars(expected).all()
    for found in people:
        publish(tx, told(messages.ShiftNotice, found, shift, opportunity, text=dict(text)))
    audit.record(tx, actor, "volunteering.shift_told", ("shift", shift_id), told=len(people))
    return len(people)


def on_paper(tx: Session, actor: Actor, shift_id: UUID) -> list[dict[str, Any]]:
    """Who stands on a shift's attendance sheet, by name, with the times known so far; the opening is noted."""
    policy.require(actor, "see")
    rows = tx.execute(
        select(SignUp, Person)
        .join(Person, Person.id == SignUp.person_id)
        .where(SignUp.shift_id == shift_id, SignUp.status.in_(_ON_PAPER))
        .order_by(SignUp.role, Person.name_ar, Person.name_latin, SignUp.id)
    ).all()
    _note(tx, actor, shift_id, [person.id for _, person in rows])
    return [
        {
            "name": {"ar": person.name_ar, "en": person.name_latin},
            "role": found.role,
            "status": found.status,
            "came": found.checked_in_at,
            "left": found.checked_out_at,
        }
        for found, person in rows
    ]


def of_shift(tx: Session, shift_id: UUID) -> tuple[Shift, Opportunity]:
    """A shift and what it is of. Raises NotFound."""
    shift = tx.get(Shift, shift_id)
    if shift is None:
        raise NotFound
    return shift, tx.get_one(Opportunity, shift.opportunity_id)


def _note(tx: Session, actor: Actor, shift_id: UUID, people: Sequence[UUID]) -> None:
    audit.opened(tx, actor, ("sign_up", ""), people, view="attendance_sheet", listed=len(people), shift=shift_id)
