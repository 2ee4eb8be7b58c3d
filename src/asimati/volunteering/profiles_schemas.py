"""Shapes of what volunteers say of themselves."""

from __future__ import annotations

from typing import Any

from asimati.accounts.schemas import HourOfDay
from asimati.http.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Pattern,
    Schema,
    String,
    Text,
)
from asimati.volunteering.joining_schemas import StandingOut
from asimati.volunteering.profile_rules import Weekday


class VolunteerChoiceOut(Schema):
    code = String()
    title = Text()


class ChoicesOut(Schema):
    skills = List(Nested(VolunteerChoiceOut))
    languages = List(Nested(VolunteerChoiceOut))


def _hour(name: str, **more: Any) -> HourOfDay:
    return HourOfDay(required=True, allow_none=False, data_key=name, **more)


class AvailabilityIn(Schema):
    """A stretch of a weekday; one that ends no later than it begins goes on into the next day."""

    weekday = Enum(Weekday, required=True)
    starts = _hour("from")
    ends = _hour("to")


class AvailabilityOut(Schema):
    weekday = Enum(Weekday)
    starts = String(data_key="from", attribute="from")
    ends = String(data_key="to", attribute="to")


class AwayIn(Schema):
    first = Date(required=True, data_key="from")
    last = Date(required=True, data_key="to", metadata={"description": "The last day away"})


class AwayOut(Schema):
    first = Date(data_key="from", attribute="from")
    last = Date(data_key="to", attribute="to")


class ContactIn(Schema):
    name = String(required=True, min_length=1, max_length=200)
    relation = String(max_length=100, allow_none=True)
    phone = String(required=True, min_length=4, max_length=40)


class ContactOut(Schema):
    name = String()
    relation = String(allow_none=True)
    phone = String()


class ProfileConsentOut(Schema):
    edition = Integer()
    given_at = DateTime()


class AccessibilityOut(Schema):
    needs = String()
    consent = Nested(ProfileConsentOut)


class AccessibilityIn(Schema):
    needs = String(required=True, min_length=1, max_length=1000)
    edition = Integer(
        required=True, min=1, metadata={"description": "Of the words agreed to, as GET /me/consents gives them"}
    )


class VolunteerProfileIn(Schema):
    """What is left out of a PUT is nothing; of a PATCH, it stays."""

    skills = List(String(max_length=40), max_items=40)
    languages = List(String(max_length=40), max_items=20)
    blocks = List(
        String(max_length=4, validate=[Pattern(r"[1-9][0-9]{2,3}\Z")]),
        max_items=100,
        metadata={"description": "Blocks in reach; none means all"},
    )
    availability = List(
        Nested(AvailabilityIn),
        max_items=50,
        metadata={"description": "When one is usually free; none means at any time"},
    )
    away = List(Nested(AwayIn), max_items=50)
    emergency_contact = Nested(ContactIn, allow_none=True)
    call_outs = Boolean(metadata={"description": "Whether one may be called at short notice"})


class VolunteerProfileOut(Schema):
    skills = List(String())
    languages = List(String())
    blocks = List(String())
    availability = List(Nested(AvailabilityOut))
    away = List(Nested(AwayOut))
    emergency_contact = Nested(ContactOut, allow_none=True)
    accessibility = Nested(AccessibilityOut, allow_none=True)
    call_outs = Boolean()
    updated_at = DateTime()


class EmergencyOut(Schema):
    emergency_contact = Nested(ContactOut, allow_none=True)


class NeedsOut(Schema):
    needs = String(allow_none=True)


class ServedOut(Schema):
    shifts = Integer()
    hours = String()


class StaffVolunteerOut(Schema):
    """A volunteer as coordinators see them: no telephone, no day of birth, nothing of accessibility."""

    id = UUID()
    name = Text()
    age = Integer(allow_none=True)
    profile = Boolean(metadata={"description": "Whether they said anything of themselves"})
    skills = List(Nested(VolunteerChoiceOut))
    languages = List(Nested(VolunteerChoiceOut))
    blocks = List(String())
    availability = List(Nested(AvailabilityOut))
    away = List(Nested(AwayOut))
    call_outs = Boolean()
    emergency_contact = Boolean(metadata={"description": "Whether there is one; it is read around a shift alone"})
    standing = Nested(StandingOut)
    served = Nested(ServedOut, metadata={"description": "In the present edition"})
