"""Consent: given to words one has read, taken back at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.models import Consent, PersonSensitive
from asimati.accounts.refusals import WordsChanged
from asimati.kit import audit
from asimati.kit.errors import NotFound
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings

DISABILITY = "disability"


def _forget_disability(tx: Session, person: UUID) -> None:
    tx.execute(delete(PersonSensitive).where(PersonSensitive.person_id == person))


# What is kept by one consent alone, and how it is deleted when that is withdrawn; each room adds its own.
KEPT_BY: dict[str, Callable[[Session, UUID], None]] = {DISABILITY: _forget_disability}


def asked() -> Mapping[str, Mapping[str, Any]]:
    """What people may be asked to agree to: the pack's `[[privacy.consent]]` by code."""
    return {one["code"]: one for one in settings().governorate.facts["privacy"].get("consent", [])}


def consent(tx: Session, actor: Actor, person: UUID, code: str, edition: int | None = None) -> None:
    """Give consent to the words as they stand now; a receipt of older words ends. Repeating it changes nothing.

    `edition` is the one that was read: WordsChanged when it is not the present one. Raises NotFound.
    """
    words = asked().get(code)
    if words is None:
        raise NotFound
    if edition is not None and edition != words["version"]:
        raise WordsChanged(version=words["version"])
    older = update(Consent).where(
        Consent.person_id == person,
        Consent.code == code,
        Consent.withdrawn_at.is_(None),
        Consent.edition != words["version"],
    )
    tx.execute(older.values(withdrawn_at=func.app_now()))
    row = {"person_id": person, "code": code, "edition": words["version"], "text": words["text"]}
    made = tx.scalar(insert(Consent).values(**row).on_conflict_do_nothing().returning(Consent.id))
    if made:
        audit.record(tx, actor, "accounts.consent_given", ("person", person), code=code, edition=words["version"])


def withdraw_consent(tx: Session, actor: Actor, person: UUID, code: str) -> bool:
    """Take consent back: the receipt stays with its end, and what was kept by it alone is deleted."""
    standing = update(Consent).where(
        Consent.person_id == person, Consent.code == code, Consent.withdrawn_at.is_(None)
    )
    ended = tx.scalars(standing.values(withdrawn_at=func.app_now()).returning(Consent.id)).all()
    if code in KEPT_BY:
        KEPT_BY[code](tx, person)
    if ended:
        audit.record(tx, actor, "accounts.consent_withdrawn", ("person", person), code=code)
    return bool(ended)


def withdraw_all(tx: Session, actor: Actor, person: UUID) -> None:
    """Take every consent back, as somebody who leaves does."""
    given = select(Consent.code).where(Consent.person_id == person, Consent.withdrawn_at.is_(None))
    for code in tx.scalars(given.order_by(Consent.code)).all():
        withdraw_consent(tx, actor, person, code)


def keep_to_saying(tx: Session, person: UUID, *, said: bool, actor: Actor = SYSTEM) -> None:
    """Saying something of a disability is the consent; taking it back withdraws it."""
    if said and DISABILITY in asked():
        consent(tx, actor, person, DISABILITY)
    elif not said:
        withdraw_consent(tx, actor, person, DISABILITY)
