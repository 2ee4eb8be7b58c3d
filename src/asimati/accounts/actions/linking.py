"""Whose account somebody's sign-on opens.

A personal number belongs to one account. One that a provider proved outranks one that somebody merely wrote into
their profile: otherwise whoever wrote down a neighbour's number would have the neighbour's sign-on lead into
their account.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.actions.sessions import require_fresh
from asimati.accounts.models import Person, SignOnLink, StaffMember
from asimati.accounts.refusals import AnotherPersonalNumber, PersonalNumberTaken, SignOnRefused
from asimati.accounts.sign_on.proof import Identity
from asimati.accounts.sign_on.providers import Provider
from asimati.kit import audit, secrets, words
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings

# Two sign-ons of one person, or of two subjects with one number, follow each other: subject first, then number.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 3))")
FILLED = ("name_ar", "name_latin", "sex", "birth_date")


def whose(tx: Session, actor: Actor, provider: Provider, identity: Identity) -> UUID:
    """The account a resident's sign-on opens, made if there is none; a signed-in actor's own, joined with it.

    Raises AnotherPersonalNumber when the account is of somebody else, PersonalNumberTaken when another account is
    this person's, ProofTooOld when they are to be joined and the actor signed in long ago; SignOnRefused when the
    provider changed its mind about who its subject is.
    """
    _hold(provider, identity, tx)
    linked, numbered = _linked(tx, provider, identity), _numbered(tx, identity)
    person = (
        _own(tx, actor, linked, numbered, identity) if actor.is_resident else _found(linked, numbered, identity)
    )
    if numbered is not None and (person is None or numbered.id != person.id):
        _yield_number(tx, numbered)
    if person is None:
        person = _made(tx, identity)
    _learn(tx, person, identity)
    _link(tx, provider, identity, person_id=person.id)
    audit.record(
        tx, Actor("resident", person.id), "accounts.signed_on", ("person", person.id),
        provider=provider.name, level=identity.level,
    )  # fmt: skip
    return person.id


def colleague(tx: Session, provider: Provider, identity: Identity) -> UUID | None:
    """The member of staff with this verified e-mail, unless the provider's subject was another's before."""
    if not identity.email:
        return None
    member = tx.scalar(
        select(StaffMember.id)
        .where(StaffMember.email == identity.email.lower(), StaffMember.disabled_at.is_(None))
        .with_for_update(key_share=True)
    )
    if member is None:
        return None
    own = SignOnLink.subject_index.in_(secrets.blind_indexes(identity.subject, "subject"))
    strange = select(SignOnLink.id).where(
        SignOnLink.provider == provider.name,
        or_(own & SignOnLink.staff_id.is_distinct_from(member), ~own & (SignOnLink.staff_id == member)),
    )
    return None if tx.scalar(strange.limit(1)) else member


def link_colleague(tx: Session, provider: Provider, identity: Identity, member: UUID) -> None:
    """Remember which subject a colleague is: an e-mail may be given to somebody new, a subject is not."""
    _link(tx, provider, identity, staff_id=member)


def _hold(provider: Provider, identity: Identity, tx: Session) -> None:
    if settings().without("sign_on_lock"):
        return
    for value, purpose in ((f"{provider.name}|{identity.subject}", "subject"), (identity.number, "cpr")):
        if value:
            tx.execute(_ONE_AT_A_TIME, {"key": secrets.mac([value], f"hold-{purpose}").hex()})


def _linked(tx: Session, provider: Provider, identity: Identity) -> Person | None:
    wanted = select(Person).join(SignOnLink, SignOnLink.person_id == Person.id)
    return _held(
        tx,
        wanted.where(
            SignOnLink.provider == provider.name,
            SignOnLink.subject_index.in_(secrets.blind_indexes(identity.subject, "subject")),
        ),
    )


def _numbered(tx: Session, identity: Identity) -> Person | None:
    if identity.number is None:
        return None
    return _held(tx, select(Person).where(Person.cpr_index.in_(secrets.blind_indexes(identity.number, "cpr"))))


def _held(tx: Session, wanted: Any) -> Person | None:
    held = wanted.where(Person.erased_at.is_(None)).with_for_update(key_share=True, of=Person)
    found: Person | None = tx.scalar(held.execution_options(populate_existing=True))
    return found


def _own(tx: Session, actor: Actor, linked: Person | None, numbered: Person | None, identity: Identity) -> Person:
    """The actor's own account, if it can be this person's."""
    own = _held(tx, select(Person).where(Person.id == actor.person))
    assert own is not None  # noqa: S101 - they are signed in
    if own.cpr and identity.number and secrets.unseal(own.cpr, "cpr") != identity.number:
        raise AnotherPersonalNumber
    if linked is None and not _is_phone_of(own, identity):
        require_fresh(tx, actor)  # from now on this subject opens the account
    if linked is not None and linked.id != own.id:
        raise PersonalNumberTaken
    if numbered is not None and numbered.id != own.id and numbered.cpr_proved_at is not None:
        raise PersonalNumberTaken
    return own


def _found(linked: Person | None, numbered: Person | None, identity: Identity) -> Person | None:
    """The account that is known to be this person's."""
    if linked is not None:
        if linked.cpr_proved_at and linked.cpr and secrets.unseal(linked.cpr, "cpr") != identity.number:
            raise SignOnRefused(reason="changed")
        if numbered is not None and numbered.id != linked.id and numbered.cpr_proved_at is not None:
            raise SignOnRefused(reason="changed")
        return linked
    if numbered is None or numbered.cpr_proved_at is not None or _is_phone_of(numbered, identity):
        return numbered
    return None


def _is_phone_of(person: Person, identity: Identity) -> bool:
    """Whether the provider vouches for the very telephone by which an account is opened that says this number."""
    return bool(person.phone and identity.phone and secrets.unseal(person.phone, "phone") == identity.phone)


def _yield_number(tx: Session, person: Person) -> None:
    """An account that only said the number gives it up to whoever proved it; its holder can read of it."""
    person.cpr = person.cpr_index = None
    tx.flush()
    audit.record(tx, SYSTEM, "accounts.number_yielded", ("person", person.id), [person.id])


def _made(tx: Session, identity: Identity) -> Person:
    """Somebody new: by their proved telephone if that is nobody's, else without one."""
    new = {"language": words.language()}
    made = None
    if identity.phone:
        taken = select(Person.id).where(Person.phone_index.in_(secrets.blind_indexes(identity.phone, "phone")))
        phone = {
            "phone": secrets.seal(identity.phone, "phone"),
            "phone_index": secrets.blind_index(identity.phone, "phone"),
        }
        if tx.scalar(taken) is None:
            row = insert(Person).values(**new, **phone).on_conflict_do_nothing(index_elements=["phone_index"])
            made = tx.scalar(row.returning(Person.id))
    made = made or tx.scalar(insert(Person).values(**new).returning(Person.id))
    return tx.get_one(Person, made)


def _learn(tx: Session, person: Person, identity: Identity) -> None:
    """The proved number and date of birth, and what else the profile does not say yet."""
    if identity.number and person.cpr_proved_at is None:
        person.cpr = secrets.seal(identity.number, "cpr")
        person.cpr_index = secrets.blind_index(identity.number, "cpr")
        person.cpr_proved_at = func.app_now()
    said = {name: getattr(identity, name) for name in FILLED}
    for name, value in said.items():
        if value and (name == "birth_date" or getattr(person, name) is None):
            setattr(person, name, date.fromisoformat(value) if name == "birth_date" else value)
    tx.flush()


def _link(tx: Session, provider: Provider, identity: Identity, **holder: UUID) -> None:
    """The subject opens the holder's account from now on; the subject it had before does not."""
    ((column, value),) = holder.items()
    own = getattr(SignOnLink, column) == value
    row = {
        "subject": secrets.seal(identity.subject, "subject"),
        "subject_index": secrets.blind_index(identity.subject, "subject"),
        "used_at": func.app_now(),
    }
    anew = update(SignOnLink).where(SignOnLink.provider == provider.name, own).values(**row)
    if tx.scalar(anew.returning(SignOnLink.id)) is None:
        tx.execute(insert(SignOnLink).values(provider=provider.name, **holder, **row))
