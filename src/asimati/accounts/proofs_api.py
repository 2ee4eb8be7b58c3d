"""Routes of staff's own proofs: authenticator app, recovery codes, passkeys, password; and of who works here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno

from asimati.accounts import actions, policy
from asimati.accounts import proofs_schemas as schemas
from asimati.accounts.actions.authenticators import standing
from asimati.accounts.models import Passkey, StaffMember
from asimati.accounts.refusals import (
    EmailTaken,
    NothingToConfirm,
    OwnAuthority,
    PasskeyRefused,
    PersonalNumberTaken,
    ProofNeeded,
    ProofTooOld,
    TooManyTries,
    WeakPassword,
    WrongFactor,
    WrongPassword,
)
from asimati.accounts.schemas import TokensOut
from asimati.http import access, limits
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.policy import Actor

blp = Blueprint("proofs", __name__, description="Staff's second factor and passwords")
administrators = access.staff_with(policy.MAY["manage_staff"])
Dict = dict[str, Any]


@blp.get("/staff/me/factors", who=access.staff_signing_in, gives=schemas.FactorsOut)
def factors(tx: Session, actor: Actor) -> Dict:
    """What one has set up as a second factor."""
    return standing(tx, actor.id)  # type: ignore[arg-type]


@blp.post(
    "/staff/me/authenticator",
    who=access.staff_signing_in,
    gives=schemas.AuthenticatorOut,
    status=201,
    refuses=[ProofNeeded, ProofTooOld],
)
def set_up_authenticator(tx: Session, actor: Actor) -> Dict:
    """Begin to set up an authenticator app. It counts once its first code was sent."""
    made = actions.set_up_authenticator(tx, actor)
    return {**made, "qr": segno.make(made["uri"], micro=False).svg_inline(scale=5)}


@blp.post(
    "/staff/me/authenticator/confirm",
    who=access.staff_signing_in,
    takes=schemas.FactorCodeIn,
    gives=schemas.RecoveryCodesOut,
    refuses=[NothingToConfirm, WrongFactor, TooManyTries],
)
def confirm_authenticator(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """The app's first code: from now on it is asked for. The recovery codes are shown this once."""
    limits.check("sign_in", limits.address_block())
    return {"recovery_codes": actions.confirm_authenticator(tx, actor, payload["code"])}


@blp.delete("/staff/me/authenticator", who=access.staff_signing_in, refuses=[ProofNeeded, ProofTooOld])
def drop_authenticator(tx: Session, actor: Actor) -> None:
    """Do without the authenticator app."""
    actions.drop_authenticator(tx, actor)


@blp.post(
    "/staff/me/recovery-codes",
    who=access.staff_signing_in,
    gives=schemas.RecoveryCodesOut,
    refuses=[ProofNeeded, ProofTooOld],
)
def renew_recovery_codes(tx: Session, actor: Actor) -> Dict:
    """New recovery codes; the old ones are worth nothing any more."""
    return {"recovery_codes": actions.renew_recovery_codes(tx, actor)}


@blp.post(
    "/staff/me/passkeys/options",
    who=access.staff_signing_in,
    gives=schemas.PasskeyAskedOut,
    refuses=[ProofNeeded, ProofTooOld],
)
def passkey_options(tx: Session, actor: Actor) -> Dict:
    """What a browser needs to make a passkey."""
    return actions.passkey_to_make(tx, actor)


@blp.post(
    "/staff/me/passkeys",
    who=access.staff_signing_in,
    takes=schemas.PasskeyIn,
    gives=schemas.PasskeyOut,
    status=201,
    refuses=[ProofNeeded, ProofTooOld, PasskeyRefused],
)
def make_passkey(tx: Session, actor: Actor, payload: Dict) -> Passkey:
    """Keep the passkey a browser made."""
    return actions.make_passkey(tx, actor, **payload)


@blp.delete("/staff/me/passkeys/<uuid:passkey_id>", who=access.staff_signing_in, refuses=[ProofNeeded, ProofTooOld])
def drop_passkey(tx: Session, actor: Actor, passkey_id: UUID) -> None:
    """Forget one of one's own passkeys."""
    actions.drop_passkey(tx, actor, passkey_id)


@blp.post("/auth/staff/passkey/options", who=access.anyone, gives=schemas.PasskeyAskedOut)
def passkey_sign_in_options(tx: Session, actor: Actor) -> Dict:
    """What a browser needs to sign a member of staff in with a passkey."""
    limits.check("sign_in", limits.address_block())
    return actions.passkey_to_show(tx)


@blp.post(
    "/auth/staff/passkey",
    who=access.anyone,
    takes=schemas.PasskeySignIn,
    gives=TokensOut,
    refuses=[PasskeyRefused],
)
def passkey_sign_in(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Sign a member of staff in with a passkey."""
    limits.check("sign_in", limits.address_block())
    return actions.sign_in_with_passkey(tx, **payload)


@blp.post(
    "/staff/me/password",
    who=access.staff_signing_in,
    takes=schemas.PasswordIn,
    refuses=[WrongPassword, WeakPassword, ProofNeeded, ProofTooOld],
)
def change_password(tx: Session, actor: Actor, payload: Dict) -> None:
    """Choose another password; one's other sign-ins end."""
    limits.check("sign_in", limits.address_block())
    actions.change_password(tx, actor, **payload)


@blp.post(
    "/staff/members",
    who=administrators,
    takes=schemas.MemberIn,
    gives=schemas.MemberAddedOut,
    status=201,
    refuses=[EmailTaken],
)
def add_member(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Somebody new who works here."""
    return _told(*actions.add_member(tx, actor, **payload))


def _told(member: StaffMember, password: str) -> Dict:
    return {"id": member.id, "password": password, "good_until": member.password_until}


@blp.post(
    "/staff/members/<uuid:staff_id>/password",
    who=administrators,
    gives=schemas.MemberAddedOut,
    refuses=[OwnAuthority],
)
def reset_password(tx: Session, actor: Actor, staff_id: UUID) -> Dict:
    """A new password for a colleague who forgot theirs; their sign-ins end."""
    return _told(*actions.reset_password(tx, actor, staff_id))


@blp.put(
    "/staff/members/<uuid:staff_id>/identity",
    who=administrators,
    takes=schemas.MemberIdentityIn,
    refuses=[OwnAuthority, PersonalNumberTaken],
)
def identify_member(tx: Session, actor: Actor, payload: Dict, staff_id: UUID) -> None:
    """Write down a colleague's personal number and telephone, by which their account as a resident is known."""
    actions.identify_member(tx, actor, staff_id, payload.get("cpr"), payload.get("phone"))


@blp.delete("/staff/members/<uuid:staff_id>", who=administrators, refuses=[OwnAuthority])
def close_member(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Somebody left: nothing of the house opens to them any more. What they did stays theirs."""
    actions.close_member(tx, actor, staff_id)


@blp.delete("/staff/members/<uuid:staff_id>/factors", who=administrators, refuses=[OwnAuthority])
def reset_factors(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Take away the second factors of a colleague who has lost them."""
    actions.reset_factors(tx, actor, staff_id)
