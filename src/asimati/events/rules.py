"""Who gets a seat: statuses, the table of moves, and the arithmetic of seats.

`taken` counts the seats of the bookings that hold some; `waiting` counts the parties in line. A newcomer is seated
if nobody waits and the whole party fits: nobody overtakes, and nobody gets half a party in.

The line is served by the rules of `kit.waitlist`: first those whom the event is stated to be for, then by arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from asimati.kit.errors import Conflict, IllegalMove
from asimati.kit.waitlist import Priority
from asimati.kit.words import _

DOORS_OPEN = timedelta(hours=2)  # how long before an event begins its tickets are taken
OFFER_WAKING_HOURS = 12  # how long an offer holds, in waking hours, where the pack says nothing


class Publication(StrEnum):
    """How far a programme or an event is known."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class EventType(StrEnum):
    WORKSHOP = "workshop"
    TALK = "talk"
    PANEL = "panel"
    MENTORING = "mentoring"
    EXHIBITION = "exhibition"


class Mode(StrEnum):
    IN_PERSON = "in_person"
    ONLINE = "online"
    HYBRID = "hybrid"


class Language(StrEnum):
    """What is spoken at an event."""

    ARABIC = "ar"
    ENGLISH = "en"
    BOTH = "both"


class StatedFor(StrEnum):
    """Who comes first in an event's line; said to everybody with the event."""

    EVERYBODY = "everybody"
    FIRST_TIMERS = "first_timers"  # who has not been at an event of the governorate before


class BookingStatus(StrEnum):
    PENDING = "pending"  # a coordinator decides; no seat yet
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"  # seats are held until `offer_expires_at`
    CHECKED_IN = "checked_in"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    DECLINED = "declined"  # the person said no to an offer, or a coordinator to a pending booking
    LAPSED = "lapsed"  # the offer was not taken in time


class DeferralStatus(StrEnum):
    """What becomes of a deferral: it holds while it is in force, appealed or upheld, and until its end."""

    IN_FORCE = "in_force"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"


class Outcome(StrEnum):
    """What the door says to a ticket."""

    ADMITTED = "admitted"
    ALREADY_IN = "already-in"
    CANCELLED = "cancelled"
    NOT_CONFIRMED = "not-confirmed"
    WRONG_EVENT = "wrong-event"
    WRONG_DAY = "wrong-day"
    TOO_EARLY = "too-early"
    TOO_LATE = "too-late"
    UNKNOWN = "unknown"
    NONCE_REUSED = "nonce-reused"


B = BookingStatus
MOVES: Mapping[BookingStatus, frozenset[BookingStatus]] = {
    B.PENDING: frozenset({B.CONFIRMED, B.WAITLISTED, B.DECLINED, B.CANCELLED}),
    B.CONFIRMED: frozenset({B.CHECKED_IN, B.NO_SHOW, B.CANCELLED}),
    B.WAITLISTED: frozenset({B.OFFERED, B.CANCELLED}),
    B.OFFERED: frozenset({B.CONFIRMED, B.DECLINED, B.LAPSED, B.CANCELLED}),
    B.CHECKED_IN: frozenset({B.CONFIRMED}),  # a check-in taken back
    B.NO_SHOW: frozenset({B.CHECKED_IN}),  # the door's device was offline and told us late
    B.CANCELLED: frozenset(),
    B.DECLINED: frozenset(),
    B.LAPSED: frozenset(),
}
PUBLICATIONS: Mapping[Publication, frozenset[Publication]] = {
    Publication.DRAFT: frozenset({Publication.PUBLISHED, Publication.CANCELLED}),
    Publication.PUBLISHED: frozenset({Publication.CANCELLED}),
    Publication.CANCELLED: frozenset(),
}
OVER = frozenset({B.CANCELLED, B.DECLINED, B.LAPSED})
LIVE = frozenset(B) - OVER  # one of these for each person and event
SEATED = LIVE - {B.PENDING, B.WAITLISTED}  # their seats are in `taken`
# Whoever asks for approval keeps the time free; whoever waits in line need not.
ENGAGED = frozenset({B.PENDING, B.CONFIRMED, B.OFFERED, B.CHECKED_IN})


class EventFull(Conflict):
    slug = "event-full"
    title = _("The event is full")
    detail = _("Not enough of the {capacity} seats are free.")
    says = {"capacity": "its seats"}


class EventCancelled(Conflict):
    slug = "event-cancelled"
    title = _("The event is cancelled")


class RegistrationNotOpen(Conflict):
    slug = "registration-not-open"
    title = _("Booking has not opened yet")
    says = {"opens_at": "when it opens"}


class RegistrationClosed(Conflict):
    slug = "registration-closed"
    title = _("Booking has closed")
    says = {"closes_at": "when it closed"}


class PartyTooLarge(Conflict):
    slug = "party-too-large"
    title = _("The party is too large")
    detail = _("One booking takes at most {limit} seats at this event.")
    says = {"limit": "the largest party"}


class AlreadyBooked(Conflict):
    slug = "already-booked"
    title = _("You have a booking for this event")
    detail = _("Cancel it first if you want another one.")
    says = {"reference": "the booking one has"}


class OfferLapsed(Conflict):
    slug = "offer-lapsed"
    title = _("The offer has lapsed")
    detail = _("The time to accept it has run out, and the place has gone to the next in line.")


class CapacityTooLow(Conflict):
    slug = "capacity-too-low"
    title = _("More seats are needed")
    detail = _("{taken} seats are taken, and the largest party in line needs {largest_party}.")
    says = {"taken": "the seats taken", "largest_party": "the largest party booked"}


class NotEligible(Conflict):
    slug = "not-eligible"
    title = _("This event is for others")
    detail = _("It is for people of another age. Your date of birth must stand in your profile.")
    says = {"minimum_age": "in years, or null", "maximum_age": "in years, or null"}


class NotParallel(Conflict):
    slug = "not-parallel"
    title = _("These events are not parallel")
    detail = _("A booking can be moved only to an event of the same series.")


class NeedsApproval(Conflict):
    slug = "needs-approval"
    title = _("Places at this event are given by its organisers")
    detail = _("Ask for a place there; your booking stays until you give it up.")


class NotYetOver(Conflict):
    slug = "not-yet-over"
    title = _("The event is not over yet")


class DoorClosed(Conflict):
    slug = "door-closed"
    title = _("The door is not open at this time")


class DidNotAttend(Conflict):
    slug = "did-not-attend"
    title = _("This is for those who came")


class FeedbackGiven(Conflict):
    slug = "feedback-given"
    title = _("You have said what you think")


class AppealDecided(Conflict):
    slug = "appeal-decided"
    title = _("There is nothing to decide")
    detail = _("An appeal is made once, while the deferral lasts.")


@dataclass(frozen=True)
class FairUse:
    """After `missed` events missed within `within_days`, one waits behind others for `days`."""

    missed: int = 2
    within_days: int = 90
    days: int = 30


class Desk(Protocol):
    """What of an event a booking needs to know; rows and objects both have it."""

    status: Publication
    starts_at: datetime
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    party_limit: int
    approval: bool
    waitlist: bool
    capacity: int
    taken: int
    waiting: int


def change_of_counts(before: BookingStatus | None, after: BookingStatus, party_size: int) -> tuple[int, int]:
    """What a move adds to its event's seats taken, and to the parties in line."""
    seats = (after in SEATED) - (before in SEATED)
    return seats * party_size, (after is B.WAITLISTED) - (before is B.WAITLISTED)


def can_become(before: BookingStatus, after: BookingStatus) -> bool:
    return after in MOVES[before]


def require_move(before: BookingStatus, after: BookingStatus) -> None:
    """Raises IllegalMove, naming what is possible."""
    if not can_become(before, after):
        raise IllegalMove(current=before, legal=sorted(MOVES[before]))


def require_status(status: BookingStatus, expected: BookingStatus) -> None:
    """Raises IllegalMove unless the booking is what this move begins from."""
    if status is not expected:
        raise IllegalMove(current=status, legal=sorted(MOVES[status]))


def require_publication(before: Publication, after: Publication) -> None:
    """Raises IllegalMove, naming what is possible."""
    if after not in PUBLICATIONS[before]:
        raise IllegalMove(current=before, legal=sorted(PUBLICATIONS[before]))


def require_open(event: Desk, now: datetime) -> None:
    """Raises EventCancelled, RegistrationNotOpen or RegistrationClosed."""
    closes_at = event.registration_closes_at or event.starts_at
    if event.status != Publication.PUBLISHED:  # a row's text as well as an object's member
        raise EventCancelled
    if event.registration_opens_at and now < event.registration_opens_at:
        raise RegistrationNotOpen(opens_at=_written(event.registration_opens_at))
    if now >= closes_at:
        raise RegistrationClosed(closes_at=_written(closes_at))


def require_party(event: Desk, party_size: int) -> None:
    """Raises PartyTooLarge; also for more than the room holds, or the line would stand still behind them."""
    limit = min(event.party_limit, event.capacity)
    if party_size > limit:
        raise PartyTooLarge(limit=limit)


def placed(event: Desk, party_size: int, *, approved: bool = False) -> BookingStatus:
    """What becomes of a party that asks now. Raises EventFull where there is no waitlist."""
    if event.approval and not approved:
        return B.PENDING
    if event.waiting == 0 and party_size <= event.capacity - event.taken:
        return B.CONFIRMED
    if event.waitlist:
        return B.WAITLISTED
    raise EventFull(capacity=event.capacity)


def require_age(birth_date: date | None, youngest: int | None, oldest: int | None, on: date) -> None:
    """Raises NotEligible, also for who did not say when they were born. The ages are full years on that day."""
    if youngest is None and oldest is None:
        return
    age = -1 if birth_date is None else _age(birth_date, on)
    if not (youngest or 0) <= age <= (age if oldest is None else oldest):
        raise NotEligible(minimum_age=youngest, maximum_age=oldest)


def _age(birth_date: date, on: date) -> int:
    """Full years on a day."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def is_late(starts_at: datetime, late_cancel_hours: int, now: datetime) -> bool:
    """Whether a place given up now comes too late for others."""
    return now > starts_at - timedelta(hours=late_cancel_hours)


def priority_of(stated: StatedFor, *, attended: bool, deferred: bool) -> Priority:
    """The class in which somebody waits. Repeated no-shows weigh more than being new."""
    if deferred:
        return Priority.LATER
    first = stated is StatedFor.FIRST_TIMERS and not attended
    return Priority.FIRST if first else Priority.ORDINARY


def require_capacity(capacity: int, *, taken: int, largest_party: int) -> None:
    """Raises CapacityTooLow: nobody loses a seat, and no party waits for more seats than there are."""
    if capacity < max(taken, largest_party):
        raise CapacityTooLow(taken=taken, largest_party=largest_party)


def outcome_of(
    status: BookingStatus, starts_at: datetime, ends_at: datetime, at: datetime, *, same_day: bool = True
) -> Outcome:
    """What the door says to a true ticket of this event, scanned at a moment; `same_day` is the calendar's word."""
    if status is B.CHECKED_IN:
        return Outcome.ALREADY_IN
    if status in OVER:
        return Outcome.CANCELLED
    if status not in (B.CONFIRMED, B.NO_SHOW):
        return Outcome.NOT_CONFIRMED
    if starts_at - DOORS_OPEN <= at < ends_at:
        return Outcome.ADMITTED
    if not same_day:
        return Outcome.WRONG_DAY
    return Outcome.TOO_EARLY if at < starts_at else Outcome.TOO_LATE


def require_door(status: Publication, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises EventCancelled, or DoorClosed outside the time in which people are let in."""
    if status is not Publication.PUBLISHED:
        raise EventCancelled
    if not starts_at - DOORS_OPEN <= now < ends_at:
        raise DoorClosed


def _written(moment: datetime) -> str:
    """As every time in an answer: RFC 3339 in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
