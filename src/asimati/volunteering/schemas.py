"""Shapes of volunteering."""

from __future__ import annotations

from asimati.accounts.models.people import Language
from asimati.http.fields import (
    UUID,
    Boolean,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Pattern,
    QueryInteger,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.volunteering.joining_rules import OrientationRule
from asimati.volunteering.rules import ClaimStatus, LineKind, SignUpStatus


class OpportunitiesQuery(PageQuery):
    q = String(max_length=100, metadata={"description": "Words of the title or the text, either language"})
    goal = QueryInteger(min=1, max=17)


class ShiftOut(Schema):
    id = UUID()
    opportunity = UUID()
    starts_at = DateTime()
    ends_at = DateTime()
    places = Integer()
    places_left = Integer()
    waiting = Integer(metadata={"description": "How many wait in line for a place"})


class OpportunityItem(Schema):
    id = UUID()
    title = Text()
    description = Text(allow_none=True)
    host = Text(allow_none=True)
    location = Text(allow_none=True)
    block = String(allow_none=True)
    targets = List(String())
    review = Boolean()
    minimum_age = Integer(allow_none=True)
    orientation = Enum(OrientationRule)
    skills = List(String(), metadata={"description": "Asked for; one is enough"})
    languages = List(String(), metadata={"description": "Asked for; one is enough"})
    waitlist = Boolean()
    published = Boolean()


class OpportunityOut(OpportunityItem):
    shifts = List(Nested(ShiftOut))


class _OpportunityFields(Schema):
    title = Text(max_length=200)
    description = Text(max_length=4000, allow_none=True)
    host = Text(max_length=200, allow_none=True)
    location = Text(max_length=300, allow_none=True)
    block = String(allow_none=True, max_length=4, validate=[Pattern(r"[1-9][0-9]{2,3}\Z")])
    targets = List(String(max_length=8, validate=[Pattern(r"([1-9]|1[0-7])\.([1-9][0-9]?|[a-d])\Z")]), max_items=10)
    review = Boolean()
    minimum_age = Integer(min=0, max=120, allow_none=True)
    orientation = Enum(OrientationRule)
    skills = List(String(max_length=40), max_items=20)
    languages = List(String(max_length=40), max_items=20)
    waitlist = Boolean(metadata={"description": "Whether there is a line for places when a shift is full"})
    published = Boolean()


class OpportunityIn(_OpportunityFields):
    title = Text(required=True, max_length=200)


class OpportunityEdit(_OpportunityFields):
    pass


class ShiftIn(Schema):
    opportunity = UUID(required=True)
    starts_at = DateTime(required=True)
    ends_at = DateTime(required=True)
    places = Integer(required=True, min=1, max=10_000)


class ShiftEdit(Schema):
    places = Integer(required=True, min=1, max=10_000)


class ShiftCodeOut(Schema):
    code = String()
    changes_at = DateTime()
    qr = String(metadata={"description": "The code as an SVG image"})


class ShiftNoticeIn(Schema):
    text = Text(required=True, max_length=1000)


class ShiftNoticeOut(Schema):
    told = Integer(metadata={"description": "How many volunteers it goes to"})


class SheetQuery(Schema):
    language = Enum(Language)  # which of the two stands first; Arabic without it


class SignUpOut(Schema):
    id = UUID()
    shift = Nested(ShiftOut)
    title = Text()
    status = Enum(SignUpStatus)
    guardian_by = DateTime(
        allow_none=True, metadata={"description": "Until when the place is kept for a guardian's answer"}
    )
    place = Integer(allow_none=True, metadata={"description": "The number drawn in line; lower is served first"})
    offer_expires_at = DateTime(allow_none=True, metadata={"description": "Until when an offered place is kept"})
    checked_in_at = DateTime(allow_none=True)
    checked_out_at = DateTime(allow_none=True)


class VolunteerOut(Schema):
    id = UUID()
    name = Text()


class StaffSignUpOut(SignUpOut):
    """A sign-up as coordinators see it."""

    person = Nested(VolunteerOut)


class StaffSignUpsQuery(PageQuery):
    status = Enum(SignUpStatus)
    shift = UUID()


class TimesIn(Schema):
    code = String(max_length=20, metadata={"description": "The code shown at the shift; volunteers need it"})
    at = DateTime(metadata={"description": "When it was; staff only"})


class DeclineIn(Schema):
    note = String(max_length=1000)


class ClaimsQuery(PageQuery):
    status = Enum(ClaimStatus)


class ClaimOut(Schema):
    id = UUID()
    minutes = Integer()
    hours = String()
    status = Enum(ClaimStatus)
    created_at = DateTime()
    sign_up = Nested(StaffSignUpOut)


class CorrectIn(Schema):
    minutes = Integer(required=True, min=0, max=24 * 60)
    reason = String(required=True, min_length=3, max_length=1000)


class RejectIn(Schema):
    reason = String(required=True, min_length=3, max_length=1000)


class HoursLineOut(Schema):
    claim = UUID()
    at = DateTime()
    kind = Enum(LineKind)
    hours = String()
    reason = String(allow_none=True)
    title = Text()
