"""Keys of partners' systems: given out once, looked up by their hash, ended at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from asimati.accounts import policy
from asimati.accounts.models import ApiKey
from asimati.accounts.rules import KeyScope
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.secrets import digest
from asimati.kit.words import _

PREFIX = "ak_"  # so that whoever finds one in a file knows what it is
# Whoever is noted in another request has been noted anyway.
_USED = text(
    """
    UPDATE api_key SET used_at = app_now()
    WHERE id IN (SELECT id FROM api_key WHERE id = :key
                 AND (used_at IS NULL OR used_at < app_now() - interval '1 minute') FOR NO KEY UPDATE SKIP LOCKED)
    """
)


def new_key(
    tx: Session, actor: Actor, *, name: str, scopes: Sequence[KeyScope], per_minute: int,
    expires_at: datetime | None = None, organisation: UUID | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A key for a system, with its secret, which nobody can read again.

    `organisation`: whose own things it reads. Raises Invalid for an end that is past, for a key that reads an
    organisation's own things and names none, and the other way round.
    """
    policy.require(actor, "keys")
    assert actor.id is not None  # noqa: S101 - staff have one
    now = clock.now(tx)
    if expires_at is not None and expires_at <= now:
        raise Invalid([("/expires_at", _("This time is past."))])
    if (KeyScope.OFFERS in scopes) != (organisation is not None):
        raise Invalid([("/organisation", _("An organisation is named for what is its own, and only there."))])
    secret = PREFIX + secrets.token_urlsafe(32)
    made = ApiKey(
        name=name, scopes=sorted(set(scopes)), secret_hash=digest(secret), tail=secret[-4:], per_minute=per_minute,
        made_by=actor.id, expires_at=expires_at, created_at=now, organisation_id=organisation,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "accounts.key_made", ("api_key", made.id), scopes=made.scopes)
    return made, secret


def revoke_key(tx: Session, actor: Actor, key_id: UUID) -> ApiKey:
    """End a key from this moment; what it did stays. Raises NotFound."""
    policy.require(actor, "keys")
    found = tx.get(ApiKey, key_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at = clock.now(tx)
        audit.record(tx, actor, "accounts.key_revoked", ("api_key", found.id))
    return found


def keys(tx: Session, page: PageArgs) -> Page:
    """The keys that were given out, the newest first."""
    return paginate(tx, select(ApiKey), [ApiKey.id.desc()], page)


def key_of(tx: Session, secret: str) -> ApiKey | None:
    """The key behind a secret, while it holds; that it was used is noted."""
    living = select(ApiKey).where(
        ApiKey.secret_hash == digest(secret),
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.app_now()),
    )
    found = tx.scalar(living)
    if found is not None:
        tx.execute(_USED, {"key": found.id})
    return found


def reader_of(tx: Session, secret: str, scope: str) -> tuple[UUID, int] | None:
    """For the edge: the key that reads something, and how often a minute it may; None for one that may not."""
    found = key_of(tx, secret)
    return (found.id, found.per_minute) if found is not None and scope in found.scopes else None


def organisation_of(tx: Session, actor: Actor) -> UUID:
    """The organisation whose own things a partner's system reads. Raises NotFound."""
    found = tx.scalar(select(ApiKey.organisation_id).where(ApiKey.id == actor.id))
    if found is None:
        raise NotFound
    return found
