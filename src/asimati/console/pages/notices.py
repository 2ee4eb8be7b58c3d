"""What I was told about my work."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from asimati.console.asking import ask, need
from asimati.console.frame import act, back, blp, page
from asimati.kit.words import _

# Where what a notice is about is read.
_PAGES = {
    "service_request": "console.case",
    "data_request": "console.data_request",
    "reconciliation": "console.impact",
}


@blp.get("/my-notices")
def my_notices() -> str:
    """The newest first, each leading to what it is about."""
    found = need("/staff/notices", limit=50, after=request.args.get("after"))
    return page("notices.html", title=_("Told to me"), found=found)


@blp.post("/my-notices/<uuid:notice_id>")
def open_notice(notice_id: Any) -> Any:
    """Mark one as read and go to what it is about."""
    answer = ask("POST", f"/staff/notices/{notice_id}/read", key=request.form.get("key"))
    about = (answer.body or {}).get("about") if answer.ok else None
    if about and (told := _PAGES.get(about["type"])):
        return redirect(url_for(told, reference=about["reference"]), 303)
    return back("my_notices")


@blp.post("/my-notices/read")
def read_notices() -> Any:
    """Mark all as read."""
    act("POST", "/staff/notices/read-all", done=_("All are marked as read."))
    return back("my_notices")
