"""Routes of volunteers' profiles."""

from __future__ import annotations

from typing import Any

from asimati.http import access
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.volunteering import catalogues
from asimati.volunteering import profiles_schemas as schemas
from asimati.volunteering.models import Skill, SpokenLanguage

blp = Blueprint("volunteers", __name__, description="What volunteers say of themselves")

Dict = dict[str, Any]


@blp.get("/volunteering/choices", who=access.anyone, gives=schemas.ChoicesOut, kept=True)
def choices(tx: Session, actor: Actor) -> Dict:
    """The skills and languages a volunteer may name and an opportunity may ask for."""
    return {"skills": catalogues.offered(tx, Skill), "languages": catalogues.offered(tx, SpokenLanguage)}
