"""Who of the staff may do what with volunteering; residents act on their own sign-ups."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from asimati.accounts.staff_queries import is_own_affair
from asimati.kit import policy
from asimati.kit.policy import Actor, Role
from asimati.volunteering.models import SignUp
from asimati.volunteering.refusals import OwnHours

_ORGANISERS = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})

MAY: dict[str, frozenset[Role]] = {
    "see": _ORGANISERS | {Role.SUPERVISOR, Role.AUDITOR},
    "organise": _ORGANISERS,
    "decide": _ORGANISERS,
    "record_times": _ORGANISERS,
    "close": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
}


# Volunteers serve the whole house: a role that is limited to a part of it opens nothing here.
NOWHERE: dict[str, str | None] = {}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it everywhere."""
    policy.require(actor, MAY, deed, NOWHERE)


def may(actor: Actor, deed: str) -> bool:
    """Whether one of the actor's roles may do it everywhere."""
    return policy.may(actor, MAY, deed, NOWHERE)


def require_not_own(tx: Session, actor: Actor, person_id: UUID) -> None:
    """Raise OwnHours where a member of staff is the volunteer, under their own account as a resident."""
    if is_own_affair(tx, actor, person_id):
        raise OwnHours


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Residents see their own sign-ups; staff who may see any see all."""
    if actor.is_resident:
        return statement.where(SignUp.person_id == actor.person)
    require(actor, "see")
    return statement
