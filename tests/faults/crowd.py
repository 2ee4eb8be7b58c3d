"""Many people at once, made inside the running house's own settings: `python -m tests.faults.crowd people 1000`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from sqlalchemy import insert, select

from asimati.accounts.models import Person, StaffMember
from asimati.events.messages import BookingOffered
from asimati.kit import outbox, secrets
from asimati.kit.db import transaction
from asimati.kit.ids import new_id
from asimati.kit.outbox import OutboxMessage
from asimati.notifications.broadcasts import _start
from asimati.notifications.models import Broadcast
from asimati.notifications.rules import Stage


def people(count: int) -> None:
    """Residents with the phones +97336000000 and on."""
    for first in range(0, count, 5000):
        phones = [f"+97336{number:06}" for number in range(first, min(first + 5000, count))]
        rows = [
            {"phone": secrets.seal(phone, "phone"), "phone_index": secrets.blind_index(phone, "phone")}
            for phone in phones
        ]
        with transaction(patience=60) as tx:
            tx.execute(insert(Person), rows)


def told(count: int) -> None:
    """A message of its own to each of the first so many."""
    with transaction(patience=60) as tx:
        ids = tx.scalars(select(Person.id).order_by(Person.number).limit(count)).all()
        tx.execute(insert(OutboxMessage), [outbox.as_row(_offered(person)) for person in ids])


def broadcast() -> None:
    """A broadcast by SMS to everybody."""
    words = {"ar": "تنقطع المياه غدًا.", "en": "Water is cut tomorrow."}
    with transaction() as tx:
        author = tx.scalars(select(StaffMember.id).limit(1)).one()
        made = Broadcast(
            title=words, text=words, channels=["sms"], audience=[], stage=Stage.SCHEDULED, created_by=author
        )
        tx.add(made)
        tx.flush()
        _start(tx, made)


def _offered(person: object) -> BookingOffered:
    reference = f"BK-{str(new_id())[-8:].upper()}"
    return BookingOffered(
        person=person,  # type: ignore[arg-type]
        about={"type": "booking", "reference": reference},
        event=new_id(),
        reference=reference,
        title={"ar": "ورشة", "en": "Workshop"},
        starts_at=datetime(2027, 1, 1, tzinfo=UTC),
        party_size=1,
        offer_expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )


if __name__ == "__main__":
    {"people": people, "told": told, "broadcast": broadcast}[sys.argv[1]](*map(int, sys.argv[2:]))
