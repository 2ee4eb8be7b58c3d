"""The audit trail for those who look after the house. That it is unaltered, `asimati audit verify` proves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import any_, select, text

from asimati.accounts import policy, staff_queries
from asimati.http import access
from asimati.http.fields import UUID, Boolean, DateTime, Integer, Nested, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.audit import AuditLine
from asimati.kit.db import Session
from asimati.kit.pages import Page, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("audit", __name__, description="Who did what")
audit.SUBJECTS["audit"] = _("the record of what was done with your data")
_PATIENCE = 120  # seconds a walk may take
auditors = access.staff_with(policy.MAY["audit"])


class AuditQuery(PageQuery):
    action = String(max_length=100, metadata={"description": "The deed, or how it begins: `events.`"})
    subject_type = String(max_length=80)
    subject_id = String(max_length=80)
    actor_id = UUID(metadata={"description": "Who did it"})
    person = UUID(metadata={"description": "The resident whose data it was about"})
    since = DateTime()
    until = DateTime()


class AuditLineOut(Schema):
    id = UUID()
    at = DateTime()
    actor_kind = String()
    actor_id = UUID(allow_none=True)
    staff_name = Text(allow_none=True)
    action = String()
    subject_type = String()
    subject_id = String()
    facts = String(metadata={"description": "JSON, as it is sealed"})
    request_id = String()
    place = Integer(allow_none=True, metadata={"description": "In the chain; null until it is sealed"})


class TrailFaultOut(Schema):
    place = Integer(metadata={"description": "In the chain"})
    kind = String(metadata={"description": "altered, missing, rewritten, forged, cut off, unsigned"})


class VerifiedOut(Schema):
    ok = Boolean()
    sealed = Integer(metadata={"description": "Lines in the chain"})
    waiting = Integer(metadata={"description": "Lines of the last seconds that have no place yet"})
    checkpoints = Integer()
    anchors = Integer(metadata={"description": "Kept outside the database, on the machine that answered"})
    fault = Nested(TrailFaultOut, allow_none=True)


@blp.post("/staff/audit/verify", who=auditors, gives=VerifiedOut)
def verify(tx: Session, actor: Actor) -> Any:
    """Walk the whole chain, its signatures and anchors: was a line edited, removed, reordered or cut off?"""
    tx.connection().execution_options(patience=_PATIENCE + 2)
    tx.execute(text(f"SET LOCAL statement_timeout = {_PATIENCE * 1000}"))
    report = audit.verify(tx)
    audit.record(tx, actor, "audit.verified", ("audit", "trail"), ok=report["ok"])
    return report


@blp.get("/staff/audit", who=auditors, query=AuditQuery, gives=page_of(AuditLineOut), opens=BY_HAND)
def audit_lines(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """The trail, newest first. Looking at it leaves a line too."""
    wanted = select(AuditLine)
    for name in ("subject_type", "subject_id", "actor_id"):
        if name in query:
            wanted = wanted.where(getattr(AuditLine, name) == query[name])
    if "action" in query:
        wanted = wanted.where(AuditLine.action.startswith(query["action"], autoescape=True))
    if "person" in query:
        wanted = wanted.where(query["person"] == any_(AuditLine.people))
    if "since" in query:
        wanted = wanted.where(AuditLine.at >= query["since"])
    if "until" in query:
        wanted = wanted.where(AuditLine.at < query["until"])
    found = paginate(tx, wanted, [AuditLine.id.desc()], query["page"])
    # Words that find nothing are no name of ours, but perhaps somebody's telephone: they do not stay in the trail.
    kept = {name for name, value in query.items() if found.items or not isinstance(value, str)} - {"page"}
    sought = {name: str(query[name]) for name in sorted(kept)}
    audit.opened(tx, actor, ("audit", "trail"), [query.get("person")], sought=sought)
    return Page(staff_queries.named(tx, found.items, "actor_id"), found.next)
