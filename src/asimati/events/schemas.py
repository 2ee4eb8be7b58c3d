"""Shapes of programmes, events, bookings and the door."""

from __future__ import annotations

from asimati.accounts.schemas import NearOut
from asimati.events.rules import (
    BookingStatus,
    DeferralStatus,
    EventType,
    Language,
    Mode,
    Outcome,
    Publication,
    StatedFor,
)
from asimati.http.fields import (
    UUID,
    Anything,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Object,
    Pattern,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.kit.waitlist import Chance


class ProgrammeIn(Schema):
    slug = String(required=True, max_length=80, validate=[Pattern(r"[a-z0-9]+(-[a-z0-9]+)*\Z")])
    title = Text(required=True, max_length=200)
    description = Text(max_length=4000, allow_none=True)
    edition = String(max_length=80, allow_none=True)
    starts_on = Date(required=True)
    ends_on = Date(required=True)


class ProgrammeEdit(Schema):
    title = Text(max_length=200)
    description = Text(max_length=4000, allow_none=True)
    edition = String(max_length=80, allow_none=True)
    starts_on = Date()
    ends_on = Date()
    status = Enum(Publication)


class ProgrammeOut(Schema):
    slug = String()
    title = Text()
    description = Text(allow_none=True)
    edition = String(allow_none=True)
    starts_on = Date()
    ends_on = Date()
    status = Enum(Publication)


class EventsQuery(PageQuery):
    programme = String(max_length=80)
    day = Date(metadata={"description": "A day of the governorate's calendar"})
    language = Enum(Language)
    mode = Enum(Mode)
    type = Enum(EventType)
    tag = String(max_length=40)
    series = String(max_length=80, metadata={"description": "Events held in parallel, among which a booking moves"})
    q = String(max_length=100, metadata={"description": "Words of title, text or venue in either language"})
    available = Boolean(metadata={"description": "Whether seats can be booked this moment"})


class StaffEventsQuery(EventsQuery):
    status = Enum(Publication, load_default=None)


class Speaker(Schema):
    name = Text(required=True, max_length=200)
    role = Text(max_length=300)


class Material(Schema):
    title = Text(required=True, max_length=200)
    url = String(required=True, max_length=500, validate=[Pattern(r"https://[^\s<>\"]+\Z")])


class _EventFields(Schema):
    type = Enum(EventType)
    title = Text(max_length=200)
    description = Text(max_length=4000, allow_none=True)
    venue = Text(max_length=300, allow_none=True)
    block = String(allow_none=True, max_length=4, validate=[Pattern(r"[0-9]{3,4}\Z")])
    language = Enum(Language)
    mode = Enum(Mode)
    starts_at = DateTime()
    ends_at = DateTime()
    registration_opens_at = DateTime(allow_none=True)
    registration_closes_at = DateTime(allow_none=True)
    capacity = Integer(min=1, max=100_000)
    party_limit = Integer(min=1, max=100)
    approval = Boolean()
    waitlist = Boolean()
    stated_for = Enum(StatedFor)
    questions = Object(allow_none=True)
    minimum_age = Integer(min=0, max=99, allow_none=True)
    maximum_age = Integer(min=0, max=99, allow_none=True)
    late_cancel_hours = Integer(min=0, max=720)
    series = String(max_length=80, allow_none=True)
    room_capacity = Integer(min=1, max=100_000, allow_none=True)
    speakers = List(Nested(Speaker), max_items=30)
    audience = Text(max_length=500, allow_none=True)
    endorsement = Text(max_length=500, allow_none=True)
    tags = List(String(max_length=40), max_items=20)
    materials = List(Nested(Material), max_items=20)
    waiver = String(max_length=500, allow_none=True)
    targets = List(String(max_length=8, validate=[Pattern(r"[0-9]{1,2}\.[0-9a-z]{1,2}\Z")]), max_items=10)
    co_hosts = List(Text(max_length=200), max_items=20)


class EventIn(_EventFields):
    programme = String(required=True, max_length=80)
    type = Enum(EventType, required=True)
    title = Text(required=True, max_length=200)
    language = Enum(Language, required=True)
    mode = Enum(Mode, required=True)
    starts_at = DateTime(required=True)
    ends_at = DateTime(required=True)
    capacity = Integer(required=True, min=1, max=100_000)


class EventEdit(_EventFields):
    status = Enum(Publication)


class Registration(Schema):
    opens_at = DateTime(attribute="registration_opens_at", allow_none=True)
    closes_at = DateTime(attribute="registration_closes_at", allow_none=True)


class EventOut(Schema):
    id = UUID()
    programme = String()
    type = Enum(EventType)
    title = Text()
    description = Text(allow_none=True)
    venue = Text(allow_none=True)
    block = String(allow_none=True)
    language = Enum(Language)
    mode = Enum(Mode)
    starts_at = DateTime()
    ends_at = DateTime()
    capacity = Integer()
    seats_left = Integer()
    waitlist_length = Integer(attribute="waiting")
    waitlist = Boolean()
    party_limit = Integer()
    approval = Boolean()
    stated_for = Enum(StatedFor)
    questions = Anything(metadata={"type": "object"}, allow_none=True)
    minimum_age = Integer(allow_none=True)
    maximum_age = Integer(allow_none=True)
    late_cancel_hours = Integer()
    series = String(allow_none=True)
    speakers = List(Nested(Speaker))
    audience = Text(allow_none=True)
    endorsement = Text(allow_none=True)
    tags = List(String())
    materials = List(Nested(Material))
    registration = Nested(Registration)
    targets = List(String())
    co_hosts = List(Text())
    status = Enum(Publication)


class BookingsQuery(PageQuery):
    updated_since = DateTime()


class StaffBookingsQuery(PageQuery):
    event = UUID()
    status = Enum(BookingStatus)


class BookingIn(Schema):
    party_size = Integer(min=1, max=100, load_default=1)
    answers = Object()


class _Booking(Schema):
    reference = String()
    event = UUID()
    title = Text()
    party_size = Integer()
    status = Enum(BookingStatus)
    position = Integer(allow_none=True)
    offer_expires_at = DateTime(allow_none=True)
    created_at = DateTime()
    updated_at = DateTime()


class StaffBookingOut(_Booking):
    """A booking as staff see it."""

    name = Text(allow_none=True)  # of whoever booked; in lists alone


class BookingOut(_Booking):
    programme = String()
    venue = Text(allow_none=True)
    mode = Enum(Mode)
    starts_at = DateTime()
    ends_at = DateTime()
    late = Boolean(metadata={"description": "Given up so late that it counts as an event missed"})
    chance = Enum(Chance, allow_none=True)
    near = List(Nested(NearOut), metadata={"description": "What asks for rest and gets less; said of one booking"})
    ticket = String(allow_none=True, metadata={"description": "Show it as a QR code; verifiable with /tickets/key"})


class CopyIn(Schema):
    starts_at = DateTime(required=True)


class ImportQuery(Schema):
    dry_run = Boolean(load_default=True)


class ImportFault(Schema):
    row = Integer()
    column = String()
    detail = String()


class ImportOut(Schema):
    rows = Integer()
    created = Integer()
    faults = List(Nested(ImportFault))


class RescheduleIn(Schema):
    event = UUID(required=True)
    answers = Object()  # where the other event asks something else


class FeedbackIn(Schema):
    stars = Integer(required=True, min=1, max=5)
    comment = String(max_length=2000)


class CertificateOut(Schema):
    credential = UUID(attribute="id")
    link = String()
    jwt = String()
    issued_at = DateTime()


class DeferralOut(Schema):
    id = UUID()
    status = Enum(DeferralStatus)
    missed = Integer()
    made_at = DateTime()
    ends_at = DateTime()
    appeal = String(allow_none=True)
    note = String(allow_none=True)


class AppealIn(Schema):
    text = String(required=True, min_length=1, max_length=2000)


class AppealDecisionIn(Schema):
    lift = Boolean(required=True)
    note = Text(required=True, max_length=1000)


class AtTheDoorIn(Schema):
    phone = String(required=True, min_length=4, max_length=40)
    party_size = Integer(min=1, max=100, load_default=1)


class CountsOut(Schema):
    event = UUID()
    capacity = Integer()
    seats_left = Integer()
    parties = Anything(metadata={"type": "object"})
    seats = Anything(metadata={"type": "object"})
    walk_ins = Integer()
    last_at = DateTime(allow_none=True)


class StatisticsOut(Schema):
    event = UUID()
    came = Integer()
    no_shows = Integer()
    groups = Anything(metadata={"type": "object", "description": "Counts by group; null is withheld"})
    feedback = Anything(metadata={"type": "object"})


class ScanIn(Schema):
    ticket = String(required=True, max_length=500)
    nonce = String(required=True, min_length=1, max_length=100)
    at = DateTime(required=True)
    event = UUID(metadata={"description": "The event at whose door the device stands"})


class CheckInIn(Schema):
    """One scan, or a batch of them; either way safe to send again."""

    ticket = String(max_length=500)
    nonce = String(min_length=1, max_length=100)
    at = DateTime()
    event = UUID(metadata={"description": "The event at whose door the device stands"})
    device = String(max_length=100, metadata={"description": "Names the device whose nonces these are"})
    items = List(Nested(ScanIn), max_items=200)


class ScanOut(Schema):
    nonce = String()
    outcome = Enum(Outcome)
    at = DateTime()
    booking = String(allow_none=True)
    event = UUID(allow_none=True)
    party_size = Integer(allow_none=True)
    admitted_at = DateTime(allow_none=True)
    title = Text(allow_none=True)  # of the event the ticket is for
    starts_at = DateTime(allow_none=True, metadata={"description": "When that event begins"})


class CheckInOut(ScanOut):
    items = List(Nested(ScanOut))


class KeyOut(Schema):
    kty = String()
    crv = String()
    alg = String()
    use = String()
    x = String()
