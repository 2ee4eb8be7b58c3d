"""What the governorate has set: its holidays, its pack with what a sync would change, keys of Open311 clients."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from asimati.console.asking import ask, need
from asimati.console.forms import both, form_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.kit import clock
from asimati.kit.words import _


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
        act(
            "PATCH", f"/staff/holidays/{day}", form_of("day", "standing"),
            done=_("Saved. What is due was counted anew."),
        )  # fmt: skip
    return back("holidays")


@blp.get("/pack")
def pack() -> Any:
    """The configuration pack: its faults, or what a sync would change."""
    return page("pack.html", title=_("Services and pack"), pack=need("/staff/pack"))


@blp.post("/pack")
def sync_pack() -> Any:
    """Let in the pack whose differences were shown."""
    act("POST", "/staff/pack/sync", form_of("digest"), done=_("The pack is in the tables now."))
    return back("pack")


@blp.get("/open311-keys")
def open311_keys() -> Any:
    """The clients that may file through Open311."""
    return page("open311_keys.html", title=_("Open311 keys"), found=need("/staff/open311-keys"), made=None)


@blp.post("/open311-keys")
def make_open311_key() -> Any:
    """A new key, shown this once."""
    answer = ask("POST", "/staff/open311-keys", payload=form_of("name"), key=request.form.get("key"))
    if not answer.ok:
        return shown_or_refused(answer)
    found = need("/staff/open311-keys")
    return page("open311_keys.html", title=_("Open311 keys"), found=found, made=answer.body)


@blp.post("/open311-keys/<uuid:key_id>/end")
def end_open311_key(key_id: UUID) -> Any:
    """Take a key back."""
    act("DELETE", f"/staff/open311-keys/{key_id}", done=_("Taken back."))
    return back("open311_keys")
