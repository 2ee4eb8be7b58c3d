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
from asimati.impact import charts, maps, queries, readings
from asimati.impact.models import Goal, Measure
from asimati.impact.rules import Per
from asimati.impact.schemas import PeriodQuery
from asimati.impact.words import value_words
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.kit.text import say
from asimati.kit.words import _, language, translate, use
from asimati.places.drawing import drawn
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
    first = _first(tx, wanted[0], which) if wanted else None
    return render_template_string(
        (_FOLDER / "impact.html").read_text(encoding="utf-8"),
        goals=goals, measures=measures, measure=wanted[0] if wanted else None, language=chosen,
        direction="rtl" if chosen == "ar" else "ltr", name=settings().governorate.facts["name"],
        drawn=_drawn(tx, first, chosen, which) if first else [],
        blocks=_mapped(tx, first, chosen, which) if first else None, text=lambda words: say(words, chosen),
        _=translate, plain=charts.plain, threshold=settings().governorate.small_cell,
    )  # fmt: skip


def _first(tx: Session, measure: Measure, which: dict[str, Any]) -> readings.Series | None:
    """The measure over time toward its first target, of which the charts are."""
    found = readings.series_of(tx, (), Per.MONTH, measure=measure.code, **which)
    return found[0] if found else None


def _colour(tx: Session, target: str) -> str:
    goal = tx.get(Goal, int(target.partition(".")[0]))
    return goal.colour if goal else "#555"


def _drawn(tx: Session, first: readings.Series, chosen: str, which: dict[str, Any]) -> list[tuple[str, Markup]]:
    """The charts of a measure toward a target: over time, by sex and by age."""
    how: dict[str, Any] = {
        "rtl": chosen == "ar", "withheld": translate(_("withheld")), "colour": _colour(tx, first.target)
    }  # fmt: skip

    def sums(by: str) -> list[tuple[str, charts.Value]]:
        return _sums(tx, by, {"measure": first.measure, "target": first.target, **which})

    wanted: list[tuple[str, Callable[..., str], Any]] = [
        (translate(_("Month by month")), charts.line, list(first.points.items()))
    ]
    for by, words in (("sex", _("By sex")), ("age_band", _("By age"))):
        wanted.append(
            (translate(words), charts.bars, [(value_words(name, chosen), value) for name, value in sums(by)])
        )
    return [
        (title, Markup(draw(rows, title, **how)))  # noqa: S704 - `charts` escapes every text
        for title, draw, rows in wanted
        if rows
    ]


def _mapped(tx: Session, first: readings.Series, chosen: str, which: dict[str, Any]) -> dict[str, Any] | None:
    """The measure by block: a map, what its shades stand for, and the same as a table; None without blocks."""
    told = dict(_sums(tx, "block", {"measure": first.measure, "target": first.target, **which}))
    blocks = tx.scalars(select(Block).where(~Block.retired).order_by(Block.number)).all()
    drawing = drawn(tuple((b.number, b.lat, b.lon) for b in blocks if b.lat is not None and b.lon is not None))
    if drawing is None:
        return None
    # A block that is not named had nothing, unless the blocks of some month could not be told at all.
    nobody = charts.NOTHING if any(value is not None for value in told.values()) else None
    areas = {one.number: say(one.area, chosen) for one in blocks}
    values = {number: told.get(number, nobody) for number in areas}
    figure = maps.ByBlock(values, areas, _colour(tx, first.target), translate(_("withheld")))
    rows = [(number, areas[number], value) for number, value in values.items()]
    rows += [("", value_words(name, chosen), value) for name, value in told.items() if name not in areas]
    title = translate(_("By block"))
    return {
        "title": title, "rows": rows,
        "map": Markup(maps.draw(figure, drawing, title)),  # noqa: S704 - `maps` escapes every text
        "key": [(Markup(shade), words) for shade, words in maps.key(figure)],  # noqa: S704
        "withheld": Markup(maps.hatched()) if None in values.values() else None,  # noqa: S704
    }  # fmt: skip


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
