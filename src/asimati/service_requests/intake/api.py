"""Routes of what comes in: drafts, similar cases, following, and what staff take down."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.http import access, problems
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.http.uploads import Upload
from asimati.kit.errors import Invalid
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import policy, queries
from asimati.service_requests.actions.submitting import placed
from asimati.service_requests.intake import drafts, importing, many, similar, standing
from asimati.service_requests.intake.models import Draft
from asimati.service_requests.intake.schemas import (
    BatchIn,
    BatchOut,
    CasesBroughtOut,
    DraftChangeIn,
    DraftIn,
    DraftItem,
    DraftOut,
    EligibilityOut,
    FollowedOut,
    ForQuery,
    ImportQuery,
    PrefillOut,
    SimilarListOut,
    SimilarOut,
    SimilarQuery,
)
from asimati.service_requests.models import ServiceRequest

blp = Blueprint("intake", __name__, description="How requests come in")
may = partial(access.staff_who, policy.MAY)

Dict = dict[str, Any]


# --- before filing ---------------------------------------------------------------------------------------------


@blp.get("/services/<code>/eligibility", who=access.residents, query=ForQuery, gives=EligibilityOut)
def eligibility(tx: Session, actor: Actor, query: Dict, code: str) -> Dict:
    """Whether I may file for a service, for myself or a member of my household, and if not, what is in the way."""
    return standing.shown(tx, actor, queries.service(tx, code), query.get("member"))


@blp.get("/services/<code>/prefill", who=access.residents, query=ForQuery, gives=PrefillOut)
def prefill(tx: Session, actor: Actor, query: Dict, code: str) -> Dict:
    """Answers to begin with: what my profile says, and what I answered before."""
    return standing.prefilled(tx, actor, queries.service(tx, code), query.get("member"))


# --- drafts ----------------------------------------------------------------------------------------------------


@blp.post(
    "/request-drafts", who=access.residents, takes=DraftIn, gives=DraftOut, status=201,
    refuses=(drafts.TooManyDrafts,),
)  # fmt: skip
def begin_draft(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Keep what I have written so far, complete or not."""
    return _shown(drafts.begin(tx, actor, **payload))


@blp.get("/request-drafts", who=access.residents, query=PageQuery, gives=page_of(DraftItem))
def my_drafts(tx: Session, actor: Actor, query: Dict) -> Page:
    """My drafts, the last written first."""
    return drafts.mine(tx, actor, query["page"])


@blp.get("/request-drafts/<uuid:draft_id>", who=access.residents, gives=DraftOut, tagged=True)
def my_draft(tx: Session, actor: Actor, draft_id: UUID) -> Dict:
    """One draft, and what its form still asks for."""
    return _shown(drafts.one(tx, actor, draft_id))


@blp.patch("/request-drafts/<uuid:draft_id>", who=access.residents, takes=DraftChangeIn, gives=DraftOut)
def go_on_with_draft(tx: Session, actor: Actor, payload: Dict, version: int | None, draft_id: UUID) -> Dict:
    """Keep what I have written since."""
    return _shown(drafts.go_on(tx, actor, draft_id, version, payload))


@blp.delete("/request-drafts/<uuid:draft_id>", who=access.residents)
def throw_draft_away(tx: Session, actor: Actor, draft_id: UUID) -> None:
    """Delete a draft."""
    drafts.throw_away(tx, actor, draft_id)


def _shown(draft: Draft) -> Dict:
    names = (
        "id",
        "service",
        "subject",
        "form_version",
        "current",
        "answers",
        "location",
        "created_at",
        "updated_at",
        "version",
    )
    return {name: getattr(draft, name) for name in names} | {"missing": drafts.missing(draft)}


# --- many at once ----------------------------------------------------------------------------------------------


@blp.post("/staff/intake/batches", who=may("intake"), takes=BatchIn, gives=BatchOut)
def take_batch(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Take in what was captured outside, each with a key of its own; sent again, it makes nothing twice."""
    captured = [(one["key"], one["request"]) for one in payload["items"]]
    return {"items": many.batch(tx, actor, captured)}


@blp.post(
    "/staff/intake/imports", who=may("intake"), uploads=True, query=ImportQuery, gives=CasesBroughtOut,
    refuses=(problems.UnsupportedType,),
)  # fmt: skip
def bring(tx: Session, actor: Actor, query: Dict, upload: Upload | None) -> Dict:
    """Bring the cases of another system (CSV, XLSX, JSON); with `dry_run`, the default, only say what would be."""
    if upload is None:
        raise Invalid([("/file", _("This is required."))])
    return importing.bring(tx, actor, upload.stream.read(), query["channel"], dry_run=query["dry_run"])


# --- similar cases ---------------------------------------------------------------------------------------------


@blp.get("/services/<code>/similar", who=access.anyone, query=SimilarQuery, gives=SimilarListOut)
def similar_cases(tx: Session, actor: Actor, query: Dict, code: str) -> Dict:
    """Open requests near a place that may be about the same matter: follow one of them instead."""
    return {"items": similar.similar(tx, actor, queries.service(tx, code), placed(tx, query))}


@blp.get(
    "/staff/service-requests/<reference>/similar", who=may("see"), query=PageQuery, gives=page_of(SimilarOut),
    opens="service_request",
)  # fmt: skip
def similar_to(tx: Session, actor: Actor, query: Dict, reference: str) -> Page:
    """Open cases that may be about the same matter, to join them."""
    return Page(similar.similar_to(tx, actor, queries.request(tx, actor, reference)), None)


@blp.post(
    "/service-requests/<reference>/follow", who=access.residents, gives=FollowedOut, status=201,
    refuses=(similar.AlreadyYours,),
)  # fmt: skip
def follow(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """Be told when a neighbour's request is answered."""
    return similar.follow(tx, actor, reference)


@blp.delete("/service-requests/<reference>/follow", who=access.residents)
def leave(tx: Session, actor: Actor, reference: str) -> None:
    """Follow a request no longer."""
    similar.leave(tx, actor, reference)


@blp.get("/followed-requests", who=access.residents, query=PageQuery, gives=page_of(FollowedOut))
def followed(tx: Session, actor: Actor, query: Dict) -> Page:
    """The requests I follow, and how they stand."""
    return similar.followed(tx, actor, query["page"])
