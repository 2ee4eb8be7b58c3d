"""What auditors look at: the trail, whole or narrowed."""

from __future__ import annotations

from typing import Any

from flask import request

from asimati.console.asking import need
from asimati.console.forms import asked_moment
from asimati.console.frame import blp, page
from asimati.kit.words import _

FILTERS = ("action", "subject_type", "subject_id", "actor_id", "person")


@blp.get("/audit")
def audit() -> Any:
    """The audit trail, the newest line first."""
    asked = {name: request.args.get(name) for name in (*FILTERS, "since", "until", "after")}
    moments = {name: asked_moment(name) for name in ("since", "until")}
    found = need("/staff/audit", limit=50, **{**asked, **moments})
    narrowed = {name: value for name, value in asked.items() if value and name != "after"}
    return page("audit.html", title=_("Audit"), found=found, asked=asked, narrowed=narrowed)
