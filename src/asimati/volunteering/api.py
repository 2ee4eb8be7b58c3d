"""Routes of volunteering."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import segno
from flask import Response

from asimati.accounts.calendar import Overlaps, TooLittleRest
from asimati.accounts.refusals import OwnAffair
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit, clock
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import audiences as _audiences  # noqa: F401 - for whoever writes to many people
from asimati.volunteering import feed as _feed  # noqa: F401 - for the calendar of whoever has one
from asimati.volunteering import policy, printing, queries, rules, schemas
from asimati.volunteering.actions import (
    attendance,
    coordinating,
    joining,
    organising,
    recurring,
    signing_up,
    waitlist,
)
from asimati.volunteering.models import Opportunity, Shift
from asimati.volunteering.refusals import (
    NOT_READY,
    AlreadySignedUp,
    GuardianAwaited,
    GuardianNeeded,
    NotNow,
    OwnHours,
    PlacesTaken,
    RoleNeeded,
    RolesUsed,
    ShiftCancelled,
    ShiftFull,
    ShiftOfferLapsed,
    ShiftOver,
    ShiftUsed,
    WrongShiftCode,
)

blp = Blueprint("volunteering", __name__, description="Opportunities, shifts, hours and the passport")
may = partial(access.staff_who, policy.MAY)
CONSTRAINTS["sign_up_live_key"] = CONSTRAINTS["sign_up_line_key"] = AlreadySignedUp
audit.SUBJECTS["sign_up"] = _("your sign-up to volunteer")
DESKS.append(
    Desk(
        titles={"sign-ups": _("Sign-ups")},
        may=lambda actor: policy.may(actor, "decide"),
        counts=lambda tx, actor: {"sign-ups": queries.pending_sign_ups(tx)},
        items=lambda tx, actor, name, query: queries.sign_ups(tx, actor, query["page"], rules.SignUpStatus.PENDING),
        gives=schemas.StaffSignUpOut,
        opens="sign_up",
    )
)

Dict = dict[str, Any]


@blp.get(
    "/opportunities",
    who=access.anyone,
    query=schemas.OpportunitiesQuery,
    gives=page_of(schemas.OpportunityItem),
)
def opportunities(tx: Session, actor: Actor, query: Dict) -> Page:
    """What volunteers are asked for."""
    return queries.opportunities(tx, **query)


@blp.get("/opportunities/<uuid:opportunity_id>", who=access.anyone, gives=schemas.OpportunityOut, kept=True)
def opportunity(tx: Session, actor: Actor, opportunity_id: UUID) -> Dict:
    """One opportunity and its shifts."""
    return queries.opportunity(tx, opportunity_id)


@blp.post(
    "/shifts/<uuid:shift_id>/sign-ups",
    who=access.residents,
    takes=schemas.SignUpIn,
    gives=schemas.SignUpOut,
    status=201,
    refuses=[
        ShiftCancelled,
        ShiftFull,
        ShiftOver,
        AlreadySignedUp,
        RoleNeeded,
        Overlaps,
        TooLittleRest,
        *NOT_READY,
    ],
)
def sign_up(tx: Session, actor: Actor, payload: Dict, shift_id: UUID) -> Dict:
    """Take a place on a shift, in one of its roles if it has any; when that is full, one in its line."""
    return joining.sign_up(tx, actor, shift_id, **payload)


@blp.get("/sign-ups", who=access.residents, query=PageQuery, gives=page_of(schemas.SignUpOut))
def sign_ups(tx: Session, actor: Actor, query: Dict) -> Page:
    """One's own sign-ups."""
    return queries.sign_ups(tx, actor, query["page"])


@blp.delete(
    "/sign-ups/<uuid:sign_up_id>", who=access.residents, gives=schemas.SignUpOut, refuses=[IllegalMove, ShiftOver]
)
def withdraw(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Give the place back."""
    return queries.sign_up_view(tx, signing_up.withdraw(tx, actor, sign_up_id))


@blp.post(
    "/sign-ups/<uuid:sign_up_id>/accept",
    who=access.residents,
    gives=schemas.SignUpOut,
    refuses=[ShiftOfferLapsed, IllegalMove, Overlaps, TooLittleRest, GuardianNeeded],
)
def accept_place(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Take the place that is offered to whoever waited in line."""
    return queries.sign_up_view(tx, waitlist.accept(tx, actor, sign_up_id))


@blp.post(
    "/sign-ups/<uuid:sign_up_id>/check-in",
    who=access.staff_with(policy.MAY["record_times"], and_residents=True),
    takes=schemas.TimesIn,
    gives=schemas.SignUpOut,
    refuses=[WrongShiftCode, NotNow, IllegalMove, OwnHours],
)
def check_in(tx: Session, actor: Actor, payload: Dict, sign_up_id: UUID) -> Dict:
    """Arrive: with the code shown at the shift, or written down by a coordinator."""
    return queries.sign_up_view(tx, attendance.check_in(tx, actor, sign_up_id, **payload))


@blp.post(
    "/sign-ups/<uuid:sign_up_id>/check-out",
    who=access.staff_with(policy.MAY["record_times"], and_residents=True),
    takes=schemas.TimesIn,
    gives=schemas.SignUpOut,
    refuses=[WrongShiftCode, NotNow, IllegalMove, OwnHours],
)
def check_out(tx: Session, actor: Actor, payload: Dict, sign_up_id: UUID) -> Dict:
    """Leave: with the code shown at the shift, or written down by a coordinator; the time waits for their word."""
    return queries.sign_up_view(tx, attendance.check_out(tx, actor, sign_up_id, **payload))


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get(
    "/staff/opportunities",
    who=may("see"),
    query=schemas.OpportunitiesQuery,
    gives=page_of(schemas.OpportunityItem),
)
def staff_opportunities(tx: Session, actor: Actor, query: Dict) -> Page:
    """Everything on offer, unpublished too."""
    policy.require(actor, "see")
    return queries.opportunities(tx, **query, unpublished=True)


@blp.post(
    "/staff/opportunities",
    who=may("organise"),
    takes=schemas.OpportunityIn,
    gives=schemas.OpportunityItem,
    status=201,
)
def create_opportunity(tx: Session, actor: Actor, payload: Dict) -> Opportunity:
    """Offer something new."""
    return organising.create_opportunity(tx, actor, payload)


@blp.get("/staff/opportunities/<uuid:opportunity_id>", who=may("see"), gives=schemas.OpportunityOut, tagged=True)
def staff_opportunity(tx: Session, actor: Actor, opportunity_id: UUID) -> Dict:
    """One opportunity and its shifts, published or not."""
    policy.require(actor, "see")
    return queries.opportunity(tx, opportunity_id, unpublished=True)


@blp.patch(
    "/staff/opportunities/<uuid:opportunity_id>",
    who=may("organise"),
    takes=schemas.OpportunityEdit,
    gives=schemas.OpportunityItem,
)
def edit_opportunity(
    tx: Session, actor: Actor, payload: Dict, version: int | None, opportunity_id: UUID
) -> Opportunity:
    """Change what is offered."""
    return organising.edit_opportunity(tx, actor, opportunity_id, version, payload)


@blp.get("/staff/shifts", who=may("see"), query=PageQuery, gives=page_of(schemas.ShiftOut))
def shifts(tx: Session, actor: Actor, query: Dict) -> Page:
    """Shifts by time."""
    policy.require(actor, "see")
    return queries.shifts(tx, query["page"])


@blp.post("/staff/shifts", who=may("organise"), takes=schemas.ShiftIn, gives=schemas.ShiftOut, status=201)
def create_shift(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Add a shift."""
    return queries.shift_view(organising.create_shift(tx, actor, **payload))


@blp.get("/staff/shifts/<uuid:shift_id>", who=may("see"), gives=schemas.ShiftOut, tagged=True)
def shift(tx: Session, actor: Actor, shift_id: UUID) -> Dict:
    """One shift."""
    policy.require(actor, "see")
    return queries.shift_view(_shift(tx, shift_id))


@blp.patch(
    "/staff/shifts/<uuid:shift_id>",
    who=may("organise"),
    takes=schemas.ShiftEdit,
    gives=schemas.ShiftOut,
    refuses=[PlacesTaken, RolesUsed, ShiftUsed, ShiftCancelled],
)
def edit_shift(tx: Session, actor: Actor, payload: Dict, version: int | None, shift_id: UUID) -> Dict:
    """Change how many a shift takes, or its times while nobody is signed up; its series' later ones too."""
    return queries.shift_view(recurring.edit_shift(tx, actor, shift_id, version, **payload))


@blp.post(
    "/staff/shifts/<uuid:shift_id>/cancel",
    who=may("organise"),
    takes=schemas.ShiftCancelIn,
    gives=schemas.CancelledOut,
    refuses=[ShiftOver],
)
def cancel_shift(tx: Session, actor: Actor, payload: Dict, shift_id: UUID) -> Dict:
    """Let a shift not take place, or it and the later ones of its series; its volunteers are told why."""
    return recurring.cancel(tx, actor, shift_id, **payload)


@blp.post(
    "/staff/shift-series",
    who=may("organise"),
    query=schemas.ShiftSeriesQuery,
    takes=schemas.ShiftSeriesIn,
    gives=schemas.ShiftSeriesOut,
)
def make_series(tx: Session, actor: Actor, query: Dict, payload: Dict) -> Dict:
    """Make shifts by a rule, or show what it would make; asked twice, it makes those that are missing."""
    make = recurring.preview if query["dry_run"] else recurring.make_series
    return make(tx, actor, payload)


@blp.get("/staff/shifts/<uuid:shift_id>/code", who=may("record_times"), gives=schemas.ShiftCodeOut)
def shift_code(tx: Session, actor: Actor, shift_id: UUID) -> Dict:
    """The check-in code to show at the shift this minute."""
    policy.require(actor, "record_times")
    found, now = _shift(tx, shift_id), clock.now(tx)
    code = attendance.shift_code(found.id, now)
    ends = (int(now.timestamp()) // rules.CODE_WINDOW + 1) * rules.CODE_WINDOW
    return {
        "code": code,
        "changes_at": datetime.fromtimestamp(ends, UTC),
        "qr": segno.make(code, micro=False).svg_inline(scale=8),
    }


@blp.post(
    "/staff/shifts/<uuid:shift_id>/broadcast",
    who=may("organise"),
    takes=schemas.ShiftNoticeIn,
    gives=schemas.ShiftNoticeOut,
)
def tell_shift(tx: Session, actor: Actor, payload: Dict, shift_id: UUID) -> Dict:
    """Write to everybody who is expected at a shift or is there: a changed meeting point, the weather."""
    return {"told": coordinating.broadcast(tx, actor, shift_id, **payload)}


@blp.get(
    "/staff/shifts/<uuid:shift_id>/attendance.pdf", who=may("see"), query=schemas.SheetQuery, opens=BY_HAND,
    sends="application/pdf", cost="export",
)  # fmt: skip
def attendance_sheet(tx: Session, actor: Actor, query: Dict, shift_id: UUID) -> Response:
    """A shift's attendance sheet to print and sign, in both languages at once."""
    found, opportunity = coordinating.of_shift(tx, shift_id)
    volunteers = coordinating.on_paper(tx, actor, shift_id)
    language = str(query.get("language") or "ar")
    paper = printing.attendance(found, opportunity, volunteers, language=language, made_at=clock.now(tx))
    headers = {"Content-Disposition": 'attachment; filename="attendance.pdf"', "Cache-Control": "private, no-store"}
    return Response(paper, mimetype="application/pdf", headers=headers)


@blp.get(
    "/staff/sign-ups",
    who=may("see"),
    query=schemas.StaffSignUpsQuery,
    gives=page_of(schemas.StaffSignUpOut),
    opens="sign_up",
)
def staff_sign_ups(tx: Session, actor: Actor, query: Dict) -> Page:
    """Sign-ups by status, or those of one shift: its roster."""
    return queries.sign_ups(tx, actor, query["page"], query.get("status"), query.get("shift"))


@blp.post(
    "/staff/sign-ups/<uuid:sign_up_id>/approve",
    who=may("decide"),
    gives=schemas.StaffSignUpOut,
    refuses=[IllegalMove, GuardianAwaited, OwnAffair],
)
def approve_sign_up(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Say yes to a sign-up."""
    return queries.sign_up_view(tx, signing_up.approve(tx, actor, sign_up_id))


@blp.post(
    "/staff/sign-ups/<uuid:sign_up_id>/decline",
    who=may("decide"),
    takes=schemas.DeclineIn,
    gives=schemas.StaffSignUpOut,
    refuses=[IllegalMove, OwnAffair],
)
def decline_sign_up(tx: Session, actor: Actor, payload: Dict, sign_up_id: UUID) -> Dict:
    """Say no to a sign-up."""
    return queries.sign_up_view(tx, signing_up.decline(tx, actor, sign_up_id, **payload))


@blp.post(
    "/staff/sign-ups/<uuid:sign_up_id>/no-show",
    who=may("record_times"),
    gives=schemas.StaffSignUpOut,
    refuses=[NotNow, IllegalMove, OwnHours],
)
def note_no_show(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Note that a volunteer did not come; the place is free for a replacement."""
    return queries.sign_up_view(tx, signing_up.note_no_show(tx, actor, sign_up_id))


@blp.post(
    "/staff/sign-ups/<uuid:sign_up_id>/call-in",
    who=may("decide"),
    gives=schemas.StaffSignUpOut,
    refuses=[
        ShiftFull,
        ShiftOver,
        IllegalMove,
        Overlaps,
        TooLittleRest,
        OwnHours,
        GuardianAwaited,
        GuardianNeeded,
    ],
)
def call_in(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Give a free place to somebody in line who was asked and said yes: a replacement."""
    return queries.sign_up_view(tx, signing_up.call_in(tx, actor, sign_up_id))


def _shift(tx: Session, shift_id: UUID) -> Shift:
    found = tx.get(Shift, shift_id)
    if found is None:
        raise NotFound
    return found
