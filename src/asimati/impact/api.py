"""What was done for the Sustainable Development Goals, open to everyone."""

from __future__ import annotations

from typing import Any

from flask import Response

from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.impact import exports, open_sdg, queries, readings
from asimati.impact.disclosure import OTHER
from asimati.impact.errors import Withheld
from asimati.impact.schemas import (
    FiguresQuery,
    FrameworkOut,
    GoalOut,
    GroupingsOut,
    LineOut,
    MeasureOut,
    ObjectiveOut,
    PeopleOut,
    PeopleQuery,
    PeriodQuery,
    SeriesOut,
    SeriesQuery,
    TallyOut,
    TallyQuery,
)
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.sheets import csv_of, xlsx_of
from asimati.kit.words import _, language, translate
from asimati.settings import settings

blp = Blueprint("impact", __name__, description="Figures on the Sustainable Development Goals")


@blp.get("/impact/goals", who=access.anyone, query=PeriodQuery, gives=page_of(GoalOut), kept=True)
def goals(tx: Session, actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """The seventeen goals, this governorate's contributions to each, and how far its aims are."""
    return readings.goals(tx, **query)


@blp.get("/impact/objectives", who=access.anyone, gives=page_of(ObjectiveOut))
def objectives(tx: Session, actor: Actor) -> dict[str, Any]:
    """The objectives of the national vision, with the targets that serve them and what was done toward these."""
    return {"items": readings.objectives(tx), "next": None}


@blp.get("/impact/measures", who=access.anyone, gives=page_of(MeasureOut))
def measures(tx: Session, actor: Actor) -> dict[str, Any]:
    """What is counted, and by which rule; where a rule was changed, the figures of both stand side by side."""
    return {"items": queries.measures(tx), "next": None}


@blp.get("/impact/frameworks", who=access.anyone, gives=page_of(FrameworkOut))
def frameworks(tx: Session, actor: Actor) -> dict[str, Any]:
    """The revisions of the global indicator framework that were taken in, the newest first."""
    return {"items": queries.frameworks(tx), "next": None}


@blp.get("/impact/groupings", who=access.anyone, gives=GroupingsOut)
def groupings(tx: Session, actor: Actor) -> dict[str, Any]:
    """By what figures can be grouped."""
    threshold = settings().governorate.small_cell
    return {"about_people": queries.allowed_groupings(), "others": list(OTHER), "threshold": threshold}


@blp.get("/impact/series", who=access.anyone, query=SeriesQuery, gives=page_of(SeriesOut))
def series(tx: Session, actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """Figures over time by month, quarter or year, with what changed; a sum with a withheld part is withheld."""
    return readings.series(tx, **query)


@blp.get("/impact/people", who=access.anyone, query=PeopleQuery, gives=PeopleOut)
def people(tx: Session, actor: Actor, query: dict[str, Any]) -> dict[str, Any]:
    """How many people stand behind a measure in some months, each counted once."""
    return queries.people_reached(tx, query["measure"], query.get("start"), query.get("end"))


@blp.get("/impact/tallies", who=access.anyone, query=TallyQuery, gives=page_of(TallyOut))
def tallies(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Figures by month, measure and target, in any grouping; figures about too few people are withheld."""
    return queries.tallies(tx, **query)


@blp.get(
    "/impact/tallies/<tally_id>/contributions",
    who=access.anyone,
    query=PageQuery,
    gives=page_of(LineOut),
    refuses=(Withheld,),
)
def contributions(tx: Session, actor: Actor, query: dict[str, Any], tally_id: str) -> Page:
    """The acts behind one figure, anonymised."""
    return queries.acts_behind(tx, tally_id, query["page"])


@blp.get("/impact/export/tallies.csv", who=access.anyone, query=FiguresQuery, sends="text/csv", cost="export")
def tallies_csv(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """The tallies of a query as one CSV file; withheld figures are empty."""
    return _file(csv_of(*exports.table(tx, **query)), "tallies.csv", "text/csv")


@blp.get(
    "/impact/export/tallies.xlsx", who=access.anyone, query=FiguresQuery, cost="export",
    sends="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
def tallies_xlsx(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """The tallies of a query as a workbook, from right to left in Arabic."""
    title = translate(_("Tallies"))
    made = xlsx_of({title: exports.table(tx, **query)}, language=language())
    return _file(made, "tallies.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@blp.get(
    "/impact/export/tallies.sdmx.csv", who=access.anyone, query=FiguresQuery, cost="export",
    sends="application/vnd.sdmx.data+csv; version=2.0.0",
)  # fmt: skip
def tallies_sdmx(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """The tallies of a query as SDMX-CSV 2.0."""
    made = exports.sdmx_csv(tx, **query)
    return _file(made, "tallies.sdmx.csv", "application/vnd.sdmx.data+csv; version=2.0.0")


@blp.get("/impact/export/open-sdg.zip", who=access.anyone, sends="application/zip", cost="export")
def open_sdg_archive(tx: Session, actor: Actor) -> Response:
    """Data and metadata of every measure, laid out as the build of an Open SDG site reads them."""
    return _file(open_sdg.archive(tx), "open-sdg.zip", "application/zip")


def _file(content: bytes, name: str, mimetype: str) -> Response:
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})
