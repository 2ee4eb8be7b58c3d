"""`asimati verify`: the invariants, asked of the tables as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asimati.events.queries import verify_seats
from asimati.impact.queries import verify_tallies
from asimati.kit import audit, outbox
from asimati.kit.db import Session

Verifier = Callable[[Session], Mapping[str, Any]]


def verify_outbox(tx: Session) -> Mapping[str, Any]:
    """Nothing dead, and nothing older than two minutes waiting."""
    health = outbox.health(tx)
    return {"ok": health["dead"] == 0 and health["oldest_seconds"] < 120, **health}


VERIFIERS: Mapping[str, Verifier] = {
    "audit": audit.verify,
    "tallies": verify_tallies,
    "seats": verify_seats,
    "outbox": verify_outbox,
}
