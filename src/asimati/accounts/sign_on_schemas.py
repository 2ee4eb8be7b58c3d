"""Shapes of sign-on by a provider."""

from __future__ import annotations

from asimati.accounts.sign_on.providers import Level, Method
from asimati.http.fields import UUID, Enum, List, Nested, Pattern, Schema, String, Text

CHALLENGE = Pattern(r"[A-Za-z0-9_-]{43}\Z")
VERIFIER = Pattern(r"[A-Za-z0-9._~-]{43,128}\Z")


class ProviderOut(Schema):
    name = String()
    title = Text()
    serves = String(metadata={"description": "residents or staff"})
    levels = List(Enum(Level), metadata={"description": "The levels of assurance it can give residents"})


class ProvidersOut(Schema):
    items = List(Nested(ProviderOut))


class StartQuery(Schema):
    """`redirect_uri` and `code_challenge` are asked for by the route, once it knows the provider."""

    redirect_uri = String(
        max_length=500, metadata={"description": "Required. Where to send the person back: one of those named"}
    )
    code_challenge = String(
        max_length=43,
        validate=[CHALLENGE],
        metadata={
            "description": "Required. base64url(SHA-256(verifier)) without padding (RFC 7636); keep the verifier"
        },
    )
    code_challenge_method = Enum(Method, load_default=Method.S256)
    state = String(load_default="", max_length=200, metadata={"description": "Comes back as it was sent"})
    level = Enum(Level)


class FetchIn(Schema):
    code = String(required=True, min_length=1, max_length=100)
    code_verifier = String(required=True, max_length=128, validate=[VERIFIER])
    totp = String(max_length=40, metadata={"description": "Staff: their own second factor, where it is asked for"})


class PhoneIn(Schema):
    challenge_id = UUID(required=True)
    code = String(required=True, min_length=1, max_length=20)
