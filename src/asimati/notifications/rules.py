"""When a notice may go out, and what may be repeated: plain arithmetic, no tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from asimati.kit.errors import IllegalMove
from asimati.kit.words import Words, _
from asimati.kit.worktime import Calendar, Hours, NoWorkingTime, Week, next_working_moment

DAY = 24 * 60


class Channel(StrEnum):
    INBOX = "inbox"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Lane(StrEnum):
    """By urgency: what stands in one never delays another. One-time codes have a lane of their own."""

    CODE = "code"
    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class Status(StrEnum):
    """All but `pending` are ends. `unknown`: a provider was called and never said what came of it."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


# Why a notice failed, where it is not a provider's own words.
NO_ADDRESS, NOBODY, TOO_LATE = "no address", "nobody is there", "too late"
STATES: Mapping[Status | str, Words] = {
    Status.PENDING: _("Waits for its turn"),
    Status.SENT: _("Handed over; no word yet that it arrived"),
    Status.DELIVERED: _("Arrived"),
    Status.FAILED: _("Was not taken by any provider"),
    Status.UNKNOWN: _("May have arrived: the provider never answered"),
    Status.STOPPED: _("Called off before it went out"),
    NO_ADDRESS: _("There is no address to send it to"),
    NOBODY: _("Nobody is at this address"),
    TOO_LATE: _("Its time was over before it could go out"),
}


def state_of(status: Status, reason: str | None) -> Words:
    """What became of a notice, in words for a person."""
    return STATES.get(reason or "", STATES[status]) if status is Status.FAILED else STATES[status]


class Stage(StrEnum):
    """Of a broadcast. `sent`: every notice of it has come to an end."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"


STAGES: Mapping[Stage, frozenset[Stage]] = {
    Stage.DRAFT: frozenset({Stage.AWAITING_APPROVAL, Stage.SCHEDULED, Stage.STOPPED}),
    Stage.AWAITING_APPROVAL: frozenset({Stage.DRAFT, Stage.SCHEDULED, Stage.STOPPED}),
    Stage.SCHEDULED: frozenset({Stage.SENDING, Stage.STOPPED}),
    Stage.SENDING: frozenset({Stage.SENT, Stage.STOPPED}),
    Stage.SENT: frozenset(),
    Stage.STOPPED: frozenset(),
}


def require_stage(before: Stage, after: Stage) -> None:
    """Raises IllegalMove, naming what is possible."""
    if after not in STAGES[before]:
        raise IllegalMove(current=before, legal=sorted(STAGES[before]))


@dataclass(frozen=True)
class Quiet:
    """A person's own quiet hours, in the governorate's local time; `start` after `end` goes over midnight."""

    start: time | None = None
    end: time | None = None
    prayer: bool = True  # keep quiet during the Friday prayer too


def waking(governorate: Mapping[str, Any], quiet: Quiet = Quiet()) -> Calendar:
    """The hours in which a person may be told what can wait: the governorate's, without their own quiet hours.

    Whoever keeps quiet through all of the governorate's hours (night shifts) is told outside of their own alone.
    """
    if not quiet.prayer:
        hours = {name: at for name, at in governorate["waking_hours"].items() if name != "friday_prayer"}
        governorate = {**governorate, "waking_hours": hours}
    house = Calendar.waking(governorate)
    if quiet.start is None or quiet.end is None or quiet.start == quiet.end:
        return house
    for week in (house.week, ((((0, DAY),),) * 7)):
        own: Week = tuple(_without(hours, _minutes(quiet.start), _minutes(quiet.end)) for hours in week)  # type: ignore[assignment]
        if any(own):
            return replace(house, week=own)
    return house


def may_go_at(calendar: Calendar, moment: datetime, *, critical: bool) -> datetime:
    """The first moment from `moment` on at which the notice may go; what is critical goes at once."""
    if critical:
        return moment
    try:
        return next_working_moment(calendar, moment)
    except NoWorkingTime:  # a pack without waking hours holds nothing back
        return moment


def backoff(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many calls in vain: 2, 4, 8 … seconds, an hour at most, give or take a half.

    `chance` is from 0 to 1.
    """
    return timedelta(seconds=min(2.0 ** min(attempts, 12), 3600) * (0.5 + chance))


# How often a provider may be called although an earlier call may have had its effect.
CALLS_DESPITE_DOUBT = {Channel.SMS: 2, Channel.EMAIL: 2}


def may_repeat(channel: Channel, lane: Lane, doubts: int, most: int) -> bool:
    """Whether a notice may be sent once more, under the same reference, although `doubts` calls of it were never
    answered. Calls that clearly had no effect do not count.

    A one-time code never: the person asks for a new one. A text or a mail once; a push while there are attempts,
    its collapse key makes it one on the device.
    """
    return doubts < (1 if lane is Lane.CODE else CALLS_DESPITE_DOUBT.get(channel, most))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _without(hours: Hours, start: int, end: int) -> Hours:
    """The spans that stay when a daily window is taken out."""
    windows = [(start, end)] if start < end else [(start, DAY), (0, end)]
    for first, last in windows:
        pieces = [
            piece for span in hours for piece in ((span[0], min(span[1], first)), (max(span[0], last), span[1]))
        ]
        hours = tuple(sorted(piece for piece in pieces if piece[0] < piece[1]))
    return hours
