"""Sessions and their tokens: short access tokens, refresh tokens used once."""

from __future__ import annotations

import contextlib
import secrets as random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from asimati.accounts import policy, rules
from asimati.accounts.callers import is_locked
from asimati.accounts.messages import SignedInElsewhere
from asimati.accounts.models import AccountSession, Person, RefreshToken, StaffMember
from asimati.accounts.refusals import ProofTooOld, RefreshRefused, SessionLocked
from asimati.kit import audit, clock, outbox, secrets, trace
from asimati.kit import tokens as signed
from asimati.kit.errors import NotFound
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings

_LIVE = update(AccountSession).where(
    AccountSession.revoked_at.is_(None), AccountSession.expires_at > func.app_now()
)


def start_session(
    tx: Session,
    *,
    person: UUID | None = None,
    staff: UUID | None = None,
    assurance: str = "phone",
    method: str = "code",
    proved_at: datetime | None = None,
    replaces: UUID | None = None,
) -> dict[str, Any]:
    """Sign somebody in: a session and its first pair of tokens.

    `proved_at`: when they showed who they are, if not just now. `replaces`: their sign-in that this one follows.
    """
    now, config = clock.now(tx), settings()
    session = AccountSession(
        person_id=person,
        staff_id=staff,
        assurance=assurance,
        method=method,
        device=rules.device_of(trace.client.get()),
        proved_at=proved_at or now,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(seconds=config.staff.session if staff else config.tokens.refresh_limit),
    )
    tx.add(session)
    tx.flush()
    actor = Actor("staff" if staff else "resident", staff or person)
    audit.record(tx, actor, "accounts.signed_in", ("session", session.id))
    if person is not None:
        _tell_of_another(tx, session, replaces)
    return _tokens(session, _new_refresh(tx, session.id, now))


def require_fresh(tx: Session, actor: Actor) -> None:
    """Raise ProofTooOld where it was long ago that this sign-in showed who it is."""
    age = func.extract("epoch", func.app_now() - AccountSession.proved_at)
    since = tx.scalar(select(age).where(AccountSession.id == actor.session))
    if since is None or since > settings().tokens.proof:
        raise ProofTooOld


def _tell_of_another(tx: Session, made: AccountSession, replaces: UUID | None) -> None:
    """Whoever is signed in elsewhere is told of a new sign-in: it may not have been them."""
    standing = select(AccountSession.id).where(
        AccountSession.person_id == made.person_id,
        AccountSession.id.not_in([made.id, *([replaces] if replaces else [])]),
        AccountSession.revoked_at.is_(None),
        AccountSession.expires_at > made.created_at,
    )
    if made.person_id and tx.scalar(standing.limit(1)):
        about = {"type": "session", "reference": str(made.id)}
        outbox.publish(tx, SignedInElsewhere(person=made.person_id, about=about, at=made.created_at))


def refresh(tx: Session, token: str, opened: Callable[[UUID], bool] = lambda _staff: False) -> dict[str, Any]:
    """Exchange a refresh token for the next pair. Raises RefreshRefused, SessionLocked.

    `opened` says whether a member of staff who was away has shown that it is still them (by their password).

    A client that never saw the answer repeats its request: within the grace it gets the same child again, unless
    that has been used itself, which shows that the answer did arrive. Later, a used token in somebody's hand means
    that two hold it; the whole session then ends, and only that session.
    """
    digest = secrets.digest(token)
    row = tx.scalar(select(RefreshToken).where(RefreshToken.digest == digest).with_for_update())
    if row is None:
        raise RefreshRefused
    now = clock.now(tx)
    session = tx.get_one(AccountSession, row.session_id)
    if session.revoked_at is not None or min(session.expires_at, row.expires_at) <= now:
        raise RefreshRefused
    if session.staff_id:
        _require_presence(tx, session, now, opened)
    if row.used_at is None:
        child = _new_refresh(tx, session.id, now)
        row.used_at, row.child = now, secrets.seal(child, "refresh")
        return _tokens(session, child)
    if row.child and (now - row.used_at).total_seconds() <= settings().tokens.refresh_grace:
        return _tokens(session, _unused(tx, secrets.unseal(row.child, "refresh")))
    session.revoked_at = now
    holder = Actor("staff" if session.staff_id else "resident", session.staff_id or session.person_id)
    audit.record(tx, holder, "accounts.refresh_reused", ("session", session.id))
    raise RefreshRefused


def _require_presence(tx: Session, session: AccountSession, now: datetime, opened: Callable[[UUID], bool]) -> None:
    """Staff who left the house are out at once; staff who left their desk open it again with their password."""
    if tx.get_one(StaffMember, session.staff_id).disabled_at is not None:
        raise RefreshRefused
    if is_locked((now - session.seen_at).total_seconds()):
        if session.staff_id is None or not opened(session.staff_id):
            raise SessionLocked
        session.seen_at = now


def _unused(tx: Session, child: str) -> str:
    """The child to hand out again. Raises RefreshRefused when it is spent: a late repeat, but no proof of theft."""
    spent = select(RefreshToken.used_at).where(RefreshToken.digest == secrets.digest(child))
    if tx.scalar(spent) is not None:
        raise RefreshRefused
    return child


def sign_out(tx: Session, actor: Actor) -> None:
    """End the session of the token in hand."""
    tx.execute(update(AccountSession).where(AccountSession.id == actor.session).values(revoked_at=func.app_now()))
    audit.record(tx, actor, "accounts.signed_out", ("session", actor.session))


def end_soon(tx: Session, actor: Actor) -> None:
    """End the session of the token in hand within moments: whoever missed the answer can still ask for it again."""
    soon = func.app_now() + timedelta(seconds=settings().tokens.refresh_grace)
    mine = update(AccountSession).where(AccountSession.id == actor.session)
    tx.execute(mine.values(expires_at=func.least(AccountSession.expires_at, soon)))
    audit.record(tx, actor, "accounts.session_replaced", ("session", actor.session))


def end_session(tx: Session, actor: Actor, session_id: UUID) -> None:
    """End one of one's own sign-ins, at once. Raises NotFound."""
    _revoke(tx, actor, AccountSession.id == session_id, _holder(actor))


def end_other_sessions(tx: Session, actor: Actor) -> None:
    """End all of one's own sign-ins but this one."""
    with contextlib.suppress(NotFound):
        _revoke(tx, actor, AccountSession.id != actor.session, _holder(actor))


def end_sessions_of_staff(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """End every sign-in of a colleague."""
    policy.require(actor, "manage_staff")
    with contextlib.suppress(NotFound):
        _revoke(tx, actor, AccountSession.staff_id == staff_id)


def end_sessions_of_person(tx: Session, actor: Actor, person_id: UUID) -> None:
    """End every sign-in of a resident, who lost a telephone or fears that another is in. Raises NotFound."""
    policy.require(actor, "sign_out_person")
    if tx.get(Person, person_id) is None:
        raise NotFound
    with contextlib.suppress(NotFound):
        _revoke(tx, actor, AccountSession.person_id == person_id)


def end_all_sessions(tx: Session) -> int:
    """End every sign-in there is, after something was stolen from the house itself; how many."""
    ended = tx.execute(_LIVE.values(revoked_at=func.app_now())).rowcount  # type: ignore[attr-defined]
    audit.record(tx, SYSTEM, "accounts.all_sessions_ended", ("session", ""), ended=ended)
    return int(ended)


def _holder(actor: Actor) -> ColumnElement[bool]:
    return (AccountSession.staff_id if actor.is_staff else AccountSession.person_id) == actor.id


def _revoke(tx: Session, actor: Actor, *conditions: ColumnElement[bool]) -> None:
    wanted = _LIVE.where(*conditions).values(revoked_at=func.app_now())
    ended = tx.execute(wanted.returning(AccountSession.id, AccountSession.person_id)).all()
    if not ended:
        raise NotFound
    for session, person in ended:
        audit.record(tx, actor, "accounts.session_ended", ("session", session), people=[person])


def _new_refresh(tx: Session, session: UUID, now: datetime) -> str:
    token = random.token_urlsafe(32)
    expires = now + timedelta(seconds=settings().tokens.refresh_idle)
    tx.add(RefreshToken(digest=secrets.digest(token), session_id=session, created_at=now, expires_at=expires))
    return token


def _tokens(session: AccountSession, refresh_token: str) -> dict[str, Any]:
    issued = int(clock.utcnow().timestamp())
    lifetime = settings().tokens.access
    claims = {
        "sub": str(session.person_id or session.staff_id),
        "sid": str(session.id),
        "kind": "staff" if session.staff_id else "resident",
        "iat": issued,
        "exp": issued + lifetime,
        "jti": str(uuid4()),
    }
    return {
        "access_token": signed.sign(claims),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": lifetime,
    }
