"""Shapes of the second proof of who a member of staff is."""

from __future__ import annotations

from asimati.http.fields import UUID, DateTime, Enum, Integer, List, Nested, Object, Schema, String, Text
from asimati.kit.policy import Role


class PasskeyOut(Schema):
    id = UUID()
    name = String()
    created_at = DateTime()
    used_at = DateTime(allow_none=True)


class FactorsOut(Schema):
    authenticator_since = DateTime(allow_none=True)
    recovery_codes_left = Integer()
    passkeys = List(Nested(PasskeyOut))


class AuthenticatorOut(Schema):
    secret = String(metadata={"description": "To type into an app that cannot scan"})
    uri = String(metadata={"description": "otpauth://…, what the QR code holds"})
    qr = String(metadata={"description": "The QR code as an SVG image"})


class FactorCodeIn(Schema):
    code = String(required=True, min_length=6, max_length=40)


class RecoveryCodesOut(Schema):
    recovery_codes = List(String(), metadata={"description": "Shown this once; each is good once"})


class PasskeyAskedOut(Schema):
    challenge = UUID()
    options = Object()  # for navigator.credentials, binary fields in base64url


class PasskeySignIn(Schema):
    challenge = UUID(required=True)
    credential = Object(required=True)  # PublicKeyCredential.toJSON() of the browser


class PasskeyIn(PasskeySignIn):
    name = String(required=True, min_length=1, max_length=80)


class PasswordIn(Schema):
    current = String(required=True, max_length=200)
    chosen = String(required=True, max_length=200)


class MemberIn(Schema):
    email = String(required=True, min_length=3, max_length=254)
    name = Text(required=True, max_length=200)
    roles = List(Enum(Role), required=True, max_items=10)


class MemberIdentityIn(Schema):
    """As the personnel office knows them; what is left out is forgotten."""

    cpr = String(min_length=1, max_length=30)
    phone = String(min_length=4, max_length=40)


class MemberAddedOut(Schema):
    id = UUID()
    password = String(
        metadata={"description": "To be told to them, shown this once; with it they choose their own"}
    )
    good_until = DateTime()


__all__ = [
    "AuthenticatorOut", "FactorCodeIn", "FactorsOut", "MemberAddedOut", "MemberIdentityIn", "MemberIn",
    "PasskeyAskedOut", "PasskeyIn", "PasskeyOut", "PasskeySignIn", "PasswordIn", "RecoveryCodesOut",
]  # fmt: skip
