"""What auditors look at: the trail, whole or narrowed."""

from __future__ import annotations

from typing import Any

from flask import request

from asimati.console.asking import ask, need
from asimati.console.forms import asked_moment
from asimati.console.frame import blp, page, shown_or_refused
from asimati.kit.words import _

FILTERS = ("action", "subject_type", "subject_id", "actor_id", "person")


@blp.post("/audit")
def verify_audit() -> Any:
    """Prove the trail: nothing edited, removed, reordered or cut off."""
    answer = ask("POST", "/staff/audit/verify")
    return _trail(answer.body) if answer.ok else shown_or_refused(answer)


@blp.get("/audit")
def audit() -> Any:
    """The audit trail, the newest line first."""
    return _trail(None)


def _trail(proof: Any) -> Any:
    asked = {name: request.args.get(name) for name in (*FILTERS, "since", "until", "after")}
    moments = {name: asked_moment(name) for name in ("since", "until")}
    found = need("/staff/audit", limit=50, **{**asked, **moments})
    narrowed = {name: value for name, value in asked.items() if value and name != "after"}
    return page("audit.html", title=_("Audit"), found=found, asked=asked, narrowed=narrowed, proof=proof)
