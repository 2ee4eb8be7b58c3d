"""Marshmallow fields that are strict, bounded and clean, and speak both languages when they refuse.

Every schema of the house is built from these. Bounds match what the columns hold, so that nothing is accepted that
cannot be stored and read again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError, validate

from asimati.kit.text import UnfitText, clean
from asimati.kit.words import _

INT4 = 2**31 - 1

_REQUIRED: dict[str, Any] = {
    "required": _("This is required."),
    "null": _("This may not be empty."),
    "validator_failed": _("This value is not valid."),
}


class Schema(ma.Schema):
    """A shape in or out: unknown fields are refused, order is kept."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {
        "unknown": _("There is no such field."),
        "type": _("This must be an object."),
    }

    def __deepcopy__(self, memo: object) -> Schema:
        # Nobody changes a shape once it is made, and documenting a route copies it at every step: of all the time
        # the application took to start, half went there.
        return self

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if type(obj) is dict and "." not in attr:  # nearly all we write, and the general way looks four times
            return obj.get(attr, default)
        return super().get_attribute(obj, attr, default)


class Length(validate.Length):
    message_min = _("Write at least {min} characters.")
    message_max = _("Write at most {max} characters.")
    message_all = _("Write between {min} and {max} characters.")
    message_equal = _("Write exactly {equal} characters.")


class Range(validate.Range):
    """marshmallow puts words into its messages when it is made; ours are chosen when someone reads them."""

    def _format_error(self, value: Any, message: str) -> str:
        words = _("This must be between {min} and {max}.")
        if self.max is None:
            words = _("This must be {min} or more.")
        elif self.min is None:
            words = _("This must be {max} or less.")
        return words.format(min=self.min, max=self.max)


class Pattern(validate.Regexp):
    default_message = _("This does not have the expected form.")


class String(ma.fields.String):
    """Text in NFC without control characters, lone surrogates or bidirectional overrides; 1,000 by default."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be text."),
        "invalid_utf8": _("This must be text."),
        "unclean": _("This holds characters that cannot be kept."),
    }

    def __init__(self, *, max_length: int = 1000, min_length: int = 0, **kwargs: Any) -> None:
        given = kwargs.pop("validate", [])
        bounds = Length(min=min_length or None, max=max_length)
        more = list(given) if isinstance(given, list | tuple) else [given]
        super().__init__(validate=[bounds, *more], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return clean(text)
        except UnfitText:
            raise self.make_error("unclean") from None


class Integer(ma.fields.Integer):
    """A whole number that an int4 column holds; 1.9 and "1" are not whole numbers."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be a whole number."),
        "too_large": _("This number is too large."),
    }

    def __init__(self, *, min: int = -INT4, max: int = INT4, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=Range(min=min, max=max), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, str) and not self.metadata.get("textual")):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class QueryInteger(Integer):
    """A whole number in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"textual": True}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not (isinstance(value, str) and len(value) < 12 and value.lstrip("-").isascii()):
            raise self.make_error("invalid", input=value)
        try:
            number = int(value)
        except ValueError:
            raise self.make_error("invalid", input=value) from None
        return super()._deserialize(number, attr, data, **kwargs)


class Number(ma.fields.Float):
    """A finite number."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be a number."),
        "special": _("This must be a number."),
        "too_large": _("This number is too large."),
    }

    def __init__(self, *, min: float, max: float, **kwargs: Any) -> None:
        super().__init__(validate=Range(min=min, max=max), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | str) or (isinstance(value, float) and not math.isfinite(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class QueryNumber(Number):
    """A finite number in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            number = float(value) if isinstance(value, str) and len(value) < 30 and value.isascii() else math.nan
        except ValueError:
            number = math.nan
        return super()._deserialize(number, attr, data, **kwargs)


class Boolean(ma.fields.Boolean):
    """True or false; in a query string also the words."""

    default_error_messages = _REQUIRED | {"invalid": _("This must be true or false.")}
    truthy = {True, "true"}
    falsy = {False, "false"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class UUID(ma.fields.UUID):
    default_error_messages = _REQUIRED | {"invalid_uuid": _("This must be an identifier.")}


class Date(ma.fields.Date):
    """A calendar day, 1900 to 2100."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be a date such as 2026-11-23."),
        "format": _("This must be a date such as 2026-11-23."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        day = super()._deserialize(value, attr, data, **kwargs)
        if not 1900 <= day.year <= 2100:
            raise self.make_error("invalid", input=value, obj_type="date")
        return day


class DateTime(ma.fields.AwareDateTime):
    """A moment: RFC 3339 with an offset in, UTC with Z out; 1900 to 2100 after conversion to UTC.

    A moment near year 1 or 9999 could be stored and would then make every read of its column fail.
    """

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be a time such as 2026-11-23T09:30:00+03:00."),
        "invalid_awareness": _("This must be a time such as 2026-11-23T09:30:00+03:00."),
        "format": _("This must be a time such as 2026-11-23T09:30:00+03:00."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            moment = super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except (OverflowError, ValueError) as fault:
            if isinstance(fault, ValidationError):
                raise
            raise self.make_error("invalid", input=value, obj_type="datetime") from None
        if not 1900 <= moment.year <= 2100:
            raise self.make_error("invalid", input=value, obj_type="datetime")
        return moment

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


class Enum(ma.fields.Field):
    """One of a StrEnum's values."""

    default_error_messages = _REQUIRED | {"unknown": _("This must be one of: {choices}.")}

    def __init__(self, kind: type[StrEnum], **kwargs: Any) -> None:
        self.kind = kind
        self.choices = [member.value for member in kind]
        super().__init__(metadata={"enum": self.choices, "type": "string"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or value not in self.choices:
            raise self.make_error("unknown", choices=", ".join(self.choices))
        return self.kind(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else str(value)


class Text(ma.fields.Field):
    """Text for people: `{"ar": …, "en": …}`. In: at least one language; out: always both keys."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be an object with the texts in ar and en."),
        "empty": _("Write the text in Arabic or in English."),
    }

    def __init__(self, *, max_length: int = 1000, **kwargs: Any) -> None:
        self.line = String(max_length=max_length)
        text = {"type": ["string", "null"]}
        super().__init__(metadata={"type": "object", "properties": {"ar": text, "en": text}}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping) or not set(value) <= {"ar", "en"}:
            raise self.make_error("invalid")
        texts = {key: self.line.deserialize(text) for key, text in value.items() if text is not None}
        if not any((text or "").strip() for text in texts.values()):
            raise self.make_error("empty")
        return {"ar": texts.get("ar"), "en": texts.get("en")}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else {"ar": value.get("ar"), "en": value.get("en")}


class List(ma.fields.List):
    default_error_messages = _REQUIRED | {"invalid": _("This must be a list.")}

    def __init__(self, cls_or_instance: Any, *, max_items: int = 100, **kwargs: Any) -> None:
        kwargs.setdefault("validate", Length(max=max_items, error=_("This list is too long.")))
        super().__init__(cls_or_instance, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if value is not None and isinstance(self.inner, Nested):
            return self.inner.schema.dump(value, many=True)  # one after the other, each would be begun anew
        return super()._serialize(value, attr, obj, **kwargs)


class Nested(ma.fields.Nested):
    default_error_messages = _REQUIRED | {"type": _("This must be an object.")}


class Object(ma.fields.Field):
    """Any JSON object (its own schema judges it later), with clean keys and texts."""

    default_error_messages = _REQUIRED | {
        "invalid": _("This must be an object."),
        "unclean": _("This holds characters that cannot be kept."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "object"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        try:
            return _cleaned(value)
        except UnfitText:
            raise self.make_error("unclean") from None


class Anything(ma.fields.Raw):
    """Whatever we made ourselves, out only."""


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(key): _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value
