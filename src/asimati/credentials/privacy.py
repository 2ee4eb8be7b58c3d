"""What credentials keep of people."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.credentials.actions import end
from asimati.credentials.models import Credential
from asimati.kit.policy import Actor
from asimati.kit.privacy import BEFORE_ERASURE, Fate, Group, holds
from asimati.kit.words import _

holds(
    Credential,
    Group.PARTICIPATION,
    _("Your certificates"),
    of="person_id",
    personal=["facts", "jwt", "link", "title"],
    plain=["kind", "subject", "reason"],
    fate=Fate.REDACT,
    why=_("They are revoked and emptied. Whoever holds a copy reads that it is no longer valid, and nothing else."),
    blanks={"person_id": None},
    hidden=["jwt", "subject"],
)


def end_them(tx: Session, actor: Actor, person: UUID) -> None:
    """Revoke what still stands in the person's name."""
    living = select(Credential.id).where(Credential.person_id == person, Credential.revoked_at.is_(None))
    for one in tx.scalars(living.order_by(Credential.id)).all():
        end(tx, actor, one, "erased")


BEFORE_ERASURE.append(end_them)
