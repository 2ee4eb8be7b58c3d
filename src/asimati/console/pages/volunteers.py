"""People who volunteer: what they said of themselves, whom to call, and calls at short notice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from asimati.console.asking import ask, listed, need
from asimati.console.forms import both, number_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.kit.words import _


@blp.get("/volunteers/<uuid:person_id>")
def volunteer(person_id: UUID) -> Any:
    """One volunteer."""
    answer = ask("GET", f"/staff/volunteers/{person_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    return page("volunteer.html", title=_("Volunteer"), one=answer.body)


@blp.post("/volunteers/<uuid:person_id>/orientation/<any('note', 'take-back'):step>")
def orientation(person_id: UUID, step: str) -> Any:
    """Note that somebody attended the orientation, or take that back."""
    method = "PUT" if step == "note" else "DELETE"
    said: dict[str, Any] | None = {} if step == "note" else None
    act(method, f"/staff/volunteers/{person_id}/orientation", said, done=_("Saved."))
    return back("volunteer", person_id=person_id)


@blp.get("/shifts/<uuid:shift_id>/sign-ups/<uuid:sign_up_id>/care")
def care(shift_id: UUID, sign_up_id: UUID) -> Any:
    """Whom to call for a volunteer, and what they need: readings that are noted."""
    contact = ask("GET", f"/staff/sign-ups/{sign_up_id}/emergency-contact")
    needs = ask("GET", f"/staff/sign-ups/{sign_up_id}/accessibility")
    if not contact.ok and not needs.ok:
        return shown_or_refused(contact)
    return page("care.html", title=_("For the day of the shift"), shift_id=shift_id, contact=contact, needs=needs)


@blp.get("/shifts/<uuid:shift_id>/call-outs")
def call_outs(shift_id: UUID) -> Any:
    """How many fit a shift, a call to them, and what came of those before."""
    path = f"/staff/shifts/{shift_id}/call-outs/preview"
    answer = ask("GET", path, query={"role": role} if (role := request.args.get("role")) else {})
    if answer.slug == "role-needed":  # each of them asks for a skill: the first is shown until another is chosen
        answer = ask("GET", path, query={"role": answer.body["roles"][0]})
    if not answer.ok:
        return shown_or_refused(answer)
    shift = answer.body["shift"]
    room = next((role for role in shift["roles"] if role["code"] == answer.body["role"]), shift)
    made = listed(f"/staff/shifts/{shift_id}/call-outs", limit=50)
    opportunity = need(f"/staff/opportunities/{answer.body['shift']['opportunity']}")
    shown = {"found": answer.body, "room": room, "made": made, "opportunity": opportunity}
    return page("call_outs.html", title=_("Call for volunteers"), **shown)


@blp.post("/shifts/<uuid:shift_id>/call-outs")
def call_out(shift_id: UUID) -> Any:
    """Call them."""
    said = {"text": both("text"), "people": number_of("people"), "role": request.form.get("role")}
    said = {name: value for name, value in said.items() if value is not None}
    act("POST", f"/staff/shifts/{shift_id}/call-outs", said, done=_("They are being called."))
    return back("call_outs", shift_id=shift_id)
