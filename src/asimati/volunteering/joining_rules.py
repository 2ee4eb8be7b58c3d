"""Statuses of a guardian's consent, and who needs an orientation: plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum

from asimati.accounts.rules import age_on
from asimati.kit.errors import IllegalMove

GUARDIAN_HOURS = 72  # in which a guardian answers, where the pack says nothing


class ConsentStatus(StrEnum):
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    LAPSED = "lapsed"  # nobody answered in time
    WITHDRAWN = "withdrawn"


class OrientationRule(StrEnum):
    """Whether an opportunity asks for the edition's orientation."""

    AS_EDITION = "as_edition"
    REQUIRED = "required"
    NOT_REQUIRED = "not_required"
    HELD = "held"  # its shifts are the orientation: whoever serves there has attended it


CONSENT_MOVES: Mapping[ConsentStatus, frozenset[ConsentStatus]] = {
    ConsentStatus.ASKED: frozenset({ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.LAPSED}),
    ConsentStatus.GIVEN: frozenset({ConsentStatus.WITHDRAWN}),
    ConsentStatus.REFUSED: frozenset(),
    ConsentStatus.LAPSED: frozenset(),
    ConsentStatus.WITHDRAWN: frozenset(),
}


def require_consent_move(before: ConsentStatus, after: ConsentStatus) -> None:
    """Raise IllegalMove, naming the legal ones, unless a guardian's word may go from one to the other."""
    if after not in CONSENT_MOVES[before]:
        raise IllegalMove(current=str(before), legal=sorted(map(str, CONSENT_MOVES[before])))


def wants_orientation(rule: OrientationRule, *, edition_wants: bool) -> bool:
    """Whether an opportunity with this rule asks for the orientation."""
    return rule is OrientationRule.REQUIRED or (rule is OrientationRule.AS_EDITION and edition_wants)


def answer_by(now: datetime, starts_at: datetime, hours: int) -> datetime:
    """Until when a guardian may answer for a place: so many hours, but never beyond the beginning of the shift."""
    return min(now + timedelta(hours=hours), starts_at)


def is_under(born: date | None, day: date, age: int) -> bool:
    """Whether somebody is younger than an age on a day; no, where their day of birth is not known."""
    return born is not None and age_on(born, day) < age
