"""Routes of the catalogue, of residents' cases, and of the staff who work on them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.refusals import AssuranceTooLow, OwnAffair
from asimati.http import access, problems
from asimati.http.pages import page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import actions, policy, queries
from asimati.service_requests.actions.attaching import pass_for
from asimati.service_requests.actions.bulk import bulk
from asimati.service_requests.actions.moving import NOTHING, Said
from asimati.service_requests.actions.residents import in_its_language
from asimati.service_requests.intake import drafts
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.policy import ClaimedByAnother
from asimati.service_requests.refusals import (
    AlreadyAppealed,
    AlreadyRated,
    AlreadyTakenIn,
    ConditionsNotMet,
    DifferentOfficerNeeded,
    FormChanged,
    HandOverFirst,
    InterestDeclared,
    NobodyToAsk,
    ProfileIncomplete,
    RatingWindowOver,
    ReopenWindowOver,
)
from asimati.service_requests.schemas import (
    AssignIn,
    BulkIn,
    BulkOut,
    DepartmentsOut,
    HandOverIn,
    IntakeIn,
    MergeIn,
    MessageMoveIn,
    MoveIn,
    MyRequestItem,
    MyRequestsQuery,
    OfficersOut,
    OfficersQuery,
    RatingIn,
    ReasonsOut,
    ReferIn,
    ReopenIn,
    RequestDeclineIn,
    RequestNoteIn,
    RequestOut,
    ServiceOut,
    ServicesQuery,
    StaffRequestItem,
    StaffRequestOut,
    SubmitIn,
    SubmittedOut,
    TimesOut,
    WithdrawIn,
    WriteIn,
)
from asimati.service_requests.times import usual_times

blp = Blueprint("service_requests", __name__, description="What residents ask for, and what becomes of it")
may = partial(access.staff_who, policy.MAY)

problems.CONSTRAINTS["service_request_channel_external_ref_key"] = AlreadyTakenIn
audit.SUBJECTS["service_request"] = _("your request")
NARROWED_BY = frozenset(
    {
        "q", "service", "department", "area", "block", "channel", "kind", "status", "holder", "entity",
        "filed_from", "filed_to", "due_from", "due_to", "order",
    }
)  # fmt: skip
DESKS.append(
    Desk(
        titles={
            "mine": _("My cases"),
            "unassigned": _("Unassigned"),
            "overdue": _("Overdue"),
            "due_today": _("Due today"),
            "referred": _("Referred"),
            "to_approve": _("Answers to approve"),
            "waiting": _("Waiting for the resident"),
            "open": _("All open cases"),
        },
        may=lambda actor: policy.may(actor, "see"),
        counts=queries.queues,
        items=lambda tx, actor, name, query: queries.queue(tx, actor, name, **query),
        gives=StaffRequestItem,
        opens="service_request",
        narrowed_by=NARROWED_BY,
    )
)

Payload = dict[str, Any]


# --- the catalogue ---------------------------------------------------------------------------------------------


@blp.get("/services", who=access.anyone, query=ServicesQuery, gives=page_of(ServiceOut), kept=True)
def services(tx: Session, actor: Actor, query: Payload) -> Page:
    """What residents can ask for."""
    return queries.services(tx, **query)


@blp.get("/services/<code>", who=access.anyone, gives=ServiceOut, kept=True)
def service(tx: Session, actor: Actor, code: str) -> Service:
    """One service with its form."""
    return queries.service(tx, code)


@blp.get("/services/<code>/times", who=access.anyone, gives=TimesOut)
def service_times(tx: Session, actor: Actor, code: str) -> Payload:
    """Why it takes this long: what the answers of the last 90 days took, in working time."""
    return usual_times(tx, code)


# --- residents -------------------------------------------------------------------------------------------------


@blp.post(
    "/service-requests", who=access.anyone, takes=SubmitIn, gives=SubmittedOut, status=201,
    refuses=(AssuranceTooLow, ConditionsNotMet, ProfileIncomplete, FormChanged),
)  # fmt: skip
def submit(tx: Session, actor: Actor, payload: Payload) -> ServiceRequest:
    """File a request. Services that allow it take it without a sign-in."""
    draft = payload.pop("draft", None)
    if draft and actor.is_resident and "member" not in payload:
        payload["member"] = drafts.member_of(tx, actor, draft)
    made = actions.submit(tx, actor, **payload)
    if draft and actor.is_resident:
        drafts.sent(tx, actor, draft)
    if made.person_id is None:
        made.attach = pass_for(tx, made)  # type: ignore[attr-defined]
    return made


@blp.get("/service-requests", who=access.residents, query=MyRequestsQuery, gives=page_of(MyRequestItem))
def my_requests(tx: Session, actor: Actor, query: Payload) -> Page:
    """My requests, newest first."""
    return queries.my_requests(tx, actor, **query)


@blp.get("/service-requests/<reference>", who=access.residents, gives=RequestOut, tagged=True)
def my_request(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """One of my requests: its history, whose turn it is, when it is due."""
    return queries.request(tx, actor, reference)


@blp.post(
    "/service-requests/<reference>/messages", who=access.residents, takes=WriteIn, gives=RequestOut, status=201,
    versioned=True, refuses=(IllegalMove,),
)  # fmt: skip
def write(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Write about my request; if an answer was awaited, this is it."""
    return actions.write(tx, actor, reference, **payload, version=version)


@blp.post(
    "/service-requests/<reference>/withdraw", who=access.residents, takes=WithdrawIn, gives=RequestOut,
    versioned=True, refuses=(IllegalMove,),
)  # fmt: skip
def withdraw(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Take my request back."""
    return actions.withdraw(tx, actor, reference, **payload, version=version)


@blp.post(
    "/service-requests/<reference>/reopen", who=access.residents, takes=ReopenIn, gives=RequestOut, versioned=True,
    refuses=(IllegalMove, ReopenWindowOver),
)  # fmt: skip
def reopen(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Ask for my answered request to be looked at again."""
    text = payload.get("text")
    said = Said(in_its_language(text)) if text else NOTHING
    return actions.reopen(tx, actor, reference, said, version=version)


@blp.post(
    "/service-requests/<reference>/appeal", who=access.residents, takes=WriteIn, gives=RequestOut, versioned=True,
    refuses=(IllegalMove, AlreadyAppealed, ReopenWindowOver),
)  # fmt: skip
def appeal(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Ask for a decision by a different officer, once."""
    return actions.appeal(tx, actor, reference, **payload, version=version)


@blp.post(
    "/service-requests/<reference>/rating", who=access.residents, takes=RatingIn, gives=RequestOut, status=201,
    versioned=True, refuses=(IllegalMove, AlreadyRated, RatingWindowOver),
)  # fmt: skip
def rate(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Say how good the answer was."""
    return actions.rate(tx, actor, reference, **payload, version=version)


# --- staff -----------------------------------------------------------------------------------------------------


@blp.post(
    "/staff/intake", who=may("intake"), takes=IntakeIn, gives=StaffRequestOut, status=201,
    refuses=(ConditionsNotMet, FormChanged, AlreadyTakenIn, OwnAffair),
)  # fmt: skip
def intake(tx: Session, actor: Actor, payload: Payload) -> ServiceRequest:
    """Write a request down for someone, from any channel."""
    return actions.intake(tx, actor, **payload)


@blp.get(
    "/staff/service-requests/<reference>",
    who=may("see"),
    gives=StaffRequestOut,
    tagged=True,
    opens=BY_HAND,
)
def staff_request(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """One case with all that happened to it, notes included."""
    found = queries.request(tx, actor, reference)
    audit.opened(tx, actor, ("service_request", reference), found.people, view="staff_request")
    return found


@blp.post("/staff/service-requests/moves", who=may("claim"), takes=BulkIn, gives=BulkOut)
def many_moves(tx: Session, actor: Actor, payload: Payload) -> Payload:
    """One move with up to 100 cases; each has its own result."""
    return bulk(tx, actor, **payload)


def _move(name: str, takes: type[MoveIn] | type[RequestNoteIn] = MoveIn, *refuses: type[Any]) -> Any:
    """The route of one move of the staff. A move may name the version it was decided on, by If-Match."""
    return blp.post(
        f"/staff/service-requests/<reference>/{name.replace('_', '-')}", who=may(name), takes=takes,
        gives=StaffRequestOut, versioned=True,
        refuses=(IllegalMove, ClaimedByAnother, InterestDeclared, OwnAffair, *refuses),
    )  # fmt: skip


def _said(payload: Payload) -> Said:
    return Said(payload.get("message"), payload.get("note"))


@_move("claim", MoveIn, DifferentOfficerNeeded)
def claim(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Take a case to review it."""
    return actions.claim(tx, actor, reference, _said(payload), version=version)


@_move("release")
def release(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Put a case back into the queue."""
    return actions.release(tx, actor, reference, _said(payload), version=version)


@_move("assign", AssignIn, DifferentOfficerNeeded)
def assign(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Give a case to a colleague."""
    reviewer: UUID = payload["reviewer"]
    return actions.assign(tx, actor, reference, _said(payload), reviewer=reviewer, version=version)


@_move("hand_over", HandOverIn, DifferentOfficerNeeded)
def hand_over(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Give a case you hold to a colleague."""
    reviewer: UUID = payload["reviewer"]
    return actions.hand_over(tx, actor, reference, _said(payload), reviewer=reviewer, version=version)


@_move("declare", RequestNoteIn, HandOverFirst)
def declare(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Declare an interest in a case: you take no further part in it."""
    return actions.declare_interest(tx, actor, reference, _said(payload), version=version)


@_move("approve", MoveIn, DifferentOfficerNeeded)
def approve(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Agree to the answer a colleague proposed."""
    return actions.approve(tx, actor, reference, _said(payload), version=version)


@_move("merge", MergeIn, DifferentOfficerNeeded)
def merge(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Join a case to an earlier one about the same matter."""
    return actions.merge(tx, actor, reference, _said(payload), into=payload["into"], version=version)


@blp.get("/staff/officers", who=may("see"), query=OfficersQuery, gives=OfficersOut, refuses=[NotFound])
def officers(tx: Session, actor: Actor, query: Payload) -> Payload:
    """Colleagues who work on cases, or those a case can be given to."""
    return {"items": queries.officers(tx, actor, **query)}


@blp.get("/staff/departments", who=may("see"), gives=DepartmentsOut)
def departments(tx: Session, actor: Actor) -> Payload:
    """The departments of the services on offer."""
    return {"items": queries.departments(tx, actor)}


@blp.get("/staff/decline-reasons", who=may("decline"), gives=ReasonsOut)
def decline_reasons(tx: Session, actor: Actor) -> Payload:
    """The reasons a case is usually declined for."""
    return {"items": actions.decline_reasons()}


@_move("ask", MessageMoveIn, NobodyToAsk)
def ask(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Ask the resident something; the clock stands still until they answer."""
    return actions.ask(tx, actor, reference, _said(payload), version=version)


@_move("refer", ReferIn)
def refer(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Hand a case to an outside entity."""
    return actions.refer(tx, actor, reference, _said(payload), entity=payload["entity"], version=version)


@_move("return")
def return_(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Take a case back from the entity, or from a resident who does not answer."""
    return actions.return_(tx, actor, reference, _said(payload), version=version)


@_move("resolve", MessageMoveIn, DifferentOfficerNeeded)
def resolve(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Answer a case."""
    return actions.resolve(tx, actor, reference, _said(payload), version=version)


@_move("decline", RequestDeclineIn, DifferentOfficerNeeded)
def decline(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Close a case with the reason why it cannot be done."""
    return actions.decline(tx, actor, reference, _said(payload), reason=payload.get("reason"), version=version)


@_move("note", RequestNoteIn)
def note(tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str) -> ServiceRequest:
    """Write something down for colleagues."""
    return actions.note(tx, actor, reference, _said(payload), version=version)


@_move("reopen")
def staff_reopen(
    tx: Session, actor: Actor, payload: Payload, version: int | None, reference: str
) -> ServiceRequest:
    """Look at an answered case again."""
    return actions.reopen(tx, actor, reference, _said(payload), version=version)
