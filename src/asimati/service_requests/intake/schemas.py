"""Shapes of what comes in, and of what helps it to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validate, validates_schema

from asimati.http.fields import (
    UUID,
    Anything,
    Boolean,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Object,
    QueryNumber,
    Schema,
    String,
    Text,
)
from asimati.http.routes import pointers
from asimati.kit.errors import Invalid
from asimati.kit.words import _
from asimati.service_requests.rules import Assurance, Channel, Status, Turn
from asimati.service_requests.schemas import ConditionOut, IntakeIn, LocationIn, LocationOut, SubjectOut


class CapturedIn(Schema):
    key = String(required=True, min_length=1, max_length=100)
    request = Object(required=True)  # as /staff/intake takes it; judged on its own


class BatchIn(Schema):
    items = List(Nested(CapturedIn), required=True, validate=validate.Length(min=1, max=100))

    @validates_schema
    def once_each(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """A key names one thing of a batch."""
        keys = [one["key"] for one in data["items"]]
        if len(set(keys)) < len(keys):
            raise ValidationError(_("The same thing stands here twice."), "items")


def checked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What `/staff/intake` would have taken. Raises Invalid with a pointer to each fault."""
    try:
        found: dict[str, Any] = IntakeIn().load(raw)
    except ValidationError as wrong:
        raise Invalid(list(pointers(wrong.messages))) from None
    return found


class DraftIn(Schema):
    service = String(required=True, max_length=80, metadata={"description": "The service's code"})
    form_version = Integer(required=True, min=1)
    answers = Object(required=True)
    location = Nested(LocationIn, allow_none=True)
    member = UUID(allow_none=True, metadata={"description": "Of your household, for whom it is"})


class DraftChangeIn(Schema):
    form_version = Integer(min=1)
    answers = Object()  # all of them: what is sent takes the place of what was
    location = Nested(LocationIn, allow_none=True)
    member = UUID(allow_none=True, metadata={"description": "Of your household, for whom it is"})


class DraftItem(Schema):
    id = UUID()
    service = String(attribute="service.code")
    title = Text(attribute="service.title")
    subject = Nested(
        SubjectOut, data_key="for", allow_none=True, metadata={"description": "The member of a household it is for"}
    )
    created_at = DateTime()
    updated_at = DateTime()


class FaultOut(Schema):
    pointer = String()
    detail = String()


class ResultOut(Schema):
    """What came of one case of many."""

    outcome = String(metadata={"enum": ["created", "repeated", "unchanged", "refused"]})
    reference = String(allow_none=True)
    problem = String(metadata={"description": "The slug of what stood in the way"})
    title = String()
    detail = String(allow_none=True)
    errors = List(Nested(FaultOut))


class CapturedOut(ResultOut):
    key = String()


class BatchOut(Schema):
    items = List(Nested(CapturedOut))


class BroughtOut(ResultOut):
    line = Integer(metadata={"description": "Of a table, as a spreadsheet counts; of JSON, the place in the list"})
    external_ref = String(allow_none=True)


class ImportQuery(Schema):
    channel = Enum(Channel, load_default=Channel.TAWASUL)
    dry_run = Boolean(load_default=True)


class CasesBroughtOut(Schema):
    dry_run = Boolean()
    created = Integer()
    unchanged = Integer()
    refused = Integer()
    ignored = List(String(), metadata={"description": "Columns nobody reads"})
    items = List(Nested(BroughtOut))


class DraftOut(DraftItem):
    form_version = Integer()
    current = Boolean(metadata={"description": "False when the form has changed since: show it in the new one"})
    answers = Anything(metadata={"type": "object"})
    location = Nested(LocationOut, allow_none=True)
    missing = List(Nested(FaultOut), metadata={"description": "What the form in use would say of the answers"})


class WayOut(Schema):
    by = String(metadata={"description": "phone, or the name of a sign-on's provider"})
    title = Text()
    start = String()


class AssuranceOut(Schema):
    needed = Enum(Assurance)
    present = Enum(Assurance)
    enough = Boolean()
    ways = List(Nested(WayOut), metadata={"description": "Where a sign-in at the level begins (docs/sign-on.md)"})


class ForQuery(Schema):
    member = UUID(metadata={"description": "Of my household, for whom I would file"})


class ConditionMetOut(ConditionOut):
    met = Boolean(allow_none=True, metadata={"description": "null where your profile does not say"})
    pointer = String(metadata={"description": "The field of /me that would say it"})


class EligibilityOut(Schema):
    service = String()
    may_file = Boolean()
    eligible = Boolean(allow_none=True)
    assurance = Nested(AssuranceOut)
    conditions = List(Nested(ConditionMetOut))


class PrefillOut(Schema):
    answers = Anything(metadata={"type": "object"})
    sources = Anything(
        metadata={"type": "object", "description": "By field: profile, or earlier (your own answer)"}
    )
    location = Nested(LocationOut, allow_none=True, metadata={"description": "Your home, if that is the place"})


class SimilarQuery(Schema):
    block = String(min_length=1, max_length=10)
    road = String(min_length=1, max_length=20)
    lat = QueryNumber(min=-90, max=90)
    lon = QueryNumber(min=-180, max=180)


class SimilarOut(Schema):
    """A case as a stranger sees it: nothing anybody wrote."""

    reference = String(attribute="case.reference")
    service = String(attribute="case.service.code")
    title = Text(attribute="case.service.title")
    status = Enum(Status, attribute="case.status")
    turn = Enum(Turn, attribute="case.turn")
    submitted_at = DateTime(attribute="case.submitted_at")
    due_at = DateTime(attribute="case.promised_at", allow_none=True)
    block = String(attribute="case.block", allow_none=True)
    road = String(attribute="case.road", allow_none=True)
    metres = Integer(allow_none=True, metadata={"description": "How far, to 50 metres"})
    followers = Integer()
    mine = Boolean()


class SimilarListOut(Schema):
    items = List(Nested(SimilarOut))


class FollowedOut(Schema):
    reference = String()
    service = String(attribute="service.code")
    title = Text(attribute="service.title")
    status = Enum(Status)
    turn = Enum(Turn)
    submitted_at = DateTime()
    due_at = DateTime(attribute="promised_at", allow_none=True)
    closed_at = DateTime(allow_none=True)
    block = String(allow_none=True)
