"""Appointments at the desks: who is expected, who has come, who is served; and when a desk is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import flash, request

from asimati.console.asking import Answer, ask, listed, need
from asimati.console.forms import both, form_of, moment_of, number_of
from asimati.console.frame import act, back, blp, page
from asimati.kit import clock
from asimati.kit.words import _, translate
from asimati.kit.worktime import WEEKDAYS

_WEEK = (*WEEKDAYS[6:], *WEEKDAYS[:6])  # it begins on Sunday


@blp.get("/appointments")
def appointments() -> Any:
    """The appointments of a day by their time."""
    return _day()


@blp.post("/appointments/<reference>/<any(arrive, serve, 'no-show'):step>")
def step_appointment(reference: str, step: str) -> Any:
    """Somebody has come, was served, or did not come."""
    act("POST", f"/staff/appointments/{reference}/{step}", done=_("Done."))
    return back("appointments", day=request.form.get("day"))


@blp.post("/desk-leaves")
def add_leave() -> Any:
    """A desk is closed at a time that comes again; refused, what was typed stays."""
    said: dict[str, Any] = {
        **form_of("hours", "starts_on", "ends_on"), "weekdays": request.form.getlist("weekdays"),
        "reason": both("reason") or {}, "cancel_booked": "cancel_booked" in request.form,
    }  # fmt: skip
    if (every := number_of("every_weeks")) is not None:
        said["every_weeks"] = every
    desk = quote(request.form.get("desk", ""), safe="")
    answer = ask("POST", f"/staff/desks/{desk}/leaves", payload=said, key=request.form.get("key"))
    if not answer.ok:
        return _day(said | {"desk": request.form.get("desk")}, answer), answer.status
    flash(translate(_("Saved.")), "done")
    return back("appointments")


@blp.post("/desk-closures")
def close_desk() -> Any:
    """A desk is closed once; refused, what was typed stays."""
    said = {
        "starts_at": moment_of("closed_from"), "ends_at": moment_of("closed_until"),
        "reason": both("closed_reason") or {}, "cancel_booked": "closed_cancel" in request.form,
    }  # fmt: skip
    desk = quote(request.form.get("desk", ""), safe="")
    answer = ask("POST", f"/staff/desks/{desk}/closures", payload=said, key=request.form.get("key"))
    if not answer.ok:
        typed = {**request.form, **said, "once": True}
        return _day(typed, answer), answer.status
    flash(translate(_("Saved.")), "done")
    return back("appointments")


@blp.post("/desk-closures/<uuid:closure_id>/end")
def open_desk(closure_id: UUID) -> Any:
    """The desk is open in that time after all."""
    act("DELETE", f"/staff/desk-closures/{closure_id}", done=_("Taken back."))
    return back("appointments")


@blp.post("/desk-leaves/<uuid:leave_id>/end")
def end_leave(leave_id: UUID) -> Any:
    """The desk is open again at that time."""
    act("DELETE", f"/staff/desk-leaves/{leave_id}", done=_("Taken back."))
    return back("appointments")


def _day(typed: Mapping[str, Any] | None = None, refused: Answer | None = None) -> str:
    day = request.args.get("day") or clock.local_day(clock.utcnow()).isoformat()
    found = need("/staff/appointments", day=day, limit=100, after=request.args.get("after"))
    return page(
        "appointments.html", title=_("Appointments"), found=found, day_=day, desks=listed("/staff/desks"),
        weekdays=_WEEK, typed=typed or {}, refused=refused,
    )  # fmt: skip
