"""What events keep of people, and what becomes of their seats when they leave."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.events.actions import cancel
from asimati.events.models import Admission, Booking, Deferral, Event, Feedback, Scan
from asimati.events.rules import BookingStatus
from asimati.kit.policy import Actor
from asimati.kit.privacy import BEFORE_ERASURE, Fate, Group, Together, holds, knows_nobody
from asimati.kit.words import _

_STILL_HELD = (BookingStatus.PENDING, BookingStatus.CONFIRMED, BookingStatus.WAITLISTED, BookingStatus.OFFERED)
_COUNTED = _("Your words are deleted; the number stays, of nobody in particular.")

holds(
    Booking,
    Group.PARTICIPATION,
    _("Your bookings"),
    of="person_id",
    personal=["answers"],
    plain=["reference"],
    fate=Fate.REDACT,
    why=_(
        "Coming ones are cancelled. The rest is kept as numbers: seats that were taken, by nobody in particular."
    ),
    together=Together.BLOCK,
)
holds(
    Feedback,
    Group.PARTICIPATION,
    _("What you said of events"),
    of="booking_id",
    personal=["comment"],
    fate=Fate.REDACT,
    why=_COUNTED,
)
holds(
    Deferral,
    Group.PARTICIPATION,
    _("When you were asked to wait behind others"),
    of="person_id",
    personal=["appeal"],
    plain=["note"],
    fate=Fate.DELETE,
    why=_("It is deleted."),
)
knows_nobody(Admission, "device", why="the door's device")
knows_nobody(Scan, "device", "nonce", "ticket", why="the door's device, and a ticket that names a booking")


def give_up_seats(tx: Session, actor: Actor, person: UUID) -> None:
    """Cancel what is still to come, so that the next in line is offered the seat."""
    coming = (
        select(Booking.reference)
        .join(Event, Event.id == Booking.event_id)
        .where(
            Booking.person_id == person,
            Booking.status.in_([str(one) for one in _STILL_HELD]),
            Event.starts_at > func.app_now(),
        )
        .order_by(Event.starts_at)
    )
    for reference in tx.scalars(coming).all():
        cancel(tx, actor, reference)


BEFORE_ERASURE.append(give_up_seats)
