"""Staff: stories, endorsements, the reports they go into, and whether the figures could be proved."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from asimati.http import access, fields
from asimati.http.fields import Anything, Date, Enum, Integer, Nested, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.impact import dossiers, policy, proving, telling
from asimati.impact.errors import NotYet
from asimati.impact.models import Endorsement, Story
from asimati.impact.rules import FileFormat
from asimati.impact.schemas import NUMBER, PeriodQuery
from asimati.kit import clock
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor

blp = Blueprint("impact-staff", __name__, description="Stories, endorsements and reports on impact")
may = partial(access.staff_who, policy.MAY)
TYPES = {
    FileFormat.PDF: "application/pdf",
    FileFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class StoryIn(Schema):
    title = Text(required=True, max_length=200)
    text = Text(required=True, max_length=4000)
    target = String(max_length=10, allow_none=True)
    on = Date(required=True)
    consent = Text(required=True, max_length=500)
    consented_on = Date(required=True)


class StoryOut(Schema):
    id = fields.UUID()
    title = Text()
    text = Text()
    target = String(allow_none=True)
    on = Date()
    consent = Text()
    consented_on = Date()
    withdrawn_at = fields.DateTime(allow_none=True)


class EndorsementIn(Schema):
    partner = Text(required=True, max_length=200)
    text = Text(required=True, max_length=4000)
    signatory = Text(required=True, max_length=200)
    on = Date(required=True)


class EndorsementOut(EndorsementIn):
    id = fields.UUID()


class DossierFormOut(Schema):
    code = String()
    title = Text()


class TallyDifferenceOut(Schema):
    measure = String()
    period = String(metadata={"description": "The month, such as 2026-11"})
    target = String()
    cells = Integer(metadata={"description": "How many cells differ"})
    more = Anything(metadata=NUMBER | {"description": "How much more they say, in sum, than the ledger"})


class ProofOut(Schema):
    """One night's comparison; without differences it is the proof that tallies are the fold of the ledger."""

    at = fields.DateTime()
    contributions = Integer()
    cells = Integer()
    differences = Integer()
    places = Nested(TallyDifferenceOut, many=True)
    mended = fields.Boolean(metadata={"description": "false: the cells could not be made anew, they still differ"})


class DossierQuery(PeriodQuery):
    file_format = Enum(FileFormat, data_key="format", load_default=FileFormat.PDF)


@blp.post("/staff/impact/stories", who=may("tell"), takes=StoryIn, gives=StoryOut, status=201, refuses=(NotYet,))
def tell(tx: Session, actor: Actor, payload: dict[str, Any]) -> Story:
    """Write down what changed for somebody, who agreed to its being told."""
    return telling.tell(tx, actor, **payload)


@blp.get("/staff/impact/stories", who=may("see"), query=PageQuery, gives=page_of(StoryOut))
def stories(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """All stories, also those told no more."""
    return telling.stories(tx, query["page"])


@blp.post("/staff/impact/stories/<uuid:story_id>/withdraw", who=may("tell"), gives=StoryOut)
def withdraw(tx: Session, actor: Actor, story_id: UUID) -> Story:
    """Tell a story no more: its consent was taken back."""
    return telling.withdraw(tx, actor, story_id)


@blp.post("/staff/impact/endorsements", who=may("tell"), takes=EndorsementIn, gives=EndorsementOut, status=201)
def endorse(tx: Session, actor: Actor, payload: dict[str, Any]) -> Endorsement:
    """Write down what a partner says of the work."""
    return telling.endorse(tx, actor, **payload)


@blp.get("/staff/impact/endorsements", who=may("see"), query=PageQuery, gives=page_of(EndorsementOut))
def endorsements(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What partners said."""
    return telling.endorsements(tx, query["page"])


@blp.get("/staff/impact/proofs", who=may("see"), query=PageQuery, gives=page_of(ProofOut))
def proofs(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What the nightly comparison of ledger and tallies found, the newest first."""
    return proving.proofs(tx, query["page"])


@blp.get("/staff/impact/dossiers", who=may("see"), gives=page_of(DossierFormOut))
def forms(tx: Session, actor: Actor) -> dict[str, Any]:
    """The forms a report can take."""
    return {"items": telling.forms(tx), "next": None}


@blp.get(
    "/staff/impact/dossiers/<code>", who=may("see"), query=DossierQuery, sends=tuple(TYPES.values()), cost="export"
)  # fmt: skip
def dossier(tx: Session, actor: Actor, query: dict[str, Any], code: str) -> Response:
    """The report of a period (this year so far, if none is named) as PDF or DOCX, Arabic and then English."""
    today = clock.local_day(clock.now(tx))
    start = query.get("start") or date(today.year, 1, 1)
    end = query.get("end") or today.replace(day=1)
    wanted = query["file_format"]
    made = dossiers.make(tx, code, start, end, wanted)
    name = f"{code}-{start:%Y-%m}-{end:%Y-%m}.{wanted}"
    return Response(made, mimetype=TYPES[wanted], headers={"Content-Disposition": f'attachment; filename="{name}"'})
