"""Shapes of hours: claimed afterwards, decided, disputed."""

from __future__ import annotations

from asimati.files.serving import FileOut
from asimati.http.fields import UUID, DateTime, Enum, Integer, List, Nested, Schema, String
from asimati.http.pages import PageQuery
from asimati.volunteering.rules import ClaimSource, ClaimStatus, DisputeStatus
from asimati.volunteering.schemas import ClaimOut, HoursLineOut, SignUpOut


class ClaimIn(Schema):
    arrived_at = DateTime(metadata={"description": "Not needed where a check-in was noted: that one stands"})
    left_at = DateTime(required=True)
    note = String(
        required=True, min_length=3, max_length=2000, metadata={"description": "What you did, who saw it"}
    )


class DisputeIn(Schema):
    note = String(required=True, min_length=3, max_length=2000)


class DisputeOut(Schema):
    id = UUID()
    note = String()
    status = Enum(DisputeStatus)
    answer = String(allow_none=True)
    created_at = DateTime()
    decided_at = DateTime(allow_none=True)


class _ClaimFacts(Schema):
    source = Enum(ClaimSource)
    arrived_at = DateTime(allow_none=True)
    left_at = DateTime(allow_none=True)
    note = String(allow_none=True)
    accredited = String(metadata={"description": "Hours that count now"})
    evidence = List(Nested(FileOut))
    lines = List(Nested(HoursLineOut))
    disputes = List(Nested(DisputeOut))


class MyClaimOut(_ClaimFacts):
    id = UUID()
    minutes = Integer(metadata={"description": "What the times come to"})
    hours = String()
    status = Enum(ClaimStatus)
    created_at = DateTime()
    sign_up = Nested(SignUpOut)


class StaffClaimOut(ClaimOut, _ClaimFacts):
    pass


class StaffDisputeOut(DisputeOut):
    claim = Nested(ClaimOut)


class DisputesQuery(PageQuery):
    status = Enum(DisputeStatus)


class UpholdIn(Schema):
    minutes = Integer(required=True, min=0, max=24 * 60)
    answer = String(required=True, min_length=3, max_length=1000)


class DismissIn(Schema):
    answer = String(required=True, min_length=3, max_length=1000)
