"""Appointments in a person's calendar feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.feed import FEEDS, Entry
from asimati.appointments.models import Appointment
from asimati.appointments.rules import Status


def entries(tx: Session, person: UUID, since: datetime) -> Iterable[Entry]:
    """A person's appointments that ended no earlier; those given up say so."""
    found = select(Appointment).where(Appointment.person_id == person, Appointment.ends_at >= since)
    for one in tx.scalars(found):
        yield Entry(
            uid=f"appointment-{one.id}@asimati",
            sequence=one.version - 1,  # every change makes it larger
            status="CANCELLED" if one.status is Status.CANCELLED else "CONFIRMED",
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            title=one.title,
            changed_at=one.updated_at,
            place=one.desk.place,
            reference=one.reference,
        )


FEEDS.append(entries)
