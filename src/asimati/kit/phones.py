"""Telephone numbers, as libphonenumber judges them."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from asimati.kit.text import western_digits


class NoPhone(ValueError):
    """This is not a telephone number."""


def phone_number(written: str, home: str) -> str:
    """A telephone number in E.164, whatever digits it was written in; `home` is the country of bare numbers.

    Raises NoPhone. Validity is the library's judgement (libphonenumber), never a pattern of ours.
    """
    try:
        parsed = phonenumbers.parse(western_digits(written), home)
    except NumberParseException:
        raise NoPhone(written) from None
    if not phonenumbers.is_valid_number(parsed):
        raise NoPhone(written)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
