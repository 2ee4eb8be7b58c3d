"""What people may do about their own data."""

from __future__ import annotations

from typing import Any

from flask import Response

from asimati.accounts import actions as accounts
from asimati.accounts.refusals import WordsChanged
from asimati.dataprotection import actions, archive, queries, schemas
from asimati.dataprotection.models import DataRequest
from asimati.dataprotection.refusals import AskedAlready
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.settings import settings

blp = Blueprint("dataprotection", __name__, description="One's own data: a copy, consents, and what may be asked")
audit.SUBJECTS["data_request"] = _("your data-protection request")

Dict = dict[str, Any]


@blp.get("/data-protection", who=access.anyone, gives=schemas.NoticeOut, kept=True)
def notice(tx: Session, actor: Actor) -> Dict:
    """What is kept of people, what for and by what right, and who answers for it."""
    facts = settings().governorate.facts["privacy"]
    return {"controller": facts["controller"], "groups": facts["group"]}


@blp.get("/me/export", who=access.residents, sends="application/zip", cost="archive")
def export(tx: Session, actor: Actor) -> Response:
    """Everything that is kept of oneself: a ZIP archive with a page in both languages, JSON, and one's files."""
    return handed_out(tx, actor, actor.person)


@blp.get("/me/erasure-plan", who=access.residents, gives=schemas.PlanWhole)
def erasure_plan(tx: Session, actor: Actor) -> Dict:
    """What an erasure would delete, what it would leave, and why."""
    return {"items": actions.plan(tx, actor.person)}


@blp.post(
    "/me/data-requests", who=access.residents, takes=schemas.AskIn, gives=schemas.DataRequestOut, status=201,
    refuses=[AskedAlready],
)  # fmt: skip
def ask(tx: Session, actor: Actor, payload: Dict) -> DataRequest:
    """Ask for a copy, a correction, a block, an erasure; object, withdraw a consent, have a decision reviewed."""
    return actions.ask(tx, actor, actor.person, **payload)


@blp.get("/me/data-requests", who=access.residents, query=PageQuery, gives=page_of(schemas.DataRequestOut))
def asked(tx: Session, actor: Actor, query: Dict) -> Page:
    """What one has asked, newest first."""
    return queries.requests_of(tx, actor.person, query["page"])


@blp.get("/me/data-requests/<reference>", who=access.residents, gives=schemas.DataRequestOut, tagged=True)
def one(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """One of one's own requests, with the answer."""
    return queries.request_of(tx, actor.person, reference)


@blp.post(
    "/me/data-requests/<reference>/cancel",
    who=access.residents,
    gives=schemas.DataRequestOut,
    refuses=[IllegalMove],
)
def cancel(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Take a request back."""
    return actions.cancel(tx, actor, reference)


@blp.get("/me/consents", who=access.residents, gives=schemas.ConsentsOut)
def consents(tx: Session, actor: Actor) -> Dict:
    """What one may agree to, as it reads now, and one's receipts."""
    return {"items": queries.consents(tx, actor.person)}


@blp.put("/me/consents/<code>", who=access.residents, takes=schemas.ConsentIn, refuses=[WordsChanged])
def consent(tx: Session, actor: Actor, payload: Dict, code: str) -> None:
    """Agree to the words one has read."""
    accounts.consent(tx, actor, actor.person, code, payload["edition"])


@blp.delete("/me/consents/<code>", who=access.residents)
def withdraw(tx: Session, actor: Actor, code: str) -> None:
    """Take a consent back; what was kept by it alone is deleted at once. The receipt stays."""
    if code not in accounts.asked():
        raise NotFound
    accounts.withdraw_consent(tx, actor, actor.person, code)


def handed_out(tx: Session, actor: Actor, person: Any) -> Response:
    """A person's archive as an answer that nothing on its way keeps."""
    made = archive.make(tx, actor, person)
    response = Response(iter(lambda: made.read(1 << 18), b""), mimetype="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="asimati-data.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    response.call_on_close(made.close)
    return response
