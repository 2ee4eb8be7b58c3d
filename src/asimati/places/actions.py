"""Deeds: a holiday is written down, confirmed, moved or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import audit
from asimati.kit.errors import Conflict, NotFound, Stale
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.places import policy
from asimati.places.messages import WorkingTimeChanged
from asimati.places.models import Holiday, Standing


class HolidayThere(Conflict):
    slug = "holiday-there"
    title = _("This day is a holiday already")


def add_holiday(tx: Session, actor: Actor, *, day: date, name: Mapping[str, str], standing: Standing) -> Holiday:
    """A new day off; what is due moves with it. Raises HolidayThere."""
    policy.require(actor, "keep_holidays")
    if tx.get(Holiday, day):
        raise HolidayThere
    holiday = Holiday(day=day, name=dict(name), standing=standing)
    tx.add(holiday)
    _said(tx, actor, "added", day=day, standing=standing)
    return holiday


def change_holiday(
    tx: Session,
    actor: Actor,
    day: date,
    version: int | None = None,
    *,
    to: date | None = None,
    name: Mapping[str, str] | None = None,
    standing: Standing | None = None,
) -> Holiday:
    """Confirm a holiday, move it to another day, or name it anew. Raises NotFound, Stale, HolidayThere."""
    policy.require(actor, "keep_holidays")
    holiday = tx.scalar(select(Holiday).where(Holiday.day == day).with_for_update())
    if holiday is None:
        raise NotFound
    if version is not None and holiday.version != version:
        raise Stale
    if to and to != day:
        if tx.get(Holiday, to):
            raise HolidayThere
        holiday.day = to
    holiday.name = dict(name) if name else holiday.name
    holiday.standing = standing or holiday.standing
    _said(tx, actor, "changed", day=day, to=to or day, standing=holiday.standing)
    return holiday


def remove_holiday(tx: Session, actor: Actor, day: date) -> None:
    """Take a day off back. Raises NotFound."""
    policy.require(actor, "keep_holidays")
    holiday = tx.get(Holiday, day, with_for_update=True)
    if holiday is None:
        raise NotFound
    tx.delete(holiday)
    _said(tx, actor, "removed", day=day)


def _said(tx: Session, actor: Actor, deed: str, day: date, **facts: object) -> None:
    tx.flush()
    said = {name: str(value) for name, value in facts.items()}
    audit.record(tx, actor, f"places.holiday_{deed}", ("holiday", day), [], **said)
    publish(tx, WorkingTimeChanged())
