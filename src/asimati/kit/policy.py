"""Who asks, and what the tables of permissions say. A feature's `policy.py` holds its own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from uuid import UUID

from asimati.kit.errors import Forbidden


class Role(StrEnum):
    """What a member of staff may be. Scopes (area, service) narrow a role; they never widen it."""

    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    COORDINATOR = "coordinator"
    PARTNER_COORDINATOR = "partner_coordinator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DATA_PROTECTION_OFFICER = "data_protection_officer"


# How sure we are who somebody is; each level includes those before it.
ASSURANCE = ("anonymous", "phone", "standard", "advanced")


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a resident, a member of staff, nobody in particular, or the house itself."""

    kind: Literal["anonymous", "resident", "staff", "system"]
    id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    assurance: str = "anonymous"
    session: UUID | None = None
    language: str = "ar"

    @property
    def is_resident(self) -> bool:
        return self.kind == "resident"

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    def assured(self, level: str) -> bool:
        """Whether this person is known at least at this level of assurance."""
        return ASSURANCE.index(self.assurance) >= ASSURANCE.index(level)

    @property
    def person(self) -> UUID:
        """The resident's own id; only for routes that let residents alone in."""
        if self.id is None or not self.is_resident:
            raise Forbidden
        return self.id


ANONYMOUS = Actor("anonymous")
SYSTEM = Actor("system")


def may(actor: Actor, table: Mapping[str, frozenset[Role]], deed: str) -> bool:
    """Whether one of the actor's roles stands beside the deed in a feature's table."""
    return actor.kind == "system" or bool(actor.roles & table[deed])


def require(actor: Actor, table: Mapping[str, frozenset[Role]], deed: str) -> None:
    """Raise Forbidden unless the table lets the actor do the deed."""
    if not may(actor, table, deed):
        raise Forbidden(deed=deed)
