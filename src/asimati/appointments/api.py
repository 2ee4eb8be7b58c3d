"""Routes of appointments: free times, one's own, and the desks'."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.calendar import Overlaps
from asimati.accounts.refusals import AssuranceTooLow, OwnAffair
from asimati.appointments import actions, policy, queries
from asimati.appointments import feed as _feed  # noqa: F401 - for the calendar of whoever has one
from asimati.appointments.models import Appointment, DeskClosure, DeskLeave
from asimati.appointments.refusals import (
    AskAtTheDesk,
    DeskHasAppointments,
    NobodyFree,
    NoSuchSlot,
    SlotReserved,
    SlotTaken,
    TooEarly,
    TooLate,
    TooManyAppointments,
)
from asimati.appointments.schemas import (
    AppointmentIn,
    AppointmentOut,
    AppointmentsQuery,
    BookForIn,
    CancelAppointmentIn,
    ClosureIn,
    ClosureOut,
    DesksOut,
    LeaveIn,
    LeaveOut,
    MoveAppointmentIn,
    SlotsOut,
    SlotsQuery,
    StaffAppointmentOut,
    WalkInIn,
)
from asimati.http import access, problems
from asimati.http.pages import PageQuery, page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.errors import IllegalMove
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("appointments", __name__, description="Appointments at the counters and with officers")
may = partial(access.staff_who, policy.MAY)

problems.CONSTRAINTS["appointment_no_overlap"] = SlotTaken
audit.SUBJECTS["appointment"] = _("your appointment")
DESKS.append(
    Desk(
        titles={"appointments": _("Expected today")},
        may=lambda actor: policy.may(actor, "see"),
        counts=queries.counts,
        items=lambda tx, actor, name, query: queries.queue(tx, actor, name, **query),
        gives=StaffAppointmentOut,
        opens="appointment",
        narrowed_by=frozenset({"q", "service"}),
    )
)

Payload = dict[str, Any]
_TAKING = (NoSuchSlot, SlotTaken, SlotReserved, Overlaps)


# --- residents -------------------------------------------------------------------------------------------------


@blp.get("/services/<code>/slots", who=access.anyone, query=SlotsQuery, gives=SlotsOut)
def slots(tx: Session, actor: Actor, query: Payload, code: str) -> Payload:
    """The free times of a service, earliest first."""
    return {"items": queries.slots(tx, actor, code, **query)}


@blp.post(
    "/appointments", who=access.residents, takes=AppointmentIn, gives=AppointmentOut, status=201,
    refuses=(*_TAKING, AssuranceTooLow, TooManyAppointments, AskAtTheDesk),
)  # fmt: skip
def book(tx: Session, actor: Actor, payload: Payload) -> Payload:
    """Book a free time."""
    return queries.with_near(tx, actions.book(tx, actor, **payload))


@blp.get("/appointments", who=access.residents, query=PageQuery, gives=page_of(AppointmentOut))
def mine(tx: Session, actor: Actor, query: Payload) -> Page:
    """My appointments, the latest first."""
    return queries.mine(tx, actor, query["page"])


@blp.get("/appointments/<reference>", who=access.residents, gives=AppointmentOut, tagged=True)
def my_appointment(tx: Session, actor: Actor, reference: str) -> Payload:
    """One of my appointments."""
    return queries.with_near(tx, queries.appointment(tx, actor, reference))


@blp.patch(
    "/appointments/<reference>", who=access.residents, takes=MoveAppointmentIn, gives=AppointmentOut,
    refuses=(*_TAKING, TooLate, IllegalMove),
)  # fmt: skip
def move_mine(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> Payload:
    """Move my appointment to another free time; if that is gone, the old one stays."""
    return queries.with_near(tx, actions.move(tx, actor, reference, **payload, version=version))


@blp.delete(
    "/appointments/<reference>", who=access.residents, gives=AppointmentOut, refuses=(TooLate, IllegalMove)
)  # fmt: skip
def cancel_mine(tx: Session, actor: Actor, reference: str) -> Appointment:
    """Give my appointment up, so that somebody else may come."""
    return actions.cancel(tx, actor, reference)


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get(
    "/staff/appointments", who=may("see"), query=AppointmentsQuery, gives=page_of(StaffAppointmentOut),
    opens="appointment",
)  # fmt: skip
def staff_appointments(tx: Session, actor: Actor, query: Payload) -> Page:
    """What the desks expect and had, by day, desk, status and service."""
    return queries.appointments(tx, actor, **query)


@blp.get(
    "/staff/appointments/<reference>", who=may("see"), gives=StaffAppointmentOut, tagged=True, opens="appointment"
)  # fmt: skip
def staff_appointment(tx: Session, actor: Actor, reference: str) -> Appointment:
    """One appointment."""
    policy.require(actor, "see")
    return queries.appointment(tx, actor, reference)


@blp.post(
    "/staff/appointments", who=may("book"), takes=BookForIn, gives=StaffAppointmentOut, status=201,
    refuses=(*_TAKING, OwnAffair),
)  # fmt: skip
def book_for(tx: Session, actor: Actor, payload: Payload) -> Appointment:
    """Book for somebody who called or came."""
    return actions.book_for(tx, actor, **payload)


@blp.post(
    "/staff/walk-ins", who=may("serve"), takes=WalkInIn, gives=StaffAppointmentOut, status=201,
    refuses=(NobodyFree, SlotTaken, Overlaps, OwnAffair),
)  # fmt: skip
def walk_in(tx: Session, actor: Actor, payload: Payload) -> Appointment:
    """Receive somebody who came without an appointment, at the earliest time left today."""
    return actions.walk_in(tx, actor, **payload)


@blp.patch(
    "/staff/appointments/<reference>", who=may("book"), takes=MoveAppointmentIn, gives=StaffAppointmentOut,
    refuses=(*_TAKING, IllegalMove),
)  # fmt: skip
def move(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> Appointment:
    """Move somebody's appointment; they are told."""
    return actions.move(tx, actor, reference, **payload, version=version)


@blp.post(
    "/staff/appointments/<reference>/cancel", who=may("book"), takes=CancelAppointmentIn,
    gives=StaffAppointmentOut, versioned=True, refuses=(IllegalMove,),
)  # fmt: skip
def cancel(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> Appointment:
    """Cancel somebody's appointment; they are told why."""
    return actions.cancel(tx, actor, reference, **payload, version=version)


@blp.post(
    "/staff/appointments/<reference>/arrive", who=may("serve"), gives=StaffAppointmentOut, versioned=True,
    refuses=(IllegalMove, SlotTaken, Overlaps),
)  # fmt: skip
def arrive(tx: Session, actor: Actor, version: int | None, reference: str) -> Appointment:
    """The person is here."""
    return actions.arrive(tx, actor, reference, version=version)


@blp.post(
    "/staff/appointments/<reference>/serve", who=may("serve"), gives=StaffAppointmentOut, versioned=True,
    refuses=(IllegalMove,),
)  # fmt: skip
def serve(tx: Session, actor: Actor, version: int | None, reference: str) -> Appointment:
    """The person was served."""
    return actions.serve(tx, actor, reference, version=version)


@blp.post(
    "/staff/appointments/<reference>/no-show", who=may("serve"), gives=StaffAppointmentOut, versioned=True,
    refuses=(IllegalMove, TooEarly),
)  # fmt: skip
def no_show(tx: Session, actor: Actor, version: int | None, reference: str) -> Appointment:
    """Nobody came."""
    return actions.no_show(tx, actor, reference, version=version)


@blp.get("/staff/desks", who=may("see"), gives=DesksOut)
def desks(tx: Session, actor: Actor) -> Payload:
    """The desks, their hours, and when they will be closed."""
    return {"items": queries.desks(tx, actor)}


@blp.post(
    "/staff/desks/<code>/closures", who=may("close"), takes=ClosureIn, gives=ClosureOut, status=201,
    refuses=(DeskHasAppointments,),
)  # fmt: skip
def close(tx: Session, actor: Actor, payload: Payload, code: str) -> DeskClosure:
    """Close a desk for a time."""
    return actions.close(tx, actor, code, **payload)


@blp.delete("/staff/desk-closures/<uuid:closure_id>", who=may("close"))
def open_again(tx: Session, actor: Actor, closure_id: UUID) -> None:
    """Take a closure back."""
    actions.open_again(tx, actor, closure_id)


@blp.post(
    "/staff/desks/<code>/leaves", who=may("close"), takes=LeaveIn, gives=LeaveOut, status=201,
    refuses=(DeskHasAppointments,),
)  # fmt: skip
def be_away(tx: Session, actor: Actor, payload: Payload, code: str) -> DeskLeave:
    """Close a desk at a time that comes again: somebody's leave, by weekday."""
    return actions.be_away(tx, actor, code, **payload)


@blp.delete("/staff/desk-leaves/<uuid:leave_id>", who=may("close"))
def come_back(tx: Session, actor: Actor, leave_id: UUID) -> None:
    """Take a recurring leave back."""
    actions.come_back(tx, actor, leave_id)
