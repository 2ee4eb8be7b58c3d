"""Telling people: broadcasts with a second person's eyes, the words of every notice, and what did not arrive."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import jsonify, request

from asimati.console.asking import Answer, ask, listed, may, need
from asimati.console.forms import both, moment_of, number_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.kit.words import _

CHANNELS = ("inbox", "email", "sms", "push")
WORDS = ("title", "text", "sms", "push", "email")


@blp.get("/broadcasts")
def broadcasts() -> Any:
    """All broadcasts, the newest first."""
    found = need("/staff/broadcasts", limit=50, after=request.args.get("after"))
    return page("broadcasts.html", title=_("Broadcasts"), found=found)


@blp.get("/broadcasts/new")
def new_broadcast() -> Any:
    """A broadcast to write."""
    return _written(None, {"channels": ["inbox"], "audience": []}, None)


@blp.post("/broadcasts/new")
def make_broadcast() -> Any:
    """Keep a new draft."""
    answer = ask("POST", "/staff/broadcasts", payload=_broadcast_said(), key=request.form.get("key"))
    if answer.ok:
        return back("broadcast", broadcast_id=answer.body["id"])
    return _written(None, _broadcast_said(), None, refused=answer), answer.status


@blp.get("/broadcasts/<uuid:broadcast_id>")
def broadcast(broadcast_id: UUID) -> Any:
    """One broadcast: whom it reaches and what it costs, its words, its way through the house."""
    answer = ask("GET", f"/staff/broadcasts/{broadcast_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    return page(
        "broadcast.html",
        title=_("Broadcast"),
        broadcast=answer.body,
        match=answer.tag,
        preview=may(f"/staff/broadcasts/{broadcast_id}/preview"),
        progress=may(f"/staff/broadcasts/{broadcast_id}/progress"),
        kinds={kind["kind"]: kind for kind in listed("/staff/audiences")},
    )


@blp.get("/broadcasts/<uuid:broadcast_id>/progress")
def broadcast_progress(broadcast_id: UUID) -> Any:
    """How far it is, for the page that watches."""
    return jsonify(need(f"/staff/broadcasts/{broadcast_id}/progress"))


@blp.get("/broadcasts/<uuid:broadcast_id>/edit")
def edit_broadcast(broadcast_id: UUID) -> Any:
    """Its words and audience to change."""
    answer = ask("GET", f"/staff/broadcasts/{broadcast_id}")
    return _written(broadcast_id, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/broadcasts/<uuid:broadcast_id>/edit")
def change_broadcast(broadcast_id: UUID) -> Any:
    """Keep the changes. When somebody was quicker, what was typed stays on the page."""
    answer = ask(
        "PATCH", f"/staff/broadcasts/{broadcast_id}", payload=_broadcast_said(),
        key=request.form.get("key"), match=request.form.get("match") or None,
    )  # fmt: skip
    if answer.ok:
        return back("broadcast", broadcast_id=broadcast_id)
    fresh = ask("GET", f"/staff/broadcasts/{broadcast_id}")
    return _written(broadcast_id, _broadcast_said(), fresh.tag, refused=answer), answer.status


@blp.post("/broadcasts/<uuid:broadcast_id>/<any(submit, approve, stop):step>")
def step_broadcast(broadcast_id: UUID, step: str) -> Any:
    """Send it on its way, approve it as the second person, or stop it."""
    act("POST", f"/staff/broadcasts/{broadcast_id}/{step}", done=_("Done."))
    return back("broadcast", broadcast_id=broadcast_id)


@blp.get("/templates")
def templates() -> Any:
    """The words of every notice."""
    return page("templates.html", title=_("Templates"), found=need("/staff/templates", limit=100))


@blp.get("/templates/<topic>")
def template(topic: str) -> Any:
    """One notice: its words to change, what each channel shows, what a text message costs, its versions."""
    answer = ask("GET", f"/staff/templates/{topic}")
    return _template(topic, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/templates/<topic>")
def change_template(topic: str) -> Any:
    """Look at other words first, or publish them."""
    words = {part: said for part in WORDS if (said := both(part))}
    fresh = ask("GET", f"/staff/templates/{topic}")
    if not fresh.ok:
        return shown_or_refused(fresh)
    if "publish" in request.form:
        match = request.form.get("match") or None
        answer = ask("PATCH", f"/staff/templates/{topic}", payload=words, match=match)
        if answer.ok:
            return back("template", topic=topic)
        return _template(topic, {**fresh.body, **words}, fresh.tag, refused=answer), answer.status
    answer = ask("POST", f"/staff/templates/{topic}/preview", payload=words)
    shown = {"preview": answer.body} if answer.ok else {}
    return _template(topic, {**fresh.body, **words, **shown}, fresh.tag, refused=None if answer.ok else answer)


@blp.get("/undelivered")
def undelivered() -> Any:
    """Notices that did not arrive."""
    found = need("/staff/undelivered", limit=50, after=request.args.get("after"))
    return page("undelivered.html", title=_("Not delivered"), found=found)


@blp.post("/undelivered/<uuid:notification_id>")
def send_again(notification_id: UUID) -> Any:
    """Try one of them once more."""
    act("POST", f"/staff/undelivered/{notification_id}/send-again", done=_("It is being sent again."))
    return back("undelivered")


@blp.get("/dead-letters")
def dead_letters() -> Any:
    """Messages of the house that could not be worked, of a fault here."""
    return page("dead_letters.html", title=_("Dead letters"), found=need("/staff/dead-letters"))


@blp.post("/dead-letters")
def revive() -> Any:
    """Put one of them back in line, or all."""
    payload = {"id": number_of("id")} if "id" in request.form else {}
    act("POST", "/staff/dead-letters/revive", payload, done=_("Back in line."))
    return back("dead_letters")


def _written(broadcast_id: UUID | None, said: Any, match: str | None, refused: Answer | None = None) -> str:
    return page(
        "broadcast_form.html",
        title=_("New broadcast") if broadcast_id is None else _("Change the broadcast"),
        broadcast_id=broadcast_id,
        said_=said,
        match=match,
        refused=refused,
        channels=CHANNELS,
        kinds=listed("/staff/audiences"),
        chosen={part["kind"]: part["values"] for part in said.get("audience") or []},
    )


def _broadcast_said() -> dict[str, Any]:
    kinds = request.form.getlist("kind")
    said: dict[str, Any] = {
        "title": both("title") or {},
        "text": both("text") or {},
        "sms": both("sms"),
        "channels": request.form.getlist("channels"),
        "audience": [{"kind": kind, "values": request.form.getlist(f"values-{kind}")} for kind in kinds],
        "critical": "critical" in request.form,
        "send_at": moment_of("send_at"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _template(topic: str, template: Any, match: str | None, refused: Answer | None = None) -> str:
    title = template["title"]
    return page("template.html", title=title, topic=topic, notice=template, match=match, refused=refused)
