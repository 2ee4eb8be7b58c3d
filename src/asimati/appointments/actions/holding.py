"""What every deed at a desk has in common: its lock, both calendars, what is told.

The desk's row is locked first, then the appointment's, then the person's: two who want one time follow each other,
and the second hears that it is taken. The table's exclusion constraint is the second line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.appointments import policy, queries
from asimati.appointments.models import Appointment, AppointmentService, Desk
from asimati.appointments.rules import Status
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound, Stale
from asimati.kit.ids import new_id, new_reference
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.settings import settings

KIND = "appointment"


def locked_desk(tx: Session, desk_id: UUID) -> Desk:
    """A desk nobody else books at while this transaction lasts."""
    wanted = select(Desk).where(Desk.id == desk_id).execution_options(populate_existing=True)
    if not settings().without("appointments.lock"):
        wanted = wanted.with_for_update(key_share=True)
    return tx.scalars(wanted).one()


def locked(tx: Session, actor: Actor, reference: str, version: int | None = None) -> Appointment:
    """An appointment, locked. Raises NotFound where it is not the actor's to see, Stale."""
    wanted = policy.visible(select(Appointment), actor).where(Appointment.reference == reference)
    found = tx.scalar(
        wanted.with_for_update(of=Appointment, key_share=True).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise Stale
    return found


def make(
    tx: Session,
    actor: Actor,
    desk: Desk,
    service: AppointmentService,
    starts_at: datetime,
    *,
    person: UUID | None,
    priority: bool,
    walk_in: bool = False,
) -> Appointment:
    """Take the time of the desk and of the person. Raises Overlaps; SlotTaken by the constraint."""
    now = clock.now(tx)
    made = Appointment(
        id=new_id(), reference=new_reference("AP"), desk=desk, desk_number=desk.number, service=service.code,
        title=service.title, person_id=person, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=desk.services[service.code]),
        status=Status.ARRIVED if walk_in else Status.BOOKED, priority=priority, walk_in=walk_in,
        by_kind=actor.kind, by_id=actor.id, created_at=now, settled_at=now, arrived_at=now if walk_in else None,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    hold(tx, made)
    recorded(tx, actor, "walked_in" if walk_in else "booked", made)
    return made


def hold(tx: Session, made: Appointment) -> None:
    """Give the person's time to the appointment, if there is a person known. Raises Overlaps."""
    if made.person_id:
        calendar.hold(tx, made.person_id, made.starts_at, made.ends_at, KIND, made.id, made.title)


def release(tx: Session, made: Appointment) -> None:
    calendar.release(tx, KIND, made.id)


def recorded(tx: Session, actor: Actor, deed: str, made: Appointment, **facts: Any) -> None:
    """The audit line of a deed, with the row as it now stands."""
    tx.flush()
    audit.record(
        tx, actor, f"appointments.{deed}", (KIND, made.id), [made.person_id],
        status=made.status, desk=made.desk.code, starts_at=made.starts_at.isoformat(), **facts,
    )  # fmt: skip


def tell(tx: Session, kind: type[Any], made: Appointment, **more: Any) -> None:
    """Publish a message about an appointment; nobody is told where nobody is known."""
    if made.person_id:
        publish(tx, kind(**facts(made), **more))


def facts(made: Appointment) -> Mapping[str, Any]:
    return {
        "person": made.person_id,
        "about": {"type": KIND, "reference": made.reference},
        "reference": made.reference,
        "title": made.title,
        "desk": made.desk.title,
        "place": made.desk.place,
        "starts_at": made.starts_at,
    }


def day_of(tx: Session, desks: Iterable[Desk], at: datetime) -> list[queries.Times]:
    """The desks' calendars of one local day, as they stand under the lock."""
    day = clock.local_day(at)
    return queries.calendars(tx, list(desks), day, day)
