"""Statuses and arithmetic of volunteering: plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from asimati.kit.errors import IllegalMove

CHECK_IN_OPENS = timedelta(minutes=30)  # before the shift begins
CHECK_OUT_CLOSES = timedelta(hours=2)  # after it ends; later a coordinator writes it down
CODE_WINDOW = 60  # seconds one check-in code is shown; the one before it still holds


class SignUpStatus(StrEnum):
    WAITLISTED = "waitlisted"
    OFFERED = "offered"  # a place is held for whoever was in line, until they say so
    LAPSED = "lapsed"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CHECKED_IN = "checked_in"
    CHECKED_OUT = "checked_out"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"  # by the staff, with the whole shift


class ClaimStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class ClaimSource(StrEnum):
    """How the times became known: noted at the shift, or said by the volunteer afterwards."""

    CHECKED = "checked"
    CLAIMED = "claimed"


class DisputeStatus(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class SwapStatus(StrEnum):
    """A place offered to another volunteer, until it is taken or its holder keeps it after all."""

    OFFERED = "offered"
    TAKEN = "taken"
    ENDED = "ended"


class OfferState(StrEnum):
    """Where an opportunity stands. What staff write themselves is a draft or published."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    DECLINED = "declined"


class EntityKind(StrEnum):
    """What volunteers together; an edition has a category for each kind it ranks."""

    SCHOOL = "school"
    COMPANY = "company"
    SOCIETY = "society"


class EntityStatus(StrEnum):
    APPLIED = "applied"
    ACCREDITED = "accredited"
    DECLINED = "declined"
    ENDED = "ended"


class LineKind(StrEnum):
    """Why a ledger line stands: hours approved, refused (no minutes, a reason), or taken back.

    A correction of approved hours is a taking back and an approval.
    """

    APPROVED = "approved"
    REJECTED = "rejected"
    VOIDED = "voided"


MOVES: Mapping[SignUpStatus, frozenset[SignUpStatus]] = {
    SignUpStatus.WAITLISTED: frozenset(
        {SignUpStatus.OFFERED, SignUpStatus.CONFIRMED, SignUpStatus.WITHDRAWN, SignUpStatus.CANCELLED}
    ),
    SignUpStatus.OFFERED: frozenset(
        {
            SignUpStatus.PENDING,
            SignUpStatus.CONFIRMED,
            SignUpStatus.LAPSED,
            SignUpStatus.WITHDRAWN,
            SignUpStatus.CANCELLED,
        }
    ),
    SignUpStatus.LAPSED: frozenset(),
    SignUpStatus.PENDING: frozenset(
        {SignUpStatus.CONFIRMED, SignUpStatus.DECLINED, SignUpStatus.WITHDRAWN, SignUpStatus.CANCELLED}
    ),
    SignUpStatus.CONFIRMED: frozenset(
        {SignUpStatus.CHECKED_IN, SignUpStatus.WITHDRAWN, SignUpStatus.NO_SHOW, SignUpStatus.CANCELLED}
    ),
    SignUpStatus.CHECKED_IN: frozenset({SignUpStatus.CHECKED_OUT}),
    SignUpStatus.CHECKED_OUT: frozenset(),
    SignUpStatus.DECLINED: frozenset(),
    SignUpStatus.WITHDRAWN: frozenset(),
    SignUpStatus.NO_SHOW: frozenset(),
    SignUpStatus.CANCELLED: frozenset(),
}
# These take one of the shift's places and the volunteer's time.
HOLDING = frozenset(
    {
        SignUpStatus.OFFERED,
        SignUpStatus.PENDING,
        SignUpStatus.CONFIRMED,
        SignUpStatus.CHECKED_IN,
        SignUpStatus.CHECKED_OUT,
    }
)
LIVE = HOLDING | {SignUpStatus.WAITLISTED}  # a volunteer has one of these on a shift, at most
OFFER_WAKING_HOURS = 24  # where the pack says nothing


class Weekday(StrEnum):
    """The days of the week, as datetime.weekday counts them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEKDAYS = tuple(Weekday)


class Scope(StrEnum):
    """What a change to a shift of a series is for."""

    ONE = "one"
    LATER = "later"  # this one and all that come after it


def days_of(weekdays: Iterable[Weekday], first: date, until: date) -> list[date]:
    """The days of a rule, both ends included."""
    wanted = {WEEKDAYS.index(day) for day in weekdays}
    every = (first + timedelta(days=number) for number in range((until - first).days + 1))
    return [day for day in every if day.weekday() in wanted]


def change_of_counts(before: SignUpStatus, after: SignUpStatus) -> tuple[int, int]:
    """What a move does to a shift's places taken and to the length of its line."""
    waiting = SignUpStatus.WAITLISTED
    return (after in HOLDING) - (before in HOLDING), (after is waiting) - (before is waiting)


def can_become(before: SignUpStatus, after: SignUpStatus) -> bool:
    """Whether a sign-up may go from one status to the other."""
    return after in MOVES[before]


def require_move(before: SignUpStatus, after: SignUpStatus) -> None:
    """Raise IllegalMove, naming the legal ones, unless the move stands in the table."""
    if not can_become(before, after):
        raise IllegalMove(current=str(before), legal=sorted(map(str, MOVES[before])))


def accredited_minutes(
    arrived: datetime, left: datetime, starts: datetime, ends: datetime, tolerance: timedelta
) -> int:
    """Whole minutes that count: the time that was served, at most the scheduled time and the tolerance.

    Coming earlier or staying longer than the tolerance around the shift adds nothing. All moments are aware, so
    midnight is a moment like any other.
    """
    served = min(left, ends + tolerance) - max(arrived, starts - tolerance)
    return min(max(0, _whole_minutes(served)), most_minutes(starts, ends, tolerance))


def most_minutes(starts: datetime, ends: datetime, tolerance: timedelta) -> int:
    """Whole minutes a shift can bring anyone, by the clock or by correction: its length and the tolerance."""
    return _whole_minutes(ends - starts + tolerance)


def _whole_minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)


def hours(minutes: int) -> str:
    """Minutes as decimal hours with two places, as the passport and the figures show them."""
    return f"{minutes / 60:.2f}"


def levels(
    minutes: int, known: Iterable[Mapping[str, Any]]
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """The highest level (each with its `hours`) these minutes reach, and the lowest they do not; None for none."""
    ladder = sorted(known, key=lambda level: level["hours"])
    reached = [level for level in ladder if level["hours"] * 60 <= minutes]
    ahead = ladder[len(reached) :]
    return (reached[-1] if reached else None), (ahead[0] if ahead else None)


def goals_of(targets: Iterable[str]) -> list[int]:
    """The goals behind SDG targets, each once, in order."""
    return sorted({int(target.partition(".")[0]) for target in targets})


def stamps(lines: Iterable[tuple[int, Iterable[str]]]) -> dict[int, int]:
    """Minutes by goal, from (minutes, targets) of ledger lines.

    An hour that serves two goals stands in both stamps, once each; the passport's own total counts it once.
    """
    totals: dict[int, int] = {}
    for minutes, targets in lines:
        for goal in goals_of(targets):
            totals[goal] = totals.get(goal, 0) + minutes
    return {goal: total for goal, total in sorted(totals.items()) if total > 0}
