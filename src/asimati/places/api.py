"""Routes about places."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as plain

from asimati.http import access
from asimati.http.fields import Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.places import queries

blp = Blueprint("places", __name__, description="Blocks of the governorate")


class BlocksQuery(PageQuery):
    q = String(max_length=100, metadata={"description": "Part of a number or of an area's name, either language"})


class BlockOut(Schema):
    number = String()
    area = Text()
    lat = plain.Float(allow_none=True)
    lon = plain.Float(allow_none=True)


@blp.get("/places/blocks", who=access.anyone, query=BlocksQuery, gives=page_of(BlockOut), kept=True)
def blocks(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Blocks with their areas."""
    return queries.blocks(tx, query["page"], query.get("q"))
