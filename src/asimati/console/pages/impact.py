"""What the house's deeds add up to: the goals, lines over time, the reports, the voices that go into them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import request
from markupsafe import Markup

from asimati.console.asking import ask, listed, need, said
from asimati.console.forms import both, form_of
from asimati.console.frame import act, back, blp, page, taken
from asimati.impact import charts
from asimati.kit import clock, words
from asimati.kit.words import _, translate

MOST = 12  # lines drawn on the page; all of them are in the public figures


@blp.get("/impact")
def impact() -> Any:
    """The goals, what this year added to each month by month, and the reports to take away."""
    today = clock.local_day(clock.utcnow())
    asked = {"from": request.args.get("from") or f"{today.year}-01", "goal": request.args.get("goal")}
    series = need("/impact/series", **asked)["items"]
    return page(
        "impact.html",
        title=_("Impact"),
        goals=need("/impact/goals")["items"],
        series=[(one, _drawn(one)) for one in series[:MOST]],
        asked=asked,
        dossiers=listed("/staff/impact/dossiers"),
        proofs=listed("/staff/impact/proofs", limit=1),
        today=today,
    )


@blp.get("/impact/dossiers/<code>")
def dossier(code: str) -> Any:
    """A report of a period, as PDF or DOCX, to take away."""
    asked = {name: request.args.get(name) for name in ("from", "to", "format")}
    return taken(ask("GET", f"/staff/impact/dossiers/{code}", query=asked))


@blp.get("/impact/voices")
def voices() -> Any:
    """Stories people agreed to have told, and what partners say."""
    return page(
        "voices.html",
        title=_("Stories and partners"),
        stories=need("/staff/impact/stories", limit=50, after=request.args.get("after")),
        endorsements=need("/staff/impact/endorsements", limit=50),
    )


@blp.post("/impact/stories")
def tell_story() -> Any:
    """Write down what changed for somebody, who agreed to its being told."""
    payload: dict[str, Any] = {name: both(name) or {} for name in ("title", "text", "consent")}
    act("POST", "/staff/impact/stories", payload | form_of("target", "on", "consented_on"), done=_("Saved."))
    return back("voices")


@blp.post("/impact/stories/<uuid:story_id>/withdraw")
def withdraw_story(story_id: UUID) -> Any:
    """Tell a story no more."""
    act("POST", f"/staff/impact/stories/{story_id}/withdraw", done=_("It is told no more."))
    return back("voices")


@blp.post("/impact/endorsements")
def endorse() -> Any:
    """Write down what a partner says of the work."""
    payload: dict[str, Any] = {name: both(name) or {} for name in ("partner", "text", "signatory")}
    act("POST", "/staff/impact/endorsements", payload | form_of("on"), done=_("Saved."))
    return back("voices")


def _drawn(series: Mapping[str, Any]) -> Markup:
    """A figure over time as a line; what is withheld interrupts it."""
    points = [(one["period"], None if one["value"] is None else Decimal(one["value"])) for one in series["points"]]
    drawn = charts.line(
        points,
        f"{said(series['title'])} ({said(series['unit'])})",
        colour="#8a1538",
        rtl=words.language() == "ar",
        withheld=translate(_("withheld: too few people")),
    )
    return Markup(drawn)  # noqa: S704 - made and escaped by our own charts
