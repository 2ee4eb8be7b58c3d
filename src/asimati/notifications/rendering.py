"""Templates with their `{fields}` filled in, in both languages: bilingual facts, local times, Western digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime

from asimati.kit.text import BOTH, isolate, say, western_digits
from asimati.settings import settings

FIELD = re.compile(r"\{(\w+)\}")
LOCALES = {"ar": "ar_BH", "en": "en_GB"}
MOMENTS = {"ar": "EEEE d MMMM y، HH:mm", "en": "EEEE d MMMM y, HH:mm"}
DAYS = "EEEE d MMMM y"
_FOREIGN_IN_ARABIC = re.compile(r"[A-Za-z]")


def render(template: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    """The template in Arabic and English. A field that is missing or None is left empty."""
    return {language: _fill(say(template, language), facts, language) for language in BOTH}


_ISOLATES = str.maketrans("", "", "\u2066\u2067\u2068\u2069")


def unmarked(words: str) -> str:
    """Words without invisible direction marks, which have no place in a text message."""
    return words.translate(_ISOLATES)


def fields_of(template: Mapping[str, str]) -> set[str]:
    """The names of the fields a template uses in any language."""
    return {name for words in template.values() for name in FIELD.findall(words)}


def _fill(words: str, facts: Mapping[str, Any], language: str) -> str:
    return FIELD.sub(lambda field: shown(facts.get(field[1]), language), words)


def shown(value: Any, language: str) -> str:
    """A fact as a person reads it; times are the governorate's."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return say(value, language)
    if isinstance(value, datetime):
        local = value.astimezone(settings().governorate.time_zone)
        return western_digits(format_datetime(local, MOMENTS[language], locale=LOCALES[language]))
    if isinstance(value, date):
        return western_digits(format_date(value, DAYS, locale=LOCALES[language]))
    words = str(value)
    return isolate(words) if language == "ar" and _FOREIGN_IN_ARABIC.search(words) else words
