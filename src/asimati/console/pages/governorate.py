"""What the governorate has set: its holidays, its pack with what a sync would change, keys of Open311 clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, request

from asimati.console.asking import ask, may, need, said
from asimati.console.forms import both, form_of, many_of, moment_of, number_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.console.names import NAMES
from asimati.kit import clock
from asimati.kit.words import _, translate
from asimati.kit.worktime import WEEKDAYS


@blp.get("/holidays")
def holidays() -> Any:
    """Days off, the coming ones first; a provisional one may still move."""
    found = need("/staff/holidays", limit=100, after=request.args.get("after"))
    today = clock.local_day(clock.utcnow()).isoformat()
    return page("holidays.html", title=_("Holidays"), found=found, today=today)


@blp.post("/holidays")
def add_holiday() -> Any:
    """Write a day off down; what is due is counted anew."""
    said = {**form_of("day", "standing"), "name": both("name") or {}}
    act("POST", "/staff/holidays", said, done=_("Saved. What is due was counted anew."))
    return back("holidays")


@blp.post("/holidays/<day>")
def change_holiday(day: str) -> Any:
    """Confirm a day off, move it, or take it back."""
    if "remove" in request.form:
        act("DELETE", f"/staff/holidays/{day}", done=_("Taken back."))
    else:
        tag = ask("GET", f"/staff/holidays/{day}").tag
        answer = ask("PATCH", f"/staff/holidays/{day}", payload=form_of("day", "standing"), match=tag)
        said = translate(_("Saved. What is due was counted anew.")) if answer.ok else answer.problem
        flash(said, "done" if answer.ok else "refused")
    return back("holidays")


@blp.get("/entities")
def entities() -> Any:
    """Whom cases are referred to, the time each has, and what waits there."""
    found = need("/staff/entities", limit=100, after=request.args.get("after"))
    return page("entities.html", title=_("Entities"), found=found, kinds=list(NAMES["entity"]), weekdays=WEEKDAYS)


@blp.post("/entities")
def add_entity() -> Any:
    """A new one."""
    said = {**form_of("code", "kind", "target"), "name": both("name") or {}, **_keeping()}
    act("POST", "/staff/entities", said, done=_("Saved."))
    return back("entities")


@blp.post("/entities/<code>")
def change_entity(code: str) -> Any:
    """Other words or another time, for cases referred from now on; out of use, or back in it."""
    shown = ask("GET", f"/staff/entities/{code}")
    own = (shown.body or {}).get("calendar") if shown.ok else None
    said: dict[str, Any] = {**form_of("kind", "target"), "name": both("name") or {}, **_keeping(own)}
    if "retire" in request.form:
        said = {"retired": request.form["retire"] == "yes"}
    answer = ask("PATCH", f"/staff/entities/{code}", payload=said, match=shown.tag, key=request.form.get("key"))
    flash(translate(_("Saved.")) if answer.ok else answer.problem, "done" if answer.ok else "refused")
    return back("entities")


def _keeping(known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Who is written to, and the hours of an entity's own; what the page does not show of its calendar stays."""
    week = form_of(*(f"hours_{day}" for day in WEEKDAYS))
    holidays, public = many_of("own_holidays"), "public_holidays" in request.form
    own: dict[str, Any] = {"holidays": holidays, "public_holidays": public}
    if week:
        own["working_week"] = {name.removeprefix("hours_"): hours for name, hours in week.items()}
    if special := (known or {}).get("special_hours"):
        own["special_hours"] = special
    contacts = [
        {"email": one, "language": request.form.get("contact_language", "ar")} for one in many_of("contacts")
    ]
    return {"contacts": contacts, "calendar": own if week or holidays or not public else None}


@blp.get("/pack")
def pack() -> Any:
    """The configuration pack: its faults, or what a sync would change."""
    return page("pack.html", title=_("Services and pack"), pack=need("/staff/pack"))


@blp.post("/pack")
def sync_pack() -> Any:
    """Let in the pack whose differences were shown."""
    act("POST", "/staff/pack/sync", form_of("digest"), done=_("The pack is in the tables now."))
    return back("pack")


@blp.get("/api-keys")
def api_keys() -> Any:
    """The keys of partners' systems."""
    return _keys(made=None, after=request.args.get("after"))


@blp.post("/api-keys")
def make_api_key() -> Any:
    """A new key, shown this once."""
    wanted: dict[str, Any] = form_of("name", "organisation") | {"scopes": request.form.getlist("scopes")}
    wanted |= {name: value for name in ("expires_at",) if (value := moment_of(name))}
    wanted |= {name: limit for name in ("per_minute",) if (limit := number_of(name))}
    answer = ask("POST", "/staff/api-keys", payload=wanted, key=request.form.get("key"))
    if not answer.ok:
        return shown_or_refused(answer)
    return _keys(made=answer.body)


def _keys(made: Any, after: str | None = None) -> str:
    found = need("/staff/api-keys", limit=50, after=after)
    known = may("/staff/volunteer-entities", status="accredited", limit=100) or {"items": []}
    organisations = [(one["id"], said(one["name"])) for one in known["items"]]
    return page(
        "api_keys.html", title=_("Keys of partners"), found=found, made=made, scopes=list(NAMES["key"]),
        organisations=organisations,
    )  # fmt: skip


@blp.post("/api-keys/<uuid:key_id>/end")
def end_api_key(key_id: UUID) -> Any:
    """Take a key back."""
    act("DELETE", f"/staff/api-keys/{key_id}", done=_("Taken back."))
    return back("api_keys")
