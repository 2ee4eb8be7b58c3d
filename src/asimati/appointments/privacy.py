"""What appointments keep of people, and what becomes of the coming ones when they leave."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.appointments.actions import cancel
from asimati.appointments.models import Appointment
from asimati.appointments.rules import Status
from asimati.kit.policy import Actor
from asimati.kit.privacy import BEFORE_ERASURE, Fate, Group, holds
from asimati.kit.words import _

holds(
    Appointment,
    Group.PARTICIPATION,
    _("Your appointments"),
    of="person_id",
    personal=["reason"],
    plain=["reference", "title", "by_kind"],
    fate=Fate.REDACT,
    why=_("Coming ones are cancelled. The rest is kept as numbers, of nobody in particular."),
    blanks={"person_id": None},
)


def give_up_times(tx: Session, actor: Actor, person: UUID) -> None:
    """Cancel what is still to come, so that somebody else is served."""
    coming = (
        select(Appointment.reference)
        .where(
            Appointment.person_id == person,
            Appointment.status == Status.BOOKED,
            Appointment.starts_at > func.app_now(),
        )
        .order_by(Appointment.starts_at)
    )
    for reference in tx.scalars(coming).all():
        cancel(tx, actor, reference)


BEFORE_ERASURE.append(give_up_times)
