"""Shapes of what is asked of volunteers before they serve."""

from __future__ import annotations

from asimati.http.fields import UUID, Boolean, DateTime, Enum, Integer, List, Nested, Schema, String, Text
from asimati.volunteering.joining_rules import ConsentStatus


class CharterOut(Schema):
    version = Integer()
    title = Text()
    text = Text()


class CharterIn(Schema):
    version = Integer(required=True, min=1, metadata={"description": "The one that was read"})


class CharterAcceptedOut(Schema):
    version = Integer()
    accepted_at = DateTime()


class CharterStandingOut(Schema):
    version = Integer(metadata={"description": "The present one"})
    accepted = Integer(allow_none=True, metadata={"description": "The newest one accepted"})


class OrientationStandingOut(Schema):
    required = Boolean(metadata={"description": "By the edition; an opportunity may say otherwise"})
    attended = Boolean()


class EnrolmentStandingOut(Schema):
    required = Boolean()
    category = String(allow_none=True)


class GuardianStandingOut(Schema):
    below = Integer(metadata={"description": "The age in years under which a guardian consents"})
    guardians = Integer(metadata={"description": "How many have agreed to be one's guardian"})
    status = Enum(ConsentStatus, allow_none=True)


class StandingOut(Schema):
    """Whether one could sign up today; `missing` are the problems a sign-up would meet, in order."""

    edition = String(allow_none=True)
    missing = List(String())
    charter = Nested(CharterStandingOut, allow_none=True)
    orientation = Nested(OrientationStandingOut, allow_none=True)
    enrolment = Nested(EnrolmentStandingOut, allow_none=True)
    guardian = Nested(GuardianStandingOut, allow_none=True)


class HeldPlaceOut(Schema):
    title = Text()
    location = Text(allow_none=True)
    starts_at = DateTime()
    ends_at = DateTime()
    answer_by = DateTime(allow_none=True)


class WardOut(Schema):
    id = UUID()
    name = Text()


class GuardianConsentOut(Schema):
    id = UUID()
    volunteer = Nested(WardOut)
    edition = String()
    title = Text()  # of the edition
    status = Enum(ConsentStatus)
    asked_at = DateTime()
    answered_at = DateTime(allow_none=True)
    places = List(Nested(HeldPlaceOut), metadata={"description": "What they signed up for and has not begun"})


class OrientationIn(Schema):
    edition = String(max_length=40, metadata={"description": "The present one without it"})


class OrientationOut(Schema):
    edition = String()
    attended_at = DateTime()
