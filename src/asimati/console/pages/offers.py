"""What organisations offer and wait for a word on: as volunteers will see it, and what that changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request

from asimati.console.asking import need
from asimati.console.forms import form_of
from asimati.console.frame import act, back, blp, page
from asimati.kit.words import _

# What volunteers see of an opportunity, in the order of the page.
_SEEN = {
    "title": _("Title"), "description": _("What volunteers do"), "host": _("Who offers it"), "location": _("Where"),
    "meeting_point": _("Meeting point"), "block": _("Block"), "lat": _("Latitude"), "lon": _("Longitude"),
    "targets": _("SDG targets"), "minimum_age": _("Youngest age"), "skills": _("Skills, of which one is enough"),
    "languages": _("Languages, of which one is enough"), "roles": _("Roles"), "orientation": _("Orientation"),
    "review": _("Sign-ups are reviewed by the staff"),
    "waitlist": _("Whoever finds a shift full may wait in line"),
}  # fmt: skip


@blp.get("/opportunities/review")
def offers() -> Any:
    """Opportunities of organisations that wait for a word, the oldest first."""
    found = need("/staff/queues/opportunities", limit=20, after=request.args.get("after"))
    choices = need("/volunteering/choices")
    titles = {name: {one["code"]: one["title"] for one in choices[name]} for name in ("skills", "languages")}
    waiting = [(one, _lines(one)) for one in found["items"]]
    shown = {"waiting": waiting, "titles": titles, "next": found["next"], "seen": _SEEN}
    return page("offers.html", title=_("Opportunities to review"), **shown)


@blp.post("/opportunities/<uuid:opportunity_id>/<any('approve', 'decline'):step>")
def decide_offer(opportunity_id: UUID, step: str) -> Any:
    """Publish what an organisation submitted, let its change stand, or say no and why."""
    said = form_of("reason") if step == "decline" else {}
    act("POST", f"/staff/opportunities/{opportunity_id}/{step}", said, done=_("Decided."))
    return back("offers")


def _lines(offer: Mapping[str, Any]) -> list[tuple[str, Any, Any, bool]]:
    """Each thing volunteers see, as it will be and as it is, and whether that is a change; empty ones left out."""
    proposed = offer["proposed"] or {}
    lines = [(name, proposed.get(name, offer[name]), offer[name], name in proposed) for name in _SEEN]
    return [line for line in lines if line[3] or line[1] not in (None, [])]
