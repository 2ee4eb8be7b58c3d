"""Shapes of goals and tallies in the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import post_load

from asimati.http.fields import (
    Anything,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    List,
    Nested,
    Object,
    Pattern,
    QueryInteger,
    Schema,
    String,
    Text,
)
from asimati.http.pages import PageQuery
from asimati.impact.disclosure import DIMENSIONS
from asimati.impact.rules import About, Per

MONTH = r"^(19|20)\d\d-(0[1-9]|1[0-2])(-\d\d)?$"
NUMBER = {"type": ["number", "null"]}


def _month(key: str, description: str) -> String:
    return String(data_key=key, validate=Pattern(MONTH), metadata={"description": description})


class GoalContributionOut(Schema):
    target = String(required=True)
    measure = String(required=True)
    title = Text(required=True)
    unit = Text(required=True)
    value = Anything(
        required=True, allow_none=True, metadata=NUMBER | {"description": "null: all of it is withheld"}
    )
    at_least = Boolean(required=True, metadata={"description": "Some months are withheld and not in the value"})


class AimOut(GoalContributionOut):
    """How far a measure has come, in a year, from its baseline toward what the pack wants."""

    year = Integer(required=True)
    aim = Anything(required=True, metadata=NUMBER)
    baseline = Anything(required=True, metadata=NUMBER)
    baseline_year = Integer(required=True)
    source = Text(required=True)  # of the baseline
    progress = Anything(required=True, metadata=NUMBER | {"description": "0 at the baseline, 1 when reached"})


class ObjectiveName(Schema):
    code = String(required=True)
    title = Text(required=True)


class GoalOut(Schema):
    goal = Integer(required=True, min=1, max=17)
    short = Text(required=True)
    title = Text(required=True)
    colour = String(required=True)
    contributions = Nested(GoalContributionOut, many=True, required=True)
    progress = Anything(
        required=True,
        allow_none=True,
        metadata=NUMBER | {"description": "The mean of its aims, none above 1; null without"},
    )
    aims = Nested(AimOut, many=True, required=True)
    objectives = Nested(ObjectiveName, many=True, required=True)


class ObjectiveOut(ObjectiveName):
    """An objective of the national vision and what was done toward the targets that serve it."""

    targets = List(String(), required=True)
    contributions = Nested(GoalContributionOut, many=True, required=True)


class PeriodQuery(Schema):
    start = _month("from", "The first month, such as 2026-11")
    end = _month("to", "The last month")

    @post_load
    def as_months(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name in ("start", "end"):
            if name in data:
                data[name] = date(int(data[name][:4]), int(data[name][5:7]), 1)
        return data


class FiguresQuery(PeriodQuery):
    """Which figures, and how they are grouped."""

    goal = QueryInteger(min=1, max=17)
    target = String(max_length=10)
    measure = String(max_length=100)
    by = String(
        max_length=100,
        load_default="",
        metadata={"description": f"Comma-separated: {', '.join(DIMENSIONS)}; see /impact/groupings"},
    )


class SeriesQuery(FiguresQuery):
    per = Enum(Per, load_default=Per.MONTH)


class PeopleQuery(PeriodQuery):
    measure = String(required=True, max_length=100)


class PointOut(Schema):
    period = String(required=True, metadata={"description": "2026-11, 2026-Q4 or 2026"})
    value = Anything(required=True, allow_none=True, metadata=NUMBER)
    change = Anything(required=True, allow_none=True, metadata=NUMBER | {"description": "since the period before"})
    change_on_year = Anything(
        required=True, allow_none=True, metadata=NUMBER | {"description": "since the same period a year before"}
    )


class BaselineOut(Schema):
    year = Integer(required=True)
    value = Anything(required=True, metadata=NUMBER)
    source = Text(required=True)


class SeriesOut(Schema):
    target = String(required=True)
    measure = String(required=True)
    title = Text(required=True)
    unit = Text(required=True)
    group = Object(required=True)
    baseline = Nested(BaselineOut, required=True, allow_none=True)
    points = Nested(PointOut, many=True, required=True)


class PeopleOut(Schema):
    measure = String(required=True)
    people = Integer(required=True, allow_none=True, metadata={"description": "null: so few that it is withheld"})
    exact = Boolean(required=True, metadata={"description": "Above 1024 people it is estimated, to about 3%"})


class GroupingsOut(Schema):
    about_people = Anything(required=True, metadata={"description": "Groupings, each a list of dimensions"})
    others = List(String(), required=True, metadata={"description": "Dimensions that can be combined freely"})
    threshold = Integer(required=True, metadata={"description": "Figures about fewer people are withheld"})


class BesideOut(Schema):
    period = String(required=True)
    target = String(required=True)
    then = Anything(required=True, allow_none=True, metadata=NUMBER)
    now = Anything(required=True, allow_none=True, metadata=NUMBER)


class FormerRuleOut(Schema):
    version = Integer(required=True)
    rule = Object(required=True)
    replaced_at = DateTime(required=True)
    figures = Nested(BesideOut, many=True, required=True)


class MeasureOut(Schema):
    """What counts, by which rule, and what former rules had made of the same acts."""

    code = String(required=True)
    version = Integer(required=True)
    title = Text(required=True)
    unit = Text(required=True)
    topic = String(required=True)
    amount = String(required=True)
    targets = List(String(), required=True, allow_none=True, metadata={"description": "null: the act's own"})
    weights = Object(required=True)
    disaggregations = List(String(), required=True)
    voided_by = String(required=True, allow_none=True)
    about = Enum(About, required=True)  # whom `people` counts
    since = Date(required=True)
    retired = Boolean(required=True)
    former = Nested(FormerRuleOut, many=True, required=True)


class FrameworkOut(Schema):
    revision = String(required=True)
    description = String(required=True)
    counts = Object(required=True)
    digest = String(required=True)
    synced_at = DateTime(required=True)


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
    people = Integer(
        required=True, allow_none=True,
        metadata={"description": "Each counted once; rounded down to the threshold when grouped by people"},
    )  # fmt: skip
    version = Integer(required=True, metadata={"description": "of the measure's rule; see /impact/measures"})
    sex = String()
    age_band = String()
    disability = String()
    nationality = String()
    area = String()
    block = String()
    programme = String()
    partner = String()
    channel = String()


class LineOut(Schema):
    reference = String(required=True, metadata={"description": "Made for this figure alone"})
    act = String(required=True, metadata={"description": "The kind of act, such as events.check_in"})
    period = String(required=True)
    amount = Anything(
        required=True, allow_none=True, metadata=NUMBER | {"description": "null in a grouping of people"}
    )
    measure_version = Integer(required=True)
