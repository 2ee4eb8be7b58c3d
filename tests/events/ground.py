"""An event to book, and residents straight in the table: hundreds of them, without the signing in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import UUID

from asimati.accounts.actions import start_session
from asimati.accounts.models import Person
from asimati.events.actions.programme import new_event
from asimati.events.models import Booking, Event, Programme
from asimati.events.rules import BookingStatus, EventType, Language, Mode, Publication
from asimati.kit import db, secrets
from asimati.kit.ids import new_reference
from asimati.kit.policy import Actor

BOTH = {"ar": "ورشة", "en": "Workshop"}
_days = itertools.count(3)


def make_event(**more: Any) -> UUID:
    """A published event some days ahead, on a day of its own; committed."""
    day = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=next(_days) % 300)
    facts: dict[str, Any] = {
        "programme": "week",
        "type": EventType.WORKSHOP,
        "title": BOTH,
        "venue": {"ar": "باب البحرين", "en": "Bab Al Bahrain"},
        "language": Language.BOTH,
        "mode": Mode.IN_PERSON,
        "starts_at": day,
        "ends_at": day + timedelta(hours=2),
        "capacity": 10,
        "party_limit": 4,
        "targets": ["8.3"],
        "status": Publication.PUBLISHED,
    }
    with db.transaction() as tx:
        if tx.get(Programme, "week") is None:
            days = {"starts_on": day.date(), "ends_on": day.date()}
            tx.add(Programme(slug="week", title=BOTH, status=Publication.PUBLISHED, **days))
            tx.flush()
        return new_event(tx, **facts | more).id


def make_people(number: int) -> list[Actor]:
    """So many residents, as the edge would identify them; committed."""
    with db.transaction() as tx:
        people = [
            Person(phone=secrets.seal("+97333000000", "phone"), phone_index=token_bytes(16)) for _ in range(number)
        ]
        tx.add_all(people)
        tx.flush()
        return [Actor("resident", id=person.id, assurance="phone") for person in people]


def signed_in(who: Actor) -> dict[str, str]:
    """The headers of a resident with a session."""
    with db.transaction() as tx:
        return {"Authorization": f"Bearer {start_session(tx, person=who.id)['access_token']}"}


def make_attended(people: Sequence[Actor]) -> None:
    """They have been let in at an event before; committed."""
    event = make_event(capacity=1000)
    with db.transaction() as tx:
        facts = {"event_id": event, "party_size": 1, "status": BookingStatus.CHECKED_IN}
        tx.add_all(Booking(reference=new_reference("BK"), person_id=one.id, **facts) for one in people)
        tx.get_one(Event, event).taken = len(people)
