"""Routes of the passport: to read, to print, and as a coordinator sees it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from asimati.accounts.queries import language_of
from asimati.http import access
from asimati.http.headers import styled
from asimati.http.routes import Blueprint
from asimati.kit import clock
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.volunteering import passport_queries, policy, printing
from asimati.volunteering import passport_schemas as schemas

blp = Blueprint("passport", __name__, description="The volunteering passport")
may = partial(access.staff_who, policy.MAY)

Dict = dict[str, Any]


@blp.get(
    "/me/passport", who=access.residents, query=schemas.PassportQuery, gives=schemas.PassportOut, tagged=True,
    refuses=[NotFound],
)  # fmt: skip
def passport(tx: Session, actor: Actor, query: Dict) -> Dict:
    """One's volunteering passport of this edition, or of another, with all editions in short."""
    return passport_queries.passport(tx, actor.person, query.get("edition"))


@blp.get(
    "/me/passport.pdf", who=access.residents, query=schemas.PaperQuery, sends="application/pdf",
    refuses=[NotFound], cost="export",
)  # fmt: skip
def passport_pdf(tx: Session, actor: Actor, query: Dict) -> Response:
    """One's passport on paper, with a code that anybody can verify."""
    language = query.get("language") or language_of(tx, actor.person)
    found = passport_queries.passport(tx, actor.person, query.get("edition"))
    paper = printing.passport(tx, actor.person, found, language=str(language), made_at=clock.now(tx))
    headers = {"Content-Disposition": 'attachment; filename="passport.pdf"', "Cache-Control": "private, no-store"}
    return Response(paper, mimetype="application/pdf", headers=headers)


@blp.get(
    "/me/passport.html", who=access.residents, query=schemas.PaperQuery, sends="text/html", refuses=[NotFound]
)  # fmt: skip
def passport_page(tx: Session, actor: Actor, query: Dict) -> Response:
    """One's passport as a page, with the same code; an app shows it as it is."""
    language = query.get("language") or language_of(tx, actor.person)
    found = passport_queries.passport(tx, actor.person, query.get("edition"))
    return styled(printing.passport_page(tx, actor.person, found, language=str(language)))


@blp.get(
    "/staff/volunteers/<uuid:person_id>/passport",
    who=may("see"),
    query=schemas.PassportQuery,
    gives=schemas.VolunteerPassportOut,
    opens="hours_claim",
)
def volunteers_passport(tx: Session, actor: Actor, query: Dict, person_id: UUID) -> Dict:
    """A volunteer's passport."""
    policy.require(actor, "see")
    return passport_queries.of_volunteer(tx, person_id, query.get("edition"))
