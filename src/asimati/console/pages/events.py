"""Programmes and events, who holds a place, who is in line, and the door."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, jsonify, request

from asimati.console.asking import ask, listed, need
from asimati.console.frame import act, back, blp, both, page
from asimati.console.names import NAMES
from asimati.kit import clock
from asimati.kit.words import _, translate


@blp.get("/events")
def events() -> Any:
    """Events by their beginning, drafts too."""
    asked = {part: request.args.get(part) for part in ("programme", "day", "q", "status", "after")}
    found = need("/staff/events", limit=50, **asked)
    programmes = listed("/staff/programmes", limit=50)
    return page("events.html", title=_("Events"), found=found, asked=asked, programmes=programmes)


@blp.get("/events/<uuid:event_id>")
def event(event_id: UUID) -> Any:
    """One event: its facts to edit, the roster, the line."""
    answer = ask("GET", f"/staff/events/{event_id}")
    if not answer.ok:
        return page("refused.html", title=_("This page cannot be shown"), answer=answer), answer.status
    roster = listed("/staff/bookings", event=event_id, limit=100)
    return page("event.html", title=_("Event"), event=answer.body, match=answer.tag, roster=roster)


@blp.post("/events/<uuid:event_id>")
def edit_event(event_id: UUID) -> Any:
    """Change what an event's page lets staff change."""
    payload: dict[str, Any] = {}
    if title := both("title"):
        payload["title"] = title
    if (venue := both("venue")) is not None:
        payload["venue"] = venue
    if capacity := request.form.get("capacity", ""):
        payload["capacity"] = int(capacity) if capacity.isdigit() else capacity
    if status := request.form.get("status", ""):
        payload["status"] = status
    act("PATCH", f"/staff/events/{event_id}", payload, done=_("Saved."))
    return back("event", event_id=event_id)


@blp.get("/bookings")
def bookings() -> Any:
    """Bookings that wait for a decision."""
    found = need("/staff/bookings", status="pending", limit=50, after=request.args.get("after"))
    return page("bookings.html", title=_("Bookings to decide"), found=found)


@blp.post("/bookings/<reference>/<decision>")
def decide_booking(reference: str, decision: str) -> Any:
    """Approve or decline a pending booking."""
    act("POST", f"/staff/bookings/{reference}/{decision}", done=_("Decided."))
    return back("bookings")


@blp.get("/doors")
def doors() -> Any:
    """Today's events, each with its door."""
    day = request.args.get("day") or clock.local_day(clock.utcnow()).isoformat()
    found = listed("/staff/events", day=day, status="published", limit=100)
    return page("doors.html", title=_("The door"), found=found, day_=day)


@blp.get("/doors/<uuid:event_id>")
def door(event_id: UUID) -> Any:
    """The door of one event: scan, type, and go on scanning while the network is away."""
    found = need(f"/staff/events/{event_id}")
    outcomes = {outcome: translate(words) for outcome, words in NAMES["outcome"].items()}
    key = json.dumps(need("/tickets/key"))
    return page("door.html", title=_("The door"), event=found, ticket_key=key, outcomes=outcomes)


@blp.post("/doors/<uuid:event_id>/scans")
def scans(event_id: UUID) -> tuple[Response, int]:
    """Scans of this door, in a batch; the script sends what it gathered, again until it has an answer."""
    answer = ask("POST", "/staff/check-ins", payload=request.get_json())
    return jsonify(answer.body if isinstance(answer.body, dict) else {}), answer.status


@blp.get("/doors/<uuid:event_id>/count")
def door_count(event_id: UUID) -> Response:
    """How many are in, for the live count."""
    roster = listed("/staff/bookings", event=event_id, limit=100)
    inside = [one["party_size"] for one in roster if one["status"] == "checked_in"]
    held = [one["party_size"] for one in roster if one["status"] in ("checked_in", "confirmed")]
    return jsonify({"inside": sum(inside), "expected": sum(held)})
