"""Shapes of goals and tallies in the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import post_load

from asimati.http.fields import Anything, Boolean, Integer, Nested, Pattern, QueryInteger, Schema, String, Text
from asimati.http.pages import PageQuery

MONTH = r"^(19|20)\d\d-(0[1-9]|1[0-2])(-\d\d)?$"
NUMBER = {"type": ["number", "null"]}


class GoalContributionOut(Schema):
    target = String(required=True)
    measure = String(required=True)
    title = Text(required=True)
    unit = Text(required=True)
    value = Anything(required=True, metadata=NUMBER)


class GoalOut(Schema):
    goal = Integer(required=True, min=1, max=17)
    short = Text(required=True)
    title = Text(required=True)
    colour = String(required=True)
    contributions = Nested(GoalContributionOut, many=True, required=True)


class FiguresQuery(Schema):
    """Which figures, and how they are grouped."""

    goal = QueryInteger(min=1, max=17)
    target = String(max_length=10)
    measure = String(max_length=100)
    start = String(
        data_key="from", validate=Pattern(MONTH), metadata={"description": "The first month, such as 2026-11"}
    )
    end = String(data_key="to", validate=Pattern(MONTH), metadata={"description": "The last month"})
    by = String(
        max_length=100,
        load_default="",
        metadata={"description": "Comma-separated: sex, age_band, disability, block, programme, channel"},
    )

    @post_load
    def as_months(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name in ("start", "end"):
            if name in data:
                data[name] = date(int(data[name][:4]), int(data[name][5:7]), 1)
        return data


class TallyQuery(FiguresQuery, PageQuery):
    limit = QueryInteger(min=1, max=100, load_default=100)


class TallyOut(Schema):
    """One key for each grouping asked for; a withheld figure has no value."""

    id = String(required=True)
    goal = Integer(required=True)
    target = String(required=True)
    measure = String(required=True)
    period = String(required=True, metadata={"description": "The month, such as 2026-11"})
    unit = Text(required=True)
    value = Anything(required=True, allow_none=True, metadata=NUMBER)
    withheld = Boolean(required=True)
    sex = String()
    age_band = String()
    disability = String()
    block = String()
    programme = String()
    channel = String()


class LineOut(Schema):
    reference = String(required=True, metadata={"description": "Made for this figure alone"})
    act = String(required=True, metadata={"description": "The kind of act, such as events.check_in"})
    period = String(required=True)
    amount = Anything(required=True, metadata={"type": "number"})
    measure_version = Integer(required=True)
