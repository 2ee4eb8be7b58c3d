"""Routes of letters."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from asimati.accounts.refusals import OwnAffair
from asimati.http import access
from asimati.http.fields import UUID, DateTime, List, Nested, Schema, String, Text
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import policy, queries
from asimati.service_requests.letters import actions
from asimati.service_requests.letters import queries as letters
from asimati.service_requests.letters.models import Letter
from asimati.service_requests.policy import ClaimedByAnother
from asimati.service_requests.refusals import InterestDeclared

blp = Blueprint("letters", __name__, description="Letters and certificates issued from a case")
may = partial(access.staff_who, actions.MAY)
audit.SUBJECTS["letter"] = _("a letter of yours")

Dict = dict[str, Any]


class LetterOut(Schema):
    reference = String(metadata={"description": "LT-2026-00017: numbers of a year have no gaps"})
    template = String()
    title = Text()
    text = Text()
    issued_at = DateTime()
    link = String(metadata={"description": "What the QR code holds; anybody verifies it"})
    revoked_at = DateTime(allow_none=True)
    reason = String(allow_none=True)


class StaffLetterOut(LetterOut):
    issued_by = UUID()


class LettersOut(Schema):
    items = List(Nested(LetterOut))


class StaffLettersOut(Schema):
    items = List(Nested(StaffLetterOut))


class LetterIn(Schema):
    template = String(required=True, min_length=1, max_length=80)
    remarks = Text(max_length=2000, allow_none=True)


class RevokeLetterIn(Schema):
    reason = String(required=True, min_length=3, max_length=500)


class TemplateLetterOut(Schema):
    code = String()
    title = Text()
    text = Text()
    services = List(String())


class TemplateLettersOut(Schema):
    items = List(Nested(TemplateLetterOut))


@blp.get("/service-requests/<reference>/letters", who=access.residents, gives=LettersOut, tagged=True)
def mine(tx: Session, actor: Actor, reference: str) -> Dict:
    """The letters issued from my case."""
    return {"items": letters.letters(tx, queries.request(tx, actor, reference))}


@blp.get(
    "/letters/<letter>/pdf", who=access.residents, refuses=(actions.LetterRevoked,), sends="application/pdf",
    cost="export",
)  # fmt: skip
def my_pdf(tx: Session, actor: Actor, letter: str) -> Response:
    """A letter of mine as a PDF in both languages."""
    return _printed(letters.letter(tx, actor, letter))


@blp.get("/staff/letter-templates", who=may("issue"), gives=TemplateLettersOut)
def templates(tx: Session, actor: Actor) -> Dict:
    """The letters that can be issued."""
    return {"items": letters.templates(tx)}


@blp.get("/staff/service-requests/<reference>/letters", who=access.staff_who(policy.MAY, "see"),
         gives=StaffLettersOut, opens=BY_HAND)  # fmt: skip
def staff_list(tx: Session, actor: Actor, reference: str) -> Dict:
    """The letters issued from a case."""
    request = queries.request(tx, actor, reference)
    audit.opened(tx, actor, ("service_request", reference), [request.person_id], view="letters")
    return {"items": letters.letters(tx, request)}


@blp.post(
    "/staff/service-requests/<reference>/letters", who=may("issue"), takes=LetterIn,
    gives=StaffLetterOut, status=201,
    refuses=(ClaimedByAnother, InterestDeclared, OwnAffair),
)  # fmt: skip
def issue(tx: Session, actor: Actor, payload: Dict, reference: str) -> Letter:
    """Issue a letter from a case one holds; the resident is told."""
    return actions.issue(tx, actor, reference, **payload)


@blp.get(
    "/staff/letters/<letter>/pdf", who=access.staff_who(policy.MAY, "see"), opens=BY_HAND, sends="application/pdf",
    refuses=(actions.LetterRevoked,), cost="export",
)  # fmt: skip
def staff_pdf(tx: Session, actor: Actor, letter: str) -> Response:
    """A letter as a PDF."""
    found = letters.letter(tx, actor, letter)
    audit.opened(tx, actor, ("letter", letter), [found.person_id], view="pdf")
    return _printed(found)


@blp.post("/staff/letters/<letter>/revoke", who=may("revoke"), takes=RevokeLetterIn, gives=StaffLetterOut)
def revoke(tx: Session, actor: Actor, payload: Dict, letter: str) -> Letter:
    """End a letter, and say why; the resident is told."""
    return actions.revoke(tx, actor, letter, **payload)


def _printed(found: Letter) -> Response:
    if found.revoked_at is not None:
        raise actions.LetterRevoked(reason=found.reason)
    answer = Response(letters.printed(found), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.reference}.pdf"'
    return answer
