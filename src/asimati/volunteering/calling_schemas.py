"""Shapes of suggestions and of calls for volunteers."""

from __future__ import annotations

from asimati.http.fields import (
    UUID,
    Boolean,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    QueryInteger,
    Schema,
    String,
    Text,
)
from asimati.volunteering.calling_rules import MOST_CALLED, Answer
from asimati.volunteering.fitting import Reason
from asimati.volunteering.schemas import ShiftOut


class SuggestionsQuery(Schema):
    limit = QueryInteger(min=1, max=20)


class SuggestionReasonOut(Schema):
    code = Enum(Reason)
    text = Text()


class SuggestedOut(Schema):
    id = UUID()
    title = Text()
    location = Text(allow_none=True)
    block = String(allow_none=True)
    targets = List(String())
    review = Boolean()


class SuggestionOut(Schema):
    opportunity = Nested(SuggestedOut)
    shift = Nested(ShiftOut)
    role = String(allow_none=True, metadata={"description": "The one of the shift's roles that fits"})
    reasons = List(
        Nested(SuggestionReasonOut), metadata={"description": "Why it is suggested, the weightiest first"}
    )


class SuggestionsOut(Schema):
    items = List(Nested(SuggestionOut))


class CallPreviewQuery(Schema):
    role = String(max_length=3)


class AgainstOut(Schema):
    code = String()
    people = Integer()


class CallPreviewOut(Schema):
    shift = Nested(ShiftOut)
    role = String(allow_none=True)
    volunteers = Integer(metadata={"description": "With a profile"})
    fit = Integer()
    would_call = Integer()
    urgent = Boolean(metadata={"description": "It would go out at any hour: the shift begins soon"})
    against = List(
        Nested(AgainstOut), metadata={"description": "What speaks against how many; one may stand in several"}
    )


class CallOutIn(Schema):
    role = String(max_length=3, metadata={"description": "For which of the shift's roles"})
    text = Text(max_length=500)
    people = Integer(min=1, max=MOST_CALLED, metadata={"description": "Without it three for each free place"})


class CallOutOut(Schema):
    id = UUID()
    shift = UUID()
    role = String(allow_none=True)
    text = Text(allow_none=True)
    urgent = Boolean()
    called = Integer()
    come = Integer()
    cannot = Integer()
    created_at = DateTime()


class ReceivedCallOut(Schema):
    id = UUID()
    title = Text()
    location = Text(allow_none=True)
    text = Text(allow_none=True)
    urgent = Boolean()
    shift = Nested(ShiftOut)
    role = String(allow_none=True)
    called_at = DateTime()
    answer = Enum(Answer, allow_none=True)
    sign_up = UUID(allow_none=True)
