"""Signing on through a provider: from what it vouched for to a session of ours (decisions/0070)."""

from __future__ import annotations

import secrets as random
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.actions import linking
from asimati.accounts.actions.authenticators import check_factor
from asimati.accounts.actions.sessions import end_soon, start_session
from asimati.accounts.models import AccountSession, SignOn
from asimati.accounts.refusals import SignOnRefused
from asimati.accounts.sign_on.attempts import Attempt, is_verifier
from asimati.accounts.sign_on.proof import Identity
from asimati.accounts.sign_on.providers import STAFF, Provider, named
from asimati.kit import audit, clock, secrets, tokens
from asimati.kit.policy import ANONYMOUS, Actor
from asimati.settings import settings

_PURPOSE = "sign-on"


def keep_identity(tx: Session, attempt: Attempt, identity: Identity) -> str:
    """Remember whom a provider vouched for; the code with which the app fetches the tokens, told this once.

    Raises SignOnRefused for an attempt that has ended already.
    """
    code, now = random.token_urlsafe(32), clock.now(tx)
    row = {
        "provider": attempt.provider,
        "state": secrets.digest(attempt.state),
        "code": secrets.digest(code),
        "challenge": attempt.challenge,
        "identity": secrets.seal(identity.packed(), _PURPOSE),
        "proved_at": now - timedelta(seconds=max(0, time.time() - identity.proved_at)),
        "expires_at": now + timedelta(seconds=settings().sign_on.code),
    }
    kept = insert(SignOn).values(**row).on_conflict_do_nothing(index_elements=["state"]).returning(SignOn.id)
    if tx.scalar(kept) is None:
        raise SignOnRefused(reason="repeated")
    return code


def note_refusal(tx: Session, provider: Provider, reason: str) -> None:
    """Write down that a sign-on failed, and why; of whom is not known."""
    audit.record(tx, ANONYMOUS, "accounts.sign_on_failed", ("provider", provider.name), reason=reason)


def fetch_tokens(tx: Session, actor: Actor, code: str, verifier: str, totp: str | None = None) -> dict[str, Any]:
    """Tokens for the code of a sign-on and the verifier of the app that began it.

    A resident who is signed in already keeps their account, joined with who they are, and the sign-in before ends
    within moments. Staff are found by their verified e-mail. Raises SignOnRefused; AnotherPersonalNumber,
    PersonalNumberTaken; of staff FactorAsked, WrongFactor, TooManyTries, after which the code is still good.
    """
    row = _standing(tx, code)
    if row is None:
        _end_what_it_gave(tx, code, verifier)
        raise SignOnRefused(reason="code")
    provider = named(row.provider)
    if not is_verifier(verifier, row.challenge):
        _spend(tx, row)
        note_refusal(tx, provider, "verifier")
        raise SignOnRefused(reason="code")
    identity = Identity.unpacked(secrets.unseal(row.identity, _PURPOSE))
    if provider.serves == STAFF:
        return _staff(tx, provider, row, identity, totp)
    _spend(tx, row)
    person = linking.whose(tx, actor, provider, identity)
    replaced = actor.session if actor.is_resident else None
    if replaced:
        end_soon(tx, actor)
    given = start_session(
        tx,
        person=person,
        assurance=identity.level,
        method=provider.name,
        proved_at=row.proved_at,
        replaces=replaced,
    )
    return _given(row, given)


def prover(tx: Session, code: str) -> str | None:
    """A name for whoever holds the code of a sign-on that stands, the same at each of their sign-ons; else None.

    For counting alone: whoever proved who they are has a budget of their own.
    """
    row = _standing(tx, code)
    if row is None:
        return None
    identity = Identity.unpacked(secrets.unseal(row.identity, _PURPOSE))
    return secrets.mac([row.provider, identity.subject], "prover").hex()[:32]


def purge_sign_ons(tx: Session) -> int:
    """Forget sign-ons whose tokens were fetched or never will be; how many."""
    over = func.app_now() - timedelta(seconds=settings().sign_on.attempt)
    gone = delete(SignOn).where(SignOn.expires_at < over).returning(SignOn.id)
    return len(tx.scalars(gone).all())


def _standing(tx: Session, code: str) -> SignOn | None:
    """The sign-on a code belongs to, held, so that it is used once."""
    wanted = select(SignOn).where(
        SignOn.code == secrets.digest(code), SignOn.used_at.is_(None), SignOn.expires_at > func.app_now()
    )
    return tx.scalar(wanted.with_for_update())


def _spend(tx: Session, row: SignOn) -> None:
    row.used_at, row.identity = clock.now(tx), b""
    tx.flush()


def _staff(tx: Session, provider: Provider, row: SignOn, identity: Identity, totp: str | None) -> dict[str, Any]:
    """A colleague's session. Nobody we know and somebody who has left are answered alike, and noted."""
    member = linking.colleague(tx, provider, identity)
    if member is None:
        _spend(tx, row)
        digest = secrets.blind_index((identity.email or "").lower(), "email").hex()[:16]
        audit.record(tx, ANONYMOUS, "accounts.sign_in_failed", ("email", digest), provider=provider.name)
        raise SignOnRefused(reason="nobody")
    proved = identity.second_factor or check_factor(tx, member, totp)
    _spend(tx, row)
    linking.link_colleague(tx, provider, identity, member)
    given = start_session(
        tx,
        staff=member,
        assurance="advanced" if proved else "standard",
        method=provider.name,
        proved_at=row.proved_at,
    )
    return _given(row, given)


def _given(row: SignOn, given: dict[str, Any]) -> dict[str, Any]:
    row.session_id = UUID(tokens.made_for(given["access_token"]))
    return given


def _end_what_it_gave(tx: Session, code: str, verifier: str) -> None:
    """A code that comes again with its verifier is in two hands: what the first got ends (RFC 6749, 4.1.2)."""
    spent = tx.scalar(select(SignOn).where(SignOn.code == secrets.digest(code), SignOn.session_id.is_not(None)))
    if spent is not None and is_verifier(verifier, spent.challenge):
        given = update(AccountSession).where(AccountSession.id == spent.session_id)
        tx.execute(given.values(revoked_at=func.coalesce(AccountSession.revoked_at, func.app_now())))
        audit.record(tx, ANONYMOUS, "accounts.sign_on_code_reused", ("session", spent.session_id))
