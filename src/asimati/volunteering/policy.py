"""Who of the staff may do what with volunteering; residents act on their own sign-ups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from asimati.kit import policy
from asimati.kit.policy import Actor, Role
from asimati.volunteering.models import SignUp

_ORGANISERS = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})

MAY: dict[str, frozenset[Role]] = {
    "see": _ORGANISERS | {Role.SUPERVISOR, Role.AUDITOR},
    "organise": _ORGANISERS,
    "decide": _ORGANISERS,
    "record_times": _ORGANISERS,
}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it."""
    policy.require(actor, MAY, deed)


def may(actor: Actor, deed: str) -> bool:
    """Whether one of the actor's roles may do it."""
    return policy.may(actor, MAY, deed)


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Residents see their own sign-ups; staff who may see any see all."""
    if actor.is_resident:
        return statement.where(SignUp.person_id == actor.person)
    require(actor, "see")
    return statement
