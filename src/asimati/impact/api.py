"""What was done for the Sustainable Development Goals, open to everyone."""

from __future__ import annotations

from typing import Any

from flask import Response

from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.impact import exports, queries
from asimati.impact.errors import Withheld
from asimati.impact.schemas import FiguresQuery, GoalOut, LineOut, TallyOut, TallyQuery
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.sheets import csv_of, xlsx_of
from asimati.kit.words import _, language, translate

blp = Blueprint("impact", __name__, description="Figures on the Sustainable Development Goals")


@blp.get("/impact/goals", who=access.anyone, gives=page_of(GoalOut))
def goals(tx: Session, actor: Actor) -> dict[str, Any]:
    """The seventeen goals and this governorate's contributions to each."""
    return queries.goals(tx)


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


@blp.get("/impact/export/tallies.csv", who=access.anyone, query=FiguresQuery)
def tallies_csv(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """The tallies of a query as one CSV file; withheld figures are empty."""
    return _file(csv_of(*exports.table(tx, **query)), "tallies.csv", "text/csv")


@blp.get("/impact/export/tallies.xlsx", who=access.anyone, query=FiguresQuery)
def tallies_xlsx(tx: Session, actor: Actor, query: dict[str, Any]) -> Response:
    """The tallies of a query as a workbook, from right to left in Arabic."""
    title = translate(_("Tallies"))
    made = xlsx_of({title: exports.table(tx, **query)}, language=language())
    return _file(made, "tallies.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@blp.get("/impact/export/open-sdg.zip", who=access.anyone)
def open_sdg(tx: Session, actor: Actor) -> Response:
    """Data and metadata of every measure, laid out as the build of an Open SDG site reads them."""
    return _file(exports.open_sdg(tx), "open-sdg.zip", "application/zip")


def _file(content: bytes, name: str, mimetype: str) -> Response:
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})
