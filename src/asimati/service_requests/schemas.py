"""Shapes of services and cases, in and out."""

from __future__ import annotations

from marshmallow import validate

from asimati.http.fields import (
    UUID,
    Anything,
    Boolean,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Number,
    Object,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.service_requests.rules import Assurance, Channel, Domain, Kind, Move, Party, Place, Status, Turn


class FormOut(Schema):
    version = Integer(attribute="number")
    schema = Anything(metadata={"type": "object", "description": "JSON Schema, draft 2020-12"})
    ui = Anything(metadata={"type": "object", "description": "Labels, help and order of the fields"})


class ConditionOut(Schema):
    code = String()
    text = Text()


class ServiceOut(Schema):
    code = String()
    title = Text()
    description = Text()
    kind = Enum(Kind)
    domain = Enum(Domain)
    assurance = Enum(Assurance)
    target_time = String(metadata={"description": "ISO 8601; days are working days, hours working hours"})
    location = Enum(Place)
    conditions = List(Nested(ConditionOut), metadata={"description": "Whom it is for"})
    documents = List(Text())
    fee = Text(allow_none=True)
    targets = List(String(), metadata={"description": "Targets of the Sustainable Development Goals it serves"})
    available = Boolean()
    updated_at = DateTime()
    form = Nested(FormOut)


class TimesOut(Schema):
    days = Integer(metadata={"description": "How far back we looked"})
    cases = Integer()
    median_minutes = Integer(allow_none=True, metadata={"description": "Working time; null from too few answers"})
    p90_minutes = Integer(allow_none=True, metadata={"description": "Nine of ten were answered within it"})


class BulkIn(Schema):
    move = Enum(Move, required=True)
    references = List(String(max_length=40), required=True, validate=validate.Length(min=1, max=100))
    note = String(min_length=1, max_length=4000)
    message = Text(max_length=4000)
    reviewer = UUID()
    entity = String(max_length=80)
    reason = String(max_length=80)


class BulkResult(Schema):
    reference = String()
    done = Boolean()
    status = Enum(Status, allow_none=True)
    problem = String(allow_none=True, metadata={"description": "The slug of what stood in the way"})


class BulkOut(Schema):
    items = List(Nested(BulkResult))


class ServicesQuery(PageQuery):
    q = String(max_length=100, metadata={"description": "Words of the title or description, either language"})
    kind = Enum(Kind)
    domain = Enum(Domain)
    updated_since = DateTime()


class LocationIn(Schema):
    block = String(min_length=1, max_length=10, metadata={"description": "Not needed with a point near a block's"})
    building = String(max_length=20, allow_none=True)
    road = String(max_length=20, allow_none=True)
    lat = Number(min=-90, max=90, allow_none=True)
    lon = Number(min=-180, max=180, allow_none=True)


class LocationOut(Schema):
    block = String()
    building = String(allow_none=True)
    road = String(allow_none=True)
    lat = Number(min=-90, max=90, allow_none=True)
    lon = Number(min=-180, max=180, allow_none=True)


class RequestIn(Schema):
    service = String(required=True, max_length=80, metadata={"description": "The service's code"})
    form_version = Integer(required=True, min=1)
    answers = Object(required=True)
    location = Nested(LocationIn, allow_none=True)


class SubmitIn(RequestIn):
    member = UUID(
        allow_none=True,
        metadata={"description": "Of your household, for whom it is; where it is left out, whom the draft is for"},
    )
    draft = UUID(metadata={"description": "The draft it was written in, which is deleted"})


class IntakeIn(RequestIn):
    channel = Enum(Channel, required=True)
    person = UUID(allow_none=True, metadata={"description": "On whose behalf, if they are known"})
    phone = String(max_length=40, allow_none=True, metadata={"description": "Or the phone they are known by"})
    member = UUID(allow_none=True, metadata={"description": "Of their household, for whom it is"})
    external_ref = String(min_length=1, max_length=80, allow_none=True)
    note = String(max_length=4000, allow_none=True, metadata={"description": "For colleagues only"})
    received_at = DateTime(allow_none=True, metadata={"description": "When we got it; the clock runs from then"})


class MyRequestsQuery(PageQuery):
    updated_since = DateTime()


class RequestItem(Schema):
    """A case as a line of a list."""

    reference = String()
    service = String(attribute="service.code")
    title = Text(attribute="service.title")
    status = Enum(Status)
    turn = Enum(Turn)
    submitted_at = DateTime()
    due_at = DateTime(
        attribute="promised_at",
        allow_none=True,
        metadata={"description": "What was promised; null while the clock stands still because it is your turn"},
    )
    closed_at = DateTime(allow_none=True)
    updated_at = DateTime()


class SubjectOut(Schema):
    member = UUID(attribute="member_id")
    name = Text()


class MyRequestItem(RequestItem):
    subject = Nested(
        SubjectOut, data_key="for", allow_none=True, metadata={"description": "The member of a household it is for"}
    )


class EntryOut(Schema):
    at = DateTime()
    status = Enum(Status)
    text = Text(allow_none=True)


class EntityName(Schema):
    code = String()
    name = Text()


class HopOut(Schema):
    who = Enum(Turn)
    entity = Nested(EntityName, allow_none=True)
    started_at = DateTime()
    ended_at = DateTime(allow_none=True)
    paused = Boolean(metadata={"description": "The promised time stood still in it"})
    target = String(allow_none=True)
    due_at = DateTime(allow_none=True)


class MessageOut(Schema):
    at = DateTime()
    sender = Enum(Party, data_key="from")
    text = Text()


class RatingOut(Schema):
    stars = Integer()
    comment = String(allow_none=True)
    at = DateTime()


class PassOut(Schema):
    token = String(metadata={"description": "For POST /service-requests/attachments/{token}"})
    expires_at = DateTime()


class RequestOut(MyRequestItem):
    """A case as its resident sees it."""

    channel = Enum(Channel)
    form = Nested(FormOut, metadata={"description": "The form it was filed with"})
    answers = Anything(metadata={"type": "object"})
    location = Nested(LocationOut, allow_none=True)
    history = List(Nested(EntryOut))
    hops = List(Nested(HopOut))
    clock = Text(attribute="clock_in_words")  # whose turn it is and until when, in words
    messages = List(Nested(MessageOut))
    rating = Nested(RatingOut, allow_none=True)
    moves = List(Enum(Move), attribute="moves_of_resident", metadata={"description": "What you can do now"})


class SubmittedOut(RequestOut):
    attach = Nested(PassOut, metadata={"description": "Filed without a name: what lets you send files beside it"})


class StaffEntryOut(EntryOut):
    move = Enum(Move)
    note = String(allow_none=True)
    facts = Anything(metadata={"type": "object"})
    actor_kind = String()
    actor_id = UUID(allow_none=True)


class StaffRequestItem(RequestItem):
    due_at = DateTime()
    kind = Enum(Kind, attribute="service.kind")
    domain = Enum(Domain, attribute="service.domain")
    channel = Enum(Channel)
    block = String(allow_none=True)
    confidential = Boolean()
    claimed_by = UUID(allow_none=True)


class StaffRequestOut(RequestOut, StaffRequestItem):
    """A case as those see it who work on it."""

    due_at = DateTime()
    external_ref = String(allow_none=True)
    person = UUID(attribute="person_id", allow_none=True)
    taken_by = UUID(allow_none=True)
    usual_entity = String(
        attribute="service.usual_entity",
        allow_none=True,
        metadata={"description": "Whom such cases mostly go to"},
    )
    entries = List(Nested(StaffEntryOut))
    subject_account = UUID(attribute="subject.person_id", allow_none=True)
    moves = List(Enum(Move), attribute="moves_of_staff")


class WriteIn(Schema):
    text = String(required=True, min_length=1, max_length=4000)


class WithdrawIn(Schema):
    text = String(min_length=1, max_length=1000, metadata={"description": "The reason, if you like"})


class ReopenIn(Schema):
    text = String(min_length=1, max_length=4000, metadata={"description": "What is still open"})


class RatingIn(Schema):
    stars = Integer(required=True, min=1, max=5)
    comment = String(max_length=1000, allow_none=True)


class MoveIn(Schema):
    """What may go with any move of the staff."""

    note = String(min_length=1, max_length=4000, metadata={"description": "For colleagues only"})
    message = Text(max_length=4000)  # for the resident


class AssignIn(MoveIn):
    reviewer = UUID(required=True)


class ReferIn(MoveIn):
    entity = String(required=True, max_length=80, metadata={"description": "The entity's code"})


class HandOverIn(AssignIn):
    note = String(required=True, min_length=1, max_length=4000, metadata={"description": "Where the case stands"})


class RequestDeclineIn(MoveIn):
    reason = String(max_length=80, metadata={"description": "A reason's code, in place of words of your own"})


class MergeIn(MoveIn):
    into = String(required=True, max_length=40, metadata={"description": "The reference of the case it goes on in"})


class ReasonOut(Schema):
    code = String()
    text = Text()


class ReasonsOut(Schema):
    items = List(Nested(ReasonOut))


class OfficersQuery(Schema):
    case = String(max_length=40, metadata={"description": "A case: only those it can be given to"})


class OfficerOut(Schema):
    id = UUID()
    name = Text()


class OfficersOut(Schema):
    items = List(Nested(OfficerOut))


class DepartmentOut(Schema):
    code = String()
    title = Text()


class DepartmentsOut(Schema):
    items = List(Nested(DepartmentOut))


class MessageMoveIn(MoveIn):
    message = Text(required=True, max_length=4000)


class RequestNoteIn(Schema):
    note = String(required=True, min_length=1, max_length=4000)
