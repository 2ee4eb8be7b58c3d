"""Opportunities to serve: what volunteers are asked for, in which roles, and the shifts it is done in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from asimati.console import showing
from asimati.console.asking import Answer, ask, need
from asimati.console.forms import both, decimal_of, many_of, moment_of, number_of, roles_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.console.names import NAMES
from asimati.kit.words import _

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MUST = ("title", "orientation")  # nobody can empty them


@blp.get("/opportunities")
def opportunities() -> Any:
    """Opportunities to serve."""
    found = need("/staff/opportunities", limit=50, after=request.args.get("after"))
    return page("opportunities.html", title=_("Opportunities"), found=found)


@blp.get("/opportunities/new")
def new_opportunity() -> Any:
    """An opportunity to write."""
    return _opportunity(None, {}, None)


@blp.post("/opportunities/new")
def make_opportunity() -> Any:
    """Keep a new opportunity."""
    answer = ask("POST", "/staff/opportunities", payload=_opportunity_said(), key=request.form.get("key"))
    if answer.ok:
        return back("opportunity", opportunity_id=answer.body["id"])
    return _opportunity(None, _opportunity_said(), None, refused=answer), answer.status


@blp.get("/opportunities/<uuid:opportunity_id>")
def opportunity(opportunity_id: UUID) -> Any:
    """An opportunity to change, with its shifts."""
    answer = ask("GET", f"/staff/opportunities/{opportunity_id}")
    return _opportunity(opportunity_id, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/opportunities/<uuid:opportunity_id>")
def change_opportunity(opportunity_id: UUID) -> Any:
    """Keep the changes of an opportunity."""
    said = _opportunity_said()
    match = request.form.get("match") or None
    answer = ask("PATCH", f"/staff/opportunities/{opportunity_id}", payload=said, match=match)
    if answer.ok:
        return back("opportunity", opportunity_id=opportunity_id)
    fresh = ask("GET", f"/staff/opportunities/{opportunity_id}")
    return _opportunity(opportunity_id, {**fresh.body, **said}, fresh.tag, refused=answer), answer.status


@blp.post("/opportunities/<uuid:opportunity_id>/shifts")
def make_shift(opportunity_id: UUID) -> Any:
    """Add a shift."""
    said = {
        "opportunity": str(opportunity_id), "starts_at": moment_of("starts_at"), "ends_at": moment_of("ends_at"),
        **_places_said(),
    }  # fmt: skip
    act("POST", "/staff/shifts", said, done=_("The shift was added."))
    return back("opportunity", opportunity_id=opportunity_id)


@blp.post("/opportunities/<uuid:opportunity_id>/series")
def make_series(opportunity_id: UUID) -> Any:
    """Show what a rule would make, or make its shifts."""
    form = request.form
    rule = {
        "opportunity": str(opportunity_id), "weekdays": form.getlist("weekdays"), "begins": form.get("begins", ""),
        "first_day": form.get("first_day", ""), "until": form.get("until", ""), "minutes": number_of("minutes"),
        "holidays": "holidays" in form, **_places_said(),
    }  # fmt: skip
    if form.get("step") == "make":
        act("POST", "/staff/shift-series", rule, done=_("The shifts were made."))
        return back("opportunity", opportunity_id=opportunity_id)
    shown = ask("POST", "/staff/shift-series", query={"dry_run": "true"}, payload=rule)
    answer = ask("GET", f"/staff/opportunities/{opportunity_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    preview = {"rule": rule, "days": shown.body["days"] if shown.ok else []}
    refused = None if shown.ok else shown
    return _opportunity(opportunity_id, answer.body, answer.tag, refused=refused, preview=preview)


def _opportunity_said() -> dict[str, Any]:
    said: dict[str, Any] = {
        "title": both("title"),
        "description": both("description"),
        "host": both("host"),
        "location": both("location"),
        "meeting_point": both("meeting_point"),
        "block": request.form.get("block", "").strip() or None,
        "lat": decimal_of("lat"),
        "lon": decimal_of("lon"),
        "minimum_age": number_of("minimum_age"),
        "targets": many_of("targets"),
        "skills": request.form.getlist("skills"),
        "languages": request.form.getlist("languages"),
        "orientation": request.form.get("orientation") or None,
        "roles": roles_of(),
        "review": "review" in request.form,
        "waitlist": "waitlist" in request.form,
        "published": "published" in request.form,
    }
    return {name: value for name, value in said.items() if value is not None or name not in _MUST}


def _places_said() -> dict[str, Any]:
    """How many a shift takes; left empty, the roles of its opportunity say so."""
    places = number_of("places")
    return {} if places is None else {"places": places}


def _opportunity(
    opportunity_id: UUID | None,
    said: Any,
    match: str | None,
    refused: Answer | None = None,
    preview: Any = None,
) -> str:
    title = _("New opportunity") if opportunity_id is None else said["title"]
    choices = need("/volunteering/choices") | {
        "orientations": [(code, showing.name_of("orientation", code)) for code in NAMES["orientation"]]
    }
    shown = {"said_": said, "match": match, "refused": refused, "preview": preview, "weekdays": _WEEKDAYS} | choices
    return page("opportunity.html", title=title, opportunity_id=opportunity_id, **shown)
