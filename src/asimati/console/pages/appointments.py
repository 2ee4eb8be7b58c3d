"""Appointments at the desks: who is expected, who has come, who is served."""

from __future__ import annotations

from typing import Any

from flask import request

from asimati.console.asking import need
from asimati.console.frame import act, back, blp, page
from asimati.kit import clock
from asimati.kit.words import _


@blp.get("/appointments")
def appointments() -> Any:
    """The appointments of a day by their time."""
    day = request.args.get("day") or clock.local_day(clock.utcnow()).isoformat()
    found = need("/staff/appointments", day=day, limit=100, after=request.args.get("after"))
    return page("appointments.html", title=_("Appointments"), found=found, day_=day)


@blp.post("/appointments/<reference>/<any(arrive, serve, 'no-show'):step>")
def step_appointment(reference: str, step: str) -> Any:
    """Somebody has come, was served, or did not come."""
    act("POST", f"/staff/appointments/{reference}/{step}", done=_("Done."))
    return back("appointments", day=request.form.get("day"))
