"""Who reads reports: one role, and no other, not even an administrator's."""

from __future__ import annotations

from collections.abc import Mapping

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

MAY: Mapping[str, frozenset[Role]] = {"read": frozenset({Role.INTEGRITY_OFFICER})}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it."""
    policy.require(actor, MAY, deed)
