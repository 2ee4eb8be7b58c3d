"""Shapes of volunteering."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from asimati.accounts.models.people import Language
from asimati.http.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Number,
    Object,
    Pattern,
    QueryInteger,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.kit.words import _
from asimati.volunteering.joining_rules import OrientationRule
from asimati.volunteering.rules import ClaimStatus, LineKind, OfferState, Scope, SignUpStatus, Weekday


class OpportunitiesQuery(PageQuery):
    q = String(max_length=100, metadata={"description": "Words of the title or the text, either language"})
    goal = QueryInteger(min=1, max=17)


class RoleIn(Schema):
    """What one role of a shift is: how many it takes, and what it asks of them."""

    code = String(
        max_length=3,
        validate=[Pattern(r"[1-9][0-9]{0,2}\Z")],
        metadata={"description": "The number it has there; without it the next one"},
    )
    title = Text(required=True, max_length=100)
    places = Integer(required=True, min=1, max=10_000)
    skills = List(String(max_length=40), max_items=20, metadata={"description": "Of which a volunteer has one"})
    minimum_age = Integer(
        min=0, max=120, allow_none=True, metadata={"description": "If it is higher than the rest's"}
    )


class AskedRoleOut(Schema):
    code = String()
    title = Text()
    places = Integer()
    skills = List(String(), metadata={"description": "Asked for; one is enough"})
    minimum_age = Integer(allow_none=True)


class RoleOut(AskedRoleOut):
    places_left = Integer()
    waiting = Integer()


class SignUpIn(Schema):
    role = String(max_length=3, metadata={"description": "Of the shift's; without it one that asks for no skill"})


class ShiftOut(Schema):
    id = UUID()
    opportunity = UUID()
    starts_at = DateTime()
    ends_at = DateTime()
    places = Integer()
    places_left = Integer()
    waiting = Integer(metadata={"description": "How many wait in line for a place"})
    roles = List(Nested(RoleOut), metadata={"description": "None where any place is as good as another"})
    series = UUID(allow_none=True, metadata={"description": "The rule it was made by"})
    cancelled_at = DateTime(allow_none=True)


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
    roles = List(Nested(AskedRoleOut), metadata={"description": "What new shifts are made with"})
    waitlist = Boolean()
    published = Boolean()
    meeting_point = Text(allow_none=True)
    lat = Number(min=-90, max=90, allow_none=True)
    lon = Number(min=-180, max=180, allow_none=True)
    entity = UUID(attribute="entity_id", allow_none=True)  # the organisation that offers it
    state = Enum(OfferState)


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
    roles = List(Nested(RoleIn), max_items=20, metadata={"description": "Of shifts made from now on"})
    waitlist = Boolean(metadata={"description": "Whether there is a line for places when a shift is full"})
    meeting_point = Text(max_length=300, allow_none=True)
    lat = Number(min=-90, max=90, allow_none=True)
    lon = Number(min=-180, max=180, allow_none=True)

    @validates_schema
    def _whole_point(self, data: dict[str, Any], **kwargs: Any) -> None:
        if (data.get("lat") is None) != (data.get("lon") is None):
            raise ValidationError(_("A point has both, lat and lon."), "lat")


class _StaffOpportunityFields(_OpportunityFields):
    published = Boolean()


class OpportunityIn(_StaffOpportunityFields):
    title = Text(required=True, max_length=200)


class OpportunityEdit(_StaffOpportunityFields):
    pass


class OfferIn(_OpportunityFields):
    """What an organisation offers; staff publish it."""

    title = Text(required=True, max_length=200)


class OfferEdit(_OpportunityFields):
    pass


class OfferShiftIn(Schema):
    starts_at = DateTime(required=True)
    ends_at = DateTime(required=True)
    places = Integer(
        min=1, max=10_000, metadata={"description": "Of a shift without roles; if absent, the opportunity's roles"}
    )
    roles = List(Nested(RoleIn), max_items=20, metadata={"description": "The shift's own; `places` is their sum"})


class OfferOut(OpportunityItem):
    shifts = List(Nested(ShiftOut))
    reason = String(allow_none=True, metadata={"description": "Why staff declined what was last submitted"})
    proposed = Object(allow_none=True)  # changes that wait for a word


class OffersOut(Schema):
    items = List(Nested(OfferOut))


class ReviewItemOut(OfferOut):
    entity_name = Text(allow_none=True)


class OfferReasonIn(Schema):
    reason = String(required=True, min_length=1, max_length=1000)


class ShiftIn(OfferShiftIn):
    opportunity = UUID(required=True)


class ShiftEdit(Schema):
    places = Integer(min=1, max=10_000)
    roles = List(Nested(RoleIn), max_items=20, metadata={"description": "All it is to have, by their codes"})
    starts_at = DateTime(metadata={"description": "Together with ends_at, while nobody is signed up"})
    ends_at = DateTime()
    scope = Enum(Scope)  # this shift alone, or also the later ones of its series


class ShiftCancelIn(Schema):
    reason = Text(required=True, max_length=500)
    scope = Enum(Scope)


class CancelledOut(Schema):
    shifts = Integer()
    told = Integer(metadata={"description": "How many volunteers it goes to"})


class ShiftSeriesIn(Schema):
    opportunity = UUID(required=True)
    weekdays = List(Enum(Weekday), required=True, max_items=7)
    first_day = Date(required=True)
    until = Date(required=True, metadata={"description": "The last day, at most a year later"})
    begins = String(required=True, validate=[Pattern(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")])
    minutes = Integer(required=True, min=15, max=1440)
    places = Integer(min=1, max=10_000, metadata={"description": "If absent, the opportunity's roles"})
    holidays = Boolean(load_default=False, metadata={"description": "Whether public holidays have shifts too"})


class ShiftSeriesQuery(Schema):
    dry_run = Boolean(load_default=False, metadata={"description": "Show what it would make, and make nothing"})


class ShiftSeriesDay(Schema):
    day = Date()
    starts_at = DateTime()
    ends_at = DateTime()
    holiday = Text(allow_none=True)  # for which the day is left out


class ShiftSeriesOut(Schema):
    id = UUID(allow_none=True, metadata={"description": "None while it is a preview"})
    made = Integer(metadata={"description": "Shifts that were made now; those there before stay as they are"})
    days = List(Nested(ShiftSeriesDay))


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
    role = String(allow_none=True, metadata={"description": "Of the shift's roles; none where it has none"})
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
