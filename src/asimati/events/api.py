"""Routes of programmes, events, bookings and the door."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from asimati.accounts.calendar import Overlaps
from asimati.accounts.refusals import OwnAffair
from asimati.events import actions, policy, queries, rules, schemas, tickets
from asimati.events import audiences as _audiences  # noqa: F401 - for whoever writes to many people
from asimati.events import feed as _feed  # noqa: F401 - for the calendar of whoever booked
from asimati.events.actions.check_in import Shown
from asimati.events.actions.programme import SlugTaken
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import Blueprint
from asimati.http.uploads import Upload
from asimati.kit import audit
from asimati.kit.errors import IllegalMove, Invalid, NotFound
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("events", __name__, description="Programmes and events: booking, the waitlist, tickets, the door")
may = partial(access.staff_who, policy.MAY)

CONSTRAINTS["booking_live_key"] = rules.AlreadyBooked
CONSTRAINTS["programme_pkey"] = SlugTaken
audit.SUBJECTS["booking"] = _("your booking")
DESKS.append(
    Desk(
        titles={"bookings": _("Bookings to decide")},
        may=lambda actor: policy.may(actor, "decide"),
        counts=lambda tx, actor: {"bookings": queries.pending(tx, actor)},
        items=lambda tx, actor, name, query: queries.bookings(
            tx, actor, query["page"], status=rules.BookingStatus.PENDING
        ),
        gives=schemas.StaffBookingOut,
        opens="booking",
    )
)

# --- what is offered -------------------------------------------------------------------------------------------


@blp.get("/programmes", who=access.anyone, query=PageQuery, gives=page_of(schemas.ProgrammeOut), kept=True)
def programmes(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """The programmes that are or were on, the latest first."""
    return queries.programmes(tx, **query)


@blp.get("/programmes/<slug>", who=access.anyone, gives=schemas.ProgrammeOut, kept=True)
def programme(tx: Session, actor: Actor, slug: str) -> Any:
    """One programme."""
    return queries.programme(tx, slug)


@blp.get("/events", who=access.anyone, query=schemas.EventsQuery, gives=page_of(schemas.EventOut), kept=True)
def events(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """Published events by their beginning."""
    return queries.events(tx, **query)


@blp.get("/events/<uuid:event_id>", who=access.anyone, gives=schemas.EventOut, kept=True)
def event(tx: Session, actor: Actor, event_id: UUID) -> Any:
    """One event, with the seats that are left and the parties in line."""
    return queries.event(tx, event_id)


# --- a resident's bookings -------------------------------------------------------------------------------------


@blp.post(
    "/events/<uuid:event_id>/bookings",
    who=access.residents,
    takes=schemas.BookingIn,
    gives=schemas.BookingOut,
    status=201,
    refuses=(
        rules.EventFull,
        rules.EventCancelled,
        rules.AlreadyBooked,
        rules.PartyTooLarge,
        rules.RegistrationNotOpen,
        rules.RegistrationClosed,
        Overlaps,
    ),
)
def book(tx: Session, actor: Actor, payload: dict[str, Any], event_id: UUID) -> Any:
    """Book seats for a party, all or none; where they are taken, a place in line."""
    return actions.book(tx, actor, event_id, **payload)


@blp.get("/bookings", who=access.residents, query=schemas.BookingsQuery, gives=page_of(schemas.BookingOut))
def bookings(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """The caller's bookings, the latest first."""
    return queries.bookings(tx, actor, **query)


@blp.get("/bookings/<reference>", who=access.residents, gives=schemas.BookingOut, tagged=True)
def booking(tx: Session, actor: Actor, reference: str) -> Any:
    """One booking: its status, place in line, offer, and ticket."""
    return queries.booking(tx, actor, reference)


@blp.get("/bookings/<reference>/ticket", who=access.residents, sends="image/svg+xml")
def ticket(tx: Session, actor: Actor, reference: str) -> Response:
    """The ticket as a QR code (SVG)."""
    token = queries.booking(tx, actor, reference).ticket
    if token is None:
        raise NotFound
    return Response(tickets.qr(token), mimetype="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@blp.delete("/bookings/<reference>", who=access.residents, gives=schemas.BookingOut, refuses=(IllegalMove,))
def cancel(tx: Session, actor: Actor, reference: str) -> Any:
    """Give a place up, leave the line, or say no to an offer."""
    return queries.booking(tx, actor, actions.cancel(tx, actor, reference))


@blp.post(
    "/bookings/<reference>/accept",
    who=access.residents,
    gives=schemas.BookingOut,
    refuses=(rules.OfferLapsed, IllegalMove, Overlaps),
)
def accept(tx: Session, actor: Actor, reference: str) -> Any:
    """Take the place that is offered."""
    return queries.booking(tx, actor, actions.accept(tx, actor, reference))


@blp.get("/tickets/key", who=access.anyone, gives=schemas.KeyOut, kept=True)
def ticket_key(tx: Session, actor: Actor) -> Any:
    """The public key (JWK) with which a device verifies tickets offline."""
    return tickets.public_jwk()


# --- staff -----------------------------------------------------------------------------------------------------


@blp.get("/staff/programmes", who=may("see"), query=PageQuery, gives=page_of(schemas.ProgrammeOut))
def staff_programmes(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """All programmes, drafts too."""
    policy.require(actor, "see")
    return queries.programmes(tx, staff=actor, **query)


@blp.post(
    "/staff/programmes",
    who=may("organise"),
    takes=schemas.ProgrammeIn,
    gives=schemas.ProgrammeOut,
    status=201,
    refuses=(SlugTaken,),
)
def create_programme(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """A new programme, as a draft."""
    return actions.create_programme(tx, actor, **payload)


@blp.get("/staff/programmes/<slug>", who=may("see"), gives=schemas.ProgrammeOut, tagged=True)
def staff_programme(tx: Session, actor: Actor, slug: str) -> Any:
    """One programme, also as a draft."""
    policy.require_in(actor, "see", slug)
    return queries.programme(tx, slug, drafts=True)


@blp.patch(
    "/staff/programmes/<slug>",
    who=may("organise"),
    takes=schemas.ProgrammeEdit,
    gives=schemas.ProgrammeOut,
    refuses=(IllegalMove,),
)
def edit_programme(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, slug: str) -> Any:
    """Edit; `status` publishes or cancels."""
    return actions.edit_programme(tx, actor, slug, version, **payload)


@blp.get("/staff/events", who=may("see"), query=schemas.StaffEventsQuery, gives=page_of(schemas.EventOut))
def staff_events(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """All events, drafts too."""
    policy.require(actor, "see")
    return queries.events(tx, staff=actor, **query)


@blp.post("/staff/events", who=may("organise"), takes=schemas.EventIn, gives=schemas.EventOut, status=201)
def create_event(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """A new event, as a draft."""
    return actions.create_event(tx, actor, **payload)


@blp.get("/staff/events/<uuid:event_id>", who=may("see"), gives=schemas.EventOut, tagged=True)
def staff_event(tx: Session, actor: Actor, event_id: UUID) -> Any:
    """One event, also as a draft."""
    found = queries.event(tx, event_id, drafts=True)
    policy.require_at(actor, "see", found)
    return found


@blp.patch(
    "/staff/events/<uuid:event_id>",
    who=may("organise"),
    takes=schemas.EventEdit,
    gives=schemas.EventOut,
    refuses=(IllegalMove, rules.CapacityTooLow),
)
def edit_event(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, event_id: UUID) -> Any:
    """Edit; `status` publishes or cancels. More capacity goes to those in line at once."""
    return actions.edit_event(tx, actor, event_id, version, **payload)


@blp.post(
    "/staff/events/<uuid:event_id>/copy",
    who=may("organise"),
    takes=schemas.CopyIn,
    gives=schemas.EventOut,
    status=201,
)
def copy_event(tx: Session, actor: Actor, payload: dict[str, Any], event_id: UUID) -> Any:
    """A draft like this event, at another time."""
    return actions.copy_event(tx, actor, event_id, payload["starts_at"])


@blp.post(
    "/staff/programmes/<slug>/import",
    who=may("organise"),
    query=schemas.ImportQuery,
    gives=schemas.ImportOut,
    uploads=True,
)
def import_events(tx: Session, actor: Actor, query: dict[str, Any], upload: Upload | None, slug: str) -> Any:
    """Drafts from a CSV or XLSX table, all or none; as a dry run (which it is unless told otherwise) none."""
    policy.require_in(actor, "organise", queries.programme(tx, slug, drafts=True).slug)
    if upload is None:
        raise Invalid([("/file", _("This is required."))])
    return actions.import_events(tx, actor, slug, upload.stream.read(), dry_run=query["dry_run"])


@blp.get(
    "/staff/bookings",
    who=may("see"),
    query=schemas.StaffBookingsQuery,
    gives=page_of(schemas.StaffBookingOut),
    opens="booking",
)
def staff_bookings(tx: Session, actor: Actor, query: dict[str, Any]) -> Any:
    """Bookings of an event, or in a status: those that wait for a decision, say."""
    return queries.bookings(tx, actor, **query)


@blp.post(
    "/staff/bookings/<reference>/approve",
    who=may("decide"),
    gives=schemas.StaffBookingOut,
    refuses=(IllegalMove, OwnAffair, rules.EventFull),
)
def approve(tx: Session, actor: Actor, reference: str) -> Any:
    """Give a pending booking its seats, or its place in line."""
    return queries.booking(tx, actor, actions.approve(tx, actor, reference))


@blp.post(
    "/staff/bookings/<reference>/decline",
    who=may("decide"),
    gives=schemas.StaffBookingOut,
    refuses=(IllegalMove, OwnAffair),
)
def decline(tx: Session, actor: Actor, reference: str) -> Any:
    """Say no to a pending booking."""
    return queries.booking(tx, actor, actions.decline(tx, actor, reference))


@blp.post(
    "/staff/bookings/<reference>/void-check-in",
    who=may("void_check_in"),
    gives=schemas.StaffBookingOut,
    refuses=(IllegalMove,),
)
def void_check_in(tx: Session, actor: Actor, reference: str) -> Any:
    """Take a mistaken check-in back."""
    return queries.booking(tx, actor, actions.void_check_in(tx, actor, reference))


@blp.post("/staff/check-ins", who=may("check_in"), takes=schemas.CheckInIn, gives=schemas.CheckInOut)
def check_in(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """Scan one ticket, or a batch in `items`; the answer has the same form. The door is told, never refused."""
    device = payload.pop("device", None)
    items = payload.pop("items", None)
    if (items is None) == (not payload):
        raise Invalid([("", _("Send one scan, or several in items."))])
    if items is not None:
        return {"items": actions.check_in(tx, actor, [Shown(**one) for one in items], device)}
    missing = [name for name in ("ticket", "nonce", "at") if name not in payload]
    if missing:
        raise Invalid([(f"/{name}", _("This is required.")) for name in missing])
    return actions.check_in(tx, actor, [Shown(**payload)], device)[0]
