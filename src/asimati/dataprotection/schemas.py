"""Shapes of the desk, in and out."""

from __future__ import annotations

from marshmallow import validates_schema
from marshmallow.exceptions import ValidationError

from asimati.accounts.schemas import ProfileIn
from asimati.dataprotection.rules import Kind, MergeStatus, Pressing, Purpose, RestrictionKind, Status
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
    Schema,
    String,
    Text,
)
from asimati.kit.privacy import Group
from asimati.kit.words import _

LANGUAGE = {"description": "ar or en"}


class ChangesIn(ProfileIn):
    """What of a profile is to be corrected; identifiers are corrected by whoever they belong to."""

    class Meta(ProfileIn.Meta):
        exclude = ("email", "cpr", "disability")


class AboutIn(Schema):
    type = String(required=True, max_length=40, metadata={"description": "Such as service_request or booking"})
    reference = String(required=True, max_length=40)


class AskIn(Schema):
    kind = Enum(Kind, required=True)
    text = String(
        max_length=4000, load_default="", metadata={"description": "Needed to block, object or have reviewed"}
    )
    group = Enum(Group, load_default=None, allow_none=True)
    consent = String(
        max_length=40, allow_none=True, load_default=None, metadata={"description": "To withdraw: its code"}
    )
    about = Nested(AboutIn, allow_none=True, load_default=None, metadata={"description": "The decision to review"})
    changes = Nested(
        ChangesIn, allow_none=True, load_default=None, metadata={"description": "To rectify: what it is to say"}
    )


class AskForIn(AskIn):
    person = UUID(required=True)


class DataRequestOut(Schema):
    reference = String()
    kind = Enum(Kind)
    status = Enum(Status)
    group = String(allow_none=True)
    consent = String(allow_none=True)
    about = Anything(allow_none=True, metadata={"type": "object"})
    changes = Anything(allow_none=True, metadata={"type": "object"})
    text = String()
    answer = String(allow_none=True)
    created_at = DateTime()
    due_at = DateTime(metadata={"description": "By law"})
    closed_at = DateTime(allow_none=True)


class StaffDataRequestOut(DataRequestOut):
    person = UUID(attribute="person_id")
    by_staff = UUID(allow_none=True, metadata={"description": "Who wrote it down for the person"})
    claimed_by = UUID(allow_none=True)
    pass_on_by = DateTime(allow_none=True, metadata={"description": "Tell those who received the data until then"})
    passed_on_at = DateTime(allow_none=True)


class StaffDataRequestItem(StaffDataRequestOut):
    pressing = Enum(Pressing, allow_none=True)  # the law's time that runs: it ends soon, or is past


class StaffDataRequestWhole(StaffDataRequestItem):
    moves = Anything(metadata={"type": "array", "items": {"type": "string"}})


class AnswerIn(Schema):
    answer = String(required=True, min_length=3, max_length=4000, metadata={"description": "The person reads it"})


class CarryOutIn(AnswerIn):
    changes = Nested(
        ChangesIn,
        allow_none=True,
        load_default=None,
        metadata={"description": "Of a correction, if other than asked"},
    )


class KeptOut(Schema):
    rows = Integer()
    why = Text()
    waits = Boolean(metadata={"description": "Not for good: the erasure comes back for it"})


class PlanOut(Schema):
    name = String()
    group = String()
    title = Text()
    rows = Integer()
    fate = String(metadata={"description": "delete, redact (a row stays without words), keep"})
    why = Text()
    kept = List(Nested(KeptOut))


class PlanWhole(Schema):
    items = List(Nested(PlanOut), max_items=1000)


class ReceiptOut(Schema):
    edition = Integer()
    text = Text()
    given_at = DateTime()
    withdrawn_at = DateTime(allow_none=True)


class ConsentOut(Schema):
    code = String()
    edition = Integer(metadata={"description": "Of the words as they read now; send it when agreeing"})
    title = Text()
    text = Text()
    standing = Boolean(metadata={"description": "Given, to these words, and not withdrawn"})
    receipts = List(Nested(ReceiptOut))


class ConsentsOut(Schema):
    items = List(Nested(ConsentOut))


class ConsentIn(Schema):
    edition = Integer(required=True, min=1, metadata={"description": "The edition of the words that were read"})


class HoldingOut(Schema):
    name = String()
    title = Text()
    columns = List(String())
    erasure = String()
    why = Text()
    kept_months = Object()


class RecordOut(Schema):
    code = String()
    title = Text()
    purpose = Text()
    basis = String()
    law = Text()
    controller = Text()
    holdings = List(Nested(HoldingOut))


class RecordsOut(Schema):
    items = List(Nested(RecordOut))


class GroupOut(Schema):
    code = String()
    title = Text()
    purpose = Text()
    basis = String()
    law = Text()


class NoticeOut(Schema):
    controller = Text()
    groups = List(Nested(GroupOut))


class RestrictionOut(Schema):
    id = UUID()
    kind = Enum(RestrictionKind)
    group = String(allow_none=True, metadata={"description": "null: all that is kept"})
    since = DateTime()


class PersonOut(Schema):
    """Masked values read ••••, of identifiers the last three digits."""

    id = UUID()
    name_ar = String(allow_none=True)
    name_latin = String(allow_none=True)
    phone = String(allow_none=True)
    email = String(allow_none=True)
    cpr = String(allow_none=True)
    sex = String(allow_none=True)
    birth_date = String(allow_none=True)
    nationality = String(allow_none=True)
    disability = Boolean(allow_none=True, metadata={"description": "The data protection officer alone, unmasked"})
    flat = String(allow_none=True)
    building = String(allow_none=True)
    road = String(allow_none=True)
    block = String(allow_none=True)
    language = String(metadata=LANGUAGE)
    created_at = DateTime()
    unmasked_until = DateTime(allow_none=True, metadata={"description": "null: masked"})
    restrictions = List(Nested(RestrictionOut))
    erased_at = DateTime(allow_none=True)


class UnmaskIn(Schema):
    purpose = Enum(Purpose, required=True)
    reason = String(required=True, min_length=5, max_length=500)


class UnmaskingOut(Schema):
    id = UUID()
    staff = UUID(attribute="staff_id")
    staff_name = Text(allow_none=True)
    person = UUID(attribute="person_id")
    purpose = Enum(Purpose)
    reason = String()
    created_at = DateTime()
    ends_at = DateTime()


class FindIn(Schema):
    phone = String(max_length=30)
    cpr = String(max_length=30)

    @validates_schema
    def one_of_them(self, data: dict[str, str], **_more: object) -> None:
        if not any(data.values()):
            raise ValidationError(_("Write a telephone or a personal number."), "phone")


class FoundOut(Schema):
    person = UUID(allow_none=True)


class MergeAccountsIn(Schema):
    kept = UUID(required=True, metadata={"description": "The account that stays"})
    other = UUID(required=True, metadata={"description": "The account that becomes part of it"})
    reason = String(
        required=True, min_length=10, max_length=2000,
        metadata={"description": "Why it is one person, and what was seen that says so"},
    )  # fmt: skip


class MergeRefusedIn(Schema):
    answer = String(required=True, min_length=3, max_length=2000)


class ClashOut(Schema):
    name = String()
    title = Text()
    rows = Integer()


class MergePartOut(ClashOut):
    fate = String(metadata={"description": "move, one, block, end, leave"})
    goes = Integer(metadata={"description": "Rows that go because the kept account has their like"})
    why = Text(allow_none=True)


class MergePlanOut(Schema):
    clashes = List(Nested(ClashOut))
    items = List(Nested(MergePartOut), max_items=1000)


class AccountMergeOut(Schema):
    id = UUID()
    kept = UUID(attribute="kept_id")
    other = UUID(attribute="other_id")
    status = Enum(MergeStatus)
    reason = String()
    answer = String(allow_none=True)
    proposed_by = UUID()
    decided_by = UUID(allow_none=True)
    created_at = DateTime()
    decided_at = DateTime(allow_none=True)
    moved = Anything(metadata={"type": "object", "description": "Rows that moved, by table"})


class AccountMergeWhole(AccountMergeOut):
    plan = Nested(MergePlanOut, allow_none=True, metadata={"description": "What it would do now"})
    accounts = List(Nested(PersonOut), metadata={"description": "Both, masked: the kept one first"})
