"""Routes of the door's figures, of fair use, and of what comes after an event."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from asimati.accounts.calendar import Overlaps
from asimati.accounts.queries import language_of, name_of
from asimati.accounts.refusals import OwnAffair
from asimati.credentials import actions as credentials
from asimati.credentials.writing import qr_svg
from asimati.events import actions, figures, policy, queries, rules, schemas
from asimati.events.actions.after import KIND
from asimati.http import access
from asimati.http.pages import page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.pdf import pdf
from asimati.kit.policy import Actor
from asimati.kit.sheets import csv_of, xlsx_of
from asimati.kit.words import _, language, translate

blp = Blueprint("events-after", __name__, description="The door's figures, fair use, feedback and certificates")
may = partial(access.staff_who, policy.MAY)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

audit.SUBJECTS["deferral"] = _("your place behind others")
DESKS.append(
    Desk(
        titles={"appeals": _("Appeals about fair use")},
        may=lambda actor: policy.may_everywhere(actor, "decide"),
        counts=lambda tx, actor: {"appeals": figures.appeals_waiting(tx)},
        items=lambda tx, actor, name, query: figures.appeals(tx, query["page"]),
        gives=schemas.DeferralOut,
        opens="deferral",
    )
)


# --- residents -------------------------------------------------------------------------------------------------


@blp.post(
    "/bookings/<reference>/reschedule",
    who=access.residents,
    takes=schemas.RescheduleIn,
    gives=schemas.BookingOut,
    refuses=(
        rules.NotParallel,
        rules.NeedsApproval,
        rules.EventFull,
        rules.AlreadyBooked,
        rules.RegistrationClosed,
        Overlaps,
        IllegalMove,
    ),
)
def reschedule(tx: Session, actor: Actor, payload: dict[str, Any], reference: str) -> Any:
    """Move a booking to a parallel event in one move; if there is no seat, the booking stays."""
    moved = actions.reschedule(tx, actor, reference, payload["event"], payload.get("answers"))
    return queries.booking(tx, actor, moved)


@blp.post(
    "/bookings/<reference>/feedback",
    who=access.residents,
    takes=schemas.FeedbackIn,
    gives=schemas.BookingOut,
    status=201,
    refuses=(rules.DidNotAttend, rules.FeedbackGiven),
)
def feedback(tx: Session, actor: Actor, payload: dict[str, Any], reference: str) -> Any:
    """Say what you think of an event you came to, once."""
    return queries.booking(tx, actor, actions.give_feedback(tx, actor, reference, **payload))


@blp.post(
    "/bookings/<reference>/certificate",
    who=access.residents,
    gives=schemas.CertificateOut,
    status=201,
    refuses=(rules.DidNotAttend, rules.NotYetOver),
)
def certificate(tx: Session, actor: Actor, reference: str) -> Any:
    """The certificate of attendance, as a credential anybody can verify."""
    return actions.certify(tx, actor, reference)


@blp.get("/bookings/<reference>/certificate.pdf", who=access.residents, sends="application/pdf", cost="export")
def certificate_pdf(tx: Session, actor: Actor, reference: str) -> Response:
    """The certificate on paper, once it was asked for."""
    booking = queries.booking(tx, actor, reference)
    made = credentials.living(tx, KIND, f"booking:{booking.id}")
    if made is None:
        raise NotFound
    event = queries.event(tx, booking.event)
    names = name_of(tx, actor.person)
    data = {
        "name": {"ar": names["ar"] or names["en"], "en": names["en"] or names["ar"]},
        "title": booking.title,
        "venue": booking.venue,
        "endorsement": event.endorsement,
        "qr": qr_svg(made.link).decode(),
        **{name: made.facts[name] for name in ("day", "hours")},
    }
    page = Path(__file__).parent / "documents" / "certificate.typ"
    paper = pdf(page, data, language=language_of(tx, actor.person), made_at=made.issued_at)
    return _file(paper, f"{reference}.pdf", "application/pdf")


@blp.get("/me/deferrals", who=access.residents, gives=page_of(schemas.DeferralOut))
def my_deferrals(tx: Session, actor: Actor) -> Page:
    """Whether you wait behind others for events you missed, and until when."""
    return figures.deferrals(tx, actor.person)


@blp.post(
    "/me/deferrals/<uuid:deferral_id>/appeal",
    who=access.residents,
    takes=schemas.AppealIn,
    gives=schemas.DeferralOut,
    refuses=(rules.AppealDecided,),
)
def appeal(tx: Session, actor: Actor, payload: dict[str, Any], deferral_id: UUID) -> Any:
    """Ask a human to look at it."""
    return actions.appeal(tx, actor, deferral_id, payload["text"])


# --- staff -----------------------------------------------------------------------------------------------------


@blp.post(
    "/staff/appeals/<uuid:deferral_id>/decide",
    who=may("decide"),
    takes=schemas.AppealDecisionIn,
    gives=schemas.DeferralOut,
    refuses=(rules.AppealDecided, OwnAffair),
)
def decide_appeal(tx: Session, actor: Actor, payload: dict[str, Any], deferral_id: UUID) -> Any:
    """Lift the deferral, or let it stand, and say why."""
    return actions.decide_appeal(tx, actor, deferral_id, **payload)


@blp.post(
    "/staff/events/<uuid:event_id>/walk-ins",
    who=may("check_in"),
    takes=schemas.AtTheDoorIn,
    gives=schemas.ScanOut,
    status=201,
    refuses=(rules.EventFull, rules.EventCancelled, rules.AlreadyBooked, rules.DoorClosed),
)
def walk_in(tx: Session, actor: Actor, payload: dict[str, Any], event_id: UUID) -> Any:
    """Let somebody in who has no booking, while seats are free."""
    return actions.walk_in(tx, actor, event_id, **payload)


@blp.get("/staff/events/<uuid:event_id>/counts", who=may("see"), gives=schemas.CountsOut)
def event_counts(tx: Session, actor: Actor, event_id: UUID) -> Any:
    """How the door stands at this moment."""
    return figures.counts(tx, actor, event_id)


@blp.get("/staff/events/<uuid:event_id>/statistics", who=may("see"), gives=schemas.StatisticsOut)
def event_statistics(tx: Session, actor: Actor, event_id: UUID) -> Any:
    """Who came, in groups large enough to be told; a withheld one is null."""
    return figures.statistics(tx, actor, event_id)


@blp.get(
    "/staff/events/<uuid:event_id>/attendance.csv", who=may("decide"), opens=BY_HAND, sends="text/csv",
    cost="export",
)  # fmt: skip
def attendance_csv(tx: Session, actor: Actor, event_id: UUID) -> Response:
    """The list of bookings as CSV."""
    return _file(csv_of(*_attendance(tx, actor, event_id)), "attendance.csv", "text/csv")


@blp.get(
    "/staff/events/<uuid:event_id>/attendance.xlsx", who=may("decide"), opens=BY_HAND, sends=XLSX, cost="export"
)  # fmt: skip
def attendance_xlsx(tx: Session, actor: Actor, event_id: UUID) -> Response:
    """The list of bookings as a workbook, from right to left in Arabic."""
    table = _attendance(tx, actor, event_id)
    return _file(xlsx_of({translate(_("Attendance")): table}, language=language()), "attendance.xlsx", XLSX)


def _attendance(tx: Session, actor: Actor, event_id: UUID) -> tuple[list[str], list[list[Any]]]:
    rows = figures.attendance(tx, actor, event_id)
    people = {row.person_id for row in rows}
    if people:
        audit.opened(tx, actor, ("booking", ""), people, view="attendance", listed=len(rows), event=event_id)
    questions = sorted({name for row in rows for name in row.answers or {}})
    names = (_("Reference"), _("Name in Arabic"), _("Name in Latin letters"), _("Seats"), _("Status"), _("Let in"),
             _("Without a booking"), _("Booked at"))  # fmt: skip
    headers = [*(translate(name) for name in names), *questions]
    return headers, [
        [row.reference, row.name_ar, row.name_latin, row.party_size, row.status.value, row.at,
         "✓" if row.walk_in else "",
         row.created_at, *((row.answers or {}).get(name) for name in questions)]
        for row in rows
    ]  # fmt: skip


def _file(body: bytes, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(body, mimetype=kind, headers=headers)
