"""Whom a service is for: the conditions its pack file names, judged by what somebody's profile says.

A condition is met, not met, or not known yet because the profile does not say; that last one is for the person to
complete, and nobody is refused for it before they could.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from asimati.accounts.rules import age_on
from asimati.kit.text import isolate
from asimati.kit.words import LANGUAGES, _, translate


@dataclass(frozen=True)
class Known:
    """What a profile says that conditions ask for."""

    birth_date: date | None = None
    block: str | None = None
    personal_number: bool = False


@dataclass(frozen=True)
class Condition:
    """One thing a service asks of whoever files; `field` is where the profile says it."""

    code: str
    words: str
    field: str
    met: Callable[[Known, Any, date, Collection[str]], bool | None]


def _aged(known: Known, day: date, fits: Callable[[int], bool]) -> bool | None:
    return None if known.birth_date is None else fits(age_on(known.birth_date, day))


CONDITIONS: Mapping[str, Condition] = {
    one.code: one
    for one in (
        Condition(
            "age_from", _("For people aged {value} or more."), "birth_date",
            lambda known, value, day, _: _aged(known, day, lambda age: age >= value),
        ),
        Condition(
            "age_to", _("For people aged {value} or less."), "birth_date",
            lambda known, value, day, _: _aged(known, day, lambda age: age <= value),
        ),
        Condition(
            "lives_here", _("For people who live in the governorate."), "block",
            lambda known, _value, _day, here: None if known.block is None else known.block in here,
        ),
        Condition(
            "blocks", _("For people who live in these blocks: {value}."), "block",
            lambda known, value, _day, _: None if known.block is None else known.block in value,
        ),
        Condition(
            "personal_number", _("Your personal number must be in your profile."), "cpr",
            lambda known, _value, _day, _: True if known.personal_number else None,
        ),
    )
}  # fmt: skip


def conditions(wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conditions of a service in words, in both languages."""
    return [{"code": code, "text": _said(CONDITIONS[code].words, value)} for code, value in wanted.items() if value]


def judged(wanted: Mapping[str, Any], known: Known, day: date, here: Collection[str]) -> list[dict[str, Any]]:
    """The conditions with `met` (True, False, None for not known) and the pointer to what would tell.

    `here` are the numbers of the governorate's blocks.
    """
    return [
        {
            **said,
            "met": CONDITIONS[said["code"]].met(known, wanted[said["code"]], day, here),
            "pointer": f"/{CONDITIONS[said['code']].field}",
        }
        for said in conditions(wanted)
    ]


def _said(words: str, value: Any) -> dict[str, str]:
    shown = isolate("، ".join(value)) if isinstance(value, list) else value
    return {language: translate(words, language).format(value=shown) for language in LANGUAGES}
