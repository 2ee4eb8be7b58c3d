"""Who of the staff may do what with programmes, events and bookings; residents act on their own bookings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select

from asimati.events.models import Booking, Event, Programme
from asimati.kit import policy
from asimati.kit.errors import NotFound
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


def may_everywhere(actor: Actor, deed: str) -> bool:
    """Whether one of the actor's roles may do it, and is limited to no part of the house."""
    return policy.may(actor, MAY, deed, {})


def visible(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Of a statement over bookings and their events: residents' own, staff's where their role reaches."""
    if actor.is_resident:
        return statement.where(Booking.person_id == actor.person)
    require(actor, "see")
    return statement.where(reach(actor, "see"))


def reach(actor: Actor, deed: str) -> ColumnElement[bool]:
    """A condition for the events to which the actor may do the deed."""
    return policy.reach(actor, MAY, deed, programme=Event.programme, area=Event.block)


def reach_programmes(actor: Actor, deed: str) -> ColumnElement[bool]:
    """The same for programmes. They lie in no area, so whoever is limited to one organises none."""
    return policy.reach(actor, MAY, deed, programme=Programme.slug)


def require_at(actor: Actor, deed: str, event: Event) -> None:
    """Raise Forbidden unless a role allows the deed, NotFound where it does not reach the event."""
    require(actor, deed)
    if not reaches(actor, deed, event):
        raise NotFound


def reaches(actor: Actor, deed: str, event: Event) -> bool:
    """Whether the actor may do the deed to the event."""
    return policy.may(actor, MAY, deed, {"programme": event.programme, "area": event.block})


def require_in(actor: Actor, deed: str, programme: str | None) -> None:
    """The same for a programme; for what lies in none (None), a role without limits is needed."""
    require(actor, deed)
    if not policy.may(actor, MAY, deed, {"programme": programme}):
        raise NotFound
