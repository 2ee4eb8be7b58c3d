"""Whether somebody fits a shift, and why, in words: plain Python. What SQL can tell has been told by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from asimati.kit.words import LANGUAGES, Words, _, translate
from asimati.volunteering.profile_rules import Span, covers, stretch


class Reason(StrEnum):
    """Why a shift is suggested, the weightiest first."""

    SKILLS = "skills"
    LANGUAGES = "languages"
    SERVED_BEFORE = "served_before"
    GOALS = "goals"
    NEAR = "near"
    FREE = "free"
    NEEDED = "needed"


SAID: Mapping[Reason, Words] = {
    Reason.SKILLS: _("Your skills are asked for: {names}"),
    Reason.LANGUAGES: _("A language you speak is asked for: {names}"),
    Reason.SERVED_BEFORE: _("You served there before"),
    Reason.GOALS: _("It serves goals you have served: {names}"),
    Reason.NEAR: _("It is in a block within your reach"),
    Reason.FREE: _("It is at a time when you are free"),
    Reason.NEEDED: _("Most of its places are still free"),
}


@dataclass(frozen=True)
class Offer:
    """A shift as it is judged; times are local."""

    starts: datetime
    ends: datetime
    places: int
    free_places: int
    block: str | None = None
    skills: Collection[str] = ()
    languages: Collection[str] = ()
    goals: Collection[int] = ()
    served_before: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a volunteer; nothing said is nothing in the way."""

    skills: Collection[str] = ()
    languages: Collection[str] = ()
    blocks: Collection[str] = ()
    home: str | None = None
    free: Collection[Span] | None = None
    away: Collection[tuple[Any, Any]] = ()  # first day, and the day after the last
    goals: Collection[int] = field(default_factory=frozenset)


def fits(known: Known, offer: Offer) -> bool:
    """Whether nothing that was said speaks against it: skills, languages, reach, times, days away."""
    day = offer.starts.date()
    return (
        (not offer.skills or not set(offer.skills).isdisjoint(known.skills))
        and (not offer.languages or not set(offer.languages).isdisjoint(known.languages))
        and (not known.blocks or offer.block is None or offer.block in known.blocks)
        and (known.free is None or covers(known.free, stretch(offer.starts, offer.ends)))
        and not any(first <= day < after for first, after in known.away)
    )


def reasons(known: Known, offer: Offer) -> dict[Reason, list[Any]]:
    """What speaks for it, each with the codes or goals it names."""
    near = offer.block is not None and offer.block in {*known.blocks, known.home}
    found: dict[Reason, list[Any] | None] = {
        Reason.SKILLS: sorted(set(offer.skills) & set(known.skills)) or None,
        Reason.LANGUAGES: sorted(set(offer.languages) & set(known.languages)) or None,
        Reason.SERVED_BEFORE: [] if offer.served_before else None,
        Reason.GOALS: sorted(set(offer.goals) & set(known.goals)) or None,
        Reason.NEAR: [] if near else None,
        Reason.FREE: [] if known.free is not None else None,
        Reason.NEEDED: [] if offer.free_places * 2 > offer.places else None,
    }
    return {reason: names for reason, names in found.items() if names is not None}


def rank(found: Mapping[Reason, Any], offer: Offer) -> tuple[Any, ...]:
    """How suggestions are ordered: more reasons first, then the emptier shift, then the sooner."""
    return -len(found), offer.free_places / -offer.places, offer.starts


def in_words(reason: Reason, names: Iterable[Mapping[str, Any]] = ()) -> dict[str, str]:
    """A reason in both languages; `names` are bilingual."""
    listed = list(names)
    told: dict[str, str] = {}
    for language in LANGUAGES:
        joint = ("، " if language == "ar" else ", ").join(str(one[language] or one["ar"]) for one in listed)
        told[language] = translate(SAID[reason], language).format(names=joint)
    return told
