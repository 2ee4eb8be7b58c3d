"""Shapes of households."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from asimati.accounts.models import Guardianship, Relation, Sex, Side
from asimati.http.fields import UUID, Boolean, Date, DateTime, Enum, Integer, Nested, Schema, String, Text
from asimati.kit.words import _


class _Said(Schema):
    name_ar = String(max_length=200, allow_none=True)
    name_latin = String(max_length=200, allow_none=True)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)


class HouseholdMemberIn(_Said):
    relation = Enum(Relation, required=True)
    cpr = String(max_length=30, metadata={"description": "Kept sealed; the last three digits are shown"})
    guardian = Boolean(load_default=False, metadata={"description": "You answer for them; staff may ask for proof"})
    phone = String(
        min_length=4, max_length=40,
        metadata={"description": "Of a member with an account of their own: they are asked to agree"},
    )  # fmt: skip


class HouseholdMemberEdit(_Said):
    relation = Enum(Relation)
    cpr = String(max_length=30, allow_none=True)
    guardian = Boolean()


class HouseholdMemberOut(Schema):
    id = UUID()
    side = Enum(Side)  # What you are: the holder of the household, or the member
    status = String(metadata={"description": "standing, or asked: an answer is awaited"})
    relation = Enum(Relation)  # What the member is to the holder
    guardianship = Enum(Guardianship)
    has_account = Boolean(metadata={"description": "Their own account is tied to this"})
    name_ar = String(allow_none=True)
    name_latin = String(allow_none=True)
    sex = Enum(Sex, allow_none=True)
    birth_date = Date(allow_none=True)
    cpr = String(allow_none=True, metadata={"description": "The last three digits"})
    other = Text(allow_none=True)
    created_at = DateTime()


class InviteIn(Schema):
    phone = String(required=True, min_length=4, max_length=40)


class GuardianIn(InviteIn):
    relation = Enum(Relation, load_default=Relation.CHILD)  # What you are to them


class AskedOut(Schema):
    id = UUID()
    asked = Enum(Side)  # What you would be: the holder of the household, or its member
    relation = Enum(Relation)
    guardian = Boolean(metadata={"description": "Whoever holds the household would be the member's guardian"})
    by = Text(allow_none=True)
    created_at = DateTime()


class HolderOut(Schema):
    id = UUID()
    name = Text()


class StaffHouseholdOut(Schema):
    id = UUID()
    holder = Nested(HolderOut)
    name = Text()
    relation = Enum(Relation)
    guardianship = Enum(Guardianship)
    birth_year = Integer(allow_none=True)
    cpr = String(allow_none=True, metadata={"description": "The last three digits"})
    account = UUID(allow_none=True)
    created_at = DateTime()
    judged_at = DateTime(allow_none=True)
    judged_by = UUID(allow_none=True)
    judged_upon = String(allow_none=True)


class JudgeIn(Schema):
    verified = Boolean(required=True)
    upon = String(
        required=True, max_length=500, metadata={"description": "What was seen; or why not, for the guardian"}
    )

    @validates_schema(skip_on_field_errors=True)
    def said(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data["upon"].strip():
            raise ValidationError(_("This is required."), "upon")
