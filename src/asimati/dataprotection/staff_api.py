"""The desk itself, and a resident as the staff may see them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response

from asimati.accounts.actions.people import personal_number
from asimati.dataprotection import actions, policy, queries, schemas
from asimati.dataprotection.actions.asking import refuse_own
from asimati.dataprotection.api import handed_out
from asimati.dataprotection.models import DataRequest
from asimati.dataprotection.refusals import AlreadyErased, AskedAlready, Blocked, OwnFile
from asimati.dataprotection.rules import legal_moves
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit, clock, words
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, Invalid, NotFound
from asimati.kit.forms import home_country
from asimati.kit.pages import Page
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.policy import Actor, may
from asimati.kit.sheets import xlsx_of
from asimati.kit.words import _

blp = Blueprint("dataprotection_desk", __name__, description="The data-protection desk")
may_enter = partial(access.staff_who, policy.MAY)
DESKS.append(
    Desk(
        titles={
            "data-requests": _("Data-protection requests"),
            "data-to-pass-on": _("Changes to pass on to others"),
        },
        may=lambda actor: may(actor, policy.MAY, "handle"),
        counts=queries.counts,
        items=lambda tx, actor, name, query: queries.queue(tx, actor, name, query["page"]),
        gives=schemas.StaffDataRequestItem,
        opens="data_request",
    )
)

Dict = dict[str, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ONE = "/staff/data-requests/<reference>"


@blp.post(
    "/staff/data-requests", who=may_enter("handle"), takes=schemas.AskForIn, gives=schemas.StaffDataRequestOut,
    status=201, refuses=[AskedAlready, OwnFile, NotFound],
)  # fmt: skip
def ask_for(tx: Session, actor: Actor, payload: Dict) -> DataRequest:
    """Write down what somebody asked by letter or at the counter."""
    person = payload.pop("person")
    refuse_own(tx, actor, person)
    return actions.ask(tx, actor, person, **payload)


@blp.get(ONE, who=may_enter("see_requests"), gives=schemas.StaffDataRequestWhole, tagged=True, opens="data_request")
def one(tx: Session, actor: Actor, reference: str) -> Dict:
    """One case, and the moves it may make."""
    found = queries.request(tx, reference)
    return queries.as_read(found, clock.now(tx)) | {"moves": legal_moves(found.status)}


@blp.post(
    f"{ONE}/claim", who=may_enter("handle"), gives=schemas.StaffDataRequestOut, refuses=[IllegalMove, OwnFile]
)
def claim(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Take a case in hand."""
    return actions.claim(tx, actor, reference)


@blp.post(
    f"{ONE}/carry-out", who=may_enter("handle"), takes=schemas.CarryOutIn, gives=schemas.StaffDataRequestOut,
    refuses=[IllegalMove, OwnFile, AlreadyErased],
)  # fmt: skip
def carry_out(tx: Session, actor: Actor, payload: Dict, reference: str) -> DataRequest:
    """Do what was asked, and answer. An erasure is carried out as its plan says."""
    return actions.carry_out(tx, actor, reference, **payload)


@blp.post(
    f"{ONE}/refuse", who=may_enter("handle"), takes=schemas.AnswerIn, gives=schemas.StaffDataRequestOut,
    refuses=[IllegalMove, OwnFile],
)  # fmt: skip
def refuse(tx: Session, actor: Actor, payload: Dict, reference: str) -> DataRequest:
    """Refuse what was asked, and say why."""
    return actions.refuse(tx, actor, reference, payload["answer"])


@blp.post(f"{ONE}/passed-on", who=may_enter("handle"), gives=schemas.StaffDataRequestOut, refuses=[IllegalMove])
def passed_on(tx: Session, actor: Actor, reference: str) -> DataRequest:
    """Note that those who had received the data were told of the change."""
    return actions.passed_on(tx, actor, reference)


@blp.get(f"{ONE}/plan", who=may_enter("handle"), gives=schemas.PlanWhole, opens=BY_HAND)
def plan(tx: Session, actor: Actor, reference: str) -> Dict:
    """What an erasure would delete and leave of whoever asked."""
    found = queries.request(tx, reference)
    audit.opened(tx, actor, ("data_request", reference), [found.person_id], view="plan")
    return {"items": actions.plan(tx, found.person_id)}


@blp.get(
    f"{ONE}/archive", who=may_enter("handle"), opens=BY_HAND, refuses=[OwnFile], sends="application/zip",
    cost="archive",
)  # fmt: skip
def archive(tx: Session, actor: Actor, reference: str) -> Response:
    """The archive of whoever asked, to hand to them. It is in their access log that it was made."""
    found = queries.request(tx, reference)
    refuse_own(tx, actor, found.person_id)
    return handed_out(tx, actor, found.person_id)


@blp.delete("/staff/restrictions/<uuid:restriction_id>", who=may_enter("handle"))
def unblock(tx: Session, actor: Actor, restriction_id: UUID) -> None:
    """End a block or an objection."""
    actions.unblock(tx, actor, restriction_id)


@blp.post("/staff/people/find", who=may_enter("find_person"), takes=schemas.FindIn, gives=schemas.FoundOut)
def find(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Find somebody by their telephone or personal number. Both are sealed, so only the whole number finds them."""
    wanted = {}
    if payload.get("phone"):
        wanted["phone"] = _telephone(payload["phone"])
    if payload.get("cpr"):
        wanted["cpr"] = personal_number(payload["cpr"])
    found = queries.found(tx, **wanted)
    person = found.id if found else None
    audit.opened(tx, actor, ("person", person or ""), [person], view="find")  # that it was tried, whoever it finds
    return {"person": person}


def _telephone(written: str) -> str:
    try:
        return phone_number(written, home_country())
    except NoPhone:
        raise Invalid([("/phone", _("This is not a telephone number."))]) from None


@blp.get("/staff/people/<uuid:person_id>", who=may_enter("see_person"), gives=schemas.PersonOut, opens="person")
def person(tx: Session, actor: Actor, person_id: UUID) -> Dict:
    """A resident, masked as the role asks; in full while one's own unmasking lasts."""
    return queries.person(tx, actor, person_id)


@blp.post(
    "/staff/people/<uuid:person_id>/unmask", who=may_enter("unmask"), takes=schemas.UnmaskIn,
    gives=schemas.PersonOut, status=201, refuses=[OwnFile, Blocked], remembers=False,
)  # fmt: skip
def unmask(tx: Session, actor: Actor, payload: Dict, person_id: UUID) -> Dict:
    """See somebody's details for some minutes, for a purpose. The person reads who looked, and what for.

    A repeat looks once more, with its own line: an answer that was kept would outlast the minutes.
    """
    actions.unmask(tx, actor, person_id, **payload)
    return queries.person(tx, actor, person_id)


@blp.get(
    "/staff/unmaskings", who=may_enter("see_unmaskings"), query=PageQuery, gives=page_of(schemas.UnmaskingOut),
    opens="person",
)  # fmt: skip
def unmaskings(tx: Session, actor: Actor, query: Dict) -> Page:
    """Who saw whose details without their cover, and why."""
    return queries.unmaskings(tx, query["page"])


@blp.get("/staff/processing-records", who=may_enter("see_records"), gives=schemas.RecordsOut)
def records(tx: Session, actor: Actor) -> Dict:
    """The record of processing: what is kept of people, why, by what right, and for how long."""
    return {"items": queries.records()}


@blp.get("/staff/processing-records.xlsx", who=may_enter("see_records"), sends=XLSX, cost="export")
def records_sheet(tx: Session, actor: Actor) -> Response:
    """The record of processing as a workbook, in the reader's language."""
    language = words.language()
    head = [words.translate(one, language) for one in _HEAD]
    rows = [
        (
            group["title"][language], room["title"][language], group["purpose"][language], group["basis"],
            group["law"][language], ", ".join(room["columns"]), room["erasure"],
            ", ".join(f"{name}: {months}" for name, months in room["kept_months"].items()),
        )
        for group in queries.records() for room in group["holdings"]
    ]  # fmt: skip
    made = xlsx_of({words.translate(_("Record of processing"), language): (head, rows)}, language=language)
    name = {"Content-Disposition": 'attachment; filename="processing-records.xlsx"'}
    return Response(made, mimetype=XLSX, headers=name)


_HEAD = (
    _("Group of data"), _("What is kept"), _("What for"), _("Basis"), _("By what right"), _("Fields"),
    _("Upon erasure"), _("Kept for (months)"),
)  # fmt: skip
