"""Shapes of editions: their categories, their ranking, and how they end."""

from __future__ import annotations

from asimati.http.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Integer,
    List,
    Nested,
    QueryInteger,
    Schema,
    String,
    Text,
)
from asimati.volunteering.passport_schemas import LevelOut


class CategoryOut(Schema):
    code = String()
    title = Text()
    entity = String(metadata={"description": "The kind of organisation it ranks; without it, it ranks people"})


class WholeEditionOut(Schema):
    code = String()
    title = Text()
    starts_on = Date()
    ends_on = Date()
    categories = List(Nested(CategoryOut))
    default_category = String(allow_none=True, metadata={"description": "Of whoever chose none"})
    levels = List(Nested(LevelOut))
    rules = List(Text(), metadata={"description": "How volunteers are ranked, ties included"})
    frozen_at = DateTime(allow_none=True, metadata={"description": "The ranking stands since then"})


class EditionsOut(Schema):
    items = List(Nested(WholeEditionOut))


class EnrolmentIn(Schema):
    category = String(required=True, max_length=80)


class EnrolmentOut(Schema):
    edition = String()
    category = String()
    enrolled_at = DateTime()


class RankingQuery(Schema):
    category = String(max_length=80)
    places = QueryInteger(min=1, max=1000, load_default=10)


class NameOut(Schema):
    ar = String(allow_none=True)
    en = String(allow_none=True)


class RankedOut(Schema):
    category = String(allow_none=True)
    place = Integer(allow_none=True)
    person_id = UUID()
    name = Nested(NameOut)
    hours = String()


class PlacingOut(RankedOut):
    shifts = Integer()


class CorrectionOut(RankedOut):
    """Hours corrected after the ranking was frozen: `hours` are those of the ranking, and stand there."""

    change = String()
    hours_now = String()
    last_at = DateTime()


class SnapshotOut(Schema):
    frozen_at = DateTime()
    rows = Integer()
    digest = String(metadata={"description": "SHA-256 of the snapshot's file"})
    credential_id = UUID(metadata={"description": "What signs the digest; anybody verifies it"})
    intact = Boolean(metadata={"description": "Whether the rows are still those that were signed"})
    thanks_at = DateTime(allow_none=True)


class RankingOut(Schema):
    edition = Nested(WholeEditionOut)
    snapshot = Nested(SnapshotOut, allow_none=True)
    items = List(Nested(PlacingOut))


class CorrectionsOut(Schema):
    items = List(Nested(CorrectionOut))


class FreezeIn(Schema):
    despite = Boolean(load_default=False, metadata={"description": "Although hours still wait for a word"})


class CeremonyQuery(Schema):
    places = QueryInteger(min=1, max=100, load_default=3)
