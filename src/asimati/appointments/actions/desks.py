"""The desks themselves: closing one for a time, opening it again; and reminding people in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.appointments import messages, policy
from asimati.appointments.actions.booking import cancelled
from asimati.appointments.actions.holding import locked_desk, tell
from asimati.appointments.models import Appointment, Desk, DeskClosure
from asimati.appointments.refusals import DeskHasAppointments
from asimati.appointments.rules import Status
from asimati.kit import audit, reminders
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.kit.words import _


def close(
    tx: Session,
    actor: Actor,
    code: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: Mapping[str, str | None],
    cancel_booked: bool = False,
) -> DeskClosure:
    """Close a desk for a time. Who is expected in it is cancelled with the reason, if that is said too.

    Raises NotFound, Invalid, DeskHasAppointments.
    """
    policy.require(actor, "close")
    found = tx.scalar(select(Desk.id).where(Desk.code == code, Desk.retired_at.is_(None)))
    if found is None:
        raise NotFound
    if not starts_at < ends_at:
        raise Invalid([("/ends_at", _("The end must be after the beginning."))])
    desk = locked_desk(tx, found)
    expected = _expected(tx, desk, starts_at, ends_at)
    if expected and not cancel_booked:
        raise DeskHasAppointments(count=len(expected))
    for made in expected:
        cancelled(tx, actor, made, reason)
    assert actor.id is not None  # noqa: S101 - staff have one
    closure = DeskClosure(
        id=new_id(), desk_id=desk.id, starts_at=starts_at, ends_at=ends_at, reason=dict(reason), by_id=actor.id
    )
    tx.add(closure)
    tx.flush()
    audit.record(tx, actor, "appointments.desk_closed", ("desk", desk.code), cancelled=len(expected))
    return closure


def open_again(tx: Session, actor: Actor, closure_id: UUID) -> None:
    """Take a closure back. Raises NotFound."""
    policy.require(actor, "close")
    found = tx.get(DeskClosure, closure_id)
    if found is None:
        raise NotFound
    audit.record(tx, actor, "appointments.desk_opened", ("desk", found.desk_id))
    tx.delete(found)


def remind(tx: Session) -> int:
    """Tell whoever has an appointment that it begins soon, at the hours the pack names; how many."""
    booked = select(Appointment).where(Appointment.status == Status.BOOKED)
    due = reminders.due_before(
        tx, "appointment", booked.with_for_update(read=True, skip_locked=True, of=Appointment),
        thing=Appointment.id, at=Appointment.starts_at, since=Appointment.settled_at,
    )  # fmt: skip
    for (made,) in due:
        tell(tx, messages.AppointmentReminder, made)
    return len(due)


def _expected(tx: Session, desk: Desk, starts_at: datetime, ends_at: datetime) -> Sequence[Appointment]:
    inside = select(Appointment).where(
        Appointment.desk_id == desk.id, Appointment.status == Status.BOOKED, Appointment.starts_at < ends_at,
        Appointment.ends_at > func.greatest(starts_at, func.app_now()),
    )  # fmt: skip
    return tx.scalars(inside.order_by(Appointment.id).with_for_update(of=Appointment, key_share=True)).all()
