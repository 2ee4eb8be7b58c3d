"""Who may do what at the desks. A role may be limited to some services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from asimati.appointments.models import Appointment
from asimati.kit import policy
from asimati.kit.policy import Actor, Role

_DESK = frozenset({Role.REVIEWER, Role.SUPERVISOR})

MAY: Mapping[str, frozenset[Role]] = {
    "see": _DESK | {Role.AUDITOR},
    "book": _DESK,
    "serve": _DESK,
    "close": frozenset({Role.SUPERVISOR}),
}


def require(actor: Actor, deed: str, service: str | None = None) -> None:
    """Raise Forbidden unless the actor's roles allow the deed, for this service if one is named."""
    policy.require(actor, MAY, deed, {"service": service} if service else None)


def may(actor: Actor, deed: str) -> bool:
    return policy.may(actor, MAY, deed)


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Only the appointments the actor may know of: residents their own, staff by role and service."""
    if actor.is_resident:
        return statement.where(Appointment.person_id == actor.person)
    return statement.where(policy.reach(actor, MAY, "see", service=Appointment.service))
