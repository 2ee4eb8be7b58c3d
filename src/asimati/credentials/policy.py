"""Who of the staff may end or list what was issued."""

from __future__ import annotations

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

MAY: dict[str, frozenset[Role]] = {
    "revoke": frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.ADMINISTRATOR}),
    "see": frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR, Role.ADMINISTRATOR}),
}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it everywhere: what was issued lies in no part."""
    policy.require(actor, MAY, deed, {})
