"""A verifier who knows the standards and none of our code: PyJWT, gzip, and what we publish."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def published(client: Any) -> dict[str, Any]:
    """Keys by their DID URL."""
    did = client.get("/.well-known/did.json").get_json(force=True)
    return {one["id"]: jwt.PyJWK(one["publicKeyJwk"]).key for one in did["verificationMethod"]}


def verified(client: Any, token: str) -> dict[str, Any]:
    """The credential a JWT holds. Raises jwt.InvalidTokenError when it is not to be believed, or PermissionError
    when its bit is set in the status list it names."""
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("vc+jwt", "EdDSA")
    said = jwt.decode(token, published(client)[header["kid"]], algorithms=["EdDSA"], leeway=5)
    assert said["issuer"] == said["iss"] or said["issuer"]["id"] == said["iss"] == header["kid"].partition("#")[0]
    if status := said.get("credentialStatus"):
        listed = verified(client, client.get(path_of(status["statusListCredential"])).text)
        if _bit(listed["credentialSubject"]["encodedList"], int(status["statusListIndex"])):
            raise PermissionError("revoked")
    return dict(said)


def verified_offline(keys: dict[int, Ed25519PublicKey], link: str) -> tuple[str, str]:
    """The credential's id and brief, from the QR code alone and keys fetched long ago. Raises InvalidSignature."""
    written = link.partition("#")[2]
    raw = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    payload, signature = raw[:-64], raw[-64:]
    _form, version, identity, _at = struct.unpack("!BB16sI", payload[:22])
    keys[version].verify(signature, payload)
    return identity.hex(), payload[22:].decode()


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def _bit(encoded: str, index: int) -> bool:
    assert encoded[0] == "u"
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))
    assert len(bits) * 8 >= 131_072
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def altered(token: str, at: int) -> str:
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


def body_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
