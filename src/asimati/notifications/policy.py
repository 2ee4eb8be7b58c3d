"""Who of the staff may do what with templates, broadcasts, notices that did not arrive, and webhooks."""

from __future__ import annotations

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

_WRITERS = frozenset({Role.COORDINATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
_HEADS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

MAY: dict[str, frozenset[Role]] = {
    "see_broadcasts": _WRITERS | {Role.AUDITOR},
    "broadcast": _WRITERS,
    "approve_broadcast": _HEADS,
    "warn": _HEADS,
    "see_templates": _WRITERS | {Role.AUDITOR},
    "edit_templates": _HEADS,
    "see_undelivered": _HEADS | {Role.AUDITOR},
    "send_again": _HEADS,
    "see_dead_letters": frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    "revive": frozenset({Role.ADMINISTRATOR}),
    "see_webhooks": frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    "manage_webhooks": frozenset({Role.ADMINISTRATOR}),
}


# What is told to everybody lies in no part of the house: a role that is limited to one opens nothing here.
NOWHERE: dict[str, str | None] = {}


def may(actor: Actor, deed: str) -> bool:
    """Whether one of the actor's roles may do it everywhere."""
    return policy.may(actor, MAY, deed, NOWHERE)


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it everywhere."""
    policy.require(actor, MAY, deed, NOWHERE)
