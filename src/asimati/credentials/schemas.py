"""Shapes of credentials."""

from __future__ import annotations

from asimati.http.fields import UUID, Anything, Boolean, DateTime, List, Nested, Schema, String, Text


class IssuerOut(Schema):
    id = String(metadata={"description": "Our DID; the keys are in its document"})
    name = Text()


class CredentialOut(Schema):
    id = UUID()
    type = String()
    kind = Text()
    title = Text()
    issuer = Nested(IssuerOut)
    facts = Anything(metadata={"type": "object", "description": "What it says; never whose it is"})
    issued_at = DateTime()
    valid_until = DateTime(allow_none=True)
    valid = Boolean()
    revoked = Boolean()
    revoked_at = DateTime(allow_none=True)
    reason = String(allow_none=True)


class HeldOut(Schema):
    """A credential as its holder has it."""

    id = UUID()
    type = String(attribute="kind")
    title = Text()
    facts = Anything(metadata={"type": "object"})
    issued_at = DateTime()
    valid_until = DateTime(allow_none=True)
    revoked_at = DateTime(allow_none=True)
    reason = String(allow_none=True)
    jwt = String(metadata={"description": "Verifiable Credential 2.0 / Open Badge 3.0 as a JWT (EdDSA)"})
    link = String(metadata={"description": "What the QR code holds; it verifies without a network"})


class ShownIn(Schema):
    token = String(required=True, max_length=16_000, metadata={"description": "A JWT, or what a QR code holds"})


class JudgedOut(Schema):
    signed = Boolean(metadata={"description": "Ours, and not a letter altered"})
    valid = Boolean(metadata={"description": "Signed, not revoked, not run out"})
    credential = Nested(CredentialOut, allow_none=True)


class RevokeIn(Schema):
    reason = String(required=True, min_length=3, max_length=500)


class CredentialKeyOut(Schema):
    kty = String()
    crv = String()
    alg = String()
    use = String()
    kid = String()
    x = String()


class KeysOut(Schema):
    keys = List(Nested(CredentialKeyOut))
