"""What forms of the pages hold, as the API wants to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from asimati.kit import words
from asimati.settings import settings


def form_of(*names: str) -> dict[str, str]:
    """The fields of the form that were filled in."""
    return {name: value for name in names if (value := request.form.get(name, "").strip())}


def secret_of(*names: str) -> dict[str, str]:
    """The same of fields in which each character counts, those at both ends too."""
    return {name: value for name in names if (value := request.form.get(name, ""))}


def both(name: str) -> Mapping[str, str] | None:
    """A bilingual field of the form, as far as it was filled in."""
    said = {language: request.form.get(f"{name}_{language}", "").strip() for language in words.LANGUAGES}
    return {language: text for language, text in said.items() if text} or None


def number_of(name: str) -> int | str | None:
    """A whole number of the form; what is none goes to the API as it is, which says so in words."""
    value = request.form.get(name, "").strip()
    return int(value) if value.isdecimal() else value or None


def decimal_of(name: str) -> float | str | None:
    """A number of the form, with a point in it; what is none goes to the API as it is, which says so in words."""
    value = request.form.get(name, "").strip()
    try:
        return float(value) if value else None
    except ValueError:
        return value


def roles_of() -> list[dict[str, Any]]:
    """The rows of roles that have a title; a row that was emptied is a role taken away."""
    rows = (number for number in range(len(request.form)) if f"role{number}_places" in request.form)
    return [_role(f"role{number}") for number in rows if both(f"role{number}_title")]


def _role(row: str) -> dict[str, Any]:
    code = request.form.get(f"{row}_code", "")
    said = {
        "title": both(f"{row}_title"),
        "places": number_of(f"{row}_places"),
        "skills": request.form.getlist(f"{row}_skills"),
        "minimum_age": number_of(f"{row}_age"),
    }
    return said | ({"code": code} if code else {})


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
