"""Reminders: what is due is read from the things' own rows at every tick, never from a task that was put off.

A row for each thing, moment and number of hours says that it was told; a thing that is moved has another moment, so
it is told anew, and one that is called off is not found any more. After a night without ticks only the latest of
several reminders is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit.db import Base, timestamp
from asimati.settings import settings

AT_ONCE = 500  # told by one tick; the next one goes on
# Hours before a thing, or after we asked for something, where the pack does not say.
HOURS = {"appointment": [24, 2], "booking": [24, 2], "shift": [24, 2], "offer": [2], "check_out": [2],
         "thanks": [0], "documents": [72, 168],
         "referral": [24], "referral_late": [0, 72],
         "data_request": [72], "data_request_late": [0, 72]}  # fmt: skip


class Reminder(Base):
    """That people were reminded of a thing as it stood for `at`."""

    __tablename__ = "reminder"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    thing: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    hours: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = timestamp(default=True)


def hours_of(kind: str) -> Sequence[int]:
    """When the governorate reminds of things of a kind."""
    found: Sequence[int] = settings().governorate.facts.get("reminders", {}).get(kind, HOURS[kind])
    return found


def due_before(tx: Session, kind: str, things: Any, *, thing: Any, at: Any, since: Any) -> list[Any]:
    """Rows of `things` that begin (or end) at `at` so many hours from now, each once; the caller tells them.

    `thing` is the column that names a row, `since` the one that says when the person learned of it: whoever booked
    an hour ago is not reminded of tomorrow. Lock the rows in `things` if they may be called off meanwhile.
    """
    now = func.app_now()
    found = []
    for hours in sorted(hours_of(kind)):
        lead = timedelta(hours=hours)
        near = things.where(at > now, at <= now + lead, since <= at - lead)
        found += _claimed(tx, kind, near, thing, at, hours, Reminder.hours <= hours)
    return found


def due_after(tx: Session, kind: str, things: Any, *, thing: Any, at: Any) -> list[Any]:
    """Rows of `things` that have stood open since `at` for so many hours, each once for each of them."""
    found = []
    for hours in sorted(hours_of(kind), reverse=True):
        late = things.where(at <= func.app_now() - timedelta(hours=hours))
        found += _claimed(tx, kind, late, thing, at, hours, Reminder.hours >= hours)
    return found


def purge(tx: Session, days: int) -> None:
    """Forget what was told so long ago that it will not come up again."""
    tx.execute(
        text("DELETE FROM reminder WHERE made_at < app_now() - make_interval(days => :days)"), {"days": days}
    )


def _claimed(tx: Session, kind: str, things: Any, thing: Any, at: Any, hours: int, no_less: Any) -> list[Any]:
    told = select(Reminder.at).where(Reminder.kind == kind, Reminder.thing == thing, Reminder.at == at, no_less)
    asked = things.add_columns(thing, at).where(~told.exists()).order_by(at).limit(AT_ONCE)
    rows = tx.execute(asked.execution_options(populate_existing=True)).all()
    claims = [{"kind": kind, "thing": row[-2], "at": row[-1], "hours": hours} for row in rows]
    if not claims:
        return []
    made = insert(Reminder).values(claims).on_conflict_do_nothing().returning(Reminder.thing)
    ours = set(tx.scalars(made))
    return [tuple(row[:-2]) for row in rows if row[-2] in ours]
