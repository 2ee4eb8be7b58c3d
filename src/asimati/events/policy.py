"""Who of the staff may do what with programmes, events and bookings; residents act on their own bookings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from asimati.events.models import Booking
from asimati.kit import policy
from asimati.kit.policy import Actor, Role

_ORGANISERS = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})

MAY: dict[str, frozenset[Role]] = {
    "see": _ORGANISERS | {Role.SUPERVISOR, Role.AUDITOR},
    "organise": _ORGANISERS,
    "decide": _ORGANISERS,
    "check_in": _ORGANISERS,
    "void_check_in": _ORGANISERS,
}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it."""
    policy.require(actor, MAY, deed)


def may(actor: Actor, deed: str) -> bool:
    """Whether one of the actor's roles may do it."""
    return policy.may(actor, MAY, deed)


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Residents see their own bookings; staff who may see any see all."""
    if actor.is_resident:
        return statement.where(Booking.person_id == actor.person)
    require(actor, "see")
    return statement
