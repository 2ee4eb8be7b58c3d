"""The form engine: answers judged by the service's JSON Schema (draft 2020-12), faults named for people.

Every fault has a JSON pointer to the field (`/answers/phone`) and words that exist in both languages. Nothing is
fetched: a schema refers to itself or to nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.text import cpr, say, western_digits
from asimati.kit.words import _, language
from asimati.settings import settings

MAX_BYTES = 32_768
MAX_STRING = 4_000  # where the form itself sets no maxLength
MAX_FAULTS = 50
# In these, digits of any script are accepted and kept as Western ones.
DIGITS = {"phone", "cpr", "date", "time", "date-time"}

Fault = tuple[str, str]

NO_PHONE = _("This must be a telephone number such as +973 17 000 000.")
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))


@FORMATS.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value) is not None


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() is not None


@FORMATS.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", value[:255]))


@FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(UUID(value))


@FORMATS.checks("phone", raises=NoPhone)
def _is_phone(value: object) -> bool:
    return not isinstance(value, str) or bool(phone_number(value, home_country()))


@FORMATS.checks("cpr", raises=ValueError)
def _is_cpr(value: object) -> bool:
    return not isinstance(value, str) or bool(cpr(value))


def home_country() -> str:
    """The country of telephone numbers written without one."""
    return str(settings().governorate.facts["iso"])[:2]


class UnusableForm(ValueError):
    """The pack's form is no schema we can work with; the words say why, for whoever writes packs."""


def check_form(schema: Mapping[str, Any], name: str = "form") -> None:
    """Judge a form itself. Raises UnusableForm, which begins with its name."""
    if fault := unusable(schema):
        raise UnusableForm(f"{name}: {fault}")


def unusable(schema: Mapping[str, Any]) -> str | None:
    """Why a form cannot be worked with; None when it can."""
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as fault:
        return f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), Mapping):
        return "a form is an object with properties"
    if schema.get("additionalProperties", False) is not False:
        return "a form names every field it takes: no additionalProperties"
    for field, inner in schema["properties"].items():
        if isinstance(inner, Mapping) and inner.get("format", "uuid") not in FORMATS.checkers:
            return f"{field}: there is no format {inner['format']!r}"
    try:
        list(_validator(schema).iter_errors({}))
    except Unresolvable as fault:
        return f"it refers to something outside: {fault}"
    return None


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The form with the door shut: what it does not ask for is not taken."""
    return {**schema, "additionalProperties": False}


def tidy(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as they are kept: trimmed, Western digits where digits are meant, phones as +973…"""
    properties = schema.get("properties", {})
    return {name: _tidied(properties.get(name), value) for name, value in answers.items()}


def _tidied(field: Any, value: Any) -> Any:
    if not isinstance(value, str) or not isinstance(field, Mapping):
        return value
    value, form = value.strip(), field.get("format")
    if form in DIGITS or "pattern" in field:
        value = western_digits(value)
    try:
        if form == "phone":
            return phone_number(value, home_country())
        return cpr(value) if form == "cpr" else value
    except ValueError:
        return value  # it will be refused with its name


def faults(
    schema: Mapping[str, Any], answers: Mapping[str, Any], ui: Mapping[str, Any] | None = None, at: str = "/answers"
) -> list[Fault]:
    """What is wrong with the answers: (JSON pointer, words), at most fifty, each once; empty when all is well.

    `ui` lends the options of a field the names that people know them by.
    """
    if too_long(answers):
        return [(at, _("The answers are too long."))]
    found: dict[Fault, None] = {}
    for one in _too_long(answers, at):
        found[one] = None
    for error in _validator(schema).iter_errors(dict(answers)):
        for one in _of(error, at, ui or {}):
            found[one] = None
        if len(found) >= MAX_FAULTS:
            break
    return sorted(list(found)[:MAX_FAULTS])


def too_long(answers: Mapping[str, Any]) -> bool:
    """Whether answers are more than a case keeps."""
    return len(json.dumps(answers, ensure_ascii=False).encode("utf-8", "replace")) > MAX_BYTES


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(dict(schema), format_checker=FORMATS, registry=Registry())


def _too_long(value: Any, at: str) -> Iterator[Fault]:
    if isinstance(value, str) and len(value) > MAX_STRING:
        yield at, _("Write at most {max} characters.").format(max=MAX_STRING)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _too_long(inner, f"{at}/{_escaped(name)}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _too_long(inner, f"{at}/{i}")


def _of(error: ValidationError, at: str, ui: Mapping[str, Any]) -> Iterator[Fault]:
    pointer = at + "".join(f"/{_escaped(step)}" for step in error.absolute_path)
    match error.validator:
        case "required" | "dependentRequired":
            yield from ((f"{pointer}/{_escaped(name)}", _("This is required.")) for name in _missing(error))
        case "additionalProperties":
            yield from ((f"{pointer}/{_escaped(name)}", _("There is no such field.")) for name in _unknown(error))
        case _:
            field = ui.get(str(error.absolute_path[0]), {}) if error.absolute_path else {}
            yield pointer, _words(error, field.get("options", {}))


def _missing(error: Any) -> list[str]:
    wanted = error.validator_value
    if error.validator == "dependentRequired":
        wanted = [name for given, names in wanted.items() if given in error.instance for name in names]
    return [name for name in wanted if name not in error.instance]


def _unknown(error: Any) -> list[str]:
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    names = [name for name in error.instance if name not in known]
    return [name for name in names if not any(re.search(pattern, name) for pattern in patterns)][:MAX_FAULTS]


_TYPES = {
    "string": _("This must be text."),
    "integer": _("This must be a whole number."),
    "number": _("This must be a number."),
    "boolean": _("This must be true or false."),
    "object": _("This must be an object."),
    "array": _("This must be a list."),
}
_FORMATS = {
    "date": _("This must be a date such as 2026-11-23."),
    "time": _("This must be a time of day such as 09:30."),
    "date-time": _("This must be a time such as 2026-11-23T09:30:00+03:00."),
    "email": _("This must be an e-mail address."),
    "uuid": _("This must be an identifier."),
    "phone": NO_PHONE,
    "cpr": _("This must be a personal number of nine digits."),
}
_BOUNDS = {
    "minLength": ("min", _("Write at least {min} characters.")),
    "maxLength": ("max", _("Write at most {max} characters.")),
    "minimum": ("min", _("This must be {min} or more.")),
    "maximum": ("max", _("This must be {max} or less.")),
    "exclusiveMinimum": ("min", _("This must be more than {min}.")),
    "exclusiveMaximum": ("max", _("This must be less than {max}.")),
    "minItems": ("min", _("Choose at least {min}.")),
    "maxItems": ("max", _("Choose at most {max}.")),
}
_OTHERS = {
    "pattern": _("This does not have the expected form."),
    "uniqueItems": _("The same thing stands here twice."),
    "const": _("This must be accepted as it is."),
}
_ANYTHING = _("This value is not valid.")


def _words(error: Any, options: Mapping[str, Any]) -> str:
    rule, value = str(error.validator), error.validator_value
    if rule == "type":
        return _TYPES.get(value, _ANYTHING) if isinstance(value, str) else _ANYTHING
    if rule == "format":
        return _FORMATS.get(value, _ANYTHING)
    if rule == "minLength" and not error.instance:
        return _("This may not be empty.")
    if rule == "enum":
        names = [say(options.get(str(one)), language()) or str(one) for one in value]
        comma = "، " if language() == "ar" else ", "
        return _("This must be one of: {choices}.").format(choices=comma.join(names))
    if rule in _BOUNDS:
        name, words = _BOUNDS[rule]
        return words.format(**{name: value})
    return _OTHERS.get(rule, _ANYTHING)


def _escaped(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
