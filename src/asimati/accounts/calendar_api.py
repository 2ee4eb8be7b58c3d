"""Routes of a person's calendar feed."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from asimati.accounts import feed
from asimati.http import access
from asimati.http.fields import Schema, String
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.policy import Actor

blp = Blueprint("calendar", __name__, description="One calendar of bookings, shifts and appointments")


class CalendarLinkOut(Schema):
    url = String(metadata={"description": "Whoever knows it can read the calendar; it is shown this once"})


@blp.post("/me/calendar-link", who=access.residents, gives=CalendarLinkOut, status=201)
def make_calendar_link(tx: Session, actor: Actor) -> dict[str, Any]:
    """A private address to subscribe to in a calendar programme; the one before ends."""
    return {"url": feed.make_link(tx, actor)}


@blp.delete("/me/calendar-link", who=access.residents)
def end_calendar_link(tx: Session, actor: Actor) -> None:
    """End the address."""
    feed.end_link(tx, actor)


@blp.get("/calendar/<token>.ics", who=access.anyone, sends="text/calendar")
def calendar_file(tx: Session, actor: Actor, token: str) -> Response:
    """The calendar (iCalendar, RFC 5545) behind an address; 304 while it is as it was."""
    answer = Response(feed.calendar_of(tx, token), mimetype="text/calendar")
    answer.add_etag()
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="asimati.ics"'
    answer.make_conditional(request)
    return answer
