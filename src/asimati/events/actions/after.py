"""After an event: who did not come, what those who came say, and what is certified to them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.queries import name_of
from asimati.credentials import actions as credentials
from asimati.credentials.models import Credential
from asimati.credentials.writing import Claim
from asimati.events import rules
from asimati.events.actions.fair_use import reckon_missed
from asimati.events.actions.moves import event_of, locked_booking, move
from asimati.events.models import Admission, Booking, Event, Feedback
from asimati.events.rules import BookingStatus, Publication
from asimati.kit import audit, clock
from asimati.kit.policy import SYSTEM, Actor

LATE_UPLOADS = timedelta(hours=2)  # how long we wait for doors that were offline; later uploads still count
AT_ONCE = 200
KIND = "attendance"


def mark_no_shows(tx: Session) -> int:
    """Record who had a seat and did not come, tell them, and reckon their fair use; how many at this tick."""
    over = clock.now(tx) - LATE_UPLOADS
    statement = (
        select(Booking, Event)
        .join(Event)
        .where(Booking.status == BookingStatus.CONFIRMED, Event.ends_at <= over)
        .where(Event.status == Publication.PUBLISHED)
        .order_by(Booking.id)
        .limit(AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True, of=Booking)
    )
    found = tx.execute(statement).all()
    for booking, event in found:
        move(tx, SYSTEM, event, booking, BookingStatus.NO_SHOW)
        tx.flush()
        reckon_missed(tx, event, booking)
    return len(found)


def give_feedback(tx: Session, actor: Actor, reference: str, stars: int, comment: str | None = None) -> str:
    """What somebody who came thinks; the reference. Raises DidNotAttend, FeedbackGiven."""
    _, booking = _attended(tx, actor, reference)
    row = {"booking_id": booking.id, "stars": stars, "comment": comment, "made_at": clock.now(tx)}
    made = insert(Feedback).values(row).on_conflict_do_nothing().returning(Feedback.booking_id)
    if tx.execute(made).first() is None:
        raise rules.FeedbackGiven
    audit.record(tx, actor, "events.feedback_given", ("booking", booking.id), [booking.person_id])
    return reference


def certify(tx: Session, actor: Actor, reference: str) -> Credential:
    """The certificate of attendance of somebody who came; the same one however often it is asked for.

    Raises DidNotAttend, NotYetOver.
    """
    event, booking = _attended(tx, actor, reference)
    if clock.now(tx) < event.ends_at:
        raise rules.NotYetOver
    if (kept := credentials.living(tx, KIND, _subject(booking))) is not None:
        return kept
    day = clock.local_day(tx.scalars(select(Admission.at).where(Admission.booking_id == booking.id)).one())
    hours = f"{(event.ends_at - event.starts_at) / timedelta(hours=1):.2f}"
    claim = Claim(
        kind=KIND,
        subject=_subject(booking),
        title=event.title,
        description={"ar": "حضور فعالية", "en": "Attendance at an event"},
        criteria={"ar": "سُجّل الحضور عند الباب بتذكرة موقّعة.", "en": "Let in at the door with a signed ticket."},
        facts={"event": event.title, "day": day.isoformat(), "hours": hours},
        brief=f"{hours} h {day.isoformat()}",
    )
    name = name_of(tx, booking.person_id)
    return credentials.issue(tx, actor, claim, booking.person_id, holder=name["en"] or name["ar"])


def uncertify(tx: Session, actor: Actor, booking: Booking) -> None:
    """A check-in was taken back: what was certified ends."""
    kept = credentials.living(tx, KIND, _subject(booking))
    if kept is not None:
        credentials.end(tx, actor, kept.id, "the check-in was taken back")


def _subject(booking: Booking) -> str:
    return f"booking:{booking.id}"


def _attended(tx: Session, actor: Actor, reference: str) -> tuple[Event, Booking]:
    event_of(tx, actor, reference)  # whether it is theirs
    booking = locked_booking(tx, reference)
    event = tx.get_one(Event, booking.event_id)
    if booking.status is not BookingStatus.CHECKED_IN:
        raise rules.DidNotAttend
    return event, booking
