"""A telephone for whoever came without one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.actions.codes import redeem_code
from asimati.accounts.actions.sessions import require_fresh
from asimati.accounts.models import Person
from asimati.accounts.refusals import HasPhone, PhoneTaken
from asimati.kit import audit, secrets
from asimati.kit.policy import Actor


def add_phone(tx: Session, actor: Actor, challenge_id: UUID, code: str) -> None:
    """The telephone a one-time code reached becomes the actor's.

    Raises ProofTooOld, HasPhone where the account has one, CodeExpired, WrongCode, and PhoneTaken, told only to
    whoever holds the telephone, where another account is opened by it.
    """
    require_fresh(tx, actor)
    person = tx.scalars(select(Person).where(Person.id == actor.person).with_for_update(key_share=True)).one()
    if person.phone is not None:
        raise HasPhone
    phone = secrets.unseal(redeem_code(tx, challenge_id, code).phone, "phone")
    taken = select(Person.id).where(Person.phone_index.in_(secrets.blind_indexes(phone, "phone")))
    if tx.scalar(taken) is not None:
        raise PhoneTaken
    person.phone, person.phone_index = secrets.seal(phone, "phone"), secrets.blind_index(phone, "phone")
    tx.flush()
    audit.record(tx, actor, "accounts.phone_added", ("person", person.id))
