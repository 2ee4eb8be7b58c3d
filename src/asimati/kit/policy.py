"""Who asks, and what the tables of permissions say. A feature's `policy.py` holds its own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true

from asimati.kit.errors import Forbidden

# A part of the house: for each kind it names (`SCOPES`), the values inside it. All kinds must fit; one that names
# none is everywhere.
Scope = Mapping[str, frozenset[str]]
SCOPES = ("department", "area", "service", "programme")
EVERYWHERE: Scope = {}


class Role(StrEnum):
    """What a member of staff may be. Scopes narrow a role to a part of the house; they never widen it."""

    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    COORDINATOR = "coordinator"
    PARTNER_COORDINATOR = "partner_coordinator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    INTEGRITY_OFFICER = "integrity_officer"


# How sure we are who somebody is; each level includes those before it.
ASSURANCE = ("anonymous", "phone", "standard", "advanced")


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a resident, a member of staff, a partner's system by its key, nobody known, or the house."""

    kind: Literal["anonymous", "resident", "staff", "key", "system"]
    id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    assurance: str = "anonymous"
    session: UUID | None = None
    language: str = "ar"
    cleared: bool = False  # for confidential cases, by a clearance that stands today; a role alone never is
    told: bool = False  # signed in by a password that somebody else knows: may choose another, and nothing else
    # The roles that hold in a part of the house only; a role that is not named here holds everywhere.
    scopes: Mapping[Role, tuple[Scope, ...]] = field(default_factory=dict, hash=False)

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


def may(
    actor: Actor,
    table: Mapping[str, frozenset[Role]],
    deed: str,
    about: Mapping[str, str | None] | None = None,
) -> bool:
    """Whether one of the actor's roles stands beside the deed in a feature's table.

    `about` says where the thing lies (`{"service": "road-damage", "area": "317"}`): the role must reach there.
    Without it the answer is whether the actor may do the deed to anything at all.
    """
    if actor.kind == "system":
        return True
    roles = actor.roles & table[deed]
    if about is None:
        return bool(roles)
    return any(covers(scope, about) for role in roles for scope in scopes_of(actor, role))


def require(
    actor: Actor,
    table: Mapping[str, frozenset[Role]],
    deed: str,
    about: Mapping[str, str | None] | None = None,
) -> None:
    """Raise Forbidden unless the table, and the scopes of the role, let the actor do the deed."""
    if not may(actor, table, deed, about):
        raise Forbidden(deed=deed)


def reach(actor: Actor, table: Mapping[str, frozenset[Role]], deed: str, **columns: Any) -> ColumnElement[bool]:
    """A condition for the rows to which the actor may do the deed.

    `columns` are the row's own: `reach(actor, MAY, "see", service=Case.service, area=Case.block)`. A scope of a
    kind that the row does not have excludes it: whoever is limited to a programme sees no cases.
    """
    if actor.kind == "system":
        return true()
    roles = sorted(actor.roles & table[deed])
    return or_(false(), *(_inside(scope, columns) for role in roles for scope in scopes_of(actor, role)))


def scopes_of(actor: Actor, role: Role) -> tuple[Scope, ...]:
    """The parts of the house in which an actor's role holds."""
    return actor.scopes.get(role, (EVERYWHERE,))


def covers(scope: Scope, about: Mapping[str, str | None]) -> bool:
    """Whether a thing lies inside a scope."""
    return all(about.get(kind) in values for kind, values in scope.items())


def is_within(inner: Scope, outer: Scope) -> bool:
    """Whether everything inside one scope is inside the other too."""
    return all(kind in inner and inner[kind] <= values for kind, values in outer.items())


def _inside(scope: Scope, columns: Mapping[str, Any]) -> ColumnElement[bool]:
    fits = (columns[kind].in_(sorted(values)) if kind in columns else false() for kind, values in scope.items())
    return and_(true(), *fits)
