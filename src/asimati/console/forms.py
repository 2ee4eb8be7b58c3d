"""What forms of the pages hold, as the API wants to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import request

from asimati.kit import words
from asimati.settings import settings


def form_of(*names: str) -> dict[str, str]:
    """The fields of the form that were filled in."""
    return {name: value for name in names if (value := request.form.get(name, "").strip())}


def both(name: str) -> Mapping[str, str] | None:
    """A bilingual field of the form, as far as it was filled in."""
    said = {language: request.form.get(f"{name}_{language}", "").strip() for language in words.LANGUAGES}
    return {language: text for language, text in said.items() if text} or None


def number_of(name: str) -> int | str | None:
    """A whole number of the form; what is none goes to the API as it is, which says so in words."""
    value = request.form.get(name, "").strip()
    return int(value) if value.isdecimal() else value or None


def moment_of(name: str) -> str | None:
    """A day and time of the form, read on the governorate's clock."""
    return _moment(request.form.get(name, "").strip())


def asked_moment(name: str) -> str | None:
    """The same of a page's address."""
    return _moment(request.args.get(name, "").strip())


def _moment(value: str) -> str | None:
    try:
        read = datetime.fromisoformat(value) if value else None
    except ValueError:
        return value
    return read.replace(tzinfo=read.tzinfo or settings().governorate.time_zone).isoformat() if read else None


def many_of(name: str) -> list[str]:
    """A field that holds several words, apart by commas (of either script) or spaces."""
    return request.form.get(name, "").replace("،", " ").replace(",", " ").split()
