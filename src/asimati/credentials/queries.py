"""Questions about credentials: does it hold, which were revoked, which keys sign."""

from __future__ import annotations

import base64
import gzip
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.credentials import KINDS, writing
from asimati.credentials.models import Credential, CredentialKey
from asimati.kit import clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.words import LANGUAGES, translate
from asimati.settings import settings


def credential(tx: Session, credential_id: UUID) -> dict[str, Any]:
    """What anyone may learn of a credential: whether it holds and what it says. Not whose it is. Or NotFound."""
    found = tx.get(Credential, credential_id)
    if found is None:
        raise NotFound
    expired = found.valid_until is not None and found.valid_until <= clock.now(tx)
    return {
        "id": found.id,
        "type": found.kind,
        "kind": {language: translate(KINDS.get(found.kind, found.kind), language) for language in LANGUAGES},
        "title": found.title,
        "issuer": {"id": writing.issuer(), "name": settings().governorate.facts["name"]},
        "facts": found.facts,
        "issued_at": found.issued_at,
        "valid_until": found.valid_until,
        "valid": found.revoked_at is None and not expired,
        "revoked": found.revoked_at is not None,
        "revoked_at": found.revoked_at,
        "reason": found.reason,
    }


def held(tx: Session, person: UUID, page: PageArgs) -> Page:
    """A person's own credentials with what they may hand on, newest first."""
    mine = select(Credential).where(Credential.person_id == person)
    return paginate(tx, mine, [Credential.issued_at.desc(), Credential.id.desc()], page)


def held_credential(tx: Session, person: UUID, credential_id: UUID) -> Credential:
    """One of a person's own credentials, or NotFound."""
    found = tx.get(Credential, credential_id)
    if found is None or found.person_id != person:
        raise NotFound
    return found


def keys(tx: Session) -> dict[int, bytes]:
    """Public keys by version: all that signed anything, and those at hand."""
    at_hand = {version: secrets.public_key(writing.PURPOSE, version) for version in secrets.versions()}
    return at_hand | {key.version: key.public for key in tx.scalars(select(CredentialKey))}


def status_list(tx: Session, number: int) -> str:
    """A Bitstring Status List (W3C, 2025) as a signed JWT: a set bit is a revoked credential. Or NotFound.

    Lists are numbered from 1; the first is there before anything was issued.
    """
    last = tx.scalar(select(func.max(Credential.number))) or 0
    if not 1 <= number <= last // writing.LIST_SIZE + 1:
        raise NotFound
    first = (number - 1) * writing.LIST_SIZE
    within = Credential.number.between(first, first + writing.LIST_SIZE - 1)
    bits = bytearray(writing.LIST_SIZE // 8)
    for place in tx.scalars(select(Credential.number).where(Credential.revoked_at.is_not(None), within)):
        bits[(place - first) // 8] |= 0x80 >> (place - first) % 8  # index 0 is the left-most bit
    changed = func.coalesce(func.max(Credential.revoked_at), func.min(Credential.issued_at))
    at = tx.scalar(select(changed).where(within)) or clock.now(tx)
    return writing.secured(_list_document(number, bytes(bits), at))


def _list_document(number: int, bits: bytes, at: datetime) -> dict[str, Any]:
    address = writing.status_list_address(number)
    packed = base64.urlsafe_b64encode(gzip.compress(bits, mtime=0)).rstrip(b"=").decode()
    return {
        "@context": writing.CONTEXTS[:1],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": writing.issuer(),
        "validFrom": writing.moment(at),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "u" + packed,  # multibase: base64url without padding
            "ttl": 300_000,  # milliseconds
        },
    }


def judged(tx: Session, token: str) -> dict[str, Any]:
    """What a shown token is worth: a JWT, a short token, or the whole link of a QR code.

    `signed`: ours and unaltered; `credential`: what `credential` says of it now.
    """
    token = token.rpartition("#")[2].strip()
    found = _identity(token, keys(tx))
    if found is None:
        return {"signed": False, "valid": False, "credential": None}
    try:
        now = credential(tx, found)
    except NotFound:
        return {"signed": True, "valid": False, "credential": None}
    return {"signed": True, "valid": now["valid"], "credential": now}


def _identity(token: str, known: dict[int, bytes]) -> UUID | None:
    if "." in token:
        return writing.read_secured(token, known)
    read = writing.read_short(token, known)
    return read.credential if read else None
