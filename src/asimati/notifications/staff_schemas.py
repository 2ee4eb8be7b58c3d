"""Shapes of what staff write to people."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from asimati.http.fields import (
    UUID,
    Anything,
    Boolean,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.kit.text import is_complete
from asimati.kit.words import _
from asimati.notifications.rules import Channel, Stage, Status


class AudiencePart(Schema):
    kind = String(required=True, max_length=40)
    values = List(String(max_length=200), load_default=list, max_items=200)


class BroadcastChanges(Schema):
    title = Text(max_length=120)
    text = Text(max_length=2000)
    sms = Text(max_length=600, allow_none=True)
    channels = List(Enum(Channel), max_items=4)
    audience = List(Nested(AudiencePart), max_items=10)
    critical = Boolean(metadata={"description": "A warning: at any hour and by every channel, whatever was wished"})
    send_at = DateTime(allow_none=True, metadata={"description": "Not before; at once when empty"})

    @validates_schema(skip_on_field_errors=True)
    def both_languages(self, data: dict[str, Any], **_kwargs: Any) -> None:
        for name in ("title", "text", "sms"):
            if data.get(name) and not is_complete(data[name]):
                raise ValidationError(_("Write it in Arabic and in English."), name)


class BroadcastIn(BroadcastChanges):
    title = Text(max_length=120, required=True)
    text = Text(max_length=2000, required=True)
    channels = List(Enum(Channel), max_items=4, required=True)
    audience = List(Nested(AudiencePart), max_items=10, load_default=list)


class BroadcastOut(Schema):
    id = UUID()
    title = Text()
    text = Text()
    sms = Text(allow_none=True)
    channels = List(String())
    audience = List(Nested(AudiencePart))
    critical = Boolean()
    send_at = DateTime(allow_none=True)
    stage = Enum(Stage)
    people = Integer(allow_none=True, metadata={"description": "How many it was for when it was submitted"})
    created_by = UUID()
    approved_by = UUID(allow_none=True)
    created_at = DateTime()
    started_at = DateTime(allow_none=True)
    ended_at = DateTime(allow_none=True)


class BroadcastsQuery(PageQuery):
    stage = Enum(Stage)


class ProgressOut(Schema):
    stage = Enum(Stage)
    people = Integer(allow_none=True)
    all_reached = Boolean(metadata={"description": "Whether everybody of the audience has been found"})
    channels = Anything(
        metadata={"type": "object", "description": "For each channel how many notices are pending, sent, failed …"}
    )


class PreviewOut(Schema):
    people = Integer()
    reach = Anything(metadata={"type": "object", "description": "How many people each channel reaches"})
    segments = Anything(metadata={"type": "object", "description": "Parts of the text message by language"})
    sms_parts = Integer(metadata={"description": "Parts of text messages altogether"})
    cost = String(allow_none=True, metadata={"description": "Of the text messages, by the pack's price"})
    currency = String(allow_none=True)
    needs_approval = Boolean()


class ChoiceOut(Schema):
    value = String()
    title = Text()


class AudienceKindOut(Schema):
    kind = String()
    title = String()
    choices = List(Nested(ChoiceOut))


class AudienceKindsOut(Schema):
    items = List(Nested(AudienceKindOut))


class WordsIn(Schema):
    title = Text(max_length=120)
    text = Text(max_length=2000)
    sms = Text(max_length=600, allow_none=True)
    push = Text(max_length=600, allow_none=True)
    email = Text(max_length=5000, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def both_languages(self, data: dict[str, Any], **_kwargs: Any) -> None:
        for name, said in data.items():
            if said and not is_complete(said):
                raise ValidationError(_("Write it in Arabic and in English."), name)


class TemplateOut(Schema):
    topic = String()
    channels = List(String())
    critical = Boolean(metadata={"description": "Passes preferences and quiet hours"})
    version = Integer()
    edited = Boolean(metadata={"description": "Staff changed the pack's words"})
    title = Text()


class PreviewedOut(Schema):
    channels = Anything(
        metadata={"type": "object", "description": "Title and text of each channel, both languages"}
    )
    segments = Anything(metadata={"type": "object", "description": "Parts of the text message by language"})
    cost = Anything(metadata={"type": "object", "description": "Of one text message by language"})
    currency = String(allow_none=True)
    wrong = List(String(), metadata={"description": "Placeholders the topic does not carry"})


class VersionOut(Schema):
    version = Integer()
    at = DateTime()
    by = UUID(allow_none=True, metadata={"description": "Who changed it; null: the pack"})
    words = Anything(metadata={"type": "object"})


class TemplateDetail(TemplateOut):
    text = Text()
    sms = Text(allow_none=True)
    push = Text(allow_none=True)
    email = Text(allow_none=True)
    placeholders = List(String())
    preview = Nested(PreviewedOut)
    versions = List(Nested(VersionOut))


class UndeliveredQuery(PageQuery):
    channel = Enum(Channel)
    status = Enum(Status)


class SendAgainIn(Schema):
    """Which of the notices that did not arrive; all that failed, if nothing is said."""

    status = Enum(Status)
    channel = Enum(Channel)
    topic = String(max_length=100)
    since = DateTime()


class SentAgainOut(Schema):
    count = Integer(metadata={"description": "How many were put back; ask again while it is 10,000"})


class DeadLetterOut(Schema):
    id = Integer()
    topic = String()
    listener = String()
    runs = Integer()
    reason = String(attribute="last_error", allow_none=True)
    created_at = DateTime()


class ReviveIn(Schema):
    id = Integer(min=1, max=2**53, metadata={"description": "This one alone; without it all of them"})


class UndeliveredOut(Schema):
    id = UUID()
    topic = String()
    channel = Enum(Channel)
    status = Enum(Status)
    state = Text()  # what became of it, in words
    reason = String(attribute="last_error", allow_none=True)
    attempts = Integer()
    provider = String(allow_none=True)
    created_at = DateTime()
