"""The desks themselves: closing one for a time, opening it again; and reminding people in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.appointments import messages, policy, queries
from asimati.appointments.actions.booking import cancelled
from asimati.appointments.actions.holding import locked_desk, tell
from asimati.appointments.models import Appointment, Desk, DeskClosure, DeskLeave
from asimati.appointments.refusals import DeskHasAppointments
from asimati.appointments.rules import Status, is_free
from asimati.kit import audit, clock, reminders
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _, translate

OFFER = _("The next free time is {at}.")
WHOLE_DAY = "00:00-24:00"
FAR = datetime(2101, 1, 1, tzinfo=UTC)


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
    _ask_first(expected, cancel_booked)
    assert actor.id is not None  # noqa: S101 - staff have one
    closure = DeskClosure(
        id=new_id(), desk_id=desk.id, starts_at=starts_at, ends_at=ends_at, reason=dict(reason), by_id=actor.id
    )
    tx.add(closure)
    tx.flush()
    _send_away(tx, actor, expected, reason)
    audit.record(tx, actor, "appointments.desk_closed", ("desk", desk.code), cancelled=len(expected))
    return closure


def be_away(
    tx: Session,
    actor: Actor,
    code: str,
    *,
    weekdays: Sequence[str],
    starts_on: date,
    reason: Mapping[str, str | None],
    hours: str = WHOLE_DAY,
    ends_on: date | None = None,
    every_weeks: int = 1,
    cancel_booked: bool = False,
) -> DeskLeave:
    """Close a desk at a time that comes again. Who is expected in it is cancelled and offered another time.

    Raises NotFound, Invalid, DeskHasAppointments (unless it is said that they are to be cancelled).
    """
    policy.require(actor, "close")
    found = tx.scalar(select(Desk.id).where(Desk.code == code, Desk.retired_at.is_(None)))
    if found is None:
        raise NotFound
    desk = locked_desk(tx, found)
    assert actor.id is not None  # noqa: S101 - staff have one
    leave = DeskLeave(
        id=new_id(), desk_id=desk.id, weekdays=sorted(set(weekdays)), hours=hours, starts_on=starts_on,
        ends_on=ends_on, every_weeks=every_weeks, reason=dict(reason), by_id=actor.id,
    )  # fmt: skip
    expected = _meant(tx, desk, leave)
    _ask_first(expected, cancel_booked)
    tx.add(leave)
    tx.flush()
    _send_away(tx, actor, expected, reason)
    audit.record(tx, actor, "appointments.leave_added", ("desk", desk.code), cancelled=len(expected))
    return leave


def come_back(tx: Session, actor: Actor, leave_id: UUID) -> None:
    """Take a recurring leave back. Raises NotFound."""
    policy.require(actor, "close")
    found = tx.get(DeskLeave, leave_id)
    if found is None:
        raise NotFound
    audit.record(tx, actor, "appointments.leave_ended", ("desk", found.desk_id))
    tx.delete(found)


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


def _ask_first(expected: Sequence[Appointment], cancel_booked: bool) -> None:
    if expected and not cancel_booked:
        raise DeskHasAppointments(count=len(expected))


def _send_away(
    tx: Session, actor: Actor, expected: Sequence[Appointment], reason: Mapping[str, str | None]
) -> None:
    """Cancel who is expected; each is told why, and the next free time of their service as the desks stand now."""
    offers = {service: _offer(queries.first_free(tx, service)) for service in {made.service for made in expected}}
    for made in expected:
        cancelled(tx, actor, made, reason, offers[made.service])


def _offer(at: datetime | None) -> dict[str, str] | None:
    if at is None:
        return None
    local = f"{clock.local(at):%Y-%m-%d %H:%M}"
    return {language: translate(OFFER, language).format(at=local) for language in LANGUAGES}


def _meant(tx: Session, desk: Desk, leave: DeskLeave) -> Sequence[Appointment]:
    """Who is expected in any of a leave's times. Raises Invalid for no day, and for hours that are none."""
    if not leave.weekdays:
        raise Invalid([("/weekdays", _("This is required."))])
    ahead = _expected(tx, desk, queries.midnight(leave.starts_on), FAR)
    days = {clock.local_day(made.starts_at) for made in ahead}
    try:
        spans = leave.spans(sorted(days | {leave.starts_on}))
    except ValueError:
        raise Invalid([("/hours", _("These are no hours such as 12:00-14:00."))]) from None
    if leave.ends_on is not None and leave.ends_on < leave.starts_on:
        raise Invalid([("/ends_on", _("The end must be after the beginning."))])
    return [made for made in ahead if not is_free((made.starts_at, made.ends_at), spans)]


def _expected(tx: Session, desk: Desk, starts_at: datetime, ends_at: datetime) -> Sequence[Appointment]:
    inside = select(Appointment).where(
        Appointment.desk_id == desk.id, Appointment.status == Status.BOOKED, Appointment.starts_at < ends_at,
        Appointment.ends_at > func.greatest(starts_at, func.app_now()),
    )  # fmt: skip
    return tx.scalars(inside.order_by(Appointment.id).with_for_update(of=Appointment, key_share=True)).all()
