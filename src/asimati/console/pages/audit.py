"""What auditors look at: the trail, and what the house's deeds add up to."""

from __future__ import annotations

from typing import Any

from flask import request

from asimati.console.asking import need
from asimati.console.frame import blp, page
from asimati.kit.words import _


@blp.get("/audit")
def audit() -> Any:
    """The audit trail, the newest line first."""
    names = ("action", "subject_type", "subject_id", "actor_id", "since", "until", "after")
    asked = {name: request.args.get(name) for name in names}
    return page("audit.html", title=_("Audit"), found=need("/staff/audit", limit=50, **asked), asked=asked)


@blp.get("/impact")
def impact() -> Any:
    """The goals and what this year's deeds added to each."""
    goals = need("/impact/goals")["items"]
    tallies = need("/impact/tallies", limit=100)
    return page("impact.html", title=_("Impact"), goals=goals, tallies=tallies["items"])
