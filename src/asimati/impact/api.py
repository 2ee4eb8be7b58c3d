"""What was done for the Sustainable Development Goals, open to everyone."""

from __future__ import annotations

from typing import Any

from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.impact import queries
from asimati.impact.errors import Withheld
from asimati.impact.schemas import GoalOut, LineOut, TallyOut, TallyQuery
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor

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
