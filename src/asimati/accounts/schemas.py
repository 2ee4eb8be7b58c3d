"""Shapes of signing in and of what people say of themselves."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as plain

from asimati.accounts import rules
from asimati.accounts.models import EngagementKind, Language, Sex
from asimati.http.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Object,
    Pattern,
    Schema,
    String,
    Text,
)
from asimati.kit.text import western_digits
from asimati.kit.words import _


class Numbered(String):
    """Part of an address, which may be a number in any script's digits; it is kept in Western ones."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return western_digits(super()._deserialize(value, attr, data, **kwargs)).strip()


class HourOfDay(plain.Time):
    """A local time such as 22:00."""

    default_error_messages = dict.fromkeys(
        ("required", "null", "validator_failed", "invalid", "format"),
        _("This must be a time of day such as 22:00."),
    )

    def __init__(self, **kwargs: Any) -> None:
        said: dict[str, Any] = {"allow_none": True, "metadata": {"example": "22:00"}} | kwargs
        super().__init__(format="%H:%M", **said)


class CodeIn(Schema):
    phone = String(required=True, min_length=4, max_length=40)
    device_token = String(
        load_default="",
        max_length=200,
        metadata={"description": "What an earlier sign-in by this phone gave: codes from the owner's reserve"},
    )
    sign_on = String(
        load_default="",
        max_length=100,
        metadata={"description": "The code of a sign-on that stands: codes from a budget of one's own"},
    )


class CodeOut(Schema):
    challenge_id = UUID(attribute="id")
    expires_at = DateTime()
    resend_after = DateTime()


class AwaitIn(Schema):
    phone = String(required=True, min_length=4, max_length=40)


class AwaitOut(Schema):
    challenge_id = UUID(attribute="id")
    code = String(metadata={"description": "To give to POST /auth/otp/verify once the message has been sent"})
    send_to = String(metadata={"description": "The number that takes the message"})
    text = Text()  # the message, as the telephone is to send it, in either language
    expires_at = DateTime()


class VerifyIn(Schema):
    challenge_id = UUID(required=True)
    code = String(required=True, min_length=1, max_length=20)


class RefreshIn(Schema):
    refresh_token = String(required=True, min_length=1, max_length=200)
    password = String(
        max_length=200, metadata={"description": "Opens the sign-in of staff who were away for a while"}
    )


class TokensOut(Schema):
    access_token = String()
    refresh_token = String()
    token_type = String()
    expires_in = Integer()


class CodeTokensOut(TokensOut):
    device_token = String(
        metadata={"description": "Keep it through sign-outs, and send it when asking for this phone's next code"}
    )


class SessionOut(Schema):
    id = UUID()
    created_at = DateTime()
    seen_at = DateTime(metadata={"description": "To the minute"})
    expires_at = DateTime()
    assurance = String()
    method = String()
    device = String(metadata={"description": "The app, or browser and system"})
    current = Boolean()


class StaffSignIn(Schema):
    email = String(required=True, min_length=3, max_length=254)
    password = String(required=True, min_length=1, max_length=200)
    totp = String(max_length=40, metadata={"description": "The authenticator app's code, or a recovery code"})


class DevMessage(Schema):
    phone = String(required=True, max_length=40)
    text = String(required=True, max_length=500)


class DevSignIn(Schema):
    phone = String(max_length=40)
    email = String(max_length=254)


class Country(String):
    """A country by its two letters (ISO 3166-1 alpha-2)."""

    def __init__(self, **more: Any) -> None:
        super().__init__(metadata={"pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        said = str(super()._deserialize(value, attr, data, **kwargs)).strip().upper()
        if said not in rules.COUNTRIES:
            raise ValidationError(_("Name a country by its two letters, such as BH."))
        return said


class ProfileIn(Schema):
    name_ar = String(max_length=200, allow_none=True)
    name_latin = String(max_length=200, allow_none=True)
    email = String(max_length=254, allow_none=True, validate=[Pattern(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")])
    cpr = String(max_length=30)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)
    nationality = Country(allow_none=True)
    disability = Boolean(
        allow_none=True, metadata={"description": "Sensitive: saying it is the consent, null takes it back"}
    )
    flat = Numbered(max_length=20, allow_none=True)
    building = Numbered(max_length=20, allow_none=True)
    road = Numbered(max_length=20, allow_none=True)
    block = Numbered(max_length=4, allow_none=True, validate=[Pattern(r"[1-9][0-9]{2,3}\Z")])
    language = Enum(Language)


class ProfileOut(Schema):
    id = UUID()
    phone = String(allow_none=True)
    email = String(allow_none=True)
    cpr = String(allow_none=True, metadata={"description": "The last three digits"})
    cpr_proved = Boolean(metadata={"description": "A national sign-on proved it; it cannot be changed by hand"})
    name_ar = String(allow_none=True)
    name_latin = String(allow_none=True)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)
    nationality = String(allow_none=True)
    disability = Boolean(allow_none=True)
    flat = String(allow_none=True)
    building = String(allow_none=True)
    road = String(allow_none=True)
    block = String(allow_none=True)
    language = Enum(Language)
    assurance = String()


TOPIC = Pattern(r"[a-z_]{1,40}(\.[a-z_]{1,40})?\Z")
CHANNEL = Pattern(r"(inbox|push|sms|email)\Z")


class ChannelsByTopic(Object):
    """Other channels for some topics: `{"events": ["inbox"], "events.booking_reminder": ["inbox", "sms"]}`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        said = super()._deserialize(value, attr, data, **kwargs)
        if len(said) > 50:
            raise ValidationError(_("This list is too long."))
        for topic, channels in said.items():
            TOPIC(topic)
            if not isinstance(channels, list) or len(channels) > 4:
                raise ValidationError(_("This must be a list."))
            for channel in channels:
                CHANNEL(channel if isinstance(channel, str) else "")
        return said


class PreferencesIn(Schema):
    language = Enum(Language)
    channels = List(
        String(max_length=10, validate=[Pattern(r"(inbox|push|sms|email)\Z")]),
        required=True,
        max_items=4,
    )
    topics = ChannelsByTopic(load_default=dict)
    quiet_from = HourOfDay(load_default=None)
    quiet_to = HourOfDay(load_default=None)
    friday_prayer = Boolean(load_default=True, metadata={"description": "Nothing that can wait during the prayer"})
    digest = Boolean(load_default=False, metadata={"description": "What can wait comes once a day, in one notice"})

    @validates_schema(skip_on_field_errors=True)
    def both_ends(self, data: dict[str, Any], **_kwargs: Any) -> None:
        for end, other in (("quiet_from", "quiet_to"), ("quiet_to", "quiet_from")):
            if data[other] and not data[end]:
                raise ValidationError(_("Quiet hours have a beginning and an end."), end)


class PreferencesOut(Schema):
    language = Enum(Language)
    channels = List(String())
    topics = ChannelsByTopic()
    quiet_from = HourOfDay()
    quiet_to = HourOfDay()
    friday_prayer = Boolean()
    digest = Boolean()


class DeviceIn(Schema):
    platform = String(required=True, max_length=20, validate=[Pattern(r"(android|ios|web)\Z")])
    push_token = String(required=True, min_length=1, max_length=1000)


class AccessAboutOut(Schema):
    type = String()
    reference = String()


class AccessOut(Schema):
    at = DateTime()
    words = Text()
    action = String()
    by = String(metadata={"description": "staff, resident (who acts for you), partner, or system"})
    staff = UUID(allow_none=True, metadata={"description": "Quote it in a complaint"})
    about = Nested(AccessAboutOut)
    reason = String(allow_none=True, metadata={"description": "What they said they needed it for"})


class NearOut(Schema):
    """Something that asks for rest and lies too near to what was booked beside it."""

    kind = Enum(EngagementKind)
    title = Text()
    starts_at = DateTime()
    ends_at = DateTime()
    rest_minutes = Integer()
