"""Issuing and revoking."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.credentials import policy, writing
from asimati.credentials.models import Credential, CredentialKey
from asimati.credentials.writing import Claim
from asimati.kit import audit, clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor

_NEXT_NUMBER = text("SELECT nextval(pg_get_serial_sequence('credential', 'number'))")


def issue(
    tx: Session,
    actor: Actor,
    claim: Claim,
    person: UUID | None,
    *,
    holder: str | None = None,
    valid_until: datetime | None = None,
) -> Credential:
    """Vouch for a claim about a person (or about nobody). `holder` is their name, kept as a salted hash alone.

    A living credential of the same kind and subject is renewed: it keeps its id and its place in the status list,
    and says the new thing from now on. What was signed before stays verifiable with its own date. Two at once for
    one subject: the caller holds the subject's lock, and the unique index is the second line.
    """
    found = living(tx, claim.kind, claim.subject)
    issued_at = clock.now(tx)
    identity = found.id if found else new_id()
    number = found.number if found else tx.scalars(_NEXT_NUMBER).one()
    said = writing.document(
        claim, credential=identity, number=number, holder=holder, issued_at=issued_at, valid_until=valid_until
    )
    _remember_key(tx)
    signed = {
        "kind": claim.kind,
        "subject": claim.subject,
        "person_id": person,
        "title": dict(claim.title),
        "facts": dict(claim.facts),
        "jwt": writing.secured(said),
        "link": f"{writing.address(identity)}#{writing.short(identity, issued_at, claim.brief)}",
        "issued_at": issued_at,
        "valid_until": valid_until,
    }
    row = insert(Credential).values(id=identity, number=number, **signed)
    tx.execute(row.on_conflict_do_update(index_elements=["id"], set_=signed))
    people = [person] if person else []
    audit.record(tx, actor, "credentials.issued", ("credential", identity), people, kind=claim.kind)
    return tx.get_one(Credential, identity, populate_existing=True)


def revoke(tx: Session, actor: Actor, credential_id: UUID, reason: str) -> Credential:
    """End a credential; the first reason stays. For staff whose role allows it, and for the system."""
    policy.require(actor, "revoke")
    return end(tx, actor, credential_id, reason)


def end(tx: Session, actor: Actor, credential_id: UUID, reason: str) -> Credential:
    """End a credential as part of a deed that its own feature allowed (a booking voided, hours taken back)."""
    found = tx.get(Credential, credential_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at, found.reason = clock.now(tx), reason
        people = [found.person_id] if found.person_id else []
        audit.record(tx, actor, "credentials.revoked", ("credential", found.id), people, kind=found.kind)
        tx.flush()
    return found


def living(tx: Session, kind: str, subject: str) -> Credential | None:
    """The credential that stands for a subject now, under its lock; None if none was issued or it was revoked."""
    wanted = select(Credential).where(
        Credential.kind == kind, Credential.subject == subject, Credential.revoked_at.is_(None)
    )
    locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Credential | None = tx.scalar(locked)
    return found


def _remember_key(tx: Session) -> None:
    """Keep the public half of the key that signs: it is published as long as anything it signed may be shown."""
    version = secrets.newest_version()
    row = insert(CredentialKey).values(version=version, public=secrets.public_key(writing.PURPOSE, version))
    tx.execute(row.on_conflict_do_nothing())
