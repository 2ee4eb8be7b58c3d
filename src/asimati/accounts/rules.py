"""Arithmetic of accounts: ages, phones, codes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import date
from enum import StrEnum

import phonenumbers
from babel import Locale

from asimati.kit.text import fold, western_digits


class KeyScope(StrEnum):
    """What a key of another system may do."""

    FILE = "requests.file"  # file requests through Open311
    READ = "figures.read"  # read what everybody may read, under a limit of its own
    OFFERS = "offers.read"  # read what its organisation offers volunteers, and how many signed up


BANDS = ((15, "0-14"), (25, "15-24"), (35, "25-34"), (45, "35-44"), (60, "45-59"))


# Some countries tell the two kinds apart by no number.
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def receives_codes(phone: str, countries: Collection[str]) -> bool:
    """Whether one-time codes are sent there: to mobile telephones of these countries.

    Lines in houses read no messages, and numbers at a premium are called by whoever earns by it.
    """
    return phonenumbers.number_type(phonenumbers.parse(phone)) in _MOBILE and country_of(phone) in countries


def country_of(phone: str) -> str:
    """The country (ISO 3166) of a number in E.164."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""


def resend_delay(sent: int, first: int) -> int:
    """Seconds until another code may be asked for, after so many in the hour: each wait is twice the last."""
    return first << max(0, sent - 1)


def new_code() -> str:
    """Six digits from the system's randomness."""
    return f"{secrets.randbelow(1_000_000):06}"


def new_long_code() -> str:
    """Ten digits: whoever begins many sign-ins for a phone still does not meet the one that its owner sends."""
    return f"{secrets.randbelow(10**10):010}"


# A message must say what it does, so that nobody is talked into sending digits that sign a stranger in.
MESSAGE = {"ar": "دخول {code}", "en": "SIGN IN {code}"}
_WORDS = "|".join(fold(one.removesuffix(" {code}")).replace(" ", " ?") for one in MESSAGE.values())
_IN_MESSAGE = re.compile(rf"\b(?:{_WORDS})\D{{0,5}}((?:\d\W*){{10}})(?!\d)")


def message_to_send(code: str) -> dict[str, str]:
    """What a phone is to send, in the languages its owner may prefer; the digits stand in two groups."""
    return {language: words.format(code=f"{code[:5]} {code[5:]}") for language, words in MESSAGE.items()}


def code_in_message(message: str) -> str | None:
    """The code a text message holds beside the words that say what it is for, however they are spelled."""
    found = _IN_MESSAGE.search(fold(message))
    return code_as_sent(found[1]) if found else None


def code_as_sent(written: str) -> str:
    """A code as it was sent, whatever digits it is given back in, grouped or not."""
    return "".join(char for char in western_digits(written) if char.isdecimal())


def level_now(level: str, age: float, fresh: float) -> str:
    """What a sign-in is worth `age` seconds after its proof: `advanced` is a word about now."""
    return "standard" if level == "advanced" and age > fresh else level


def age_on(born: date, day: date) -> int:
    """Completed years on a day; somebody born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


ADULT = 18  # years


def is_minor(born: date | None, day: date) -> bool | None:
    """Whether somebody is under age on a day; None where it is not known."""
    return None if born is None else age_on(born, day) < ADULT


# Codes that babel knows and that are no country.
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
COUNTRIES = (
    frozenset(code for code in map(str, Locale("en").territories) if code.isalpha() and len(code) == 2)
    - _NO_COUNTRY
)
GCC = frozenset({"AE", "BH", "KW", "OM", "QA", "SA"})


def nationality_group(country: str | None, home: str) -> str:
    """In which of the groups somebody is counted: `national`, `gcc` (the Gulf Cooperation Council) or `other`."""
    if country is None:
        return "unknown"
    return "national" if country == home else "gcc" if country in GCC else "other"


def age_band(born: date | None, day: date) -> str:
    """The band of ages in which somebody is counted."""
    if born is None:
        return "unknown"
    age = age_on(born, day)
    return next((band for limit, band in BANDS if age < limit), "60+")


_BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
    "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS X": "macOS",
    "Linux": "Linux",
}  # fmt: skip


def device_of(client: str) -> str:
    """By what somebody recognises a sign-in: the name an app gives itself, or browser and system; nothing finer.

    `client`: a User-Agent header.
    """
    if not client.startswith("Mozilla/"):
        return re.sub(r"[^ -~]", "", client)[:80].strip()
    names = (next((name for part, name in known.items() if part in client), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, names))
