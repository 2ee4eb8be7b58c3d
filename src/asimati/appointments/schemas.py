"""Shapes of appointments, in and out."""

from __future__ import annotations

from enum import StrEnum

from asimati.accounts.schemas import NearOut
from asimati.appointments.rules import DeskKind, Move, Status
from asimati.http.fields import (
    UUID,
    Anything,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.kit.worktime import WEEKDAYS

Weekday = StrEnum("Weekday", {day.upper(): day for day in WEEKDAYS})  # type: ignore[misc]
_CODE = {"max_length": 80, "min_length": 1}
_AT = {"description": "The beginning of a free slot"}


class SlotsQuery(Schema):
    first = Date(data_key="from", metadata={"description": "A day; today where it is left out"})
    last = Date(data_key="to", metadata={"description": "A day, this one included; six days later if left out"})


class SlotOut(Schema):
    starts_at = DateTime()
    ends_at = DateTime()
    free = Integer(metadata={"description": "Desks that are free for you"})
    desks = List(String())
    priority = Integer(
        metadata={"description": "Desks kept for elderly people and persons with disabilities for now"}
    )


class SlotsOut(Schema):
    items = List(Nested(SlotOut))


class AppointmentIn(Schema):
    service = String(required=True, **_CODE)
    starts_at = DateTime(required=True, metadata=_AT)
    desk = String(allow_none=True, **_CODE, metadata={"description": "Any that is free where it is left out"})


class MoveAppointmentIn(Schema):
    starts_at = DateTime(required=True, metadata=_AT)
    desk = String(allow_none=True, **_CODE)


class DeskName(Schema):
    code = String()
    kind = Enum(DeskKind)
    title = Text()
    place = Text()


class AppointmentOut(Schema):
    reference = String()
    service = String()
    title = Text()
    desk = Nested(DeskName)
    starts_at = DateTime()
    ends_at = DateTime()
    status = Enum(Status)
    priority = Boolean()
    reason = Text(allow_none=True)
    created_at = DateTime()
    updated_at = DateTime()
    moves = List(Enum(Move))
    near = List(Nested(NearOut), metadata={"description": "What asks for rest and gets less; said of one alone"})


class StaffAppointmentOut(AppointmentOut):
    person = UUID(attribute="person_id", allow_none=True)
    walk_in = Boolean()
    arrived_at = DateTime(allow_none=True)
    served_at = DateTime(allow_none=True)


class _ForSomebody(Schema):
    service = String(required=True, **_CODE)
    desk = String(allow_none=True, **_CODE)
    person = UUID(allow_none=True)
    phone = String(max_length=40, allow_none=True)
    priority = Boolean(metadata={"description": "Elderly, or with a disability, as seen at the desk"})


class BookForIn(_ForSomebody):
    starts_at = DateTime(required=True, metadata=_AT)


class WalkInIn(_ForSomebody):
    """Who came may stay unknown."""


class CancelAppointmentIn(Schema):
    reason = Text(required=True)


class AppointmentsQuery(PageQuery):
    day = Date()
    desk = String(**_CODE)
    status = Enum(Status)
    service = String(**_CODE)


class ClosureIn(Schema):
    starts_at = DateTime(required=True)
    ends_at = DateTime(required=True)
    reason = Text(required=True)
    cancel_booked = Boolean(metadata={"description": "Cancel who is expected in that time, with the reason"})


class ClosureOut(Schema):
    id = UUID()
    starts_at = DateTime()
    ends_at = DateTime()
    reason = Text()


class LeaveIn(Schema):
    weekdays = List(Enum(Weekday), required=True, max_items=7)
    hours = String(max_length=40, metadata={"description": "12:00-14:00; the whole day where it is left out"})
    starts_on = Date(required=True)
    ends_on = Date(allow_none=True, metadata={"description": "The last day; for good where it is left out"})
    every_weeks = Integer(
        min=1, max=52, metadata={"description": "2: every second week, from that of the first day"}
    )
    reason = Text(required=True)
    cancel_booked = Boolean(
        metadata={"description": "Cancel who is expected then; they are told why, and the next free time"}
    )


class LeaveOut(Schema):
    id = UUID()
    weekdays = List(String())
    hours = String()
    starts_on = Date()
    ends_on = Date(allow_none=True)
    every_weeks = Integer()
    reason = Text()


class DeskOut(DeskName):
    step = Integer(metadata={"description": "Minutes between two beginnings"})
    hours = Anything(metadata={"type": "object"})
    priority = Anything(metadata={"type": "object"})
    services = Anything(metadata={"type": "object", "description": "Minutes by service"})
    closures = List(Nested(ClosureOut))
    leaves = List(Nested(LeaveOut))


class DesksOut(Schema):
    items = List(Nested(DeskOut))
