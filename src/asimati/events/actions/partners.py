"""Events that were held with partners: an act of its own, told when it is over and people have come."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from asimati.events import messages
from asimati.events.actions.after import LATE_UPLOADS
from asimati.events.models import Admission, Booking, Event
from asimati.events.rules import Publication
from asimati.kit import clock
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.text import say

AT_ONCE = 50


def tell_of_partners(tx: Session) -> int:
    """Tell of the partners of events that are over and that somebody came to; of how many events at this tick."""
    came = exists().where(Booking.event_id == Event.id, Admission.booking_id == Booking.id)
    over = (
        select(Event)
        .where(Event.partners_told.is_(None), Event.co_hosts != [], came)
        .where(Event.status == Publication.PUBLISHED, Event.ends_at <= clock.now(tx) - LATE_UPLOADS)
        .order_by(Event.id)
        .limit(AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
    )
    events = tx.scalars(over).all()
    for event in events:
        event.partners_told = [_engage(tx, event, say(one, "en")) for one in event.co_hosts]
    tx.flush()
    return len(events)


def take_back_partners(tx: Session, event: Event) -> None:
    """The last one who had come was taken back, so that the event was held for nobody; else nothing changes."""
    left = select(Admission.id).join(Booking, Booking.id == Admission.booking_id).filter_by(event_id=event.id)
    if tx.scalar(left.limit(1)) is not None:
        return
    for source in event.partners_told or ():
        publish(tx, messages.PartnerTakenBack(source=source))
    event.partners_told = None


def _engage(tx: Session, event: Event, partner: str) -> str:
    source = f"events.partner:{new_id()}"
    publish(
        tx,
        messages.PartnerEngaged(
            source=source,
            on=clock.local_day(event.starts_at),
            group={"block": event.block} if event.block else {},
            organisation=" ".join(partner.casefold().split()),
            partner=partner,
            event=event.id,
            programme=event.programme,
            targets=event.targets,
        ),
    )
    return source
