"""Members of staff: who they are, and signing in by password."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.actions.sessions import start_session
from asimati.accounts.models import RoleGrant, StaffMember
from asimati.accounts.refusals import WrongPassword
from asimati.kit import audit, secrets
from asimati.kit.policy import Actor, Role


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


def sign_in_staff(tx: Session, email: str, password: str) -> dict[str, Any]:
    """Tokens for an e-mail and its password. Raises WrongPassword, after equal work for nobody and somebody."""
    nobodys = _nobodys_password()  # made before anybody is looked up, so that its first making tells nothing
    member = tx.scalar(
        select(StaffMember).where(StaffMember.email == email.lower(), StaffMember.disabled_at.is_(None))
    )
    try:
        _hasher().verify((member and member.password) or nobodys, password)
    except (VerifyMismatchError, InvalidHashError):
        member = None
    if member is None:
        digest = secrets.blind_index(email.lower(), "email").hex()[:16]
        audit.record(tx, Actor("anonymous"), "accounts.sign_in_failed", ("email", digest))
        raise WrongPassword
    return start_session(tx, staff=member.id, assurance="standard")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_password() -> str:
    return _hasher().hash(random.token_urlsafe(16))
