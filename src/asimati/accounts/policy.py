"""Who of the staff may do what with accounts: their colleagues' and residents'."""

from __future__ import annotations

from asimati.kit import policy
from asimati.kit.policy import Actor, Role

ADMINISTRATOR, AUDITOR, SUPERVISOR = Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR

MAY: dict[str, frozenset[Role]] = {
    "see_staff": frozenset({ADMINISTRATOR, AUDITOR}),
    "manage_staff": frozenset({ADMINISTRATOR}),
    "keys": frozenset({ADMINISTRATOR}),
    "delegate": frozenset(Role),
    "see_household": frozenset({Role.REVIEWER, SUPERVISOR, Role.COORDINATOR, Role.DATA_PROTECTION_OFFICER}),
    "judge_guardian": frozenset({Role.REVIEWER, SUPERVISOR, Role.COORDINATOR}),
    "sign_out_person": frozenset({SUPERVISOR, Role.DATA_PROTECTION_OFFICER}),
    "audit": frozenset({ADMINISTRATOR, AUDITOR, Role.DATA_PROTECTION_OFFICER}),
}


# Authority is given over the whole house: an administrator of a part of it could give more than they have.
WHOLE = frozenset({"manage_staff", "keys"})


def require(actor: Actor, deed: str) -> None:
    """Raise Forbidden unless one of the actor's roles may do it; for some deeds, everywhere."""
    policy.require(actor, MAY, deed, {} if deed in WHOLE else None)
