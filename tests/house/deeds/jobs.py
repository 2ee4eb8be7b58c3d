"""What the house does by itself with people's things, by the name of its job, and when there is something to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from asimati.accounts.actions import ensure_person
from asimati.dataprotection.actions import erase
from asimati.kit import db
from asimati.kit.policy import SYSTEM
from asimati.notifications.models import Notification
from tests.events.ground import make_event
from tests.house.belongings import BOTH, NEIGHBOUR, House, signed_in
from tests.house.deeds import later
from tests.house.deeds.events import booked
from tests.house.deeds.volunteering import charter, in_line
from tests.volunteering.ground import make_shift, now


def years_later(_house: House) -> None:
    later(days=4000)


def a_seat_is_offered(house: House) -> None:
    first = booked(house, house.neighbour(), event := make_event(capacity=1))
    booked(house, event=event)
    house.ask("DELETE", f"/bookings/{first['reference']}", house.neighbour(), 200)
    later(days=2)


def a_place_is_offered(house: House) -> None:
    first, _second = in_line(house)
    house.ask("DELETE", f"/sign-ups/{first}", house.neighbour(), 200)
    later(days=2)


def no_guardian_answers(house: House) -> None:
    with db.transaction() as tx:
        ward = signed_in(person=ensure_person(tx, "+97333009977").id)
    charter(house, ward)
    shift = make_shift(now() + timedelta(days=20))
    house.ask("POST", f"/shifts/{shift}/sign-ups", ward, json={})
    later(days=19)


def told(person: UUID) -> None:
    """Something is written to a person in the very moment."""
    with db.transaction() as tx:
        facts = {"channel": "inbox", "status": "sent", "topic": "events.booking_confirmed"}
        tx.add(Notification(message_id=uuid4(), person=person, title=BOTH, text=BOTH, **facts))


def two_accounts_were_one(house: House) -> None:
    with db.transaction() as tx:
        other = ensure_person(tx, "+97333111666").id
    merge = house.values["account-merges/merge_id"]
    house.ask("POST", f"/staff/account-merges/{merge}/approve", house.staff["supervisor"], 200, json={})
    told(other)


def somebody_was_erased(_house: House) -> None:
    with db.transaction() as tx:
        who = ensure_person(tx, NEIGHBOUR).id
        erase(tx, SYSTEM, who)
    told(who)


BY_ITSELF: dict[str, Callable[[House], None]] = {
    "events.lapse_offers": a_seat_is_offered,
    "events.mark_no_shows": years_later,
    "volunteering.lapse_offers": a_place_is_offered,
    "volunteering.lapse_guardians": no_guardian_answers,
    "service_requests.escalate": years_later,
    "service_requests.forget_drafts": years_later,
    "accounts.lapse_asks": years_later,
    "dataprotection.merge_again": two_accounts_were_one,
    "dataprotection.resume_erasures": somebody_was_erased,
    "dataprotection.purge": years_later,
}
