"""The working time of those whom cases are referred to: the governorate's, unless an entity keeps its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from asimati.kit import clock
from asimati.kit.worktime import Calendar, NoWorkingTime, from_pack, next_working_moment
from asimati.places.queries import holiday_days, work_calendar
from asimati.service_requests.models import Entity
from asimati.settings import settings


def calendar_of(tx: Session, entity: Entity | None) -> Calendar:
    """The calendar an entity's clock runs in; ours for none, and for one that says nothing of its own."""
    if entity is None or not entity.calendar:
        return work_calendar(tx)
    return as_calendar(entity.calendar, holiday_days(tx))


def as_calendar(own: Mapping[str, Any], public: Iterable[date]) -> Calendar:
    """An entity's calendar, with the country's days off unless it works on them. Raises ValueError.

    A week of its own takes the place of ours with all its special hours (Ramadan's), which it then says itself.
    """
    ours, week = settings().governorate.facts, own.get("working_week")
    special = own.get("special_hours") or (() if week else ours.get("special_hours", ()))
    hours = {"time_zone": ours["time_zone"], "working_week": week or ours["working_week"], "special_hours": special}
    days = {date.fromisoformat(str(day)) for day in own.get("holidays", ())}
    return from_pack(hours, days | set(public if own.get("public_holidays", True) else ()))


def is_workable(own: Mapping[str, Any]) -> bool:
    """Whether it can be read, and anybody is ever there."""
    try:
        next_working_moment(as_calendar(own, ()), clock.utcnow())
    except (ValueError, NoWorkingTime):
        return False
    return True
