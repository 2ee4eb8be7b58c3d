"""Members of staff: who they are, and signing in by password."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from asimati.accounts import passwords, policy
from asimati.accounts.actions.authenticators import check_factor, require_own_proof
from asimati.accounts.actions.codes import phone_of
from asimati.accounts.actions.people import personal_number
from asimati.accounts.actions.sessions import end_other_sessions, end_sessions_of_staff, start_session
from asimati.accounts.models import Authenticator, Passkey, RecoveryCode, RoleGrant, SignOnLink, StaffMember
from asimati.accounts.refusals import EmailTaken, OwnAuthority, PersonalNumberTaken, WrongPassword
from asimati.kit import audit, clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor, Role
from asimati.settings import settings


def create_staff(
    tx: Session, email: str, password: str, name: Mapping[str, str], roles: Sequence[Role]
) -> StaffMember:
    """A member of staff who holds these roles everywhere; the one there is already when the e-mail is taken."""
    found = tx.scalar(select(StaffMember).where(StaffMember.email == email.lower()))
    if found is not None:
        return found
    made = StaffMember(email=email.lower(), password=_hasher().hash(password), name=dict(name))
    tx.add(made)
    tx.flush()
    tx.add_all(RoleGrant(staff_id=made.id, role=role) for role in roles)
    tx.flush()
    return made


def sign_in_staff(tx: Session, email: str, password: str, code: str | None = None) -> dict[str, Any]:
    """Tokens for an e-mail, its password and, for whoever has set one up, a code of the second factor.

    A password that was told is good for a while. Raises WrongPassword (after equal work for nobody and somebody),
    FactorAsked, WrongFactor, TooManyTries.
    """
    nobodys = _nobodys_password()  # made before anybody is looked up, so that its first making tells nothing
    member = tx.scalar(
        select(StaffMember).where(StaffMember.email == email.lower(), StaffMember.disabled_at.is_(None))
    )
    try:
        _hasher().verify((member and member.password) or nobodys, password)
    except (VerifyMismatchError, InvalidHashError):
        member = None
    if member is None or (member.password_until and member.password_until <= clock.now(tx)):
        digest = secrets.blind_index(email.lower(), "email").hex()[:16]
        audit.record(tx, Actor("anonymous"), "accounts.sign_in_failed", ("email", digest))
        raise WrongPassword
    proved = check_factor(tx, member.id, code)
    assurance, method = ("advanced", "totp") if proved else ("standard", "password")
    return start_session(tx, staff=member.id, assurance=assurance, method=method)


def is_password(tx: Session, staff_id: UUID, password: str) -> bool:
    """Whether this is the member's password."""
    try:
        return _hasher().verify(tx.get_one(StaffMember, staff_id).password or _nobodys_password(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def change_password(tx: Session, actor: Actor, current: str, chosen: str) -> None:
    """Choose another password; every other sign-in of the member ends. Raises WrongPassword, WeakPassword."""
    staff_id = require_own_proof(tx, actor)
    member = tx.get_one(StaffMember, staff_id)
    if not is_password(tx, staff_id, current):
        raise WrongPassword
    passwords.require_good(chosen, member.email, *member.name.values())
    member.password, member.password_until = _hasher().hash(chosen), None
    end_other_sessions(tx, actor)
    audit.record(tx, actor, "accounts.password_changed", ("staff", staff_id))


def add_member(
    tx: Session, actor: Actor, email: str, name: Mapping[str, str], roles: Sequence[Role]
) -> tuple[StaffMember, str]:
    """Somebody new who works here, and the password to begin with, told this once (`password_until`).

    Raises EmailTaken.
    """
    policy.require(actor, "manage_staff")
    if tx.scalar(select(StaffMember.id).where(StaffMember.email == email.lower())):
        raise EmailTaken
    told, until = _told(tx)
    made = create_staff(tx, email, told, name, roles)
    made.password_until = until
    audit.record(tx, actor, "accounts.staff_added", ("staff", made.id))
    return made, told


def reset_password(tx: Session, actor: Actor, staff_id: UUID) -> tuple[StaffMember, str]:
    """A colleague who forgot their password, and a new one to be told to them (good until `password_until`).

    Their sign-ins end; with it they choose another. Raises NotFound, OwnAuthority.
    """
    member = _require_colleague(tx, actor, staff_id)
    told, member.password_until = _told(tx)
    member.password = _hasher().hash(told)
    end_sessions_of_staff(tx, actor, staff_id)
    audit.record(tx, actor, "accounts.password_reset", ("staff", staff_id))
    return member, told


def _told(tx: Session) -> tuple[str, datetime]:
    """A password for somebody to be told, and until when it is good."""
    return random.token_urlsafe(16), clock.now(tx) + timedelta(hours=settings().staff.told_hours)


def close_member(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Somebody left: every door closes at once. Raises NotFound, OwnAuthority."""
    member = _require_colleague(tx, actor, staff_id)
    member.disabled_at = member.disabled_at or clock.now(tx)
    end_sessions_of_staff(tx, actor, staff_id)
    audit.record(tx, actor, "accounts.staff_closed", ("staff", staff_id))


def identify_member(tx: Session, actor: Actor, staff_id: UUID, cpr: str | None, phone: str | None) -> None:
    """Write down a colleague's personal number and telephone, None for one that is not known.

    By either their own account as a resident is recognised, so that nobody decides on their own affairs. Raises
    NotFound, OwnAuthority, Invalid for a number of another form, PersonalNumberTaken for another colleague's.
    """
    member = _require_colleague(tx, actor, staff_id)
    number, called = personal_number(cpr) if cpr else None, phone_of(phone) if phone else None
    if number:
        everywhere = StaffMember.cpr_index.in_(secrets.blind_indexes(number, "cpr"))
        if tx.scalar(select(StaffMember.id).where(everywhere, StaffMember.id != staff_id)):
            raise PersonalNumberTaken
    member.cpr, member.cpr_index = _sealed(number, "cpr")
    member.phone, member.phone_index = _sealed(called, "phone")
    audit.record(tx, actor, "accounts.staff_identified", ("staff", staff_id), cpr=bool(number), phone=bool(phone))


def _sealed(value: str | None, purpose: str) -> tuple[bytes | None, bytes | None]:
    return (secrets.seal(value, purpose), secrets.blind_index(value, purpose)) if value else (None, None)


def reset_factors(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Take a colleague's second factors away, who has lost them, and what ties them to a sign-on.

    Raises NotFound, OwnAuthority.
    """
    _require_colleague(tx, actor, staff_id)
    for table in (Authenticator, RecoveryCode, Passkey, SignOnLink):
        tx.execute(delete(table).where(table.staff_id == staff_id))
    end_sessions_of_staff(tx, actor, staff_id)
    audit.record(tx, actor, "accounts.factors_reset", ("staff", staff_id))


def _require_colleague(tx: Session, actor: Actor, staff_id: UUID) -> StaffMember:
    policy.require(actor, "manage_staff")
    if staff_id == actor.id:
        raise OwnAuthority
    if (member := tx.get(StaffMember, staff_id)) is None:
        raise NotFound
    return member


@cache
def _hasher() -> PasswordHasher:
    cheap = settings().testing.cheap_passwords
    return PasswordHasher.from_parameters(profiles.CHEAPEST if cheap else profiles.RFC_9106_LOW_MEMORY)


@cache
def _nobodys_password() -> str:
    return _hasher().hash(random.token_urlsafe(16))
