"""How a credential is written: as a Verifiable Credential in a JWT, and as the short token of a QR code.

The JWT is a W3C Verifiable Credential (Data Model 2.0) that is an Open Badge (1EdTech Open Badges 3.0), secured
with JOSE (W3C VC-JOSE-COSE): header `typ: vc+jwt`, `alg: EdDSA` (RFC 8037), `kid` a key of our DID document.

The short token is base64url without padding of: one byte version (1), one byte key version, the credential's UUID
(16 bytes), the moment of issue (4 bytes, seconds since 1970), the brief in UTF-8, and the Ed25519 signature of all
that (64 bytes). On paper it stands behind the `#` of the public page's address: a telephone's camera opens the
page, a device without a network reads and verifies the token, and the server never sees it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import segno

from asimati.kit import secrets
from asimati.settings import settings

PURPOSE = "credential"
CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
# Ours beside theirs: `facts` is plain JSON to whoever reads the document as linked data.
_TERMS = {"facts": {"@id": "urn:asimati:facts", "@type": "@json"}}
LIST_SIZE = 131_072  # entries of a status list: the least the specification allows, for the herd's privacy
_SHORT = struct.Struct("!BB16sI")
_SHORT_VERSION = 1
_SIGNATURE = 64
BRIEF = 64  # bytes


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a credential says, without its holder. `facts` and `brief` are public: no person is named in them."""

    kind: str
    subject: str
    title: Mapping[str, Any]
    description: Mapping[str, Any]
    criteria: Mapping[str, Any]
    facts: Mapping[str, Any]
    brief: str


def issuer() -> str:
    """Our decentralised identifier (did:web): the host at which the DID document lies."""
    host = settings().base_url.partition("://")[2].split("/")[0]
    return f"did:web:{quote(host, safe='')}"


def address(credential: UUID) -> str:
    """Where anybody verifies a credential."""
    return f"{settings().base_url}/api/v1/credentials/{credential}"


def status_list_address(number: int) -> str:
    """Where a status list lies."""
    return f"{settings().base_url}/api/v1/credentials/status/{number}"


def document(
    claim: Claim,
    *,
    credential: UUID,
    number: int,
    holder: str | None,
    issued_at: datetime,
    valid_until: datetime | None = None,
) -> dict[str, Any]:
    """The Verifiable Credential. Of the holder it has an identifier of its own and the salted hash of the name."""
    until = {"validUntil": moment(valid_until)} if valid_until else {}
    return {
        "@context": [*CONTEXTS, _TERMS],
        "id": address(credential),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer(), "type": ["Profile"], "name": _said(settings().governorate.facts["name"])},
        "validFrom": moment(issued_at),
        **until,
        "name": _said(claim.title),
        "credentialSubject": {
            "id": credential.urn,
            "type": ["AchievementSubject"],
            **({"identifier": [_hashed(holder)]} if holder else {}),
            "achievement": {
                "id": f"urn:asimati:achievement:{claim.kind}",
                "type": ["Achievement"],
                "name": _said(claim.title),
                "description": _said(claim.description),
                "criteria": {"narrative": _said(claim.criteria)},
            },
            "facts": dict(claim.facts),
        },
        "credentialStatus": {
            "id": f"{status_list_address(number // LIST_SIZE + 1)}#{number % LIST_SIZE}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(number % LIST_SIZE),
            "statusListCredential": status_list_address(number // LIST_SIZE + 1),
        },
    }


def secured(said: Mapping[str, Any]) -> str:
    """A Verifiable Credential as a JWT, signed with the newest key."""
    header = {
        "alg": "EdDSA",
        "typ": "vc+jwt",
        "cty": "vc",
        "kid": f"{issuer()}#{key_name(secrets.newest_version())}",
    }
    claims: dict[str, Any] = {"iss": issuer(), "jti": said["id"], "sub": said["credentialSubject"]["id"]}
    claims["nbf"] = _seconds(said["validFrom"])
    if "validUntil" in said:
        claims["exp"] = _seconds(said["validUntil"])
    body = f"{_base64url(_json(header))}.{_base64url(_json({**said, **claims}))}"
    return f"{body}.{_base64url(secrets.sign(body.encode(), PURPOSE))}"


def read_secured(token: str, keys: Mapping[int, bytes]) -> UUID | None:
    """The credential a JWT is of, if one of these public keys (by version) signed it."""
    body, _, signature = token.rpartition(".")
    try:
        header, said = (json.loads(_unbase64url(part)) for part in body.split("."))
        version = int(header["kid"].rpartition("#credential-")[2])
        is_ours = header["alg"] == "EdDSA" and secrets.is_signed_by(
            keys[version], body.encode(), _unbase64url(signature)
        )
        return UUID(said["id"].rpartition("/")[2]) if is_ours else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # whatever a stranger may send
        return None


def short(credential: UUID, issued_at: datetime, brief: str) -> str:
    """The short token. Raises ValueError for a brief that is too long for a small QR code."""
    if len(brief.encode()) > BRIEF:
        raise ValueError("the brief is longer than 64 bytes")
    version = secrets.newest_version()
    payload = _SHORT.pack(_SHORT_VERSION, version, credential.bytes, int(issued_at.timestamp())) + brief.encode()
    return _base64url(payload + secrets.sign(payload, PURPOSE))


@dataclass(frozen=True)
class Short:
    """What a short token says once its signature is verified."""

    credential: UUID
    issued_at: datetime
    brief: str


def read_short(token: str, keys: Mapping[int, bytes]) -> Short | None:
    """What the token says, if one of these public keys (by version) signed it. Needs no network and no database."""
    try:
        raw = _unbase64url(token)
        payload, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        form, version, credential, at = _SHORT.unpack(payload[: _SHORT.size])
        brief = payload[_SHORT.size :].decode()
    except (ValueError, struct.error):  # of the decoders, too
        return None
    if form != _SHORT_VERSION or version not in keys:
        return None
    if not secrets.is_signed_by(keys[version], payload, signature):
        return None
    return Short(UUID(bytes=credential), datetime.fromtimestamp(at, UTC), brief)


def qr_svg(link: str) -> bytes:
    """A link as a QR code in SVG with the quiet zone scanners need; error correction M (15 %)."""
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind="svg", scale=3, border=4, light="#ffffff")
    return picture.getvalue()


def jwk(version: int, public: bytes) -> dict[str, str]:
    """A public key as a JWK (RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": key_name(version),
        "x": _base64url(public),
    }


def key_name(version: int) -> str:
    """The name of a key in our DID document."""
    return f"credential-{version}"


def did_document(keys: Mapping[int, bytes]) -> dict[str, Any]:
    """The DID document (W3C DID Core, did:web): every key that ever signed, the newest first."""
    methods = [
        {
            "id": f"{issuer()}#{key_name(version)}",
            "type": "JsonWebKey",
            "controller": issuer(),
            "publicKeyJwk": jwk(version, public),
        }
        for version, public in sorted(keys.items(), reverse=True)
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": issuer(),
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def _hashed(holder: str) -> dict[str, Any]:
    """An Open Badges IdentityObject: whoever has the name can confirm it, nobody reads it."""
    salt = os.urandom(16).hex()
    digest = hashlib.sha256((holder + salt).encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${digest}",
        "identityType": "name",
        "salt": salt,
    }


def _said(text: Mapping[str, Any]) -> str:
    """Both languages in one line: Open Badges has one text where we have two."""
    return " · ".join(dict.fromkeys(words for words in (text.get("ar"), text.get("en")) if words))


def moment(at: datetime) -> str:
    """A moment as the standards write it, to the second."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unbase64url(text: str) -> bytes:
    """The bytes. Raises ValueError for anything but the one way to write them."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _base64url(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
