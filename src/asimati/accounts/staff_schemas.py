"""Shapes of staff and their authority."""

from __future__ import annotations

from typing import Any

from asimati.http.fields import UUID, DateTime, Enum, List, Nested, Schema, String, Text
from asimati.kit.policy import SCOPES, Role


class Values(List):
    """Codes of one kind, or nothing for all."""

    def __init__(self, said: str = "") -> None:
        told = {"description": said} if said else {}
        item = String(max_length=60, min_length=1)
        super().__init__(item, max_items=200, load_default=None, allow_none=True, metadata=told)


class ScopesIn(Schema):
    """The part of the house: what lies inside every list that is given. No list: everywhere."""

    department = Values()
    area = Values("Numbers of blocks")
    service = Values("Codes of services")
    programme = Values("Slugs of programmes")


class ScopesOut(Schema):
    department = List(String())
    area = List(String())
    service = List(String())
    programme = List(String())


assert set(SCOPES) == set(ScopesIn().fields)  # noqa: S101 - a kind that cannot be given would be no kind


class GrantIn(Schema):
    role = Enum(Role, required=True)
    scopes = Nested(ScopesIn, load_default=None, allow_none=True)
    starts_at = DateTime(load_default=None, allow_none=True)
    ends_at = DateTime(load_default=None, allow_none=True)
    reason = String(max_length=500, load_default=None, allow_none=True)


class GrantOut(Schema):
    id = UUID()
    staff = UUID(attribute="staff_id")
    role = Enum(Role)
    scopes = Nested(ScopesOut)
    starts_at = DateTime()
    ends_at = DateTime(allow_none=True)
    granted_by = UUID(allow_none=True)
    delegated_from = UUID(attribute="origin_id", allow_none=True)
    reason = String(allow_none=True)


class DelegationIn(Schema):
    grant = UUID(required=True, metadata={"description": "One's own grant, whole or in part"})
    to = UUID(required=True, metadata={"description": "The colleague"})
    scopes = Nested(ScopesIn, load_default=None, allow_none=True)
    starts_at = DateTime(load_default=None, allow_none=True)
    ends_at = DateTime(required=True)
    reason = String(required=True, min_length=3, max_length=500)


class ClearanceIn(Schema):
    ends_at = DateTime(required=True, metadata={"description": "Within a year"})
    reason = String(required=True, min_length=3, max_length=500)


class ClearanceOut(Schema):
    id = UUID()
    starts_at = DateTime()
    ends_at = DateTime()
    granted_by = UUID(allow_none=True)
    reason = String()


class MemberOut(Schema):
    id = UUID()
    email = String()
    name = Text()
    created_at = DateTime()
    disabled_at = DateTime(allow_none=True)
    password_until = DateTime(
        allow_none=True,
        metadata={"description": "Their password was told to them: until then they choose one of their own"},
    )
    grants = List(Nested(GrantOut))
    clearance = Nested(
        ClearanceOut,
        allow_none=True,
        metadata={"description": "While it stands, their roles reach confidential cases too"},
    )


class ColleagueOut(Schema):
    id = UUID()
    name = Text()


def only_given(scopes: dict[str, Any] | None) -> dict[str, list[str]] | None:
    """A scope without the kinds nobody named."""
    return {kind: values for kind, values in scopes.items() if values} if scopes else None
