"""Who keeps the governorate's calendar."""

from __future__ import annotations

from collections.abc import Mapping

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

MAY: Mapping[str, frozenset[Role]] = {
    "see_holidays": frozenset(Role),
    "keep_holidays": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
}


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless the actor's roles allow the deed."""
    policy.require(actor, MAY, deed)
