"""The public page: the goals, and one measure in charts. One HTML file and one stylesheet, nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, render_template_string
from markupsafe import Markup
from sqlalchemy import select

from asimati.http import access
from asimati.http.fields import String
from asimati.http.routes import Blueprint
from asimati.impact import charts, queries, readings
from asimati.impact.models import Goal, Measure
from asimati.impact.rules import Per
from asimati.impact.schemas import PeriodQuery
from asimati.impact.words import value_words
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.kit.text import say
from asimati.kit.words import _, language, translate, use
from asimati.places.models import Block
from asimati.settings import settings

blp = Blueprint("impact_page", __name__, url_prefix="/impact", description="The goals and what was done, as a page")
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_FOLDER = Path(__file__).parent / "templates"


class ShownQuery(PeriodQuery):
    measure = String(max_length=100)
    language = String(max_length=2)


@blp.get("/style.css", who=access.anyone, sends="text/css")
def style(tx: Session, actor: Actor) -> Response:
    """The page's stylesheet."""
    return Response((_FOLDER / "impact.css").read_bytes(), mimetype="text/css")


@blp.get("", who=access.anyone, query=ShownQuery, sends="text/html")
def impact(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """What was done for the Sustainable Development Goals, with charts, in Arabic or English."""
    chosen = query.get("language") if query.get("language") in ("ar", "en") else language()
    with use(str(chosen)):
        body = _page(tx, str(chosen), query)
    return Response(body, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


def _page(tx: Session, chosen: str, query: dict[str, Any]) -> str:
    which: dict[str, Any] = {name: query[name] for name in ("start", "end") if name in query}
    measures = [one for one in tx.scalars(select(Measure).order_by(Measure.code)) if not one.retired]
    goals = readings.goals(tx, **which)["items"]
    used = {one["measure"] for goal in goals for one in goal["contributions"]}
    wanted = [one for one in measures if one.code == query.get("measure")] or [
        one for one in measures if one.code in used
    ]
    return render_template_string(
        (_FOLDER / "impact.html").read_text(encoding="utf-8"),
        goals=goals, measures=measures, measure=wanted[0] if wanted else None, language=chosen,
        direction="rtl" if chosen == "ar" else "ltr", name=settings().governorate.facts["name"],
        drawn=_drawn(tx, wanted[0], chosen, which) if wanted else [], text=lambda words: say(words, chosen),
        _=translate, plain=charts.plain, threshold=settings().governorate.small_cell,
    )  # fmt: skip


def _drawn(tx: Session, measure: Measure, chosen: str, which: dict[str, Any]) -> list[tuple[str, Markup]]:
    """The charts of a measure toward its first target: over time, by sex and by age, and by block."""
    over_time = readings.series_of(tx, (), Per.MONTH, measure=measure.code, **which)
    if not over_time:
        return []
    target = over_time[0].target
    goal = tx.get(Goal, int(target.partition(".")[0]))
    how: dict[str, Any] = {
        "rtl": chosen == "ar", "withheld": translate(_("withheld")), "colour": goal.colour if goal else "#555"
    }  # fmt: skip

    def sums(by: str) -> list[tuple[str, charts.Value]]:
        return _sums(tx, by, {"measure": measure.code, "target": target, **which})

    drawn: list[tuple[str, Callable[..., str], Any]] = [
        (translate(_("Month by month")), charts.line, list(over_time[0].points.items()))
    ]
    for by, words in (("sex", _("By sex")), ("age_band", _("By age"))):
        drawn.append(
            (translate(words), charts.bars, [(value_words(name, chosen), value) for name, value in sums(by)])
        )
    values = dict(sums("block"))
    nobody = charts.NOTHING if values else None  # no block at all is told of: nothing follows for any
    blocks = tx.scalars(select(Block).where(~Block.retired).order_by(Block.number)).all()
    tiles = [(one.number, say(one.area, chosen), values.get(one.number, nobody)) for one in blocks]
    drawn.append((translate(_("By block")), charts.tiles, tiles))
    return [
        (title, Markup(draw(rows, title, **how)))  # noqa: S704 - `charts` escapes every text
        for title, draw, rows in drawn
        if rows
    ]


def _sums(tx: Session, by: str, which: dict[str, Any]) -> list[tuple[str, charts.Value]]:
    """Each group's sum over all the months asked for; None where one of them is withheld."""
    if [by] not in queries.allowed_groupings():
        return []
    sums: list[tuple[str, charts.Value]] = []
    for one in readings.series_of(tx, (by,), Per.YEAR, **which):
        parts = list(one.points.values())
        whole = sum((value for value in parts if value is not None), charts.NOTHING)
        sums.append((one.group[0], None if None in parts else whole))
    return sums
