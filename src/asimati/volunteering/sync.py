"""Putting the pack's edition, opportunities and shifts into the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.worktime import Target
from asimati.volunteering.actions.organising import search_text
from asimati.volunteering.models import Edition, Opportunity, Shift

_WORDS = ("title", "description", "host", "location", "block", "targets", "review", "minimum_age")


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Add and correct; an opportunity that has gone is no longer offered; shifts that have gone end by themselves.

    Places belong to the staff once a shift exists; relative times hold from the sync that first added it.
    """
    _edition(tx, part["edition"])
    known = {one.code: one for one in tx.scalars(select(Opportunity).where(Opportunity.code.is_not(None)))}
    listed = {row["code"] for row in part["opportunities"]}
    added = 0
    for row in part["opportunities"]:
        found = known.get(row["code"])
        added += found is None
        found = found or Opportunity(code=row["code"], published=True)
        for name in _WORDS:
            setattr(found, name, row[name])
        found.search = search_text(found)
        tx.add(found)
        tx.flush()
        _shifts(tx, found, row["shifts"])
    gone = [one for code, one in known.items() if code not in listed and one.published]
    for one in gone:
        one.published = False
    return {"added": added, "listed": len(listed), "retired": len(gone)}


def _edition(tx: Session, row: Mapping[str, Any]) -> None:
    edition = tx.get(Edition, row["code"]) or Edition(code=row["code"])
    edition.title, edition.starts_on, edition.ends_on = row["title"], row["starts_on"], row["ends_on"]
    edition.minimum_age, edition.categories = row["minimum_age"], row["categories"]
    edition.tolerance_minutes = Target.parse(row["hours_tolerance"]).minutes or 0
    tx.add(edition)


def _shifts(tx: Session, opportunity: Opportunity, rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        shift = tx.scalar(select(Shift).where(Shift.code == row["code"]))
        if shift is None:
            shift = Shift(code=row["code"], opportunity_id=opportunity.id, places=row["places"], taken=0)
            shift.starts_at, shift.ends_at = row["starts_at"], row["ends_at"]
            tx.add(shift)
        elif not row["relative"] and (shift.starts_at, shift.ends_at) != (row["starts_at"], row["ends_at"]):
            shift.starts_at, shift.ends_at, shift.version = row["starts_at"], row["ends_at"], shift.version + 1
