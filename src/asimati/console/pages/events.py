"""Programmes and events, who holds a place, who is in line, and the door."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, flash, jsonify, request

from asimati.console.asking import Answer, ask, listed, may, need
from asimati.console.forms import both, many_of, moment_of, number_of
from asimati.console.frame import act, back, blp, page, shown_or_refused, taken
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
        return shown_or_refused(answer)
    found = need("/staff/bookings", event=event_id, limit=100, after=request.args.get("after"))
    roster = [one for one in found["items"] if one["status"] != "waitlisted"]
    waiting = answer.body["waitlist_length"]
    line = listed("/staff/bookings", event=event_id, status="waitlisted", limit=100) if waiting else []
    return page(
        "event.html", title=_("Event"), event=answer.body, match=answer.tag, roster=roster, line=line,
        further=found["next"],
        counts=may(f"/staff/events/{event_id}/counts"), figures=may(f"/staff/events/{event_id}/statistics"),
    )  # fmt: skip


@blp.post("/events/<uuid:event_id>/walk-ins")
def walk_in(event_id: UUID) -> Any:
    """Somebody stands at the door without a booking, and there is room."""
    said = {"phone": request.form.get("phone", ""), "party_size": number_of("party_size") or 1}
    answer = act("POST", f"/staff/events/{event_id}/walk-ins", said, done=_("Welcome"))
    if answer.ok:
        flash(translate(NAMES["outcome"].get(answer.body["outcome"], answer.body["outcome"])), "done")
    return back("event", event_id=event_id)


@blp.get("/events/<uuid:event_id>/attendance.<any(csv, xlsx):kind>")
def attendance(event_id: UUID, kind: str) -> Any:
    """The list for the organisers, to take away."""
    return taken(ask("GET", f"/staff/events/{event_id}/attendance.{kind}"))


@blp.post("/programmes/<slug>/import")
def import_events(slug: str) -> Any:
    """A table of events: looked through first, with each fault by row and column; brought in when it has none."""
    file, dry = request.files.get("file"), "bring" not in request.form
    if file is None or not file.filename:
        flash(translate(_("Choose a file first.")), "refused")
        return back("programme", slug=slug)
    answer = ask(
        "POST", f"/staff/programmes/{slug}/import", query={"dry_run": str(dry).lower()}, file=file,
        key=request.form.get("key"),
    )  # fmt: skip
    if not answer.ok:
        return shown_or_refused(answer)
    return page("import.html", title=_("Bring events in"), slug=slug, found=answer.body, dry=dry)


@blp.post("/events/<uuid:event_id>")
def publish_event(event_id: UUID) -> Any:
    """Publish an event, or cancel it; whoever holds a place is told."""
    act("PATCH", f"/staff/events/{event_id}", {"status": request.form.get("status")}, done=_("Saved."))
    return back("event", event_id=event_id)


@blp.get("/events/new")
def new_event() -> Any:
    """An event to write, as a copy of another where one is named."""
    copied = ask("GET", f"/staff/events/{request.args['copy']}").body if "copy" in request.args else {}
    return _event_form(None, copied, None)


@blp.post("/events/new")
def make_event() -> Any:
    """Keep a new event as a draft."""
    said = {**_event_said(), "programme": request.form.get("programme", "")}
    answer = ask("POST", "/staff/events", payload=said, key=request.form.get("key"))
    if answer.ok:
        return back("event", event_id=answer.body["id"])
    return _event_form(None, said, None, refused=answer), answer.status


@blp.get("/events/<uuid:event_id>/edit")
def edit_event(event_id: UUID) -> Any:
    """All of an event to change."""
    answer = ask("GET", f"/staff/events/{event_id}")
    return _event_form(event_id, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/events/<uuid:event_id>/edit")
def change_event(event_id: UUID) -> Any:
    """Keep the changes. When somebody was quicker, what was typed stays on the page."""
    said = _event_said()
    answer = ask("PATCH", f"/staff/events/{event_id}", payload=said, match=request.form.get("match") or None)
    if answer.ok:
        return back("event", event_id=event_id)
    fresh = ask("GET", f"/staff/events/{event_id}")
    return _event_form(event_id, said, fresh.tag, refused=answer), answer.status


@blp.get("/programmes")
def programmes() -> Any:
    """Programmes with their days."""
    return page("programmes.html", title=_("Programmes"), found=need("/staff/programmes", limit=100))


@blp.get("/programmes/new")
def new_programme() -> Any:
    """A programme to write."""
    return _programme_form(None, {}, None)


@blp.post("/programmes/new")
def make_programme() -> Any:
    """Keep a new programme as a draft."""
    said = {**_programme_said(), "slug": request.form.get("slug", "").strip()}
    answer = ask("POST", "/staff/programmes", payload=said, key=request.form.get("key"))
    return back("programmes") if answer.ok else (_programme_form(None, said, None, answer), answer.status)


@blp.get("/programmes/<slug>")
def programme(slug: str) -> Any:
    """A programme to change, publish or cancel."""
    answer = ask("GET", f"/staff/programmes/{slug}")
    return _programme_form(slug, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/programmes/<slug>")
def change_programme(slug: str) -> Any:
    """Keep the changes of a programme."""
    status = request.form.get("status")
    said = {"status": status} if status else _programme_said()
    answer = ask("PATCH", f"/staff/programmes/{slug}", payload=said, match=request.form.get("match") or None)
    if answer.ok:
        return back("programmes")
    fresh = ask("GET", f"/staff/programmes/{slug}")
    return _programme_form(slug, {**fresh.body, **said}, fresh.tag, answer), answer.status


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


@blp.get("/appeals")
def appeals() -> Any:
    """Appeals against being put behind others for missed events."""
    found = need("/staff/queues/appeals", limit=50, after=request.args.get("after"))
    return page("appeals.html", title=_("Appeals about fair use"), found=found)


@blp.post("/appeals/<uuid:deferral_id>")
def decide_appeal(deferral_id: UUID) -> Any:
    """Lift it, or let it stay, with a word to the person."""
    said = {"lift": request.form.get("lift") == "yes", "note": both("note") or {}}
    act("POST", f"/staff/appeals/{deferral_id}/decide", said, done=_("Decided."))
    return back("appeals")


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


@blp.get("/doors/keeper.js")
def door_keeper() -> Response:
    """The script that opens a door's page again without a network; from here it reaches the doors alone."""
    return blp.send_static_file("door-keeper.js")


@blp.post("/doors/<uuid:event_id>/scans")
def scans(event_id: UUID) -> tuple[Response, int]:
    """Scans of this door, in a batch; the script sends what it gathered, again until it has an answer."""
    answer = ask("POST", "/staff/check-ins", payload=request.get_json())
    return jsonify(answer.body if isinstance(answer.body, dict) else {}), answer.status


@blp.get("/doors/<uuid:event_id>/count")
def door_count(event_id: UUID) -> Response:
    """How many are in, for the live count."""
    seats = need(f"/staff/events/{event_id}/counts")["seats"]
    return jsonify({"inside": seats["checked_in"], "expected": seats["checked_in"] + seats["confirmed"]})


def _event_said() -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": request.form.get("type"),
        "title": both("title"),
        "description": both("description"),
        "venue": both("venue"),
        "block": request.form.get("block", "").strip() or None,
        "language": request.form.get("language"),
        "mode": request.form.get("mode"),
        "starts_at": moment_of("starts_at"),
        "ends_at": moment_of("ends_at"),
        "registration_opens_at": moment_of("registration_opens_at"),
        "registration_closes_at": moment_of("registration_closes_at"),
        "capacity": number_of("capacity"),
        "party_limit": number_of("party_limit"),
        "approval": "approval" in request.form,
        "waitlist": "waitlist" in request.form,
        "targets": many_of("targets"),
    }
    empty_is_said = ("description", "venue", "block", "registration_opens_at", "registration_closes_at")
    return {name: value for name, value in said.items() if value is not None or name in empty_is_said}


def _event_form(event_id: UUID | None, said: Any, match: str | None, refused: Answer | None = None) -> str:
    window = said.get("registration") or {}
    return page(
        "event_form.html",
        title=_("New event") if event_id is None else _("Change the event"),
        event_id=event_id,
        said_=said,
        opens=said.get("registration_opens_at") or window.get("opens_at"),
        closes=said.get("registration_closes_at") or window.get("closes_at"),
        match=match,
        refused=refused,
        programmes=listed("/staff/programmes", limit=100),
        names=NAMES,
    )


def _programme_said() -> dict[str, Any]:
    said = {
        "title": both("title"),
        "description": both("description"),
        "edition": request.form.get("edition") or None,
    }
    days = {name: request.form.get(name) for name in ("starts_on", "ends_on")}
    return {name: value for name, value in {**said, **days}.items() if value is not None}


def _programme_form(slug: str | None, said: Any, match: str | None, refused: Answer | None = None) -> str:
    title = _("New programme") if slug is None else said["title"]
    return page("programme_form.html", title=title, slug=slug, said_=said, match=match, refused=refused)
