"""Who may do what at the desk, and what each role reads of a person."""

from __future__ import annotations

from collections.abc import Mapping

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

OFFICER, AUDITOR = Role.DATA_PROTECTION_OFFICER, Role.AUDITOR
FRONT = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.COORDINATOR})

MAY: Mapping[str, frozenset[Role]] = {
    "handle": frozenset({OFFICER}),
    "see_requests": frozenset({OFFICER, AUDITOR}),
    "see_person": frozenset({*FRONT, OFFICER, AUDITOR}),
    "find_person": frozenset({Role.SUPERVISOR, OFFICER}),
    "unmask": frozenset({*FRONT, OFFICER}),
    "propose_merge": frozenset({Role.SUPERVISOR, OFFICER}),
    "decide_merge": frozenset({Role.SUPERVISOR, OFFICER}),
    "see_unmaskings": frozenset({OFFICER, AUDITOR, Role.ADMINISTRATOR}),
    "see_records": frozenset({OFFICER, AUDITOR, Role.ADMINISTRATOR}),
}

# What each role reads of a person in the clear; the rest is masked until it is unmasked.
CLEAR: Mapping[Role, frozenset[str]] = {
    Role.REVIEWER: frozenset({"name_ar", "name_latin", "block", "road", "language"}),
    Role.SUPERVISOR: frozenset({"name_ar", "name_latin", "block", "road", "language", "sex"}),
    Role.COORDINATOR: frozenset({"name_ar", "name_latin", "block", "language", "sex"}),
    OFFICER: frozenset({"name_ar", "name_latin", "block", "language"}),
    AUDITOR: frozenset({"language"}),
}
# What the law calls sensitive, an unmasking shows to those alone who answer for the law.
SENSITIVE: Mapping[str, frozenset[Role]] = {"disability": frozenset({OFFICER})}


def clear_to(actor: Actor) -> frozenset[str]:
    """The fields of a person that one of the actor's roles reads in the clear."""
    return frozenset().union(*(CLEAR.get(role, frozenset()) for role in actor.roles))


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it."""
    policy.require(actor, MAY, deed)
