"""Routes about places."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from marshmallow import fields as plain

from asimati.http import access
from asimati.http.fields import Boolean, Date, Enum, Integer, Nested, QueryNumber, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.text import western_digits
from asimati.kit.words import _
from asimati.places import actions, policy, queries
from asimati.places.actions import HolidayThere
from asimati.places.models import Holiday, Standing

blp = Blueprint("places", __name__, description="Blocks and holidays of the governorate")
may = partial(access.staff_who, policy.MAY)


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


class PlaceQuery(Schema):
    block = String(min_length=1, max_length=10)
    lat = QueryNumber(min=-90, max=90)
    lon = QueryNumber(min=-180, max=180)


class PlaceOut(Schema):
    inside = Boolean(allow_none=True, metadata={"description": "null where what we know does not decide it"})
    by = String(allow_none=True, metadata={"enum": ["declared", "nearest", None]})
    block = Nested(BlockOut, allow_none=True)
    metres = Integer(allow_none=True, metadata={"description": "From the point of the block"})


@blp.get("/places/check", who=access.anyone, query=PlaceQuery, gives=PlaceOut)
def check_place(tx: Session, actor: Actor, query: dict[str, Any]) -> queries.Whereabouts:
    """Whether a block, or a point, is in the governorate, and which block it is."""
    point = (query["lat"], query["lon"]) if {"lat", "lon"} <= query.keys() else None
    if point is None and ("block" not in query or {"lat", "lon"} & query.keys()):
        raise Invalid([("/block", _("Name a block, or a point with lat and lon."))])
    block = western_digits(query["block"].strip()) if "block" in query else None
    return queries.locate(tx, block=block, point=point)


class HolidayOut(Schema):
    day = Date()
    name = Text()
    standing = Enum(Standing)


class HolidayIn(Schema):
    day = Date(required=True)
    name = Text(required=True, max_length=200)
    standing = Enum(Standing, required=True)


class HolidayChangeIn(Schema):
    day = Date(metadata={"description": "The day it moves to"})
    name = Text(max_length=200)
    standing = Enum(Standing)


@blp.get("/staff/holidays", who=may("see_holidays"), query=PageQuery, gives=page_of(HolidayOut))
def holidays(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Days off, by day; a provisional one may still move."""
    return queries.holidays(tx, query["page"])


@blp.get("/staff/holidays/<day>", who=may("see_holidays"), gives=HolidayOut, tagged=True)
def one_holiday(tx: Session, actor: Actor, day: str) -> Holiday:
    """One of them, with the tag its change asks for."""
    return queries.holiday(tx, _day(day))


@blp.post(
    "/staff/holidays", who=may("keep_holidays"), takes=HolidayIn, gives=HolidayOut, status=201,
    refuses=(HolidayThere,),
)  # fmt: skip
def add_holiday(tx: Session, actor: Actor, payload: dict[str, Any]) -> Holiday:
    """Write a day off down; what is due is counted anew."""
    return actions.add_holiday(tx, actor, **payload)


@blp.patch(
    "/staff/holidays/<day>", who=may("keep_holidays"), takes=HolidayChangeIn, gives=HolidayOut,
    refuses=(HolidayThere,),
)  # fmt: skip
def change_holiday(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, day: str) -> Holiday:
    """Confirm or move a day off; what is due is counted anew, and those concerned are told."""
    return actions.change_holiday(tx, actor, _day(day), version, to=payload.pop("day", None), **payload)


@blp.delete("/staff/holidays/<day>", who=may("keep_holidays"))
def remove_holiday(tx: Session, actor: Actor, day: str) -> None:
    """Take a day off back."""
    actions.remove_holiday(tx, actor, _day(day))


def _day(written: str) -> date:
    """The day of a path. Raises NotFound for what is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise NotFound from None
