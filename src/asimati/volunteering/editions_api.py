"""Routes of editions: enrolling, the ranking, and an edition's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import select

from asimati.http import access
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.kit.sheets import csv_of, xlsx_of
from asimati.kit.words import _, language, translate
from asimati.volunteering import ceremony, entities, policy, rankings
from asimati.volunteering import editions_schemas as schemas
from asimati.volunteering.actions import closing, enrolling
from asimati.volunteering.models import Edition, Enrolment
from asimati.volunteering.refusals import EditionFrozen, EditionOpen, EditionRunning, HoursWaiting, Thanked

blp = Blueprint("editions", __name__, description="Editions of the passport, their ranking and their end")
may = partial(access.staff_who, policy.MAY)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
audit.SUBJECTS["edition"] = _("your place in the ranking of volunteers")

Dict = dict[str, Any]


@blp.get("/editions", who=access.anyone, gives=schemas.EditionsOut, kept=True)
def editions(tx: Session, actor: Actor) -> Dict:
    """The editions of the passport, the newest first: categories, levels, and how volunteers are ranked."""
    found = tx.scalars(select(Edition).order_by(Edition.starts_on.desc(), Edition.code))
    return {"items": [_edition(one) for one in found]}


@blp.put("/me/enrolment", who=access.residents, takes=schemas.EnrolmentIn, gives=schemas.EnrolmentOut)
def enrol(tx: Session, actor: Actor, payload: Dict) -> Enrolment:
    """Choose the category to be ranked in, in the present edition."""
    return enrolling.enrol(tx, actor, **payload)


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get(
    "/staff/editions/<code>/ranking",
    who=may("see"),
    query=schemas.RankingQuery,
    gives=schemas.RankingOut,
    opens=BY_HAND,
)
def ranking(tx: Session, actor: Actor, query: Dict, code: str) -> Dict:
    """The first places of each category: as they stand now, or as they were frozen."""
    policy.require(actor, "see")
    edition = rankings.edition_of(tx, code)
    rows = rankings.ranking(tx, edition, query["places"], query.get("category"))
    _note(tx, actor, code, "ranking", rows)
    return {"edition": _edition(edition), "snapshot": rankings.snapshot(tx, edition), "items": rows}


@blp.get("/staff/editions/<code>/corrections", who=may("see"), gives=schemas.CorrectionsOut, opens=BY_HAND)
def corrections(tx: Session, actor: Actor, code: str) -> Dict:
    """Hours that were corrected after the ranking was frozen, beside the places that stand."""
    policy.require(actor, "see")
    rows = rankings.corrections(tx, rankings.edition_of(tx, code))
    _note(tx, actor, code, "corrections", rows)
    return {"items": rows}


@blp.post(
    "/staff/editions/<code>/freeze",
    who=may("close"),
    takes=schemas.FreezeIn,
    gives=schemas.SnapshotOut,
    refuses=[EditionRunning, EditionFrozen, HoursWaiting],
)
def freeze(tx: Session, actor: Actor, payload: Dict, code: str) -> Dict | None:
    """Let the ranking stand, signed."""
    closing.freeze(tx, actor, code, **payload)
    return rankings.snapshot(tx, rankings.edition_of(tx, code))


@blp.get(
    "/staff/editions/<code>/snapshot.csv", who=may("see"), opens=BY_HAND, sends="text/csv", cost="export"
)  # fmt: skip
def snapshot_file(tx: Session, actor: Actor, code: str) -> Response:
    """The frozen ranking as it was signed, people by their ids alone: its SHA-256 is the signed digest."""
    policy.require(actor, "see")
    edition = rankings.edition_of(tx, code)
    _note(tx, actor, code, "snapshot", rankings.ranked(tx, edition.code))
    return _file(rankings.snapshot_file(tx, edition.code), f"ranking-{code}.csv", "text/csv")


@blp.get(
    "/staff/editions/<code>/ceremony.xlsx", who=may("see"), query=schemas.CeremonyQuery, opens=BY_HAND, sends=XLSX,
    cost="export",
)  # fmt: skip
def ceremony_xlsx(tx: Session, actor: Actor, query: Dict, code: str) -> Response:
    """Whom to call to the stage, organisations too, with the rules and what was corrected since, as a workbook."""
    edition, people, organisations = _winners(tx, actor, code, query["places"])
    corrected = rankings.corrections(tx, edition)
    _note(tx, actor, code, "corrections", corrected)
    tables = {
        translate(_("Winners")): ceremony.winners(edition, people),
        translate(_("Organisations")): ceremony.winners(edition, organisations),
        translate(_("Corrections")): ceremony.corrections(edition, corrected),
        translate(_("How volunteers are ranked")): ceremony.rules(edition),
    }
    return _file(xlsx_of(tables, language=language()), f"ceremony-{code}.xlsx", XLSX)


@blp.get(
    "/staff/editions/<code>/ceremony.csv", who=may("see"), query=schemas.CeremonyQuery, opens=BY_HAND,
    sends="text/csv", cost="export",
)  # fmt: skip
def ceremony_csv(tx: Session, actor: Actor, query: Dict, code: str) -> Response:
    """Whom to call to the stage: people, then organisations."""
    edition, people, organisations = _winners(tx, actor, code, query["places"])
    return _file(csv_of(*ceremony.winners(edition, people + organisations)), f"ceremony-{code}.csv", "text/csv")


@blp.post(
    "/staff/editions/<code>/thank", who=may("close"), gives=schemas.SnapshotOut, refuses=[EditionOpen, Thanked]
)
def thank(tx: Session, actor: Actor, code: str) -> Dict | None:
    """Thank everybody in the frozen ranking; the notices go out in the minutes after."""
    closing.thank(tx, actor, code)
    return rankings.snapshot(tx, rankings.edition_of(tx, code))


def _winners(
    tx: Session, actor: Actor, code: str, places: int
) -> tuple[Edition, list[dict[str, Any]], list[dict[str, Any]]]:
    """The edition, and the first places of its people and of its organisations."""
    policy.require(actor, "see")
    edition = rankings.edition_of(tx, code)
    rows = rankings.ranking(tx, edition, places)
    _note(tx, actor, code, "ceremony", rows)
    return edition, rows, entities.ranking(tx, edition, places)


def _note(tx: Session, actor: Actor, code: str, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
    people: set[UUID] = {row["person_id"] for row in rows}
    if people:
        audit.opened(tx, actor, ("edition", code), people, view=view, listed=len(rows))


def _edition(found: Edition) -> Dict:
    names = ("code", "title", "starts_on", "ends_on", "categories", "default_category", "levels", "frozen_at")
    return {name: getattr(found, name) for name in names} | {"rules": rankings.stated_rules(found)}


def _file(body: bytes, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(body, mimetype=kind, headers=headers)
