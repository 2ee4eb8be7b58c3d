"""Shapes of the passport."""

from __future__ import annotations

from asimati.accounts.models.people import Language
from asimati.http.fields import UUID, Boolean, Date, Enum, Integer, List, Nested, Schema, String, Text
from asimati.volunteering.schemas import HoursLineOut


class PassportQuery(Schema):
    edition = String(max_length=40, metadata={"description": "An edition's code; the present one without it"})


class PaperQuery(PassportQuery):
    language = Enum(Language)  # one's own without it


class StampOut(Schema):
    goal = Integer()
    hours = String()
    title = Text()  # the goal's short name
    color = String(metadata={"description": "The goal's colour, #rrggbb"})


class LevelOut(Schema):
    code = String()
    title = Text()
    hours = Integer(metadata={"description": "Hours that reach it"})


class NextLevelOut(LevelOut):
    hours_left = String()


class EditionOut(Schema):
    code = String()
    title = Text()
    starts_on = Date()
    ends_on = Date()


class PastOut(Schema):
    edition = Nested(EditionOut)
    hours = String()
    level = Nested(LevelOut, allow_none=True)
    place = Integer(allow_none=True, metadata={"description": "In one's category, once the ranking is frozen"})


class PassportLineOut(HoursLineOut):
    served_on = Date(metadata={"description": "The shift's day"})


class CredentialRef(Schema):
    id = UUID()
    jwt = String(metadata={"description": "The passport as a Verifiable Credential (Open Badge 3.0)"})
    link = String(metadata={"description": "What its QR code holds; it verifies without a network"})
    revoked = Boolean()


class PassportOut(Schema):
    hours = String()
    shifts = Integer(metadata={"description": "Shifts with accredited hours"})
    stamps = List(Nested(StampOut))
    level = Nested(LevelOut, allow_none=True)
    next_level = Nested(NextLevelOut, allow_none=True)
    edition = Nested(EditionOut, allow_none=True)
    category = String(allow_none=True)
    category_title = Text(allow_none=True)
    lines = List(Nested(PassportLineOut))
    editions = List(Nested(PastOut), metadata={"description": "Every edition somebody served in, newest first"})
    credential = Nested(CredentialRef, allow_none=True)


class VolunteerPassportOut(PassportOut):
    """A passport as coordinators see it."""

    person = UUID()
