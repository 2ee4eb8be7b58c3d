"""Guardians whose papers the staff look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from asimati.console.asking import need
from asimati.console.forms import form_of
from asimati.console.frame import act, back, blp, page
from asimati.kit.words import _


@blp.get("/guardians")
def guardians() -> Any:
    """Those who say they are somebody's guardian, and whom nobody has verified."""
    found = need("/staff/queues/guardians", limit=50, after=request.args.get("after"))
    return page("guardians.html", title=_("Guardians to verify"), found=found)


@blp.post("/guardians/<uuid:member_id>")
def judge_guardian(member_id: UUID) -> Any:
    """The papers were seen, or why they are not confirmed."""
    said: dict[str, Any] = form_of("upon") | {"verified": request.form.get("decision") == "verify"}
    act("POST", f"/staff/household/{member_id}/guardianship", said, done=_("Decided."))
    return back("guardians")
