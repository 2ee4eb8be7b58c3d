"""Shapes of entities."""

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
from asimati.http.pages import PageQuery
from asimati.volunteering.editions_schemas import NameOut
from asimati.volunteering.rules import EntityKind, EntityStatus


class VolunteerEntityIn(Schema):
    name = Text(required=True, max_length=200)
    kind = Enum(EntityKind, required=True)
    contact = String(required=True, min_length=3, max_length=200)


class EntityMemberOut(Schema):
    id = UUID()
    name = Nested(NameOut)
    coordinator = Boolean()
    joined_at = DateTime()
    hours = String(metadata={"description": "Served for the entity in the present edition"})


class _Entity(Schema):
    id = UUID()
    name = Text()
    kind = Enum(EntityKind)
    contact = String()
    status = Enum(EntityStatus)
    reason = String(allow_none=True)
    created_at = DateTime()


class MyEntityOut(_Entity):
    coordinator = Boolean()
    joined_at = DateTime()
    edition = String(allow_none=True, metadata={"description": "The present edition, where it takes part"})
    category = String(allow_none=True)


class VolunteerEntityOut(MyEntityOut):
    members = List(Nested(EntityMemberOut), metadata={"description": "For its coordinators; empty for others"})


class EntitiesOut(Schema):
    items = List(Nested(MyEntityOut))


class StaffEntityOut(_Entity):
    members_count = Integer()


class InvitationOut(Schema):
    code = String(metadata={"description": "It is shown this once"})


class EntityJoinIn(Schema):
    code = String(required=True, min_length=1, max_length=40)


class EntityEnrolmentOut(Schema):
    edition = String()
    category = String()
    enrolled_at = DateTime()


class EntitiesQuery(PageQuery):
    status = Enum(EntityStatus)


class EntityWordIn(Schema):
    reason = String(max_length=1000, allow_none=True)


class EntityReasonIn(Schema):
    reason = String(required=True, min_length=1, max_length=1000)


class EntityRankingQuery(Schema):
    places = QueryInteger(min=1, max=1000, load_default=10)


class EntityPlacingOut(Schema):
    category = String()
    place = Integer()
    entity_id = UUID()
    name = Text()
    hours = String()
    shifts = Integer()


class EntityRankingOut(Schema):
    items = List(Nested(EntityPlacingOut))
