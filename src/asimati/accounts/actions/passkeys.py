"""Passkeys (WebAuthn level 2): made by a member who has signed in, and enough by themselves to sign in with.

The device asks its owner for a finger or a number before it signs (user verification), so a passkey is both proofs
in one.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from asimati.accounts.actions.authenticators import prove_session, require_own_proof
from asimati.accounts.actions.sessions import start_session
from asimati.accounts.models import Passkey, PasskeyChallenge, StaffMember
from asimati.accounts.refusals import PasskeyRefused
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.settings import settings

_LIFE = timedelta(minutes=5)
_VERIFIED = UserVerificationRequirement.REQUIRED


def passkey_to_make(tx: Session, actor: Actor) -> dict[str, Any]:
    """What the browser needs to make a passkey for the actor. Raises ProofNeeded."""
    staff_id = require_own_proof(tx, actor)
    member = tx.get_one(StaffMember, staff_id)
    have = tx.scalars(select(Passkey.credential).where(Passkey.staff_id == staff_id))
    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name=settings().governorate.facts["name"]["en"],
        user_id=staff_id.bytes,
        user_name=member.email,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in have],
    )
    return _asked(tx, options, staff_id)


def make_passkey(tx: Session, actor: Actor, challenge: UUID, name: str, credential: dict[str, Any]) -> Passkey:
    """Keep the passkey the browser made. Raises ProofNeeded, PasskeyRefused."""
    staff_id = require_own_proof(tx, actor)
    expected = _spend(tx, challenge, staff_id)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=expected,
            expected_rp_id=_host(),
            expected_origin=_origins(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as fault:
        raise PasskeyRefused from fault
    if tx.scalar(select(Passkey.id).where(Passkey.credential == made.credential_id)):
        raise PasskeyRefused
    kept = Passkey(
        staff_id=staff_id,
        credential=made.credential_id,
        public_key=made.credential_public_key,
        signed=made.sign_count,
        name=name,
    )
    tx.add(kept)
    tx.flush()
    prove_session(tx, actor, "passkey")
    audit.record(tx, actor, "accounts.passkey_made", ("staff", staff_id))
    return kept


def drop_passkey(tx: Session, actor: Actor, passkey: UUID) -> None:
    """Forget one of one's own passkeys. Raises ProofNeeded, NotFound."""
    staff_id = require_own_proof(tx, actor)
    own = delete(Passkey).where(Passkey.id == passkey, Passkey.staff_id == staff_id)
    if tx.scalar(own.returning(Passkey.id)) is None:
        raise NotFound
    audit.record(tx, actor, "accounts.passkey_dropped", ("staff", staff_id))


def passkey_to_show(tx: Session) -> dict[str, Any]:
    """What the browser needs to sign somebody in with a passkey; who it is, the passkey says."""
    options = webauthn.generate_authentication_options(rp_id=_host(), user_verification=_VERIFIED)
    return _asked(tx, options, None)


def sign_in_with_passkey(tx: Session, challenge: UUID, credential: dict[str, Any]) -> dict[str, Any]:
    """Tokens for what a passkey signed. Raises PasskeyRefused; a challenge is spent whatever it was spent on."""
    expected = _spend(tx, challenge, None)
    try:
        row = _locked(tx, webauthn.base64url_to_bytes(str(credential.get("id", ""))))
        if row is None:
            raise PasskeyRefused
        proof = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=expected,
            expected_rp_id=_host(),
            expected_origin=_origins(),
            credential_public_key=row.public_key,
            credential_current_sign_count=row.signed,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as fault:
        audit.record(tx, Actor("anonymous"), "accounts.sign_in_failed", ("passkey", challenge))
        raise PasskeyRefused from fault
    row.signed, row.used_at = proof.new_sign_count, clock.now(tx)
    return start_session(tx, staff=row.staff_id, assurance="advanced", method="passkey")


def purge_challenges(tx: Session) -> int:
    """Forget what browsers were asked and never answered; how many."""
    old = delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < func.app_now())
    return len(tx.scalars(old.returning(PasskeyChallenge.id)).all())


def _asked(tx: Session, options: Any, staff_id: UUID | None) -> dict[str, Any]:
    made = PasskeyChallenge(staff_id=staff_id, challenge=options.challenge, expires_at=clock.now(tx) + _LIFE)
    tx.add(made)
    tx.flush()
    return {"challenge": made.id, "options": json.loads(webauthn.options_to_json(options))}


def _spend(tx: Session, challenge: UUID, staff_id: UUID | None) -> bytes:
    own = PasskeyChallenge.staff_id.is_(None) if staff_id is None else PasskeyChallenge.staff_id == staff_id
    once = delete(PasskeyChallenge).where(
        PasskeyChallenge.id == challenge, PasskeyChallenge.expires_at > func.app_now(), own
    )
    found = tx.scalar(once.returning(PasskeyChallenge.challenge))
    if found is None:
        raise PasskeyRefused
    return found


def _locked(tx: Session, credential: bytes) -> Passkey | None:
    working = select(StaffMember.id).where(StaffMember.disabled_at.is_(None))
    wanted = select(Passkey).where(Passkey.credential == credential, Passkey.staff_id.in_(working))
    return tx.scalar(wanted.with_for_update())


def _origins() -> list[str]:
    """Where our pages stand. Browsers make passkeys for names only, so on this machine it is "localhost"."""
    own = settings().base_url.rstrip("/")
    return [own, own.replace("127.0.0.1", "localhost")]


def _host() -> str:
    return urlsplit(_origins()[-1]).hostname or "localhost"
