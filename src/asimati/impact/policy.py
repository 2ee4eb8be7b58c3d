"""Who of the staff may do what with stories, endorsements and dossiers; figures are everybody's."""

from __future__ import annotations

from asimati.kit.policy import Role

_TELLERS = frozenset({Role.COORDINATOR, Role.PARTNER_COORDINATOR, Role.ADMINISTRATOR})

MAY: dict[str, frozenset[Role]] = {
    "see": _TELLERS | {Role.SUPERVISOR, Role.AUDITOR},
    "tell": _TELLERS,
}
WARNED = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})  # of figures that cannot be right
