"""Questions about volunteers: what they say of themselves, and who may read of it when."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.models import Consent
from asimati.kit import secrets
from asimati.kit.errors import NotFound
from asimati.volunteering.actions.profiling import ACCESSIBILITY, EMERGENCY
from asimati.volunteering.models import AccessibilityNeed, Volunteer


def profile(tx: Session, person: UUID) -> dict[str, Any]:
    """A volunteer's profile as they read it themselves. Raises NotFound."""
    found = tx.get(Volunteer, person, populate_existing=True)
    if found is None:
        raise NotFound
    return {
        **said(found),
        "emergency_contact": contact(found),
        "accessibility": accessibility(tx, person),
        "updated_at": found.updated_at,
        "version": found.version,
    }


def said(found: Volunteer) -> dict[str, Any]:
    """What a profile says that is no secret to the coordinators."""
    names = ("skills", "languages", "blocks", "availability", "call_outs")
    away = [
        {"from": one.lower, "to": one.upper - timedelta(days=1)} for one in found.away if one.lower and one.upper
    ]
    return {name: getattr(found, name) for name in names} | {"away": away}


def contact(found: Volunteer) -> dict[str, Any] | None:
    """Whom to call, in the clear."""
    if found.emergency is None:
        return None
    told: dict[str, Any] = json.loads(secrets.unseal(found.emergency, EMERGENCY))
    return told


def accessibility(tx: Session, person: UUID) -> dict[str, Any] | None:
    """What somebody needs, and the receipt by which it is kept; None where they said nothing."""
    found = tx.execute(
        select(AccessibilityNeed.needs, Consent.edition, Consent.given_at)
        .join(Consent, Consent.person_id == AccessibilityNeed.person_id)
        .where(AccessibilityNeed.person_id == person, Consent.code == ACCESSIBILITY, Consent.withdrawn_at.is_(None))
    ).one_or_none()
    if found is None:
        return None
    return {
        "needs": secrets.unseal(found.needs, ACCESSIBILITY),
        "consent": {"edition": found.edition, "given_at": found.given_at},
    }
