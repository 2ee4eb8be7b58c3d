"""Shapes of what volunteers say of themselves."""

from __future__ import annotations

from asimati.http.fields import List, Nested, Schema, String, Text


class VolunteerChoiceOut(Schema):
    code = String()
    title = Text()


class ChoicesOut(Schema):
    skills = List(Nested(VolunteerChoiceOut))
    languages = List(Nested(VolunteerChoiceOut))
