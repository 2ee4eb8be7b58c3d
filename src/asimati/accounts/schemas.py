"""Shapes of signing in and of what people say of themselves."""

from __future__ import annotations

from marshmallow import fields as plain

from asimati.accounts.models import Language, Sex
from asimati.http.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Pattern,
    Schema,
    String,
)


class CodeIn(Schema):
    phone = String(required=True, min_length=4, max_length=40)


class CodeOut(Schema):
    challenge_id = UUID(attribute="id")
    expires_at = DateTime()
    resend_after = DateTime()


class VerifyIn(Schema):
    challenge_id = UUID(required=True)
    code = String(required=True, min_length=1, max_length=20)


class RefreshIn(Schema):
    refresh_token = String(required=True, min_length=1, max_length=200)


class TokensOut(Schema):
    access_token = String()
    refresh_token = String()
    token_type = String()
    expires_in = Integer()


class StaffSignIn(Schema):
    email = String(required=True, min_length=3, max_length=254)
    password = String(required=True, min_length=1, max_length=200)
    totp = String(max_length=10)


class DevSignIn(Schema):
    phone = String(max_length=40)
    email = String(max_length=254)


class ProfileIn(Schema):
    name_ar = String(max_length=200, allow_none=True)
    name_latin = String(max_length=200, allow_none=True)
    email = String(max_length=254, allow_none=True, validate=[Pattern(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")])
    cpr = String(max_length=30)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)
    disability = Boolean(
        allow_none=True, metadata={"description": "Sensitive: saying it is the consent, null takes it back"}
    )
    flat = String(max_length=20, allow_none=True)
    building = String(max_length=20, allow_none=True)
    road = String(max_length=20, allow_none=True)
    block = String(max_length=4, allow_none=True, validate=[Pattern(r"[1-9][0-9]{2,3}\Z")])
    language = Enum(Language)


class ProfileOut(Schema):
    id = UUID()
    phone = String()
    email = String(allow_none=True)
    cpr = String(allow_none=True, metadata={"description": "The last three digits"})
    name_ar = String(allow_none=True)
    name_latin = String(allow_none=True)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)
    disability = Boolean(allow_none=True)
    flat = String(allow_none=True)
    building = String(allow_none=True)
    road = String(allow_none=True)
    block = String(allow_none=True)
    language = Enum(Language)
    assurance = String()


class PreferencesIn(Schema):
    language = Enum(Language)
    channels = List(
        String(max_length=10, validate=[Pattern(r"(inbox|push|sms|email)\Z")]),
        required=True,
        max_items=4,
    )
    quiet_from = plain.Time(allow_none=True, load_default=None, format="%H:%M")
    quiet_to = plain.Time(allow_none=True, load_default=None, format="%H:%M")


class PreferencesOut(Schema):
    language = Enum(Language)
    channels = List(String())
    quiet_from = plain.Time(allow_none=True, format="%H:%M")
    quiet_to = plain.Time(allow_none=True, format="%H:%M")


class DeviceIn(Schema):
    platform = String(required=True, max_length=20, validate=[Pattern(r"(android|ios|web)\Z")])
    push_token = String(required=True, min_length=1, max_length=1000)


class AccessOut(Schema):
    at = DateTime()
    action = String()
    staff = UUID(attribute="actor_id")
