"""Routes of volunteers' profiles."""

from __future__ import annotations

from typing import Any

from asimati.accounts.refusals import WordsChanged
from asimati.http import access
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.volunteering import catalogues, profile_queries
from asimati.volunteering import profiles_schemas as schemas
from asimati.volunteering.actions import profiling
from asimati.volunteering.models import Skill, SpokenLanguage

blp = Blueprint("volunteers", __name__, description="What volunteers say of themselves")

Dict = dict[str, Any]


@blp.get("/volunteering/choices", who=access.anyone, gives=schemas.ChoicesOut, kept=True)
def choices(tx: Session, actor: Actor) -> Dict:
    """The skills and languages a volunteer may name and an opportunity may ask for."""
    return {"skills": catalogues.offered(tx, Skill), "languages": catalogues.offered(tx, SpokenLanguage)}


@blp.get("/me/volunteer", who=access.residents, gives=schemas.VolunteerProfileOut, tagged=True, refuses=[NotFound])
def profile(tx: Session, actor: Actor) -> Dict:
    """What one says of oneself as a volunteer; 404 before the first PUT."""
    return profile_queries.profile(tx, actor.person)


@blp.put(
    "/me/volunteer",
    who=access.residents,
    takes=schemas.VolunteerProfileIn,
    gives=schemas.VolunteerProfileOut,
    versioned=True,
)
def put_profile(tx: Session, actor: Actor, payload: Dict, version: int | None) -> Dict:
    """Become a volunteer, or say everything anew. An If-Match, when sent, must be of the present profile."""
    profiling.put_profile(tx, actor, version, payload)
    return profile_queries.profile(tx, actor.person)


@blp.patch(
    "/me/volunteer",
    who=access.residents,
    takes=schemas.VolunteerProfileIn,
    gives=schemas.VolunteerProfileOut,
    refuses=[NotFound],
)
def edit_profile(tx: Session, actor: Actor, payload: Dict, version: int | None) -> Dict:
    """Change some of it."""
    profiling.edit_profile(tx, actor, version, payload)
    return profile_queries.profile(tx, actor.person)


@blp.delete("/me/volunteer", who=access.residents)
def drop_profile(tx: Session, actor: Actor) -> None:
    """Take it all back, accessibility needs too. Sign-ups and hours stay."""
    profiling.drop_profile(tx, actor)


@blp.put(
    "/me/volunteer/accessibility",
    who=access.residents,
    takes=schemas.AccessibilityIn,
    refuses=[NotFound, WordsChanged],
)
def say_needs(tx: Session, actor: Actor, payload: Dict) -> None:
    """Say what one needs to serve, agreeing to the words of the consent `accessibility` that were read.

    Only coordinators of shifts one has a place on read it. 404 where the governorate does not ask.
    """
    profiling.say_needs(tx, actor, **payload)


@blp.delete("/me/volunteer/accessibility", who=access.residents)
def take_needs_back(tx: Session, actor: Actor) -> None:
    """Withdraw the consent; what was said is deleted at once, the receipt stays."""
    profiling.take_needs_back(tx, actor)
