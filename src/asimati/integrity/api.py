"""Routes of the integrity channel. Codes travel in bodies, never in addresses, which servers write down."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import request
from sqlalchemy import func, select

from asimati.http import access
from asimati.http.fields import DateTime, Enum, List, Nested, Schema, String
from asimati.http.pages import PageQuery, page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.integrity import actions, policy, vault
from asimati.integrity.actions import ReportClosed
from asimati.integrity.models import IntegrityReport
from asimati.integrity.rules import By, Category, Outcome, Status
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor, may
from asimati.kit.words import _

blp = Blueprint("integrity", __name__, description="Reporting wrongdoing without a name")
readers = partial(access.staff_who, policy.MAY)("read")
audit.SUBJECTS["integrity_report"] = _("a report without a name")

Dict = dict[str, Any]
ONE = "/staff/integrity-reports/<reference>"


class ReportIn(Schema):
    category = Enum(Category, required=True)
    text = String(required=True, min_length=20, max_length=10_000)


class ReturnCodeIn(Schema):
    code = String(required=True, max_length=60, metadata={"description": "The return code"})


class MoreIn(ReturnCodeIn):
    text = String(required=True, min_length=2, max_length=10_000)


class WordsOut(Schema):
    by = Enum(By)
    at = DateTime()
    text = String()


class ReportItem(Schema):
    reference = String()
    category = Enum(Category)
    status = Enum(Status)
    outcome = Enum(Outcome, allow_none=True)
    received_at = DateTime()
    closed_at = DateTime(allow_none=True)


class ReportOut(ReportItem):
    messages = List(Nested(WordsOut), max_items=10_000)


class ReceivedOut(ReportOut):
    code = String(metadata={"description": "The only way back; we cannot find it again"})


class WriteBackIn(Schema):
    text = String(required=True, min_length=2, max_length=10_000)


class EndIn(WriteBackIn):
    outcome = Enum(Outcome, required=True)


class ReportsQuery(PageQuery):
    status = Enum(Status)


# --- without a name --------------------------------------------------------------------------------------------


@blp.post("/integrity/reports", who=access.anyone, takes=ReportIn, gives=ReceivedOut, status=201, remembers=False)
def report(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Report wrongdoing. Send it without a sign-in; keep the code, by which alone one returns.

    The answer is not remembered: with the same Idempotency-Key and words the same code is made again.
    """
    code = vault.new_code(_seed())
    return _whole(tx, actions.report(tx, payload["category"], payload["text"], code)) | {"code": code}


@blp.post("/integrity/reports/follow", who=access.anyone, takes=ReturnCodeIn, gives=ReportOut, refuses=[NotFound],
          remembers=False)  # fmt: skip
def follow(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Return to a report: where it stands, and what the officer asked or answered."""
    return _whole(tx, actions.followed(tx, payload["code"]))


@blp.post("/integrity/reports/messages", who=access.anyone, takes=MoreIn, gives=ReportOut, status=201,
          refuses=[NotFound, ReportClosed], remembers=False)  # fmt: skip
def add(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Say more, or answer the officer."""
    return _whole(tx, actions.add(tx, payload["code"], payload["text"]))


# --- the officer -----------------------------------------------------------------------------------------------


@blp.get("/staff/integrity-reports", who=readers, query=ReportsQuery, gives=page_of(ReportItem), opens=BY_HAND)
def reports(tx: Session, actor: Actor, query: Dict) -> Page:
    """The reports, newest first, without their words."""
    audit.opened(tx, actor, ("integrity_report", ""), [], listed=True)
    wanted = select(IntegrityReport)
    if "status" in query:
        wanted = wanted.where(IntegrityReport.status == query["status"])
    return paginate(tx, wanted, [IntegrityReport.id.desc()], query["page"])


@blp.get(ONE, who=readers, gives=ReportOut, opens=BY_HAND)
def one(tx: Session, actor: Actor, reference: str) -> Dict:
    """One report with its words. That it was read stands in the trail."""
    found = tx.scalar(select(IntegrityReport).where(IntegrityReport.reference == reference))
    if found is None:
        raise NotFound
    audit.opened(tx, actor, ("integrity_report", reference), [])
    return _whole(tx, found)


@blp.post(f"{ONE}/messages", who=readers, takes=WriteBackIn, gives=ReportOut, status=201, refuses=[ReportClosed],
          remembers=False)  # fmt: skip
def answer(tx: Session, actor: Actor, payload: Dict, reference: str) -> Dict:
    """Ask or answer whoever has the code."""
    return _whole(tx, actions.answer(tx, actor, reference, payload["text"]))


@blp.post(f"{ONE}/close", who=readers, takes=EndIn, gives=ReportOut, refuses=[ReportClosed], remembers=False)
def close(tx: Session, actor: Actor, payload: Dict, reference: str) -> Dict:
    """End a report, and say what came of it."""
    return _whole(tx, actions.close(tx, actor, reference, payload["outcome"], payload["text"]))


def _counts(tx: Session, actor: Actor) -> dict[str, int]:
    waiting = select(func.count()).where(IntegrityReport.status != Status.CLOSED)
    return {"integrity": tx.scalar(waiting) or 0}


def _queue(tx: Session, page: PageArgs) -> Page:
    waiting = select(IntegrityReport).where(IntegrityReport.status != Status.CLOSED)
    found = paginate(tx, waiting, [IntegrityReport.id], page)
    names = ReportItem().fields
    return Page(
        [{name: getattr(one, name) for name in names} | {"person": None} for one in found.items], found.next
    )


DESKS.append(
    Desk(
        titles={"integrity": _("Integrity reports")},
        may=lambda actor: may(actor, policy.MAY, "read"),
        counts=_counts,
        items=lambda tx, actor, name, query: _queue(tx, query["page"]),
        gives=ReportItem,
        opens="integrity_report",
    )
)


def _whole(tx: Session, found: IntegrityReport) -> Dict:
    shown = {name: getattr(found, name) for name in ReportItem().fields}
    return shown | {"messages": actions.messages(tx, found)}


def _seed() -> bytes | None:
    key = request.headers.get("Idempotency-Key")
    return f"{key}\n".encode() + request.get_data() if key else None
