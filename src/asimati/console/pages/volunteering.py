"""Volunteers: sign-ups to review, hours to approve, shifts by day, the code shown at a shift."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from flask import request

from asimati.console import showing
from asimati.console.asking import need
from asimati.console.frame import act, back, blp, form_of, page
from asimati.kit.words import _


@blp.get("/shifts")
def shifts() -> Any:
    """Shifts by day."""
    found = need("/staff/shifts", limit=100, after=request.args.get("after"))
    days = [(day, list(some)) for day, some in groupby(found["items"], lambda one: showing.day(one["starts_at"]))]
    return page("shifts.html", title=_("Volunteering"), days=days, next=found["next"])


@blp.get("/shifts/<uuid:shift_id>/code")
def shift_code(shift_id: UUID) -> Any:
    """The check-in code of this minute, large enough to scan from a few steps away."""
    shift, now = need(f"/staff/shifts/{shift_id}"), need(f"/staff/shifts/{shift_id}/code")
    return page("shift_code.html", title=_("Check-in code"), shift=shift, now=now)


@blp.get("/sign-ups")
def sign_ups() -> Any:
    """Sign-ups that wait for a decision."""
    found = need("/staff/sign-ups", status="pending", limit=50, after=request.args.get("after"))
    return page("sign_ups.html", title=_("Sign-ups"), found=found)


@blp.post("/sign-ups/<uuid:sign_up_id>/<decision>")
def decide_sign_up(sign_up_id: UUID, decision: str) -> Any:
    """Approve or decline a sign-up."""
    payload = form_of("note") if decision == "decline" else {}
    act("POST", f"/staff/sign-ups/{sign_up_id}/{decision}", payload, done=_("Decided."))
    return back("sign_ups")


@blp.get("/hours")
def hours() -> Any:
    """Hours that wait for a second person."""
    found = need("/staff/hours", status="pending", limit=50, after=request.args.get("after"))
    return page("hours.html", title=_("Hours to approve"), found=found)


@blp.post("/hours/<uuid:claim_id>/<decision>")
def decide_hours(claim_id: UUID, decision: str) -> Any:
    """Approve, correct or reject claimed hours."""
    payload: dict[str, Any] = form_of("reason")
    if (minutes := request.form.get("minutes", "")).isdigit() and decision == "correct":
        payload["minutes"] = int(minutes)
    act("POST", f"/staff/hours/{claim_id}/{decision}", payload, done=_("Decided."))
    return back("hours")
