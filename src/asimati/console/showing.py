"""What templates use to show things: days in both calendars, durations in words, names of statuses."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal
from hijridate import Gregorian
from markupsafe import Markup, escape

from asimati.console import names
from asimati.console.asking import said
from asimati.kit import clock, words
from asimati.kit.text import western_digits
from asimati.kit.words import translate

_LOCALES = {"ar": "ar_BH", "en": "en_GB"}
_HIJRI_MONTHS = (
    ("محرم", "Muharram"), ("صفر", "Safar"), ("ربيع الأول", "Rabi I"), ("ربيع الآخر", "Rabi II"),
    ("جمادى الأولى", "Jumada I"), ("جمادى الآخرة", "Jumada II"), ("رجب", "Rajab"), ("شعبان", "Shaban"),
    ("رمضان", "Ramadan"), ("شوال", "Shawwal"), ("ذو القعدة", "Dhu al-Qadah"), ("ذو الحجة", "Dhu al-Hijjah"),
)  # fmt: skip


def _locale() -> str:
    return _LOCALES[words.language()]


def moment(value: str | datetime | None) -> datetime | None:
    """A moment of the API on the governorate's clock."""
    if not value:
        return None
    return clock.local(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def day(value: str | date | datetime | None) -> str:
    """A day: weekday, day and month."""
    found = _date(value)
    return _day(found, _locale()) if found else ""


@lru_cache(2000)
def _day(found: date, locale: str) -> str:
    return western_digits(format_date(found, "EEE d MMM y", locale=locale))


def hijri(value: str | date | datetime | None) -> str:
    """The same day in the Hijri calendar (Umm al-Qura), for reading beside the Gregorian one.

    Nothing for a day that calendar has not been reckoned for.
    """
    found = _date(value)
    if not found:
        return ""
    return _hijri(found, words.language())


@lru_cache(2000)
def _hijri(found: date, language: str) -> str:
    try:
        there = Gregorian.fromdate(found).to_hijri()
    except OverflowError:
        return ""
    month = _HIJRI_MONTHS[there.month - 1][0 if language == "ar" else 1]
    return f"{there.day} {month} {there.year}{' هـ' if language == 'ar' else ' AH'}"


def time_of(value: str | datetime | None) -> str:
    """The time of day, 24 hours."""
    found = moment(value)
    return western_digits(format_time(found, "HH:mm", locale=_locale())) if found else ""


def when(value: str | datetime | None) -> Markup:
    """Day and time, with the Hijri day beside it where there is room (tables hide it); machines read the moment."""
    found = moment(value)
    if not found:
        return Markup("")
    return Markup('<time datetime="{}">{} <span class="hijri">{}</span> <bdi>{}</bdi></time>').format(
        found.isoformat(), day(found), hijri(found), time_of(found)
    )


def between(start: str | datetime | None, end: str | datetime | None) -> Markup:
    """From a time of day to another, in the order of the sentence around it."""
    return Markup("<bdi>{}</bdi>–<bdi>{}</bdi>").format(time_of(start) or "—", time_of(end) or "—")


def minutes(value: str | datetime | None, since: str | datetime) -> int | None:
    """The minutes from one moment to another; None where it did not come."""
    begin, found = moment(since), moment(value)
    return round((found - begin).total_seconds() / 60) if found and begin else None


def as_input(value: str | datetime | None) -> str:
    """A moment as a field for day and time holds it, on the governorate's clock."""
    found = moment(value)
    return found.strftime("%Y-%m-%dT%H:%M") if found else ""


def ago(value: str | datetime | None) -> str:
    """How far a moment is from now, in words: "in 2 days", "3 hours ago"."""
    found = moment(value)
    if not found:
        return ""
    left: timedelta = found - clock.utcnow()
    return western_digits(format_timedelta(left, add_direction=True, locale=_locale(), threshold=1.2))


def number(value: Any) -> str:
    """A number with its thousands apart."""
    return western_digits(format_decimal(value, locale=_locale())) if value is not None else "—"


def code(value: Any) -> Markup:
    """A reference or code: read from left to right in any sentence."""
    return Markup('<bdi class="code" dir="ltr">{}</bdi>').format(escape(value))


def name_of(kind: str, value: Any) -> str:
    """A status, kind, queue … in words people use; as it is when it has none yet."""
    found = names.NAMES.get(kind, {}).get(str(value))
    return translate(found) if found else str(value).replace("_", " ")


def filters() -> dict[str, Any]:
    """All of them, by the names templates use."""
    return {
        "said": said, "when": when, "day": day, "hijri": hijri, "time_of": time_of, "ago": ago,
        "as_input": as_input, "between": between, "minutes": minutes,
        "number": number, "code": code,
    }  # fmt: skip


def _date(value: str | date | datetime | None) -> date | None:
    if not value:
        return None
    if isinstance(value, str):
        if "T" not in value:
            return date.fromisoformat(value)
        value = moment(value)
    return value.date() if isinstance(value, datetime) else value
