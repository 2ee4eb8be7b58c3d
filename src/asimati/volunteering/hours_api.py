"""Routes of hours: claimed afterwards, decided, disputed."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from asimati.files import queries as kept
from asimati.files import serving
from asimati.files.models import StoredFile
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.http.uploads import Upload
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import hours_queries, policy, queries, rules, schemas
from asimati.volunteering import hours_schemas as shapes
from asimati.volunteering.actions import claiming, disputing, hours
from asimati.volunteering.refusals import (
    ClaimNotOpen,
    DisputeClosed,
    DisputeOpen,
    DisputeSettled,
    EvidenceMissing,
    HoursClaimed,
    HoursDecided,
    HoursNotDecided,
    NothingToClaim,
    OwnDecision,
    OwnHours,
    OwnRecord,
)

blp = Blueprint("volunteering-hours", __name__, description="Hours: claimed, decided, disputed")
may = partial(access.staff_who, policy.MAY)
CONSTRAINTS["hours_line_step_key"] = HoursDecided
CONSTRAINTS["hours_claim_sign_up_id_key"] = HoursClaimed
CONSTRAINTS["hours_dispute_open_key"] = DisputeOpen
audit.SUBJECTS["hours_claim"] = _("your volunteering hours")
DESKS.append(
    Desk(
        titles={"hours": _("Hours to approve")},
        may=lambda actor: policy.may(actor, "decide"),
        counts=lambda tx, actor: {"hours": queries.pending_hours(tx)},
        items=lambda tx, actor, name, query: queries.claims(tx, actor, query["page"], rules.ClaimStatus.PENDING),
        gives=schemas.ClaimOut,
        opens="hours_claim",
    )
)
DESKS.append(
    Desk(
        titles={"hours-disputes": _("Disputed hours")},
        may=lambda actor: policy.may(actor, "decide"),
        counts=lambda tx, actor: {"hours-disputes": hours_queries.open_disputes(tx)},
        items=lambda tx, actor, name, query: hours_queries.disputes(
            tx, actor, query["page"], rules.DisputeStatus.OPEN
        ),
        gives=shapes.StaffDisputeOut,
        opens="hours_claim",
    )
)
DESKS.append(
    Desk(
        titles={"check-outs": _("Forgotten check-outs")},
        may=lambda actor: policy.may(actor, "record_times"),
        counts=lambda tx, actor: {"check-outs": hours_queries.forgotten_check_outs(tx)},
        items=lambda tx, actor, name, query: hours_queries.forgotten(tx, actor, query["page"]),
        gives=schemas.StaffSignUpOut,
        opens="sign_up",
    )
)

Dict = dict[str, Any]


@blp.post(
    "/sign-ups/<uuid:sign_up_id>/hours",
    who=access.residents,
    takes=shapes.ClaimIn,
    gives=shapes.MyClaimOut,
    status=201,
    refuses=[HoursClaimed, ClaimNotOpen, NothingToClaim],
)
def claim(tx: Session, actor: Actor, payload: Dict, sign_up_id: UUID) -> Dict:
    """Say afterwards when you served, where no check-out was noted; evidence goes beside it."""
    return hours_queries.my_claim(tx, actor, claiming.claim_afterwards(tx, actor, sign_up_id, **payload).id)


@blp.get("/me/hours", who=access.residents, query=PageQuery, gives=page_of(shapes.MyClaimOut))
def my_hours(tx: Session, actor: Actor, query: Dict) -> Page:
    """One's own hours, whatever became of them, newest first."""
    return hours_queries.my_claims(tx, actor, query["page"])


@blp.get("/me/hours/<uuid:claim_id>", who=access.residents, gives=shapes.MyClaimOut, tagged=True)
def my_claim(tx: Session, actor: Actor, claim_id: UUID) -> Dict:
    """One's own hours on one shift."""
    return hours_queries.my_claim(tx, actor, claim_id)


@blp.post(
    "/me/hours/<uuid:claim_id>/evidence",
    who=access.residents,
    uploads=True,
    gives=serving.FileOut,
    status=201,
    refuses=(*serving.REFUSALS, HoursDecided),
)
def add_evidence(tx: Session, actor: Actor, upload: Upload | None, claim_id: UUID) -> StoredFile:
    """Put a photograph or a paper beside hours you claimed."""
    return claiming.add_evidence(tx, actor, claim_id, upload)


@blp.get(
    "/me/hours/<uuid:claim_id>/evidence/<uuid:file_id>", who=access.residents, refuses=serving.WITHHELD,
    sends=serving.KINDS,
)  # fmt: skip
def my_evidence(tx: Session, actor: Actor, claim_id: UUID, file_id: UUID) -> Response:
    """What you put beside your hours."""
    hours_queries.my_claim(tx, actor, claim_id)
    return serving.answer(kept.one(tx, (hours.ABOUT, claim_id), file_id))


@blp.post(
    "/me/hours/<uuid:claim_id>/dispute",
    who=access.residents,
    takes=shapes.DisputeIn,
    gives=shapes.MyClaimOut,
    status=201,
    refuses=[HoursNotDecided, DisputeOpen, DisputeClosed],
)
def dispute(tx: Session, actor: Actor, payload: Dict, claim_id: UUID) -> Dict:
    """Object to what was decided; somebody other than who decided looks again."""
    disputing.dispute(tx, actor, claim_id, **payload)
    return hours_queries.my_claim(tx, actor, claim_id)


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get(
    "/staff/hours",
    who=may("see"),
    query=schemas.ClaimsQuery,
    gives=page_of(schemas.ClaimOut),
    opens="hours_claim",
)
def claims(tx: Session, actor: Actor, query: Dict) -> Page:
    """Hours by status."""
    return queries.claims(tx, actor, query["page"], query.get("status"))


@blp.post(
    "/staff/hours/<uuid:claim_id>/approve",
    who=may("decide"),
    gives=schemas.ClaimOut,
    refuses=[HoursDecided, EvidenceMissing, OwnRecord, OwnHours],
)
def approve_hours(tx: Session, actor: Actor, claim_id: UUID) -> Dict:
    """Accredit the claimed hours."""
    return queries.claim_view(tx, hours.approve(tx, actor, claim_id))


@blp.post(
    "/staff/hours/<uuid:claim_id>/correct",
    who=may("decide"),
    takes=schemas.CorrectIn,
    gives=schemas.ClaimOut,
    refuses=[HoursDecided, OwnRecord, OwnHours],
)
def correct_hours(tx: Session, actor: Actor, payload: Dict, claim_id: UUID) -> Dict:
    """Accredit another number of minutes, and say why."""
    return queries.claim_view(tx, hours.correct(tx, actor, claim_id, **payload))


@blp.post(
    "/staff/hours/<uuid:claim_id>/reject",
    who=may("decide"),
    takes=schemas.RejectIn,
    gives=schemas.ClaimOut,
    refuses=[HoursDecided, OwnRecord, OwnHours],
)
def reject_hours(tx: Session, actor: Actor, payload: Dict, claim_id: UUID) -> Dict:
    """Refuse the hours, and say why."""
    return queries.claim_view(tx, hours.reject(tx, actor, claim_id, **payload))


@blp.get(
    "/staff/hours/<uuid:claim_id>", who=may("see"), gives=shapes.StaffClaimOut, opens="hours_claim", tagged=True
)
def staff_claim(tx: Session, actor: Actor, claim_id: UUID) -> Dict:
    """Hours with their evidence, their ledger lines and what was disputed."""
    return hours_queries.staff_claim(tx, actor, claim_id)


@blp.get(
    "/staff/hours/<uuid:claim_id>/evidence/<uuid:file_id>",
    sends=serving.KINDS,
    who=may("see"),
    refuses=serving.WITHHELD,
    opens=BY_HAND,
)
def evidence(tx: Session, actor: Actor, claim_id: UUID, file_id: UUID) -> Response:
    """What a volunteer put beside their hours."""
    found = hours_queries.staff_claim(tx, actor, claim_id)
    about = (hours.ABOUT, claim_id)
    audit.opened(tx, actor, ("hours_claim", claim_id), [found["person_id"]], view="evidence", file=file_id)
    return serving.answer(kept.one(tx, about, file_id))


@blp.get(
    "/staff/hours-disputes",
    who=may("see"),
    query=shapes.DisputesQuery,
    gives=page_of(shapes.StaffDisputeOut),
    opens="hours_claim",
)
def disputes(tx: Session, actor: Actor, query: Dict) -> Page:
    """Disputes by status, the oldest first."""
    return hours_queries.disputes(tx, actor, query["page"], query.get("status"))


@blp.post(
    "/staff/hours-disputes/<uuid:dispute_id>/uphold",
    who=may("decide"),
    takes=shapes.UpholdIn,
    gives=shapes.StaffDisputeOut,
    refuses=[DisputeSettled, OwnDecision, OwnRecord, OwnHours],
)
def uphold(tx: Session, actor: Actor, payload: Dict, dispute_id: UUID) -> Dict:
    """Agree with the volunteer: so many minutes count instead."""
    return hours_queries.dispute_view(tx, disputing.uphold(tx, actor, dispute_id, **payload))


@blp.post(
    "/staff/hours-disputes/<uuid:dispute_id>/dismiss",
    who=may("decide"),
    takes=shapes.DismissIn,
    gives=shapes.StaffDisputeOut,
    refuses=[DisputeSettled, OwnDecision, OwnRecord, OwnHours],
)
def dismiss(tx: Session, actor: Actor, payload: Dict, dispute_id: UUID) -> Dict:
    """Disagree with the volunteer, and say why."""
    return hours_queries.dispute_view(tx, disputing.dismiss(tx, actor, dispute_id, **payload))
