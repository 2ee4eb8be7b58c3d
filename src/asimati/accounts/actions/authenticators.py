"""Authenticator apps (RFC 6238) and the recovery codes beside them."""

from __future__ import annotations

import base64
import secrets as random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from asimati.accounts.actions.sessions import require_fresh
from asimati.accounts.models import AccountSession, Authenticator, Passkey, RecoveryCode, StaffMember
from asimati.accounts.refusals import (
    FactorAsked,
    NothingToConfirm,
    ProofNeeded,
    TooManyTries,
    WrongFactor,
)
from asimati.kit import audit, clock, secrets
from asimati.kit.policy import Actor

STEP = 30  # seconds a code stands for (RFC 6238, 5.2)
DRIFT = 1  # steps a telephone's clock may be off, either way
TRIES = 5  # wrong codes before the member must wait
WINDOW = timedelta(minutes=15)
RECOVERY_CODES = 10
ISSUER = "Asimati"


def set_up_authenticator(tx: Session, actor: Actor) -> dict[str, str]:
    """A new secret for the actor's app, not in force before its first code. Raises ProofNeeded.

    Whoever has a second factor already must have signed in with it: a stolen password alone changes nothing.
    """
    staff_id = require_own_proof(tx, actor)
    member = tx.get_one(StaffMember, staff_id)
    secret = pyotp.random_base32()
    tx.execute(delete(Authenticator).where(Authenticator.staff_id == staff_id))
    tx.add(Authenticator(staff_id=staff_id, secret=secrets.seal(secret, "totp")))
    tx.flush()
    audit.record(tx, actor, "accounts.authenticator_begun", ("staff", staff_id))
    return {"secret": secret, "uri": pyotp.TOTP(secret, name=member.email, issuer=ISSUER).provisioning_uri()}


def confirm_authenticator(tx: Session, actor: Actor, code: str) -> list[str]:
    """The app's first code: from now on it counts, and so does this sign-in. New recovery codes, shown this once.

    Raises NothingToConfirm, WrongFactor, TooManyTries.
    """
    assert actor.id is not None  # noqa: S101 - staff have one
    row = _locked(tx, actor.id)
    if row is None or row.confirmed_at is not None:
        raise NothingToConfirm
    _require_code(tx, row, code)
    row.confirmed_at = clock.now(tx)
    prove_session(tx, actor, "totp")
    audit.record(tx, actor, "accounts.authenticator_confirmed", ("staff", actor.id))
    return _new_recovery_codes(tx, actor.id)


def renew_recovery_codes(tx: Session, actor: Actor) -> list[str]:
    """New recovery codes; the old ones are worth nothing. Raises ProofNeeded."""
    staff_id = require_own_proof(tx, actor)
    audit.record(tx, actor, "accounts.recovery_codes_renewed", ("staff", staff_id))
    return _new_recovery_codes(tx, staff_id)


def drop_authenticator(tx: Session, actor: Actor) -> None:
    """Do without the app. Raises ProofNeeded."""
    staff_id = require_own_proof(tx, actor)
    tx.execute(delete(Authenticator).where(Authenticator.staff_id == staff_id))
    if not has_factor(tx, staff_id):
        tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    audit.record(tx, actor, "accounts.authenticator_dropped", ("staff", staff_id))


def check_factor(tx: Session, staff_id: UUID, code: str | None) -> bool:
    """Whether the password alone was not all: True after a good code, False for whoever has no second factor.

    Raises FactorAsked when one is set up and no code came, WrongFactor, TooManyTries.
    """
    row = _locked(tx, staff_id)
    if row is None or row.confirmed_at is None:
        if has_factor(tx, staff_id):
            raise FactorAsked
        return False
    if not code:
        raise FactorAsked
    _require_code(tx, row, code)
    return True


def has_factor(tx: Session, staff_id: UUID) -> bool:
    """Whether a member of staff has an app in force or a passkey."""
    app = select(Authenticator.staff_id).where(
        Authenticator.staff_id == staff_id, Authenticator.confirmed_at.is_not(None)
    )
    return (
        tx.scalar(app.union_all(select(Passkey.staff_id).where(Passkey.staff_id == staff_id)).limit(1)) is not None
    )


def require_own_proof(tx: Session, actor: Actor) -> UUID:
    """The actor, who has just signed in, by the second factor if there is one. Raises ProofNeeded, ProofTooOld."""
    assert actor.id is not None  # noqa: S101 - staff have one
    if has_factor(tx, actor.id) and not actor.assured("advanced"):
        raise ProofNeeded
    require_fresh(tx, actor)
    return actor.id


def prove_session(tx: Session, actor: Actor, method: str) -> None:
    """This sign-in has seen the second factor."""
    mine = update(AccountSession).where(AccountSession.id == actor.session)
    tx.execute(mine.values(assurance="advanced", method=method, proved_at=func.app_now()))


def _locked(tx: Session, staff_id: UUID) -> Authenticator | None:
    found = select(Authenticator).where(Authenticator.staff_id == staff_id).with_for_update()
    return tx.scalar(found.execution_options(populate_existing=True))


def _require_code(tx: Session, row: Authenticator, code: str) -> None:
    now = clock.now(tx)
    if row.wrong_since is None or now - row.wrong_since > WINDOW:
        row.wrong, row.wrong_since = 0, now
    if row.wrong >= TRIES:
        raise TooManyTries
    if _is_next(row, code, int(now.timestamp())) or _recovers(tx, row, code):
        row.wrong = 0
        return
    row.wrong += 1
    audit.record(tx, Actor("anonymous"), "accounts.sign_in_failed", ("staff", row.staff_id), factor="code")
    tx.flush()
    raise WrongFactor


def _is_next(row: Authenticator, code: str, now: int) -> bool:
    """Whether the code is one of now, and none that was used: a code seen over a shoulder opens nothing."""
    totp = pyotp.TOTP(secrets.unseal(row.secret, "totp"), interval=STEP)
    for step in range(now // STEP - DRIFT, now // STEP + DRIFT + 1):
        if step > row.last_step and totp.verify(code, for_time=step * STEP):
            row.last_step = step
            return True
    return False


def _recovers(tx: Session, row: Authenticator, code: str) -> bool:
    mac = _mac(row.staff_id, code)
    unused = update(RecoveryCode).where(
        RecoveryCode.staff_id == row.staff_id, RecoveryCode.mac == mac, RecoveryCode.used_at.is_(None)
    )
    return tx.scalar(unused.values(used_at=func.app_now()).returning(RecoveryCode.mac)) is not None


def _new_recovery_codes(tx: Session, staff_id: UUID) -> list[str]:
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    tx.add_all(RecoveryCode(staff_id=staff_id, mac=_mac(staff_id, code)) for code in codes)
    tx.flush()
    return codes


def _new_recovery_code() -> str:
    """136 random bits in groups of four: so many that a hash of it, without a salt, is as good as any."""
    letters = base64.b32encode(random.token_bytes(17)).decode().rstrip("=").lower()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _mac(staff_id: UUID, code: str) -> bytes:
    return secrets.mac([str(staff_id), code.strip().lower()], "recovery-code")


def standing(tx: Session, staff_id: UUID) -> dict[str, Any]:
    """What a member has set up: when the app was confirmed, recovery codes left, passkeys."""
    app = tx.get(Authenticator, staff_id)
    left = select(func.count()).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    keys = select(Passkey).where(Passkey.staff_id == staff_id).order_by(Passkey.created_at)
    return {
        "authenticator_since": app.confirmed_at if app else None,
        "recovery_codes_left": tx.scalar(left),
        "passkeys": list(tx.scalars(keys)),
    }
