"""Putting the pack's edition, opportunities and shifts into the tables. What people have used stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.rules import ADULT
from asimati.kit.worktime import Target
from asimati.volunteering import catalogues, role_rules
from asimati.volunteering.actions.moves import locked
from asimati.volunteering.actions.organising import search_text, seats
from asimati.volunteering.joining_rules import OrientationRule
from asimati.volunteering.models import (
    Charter,
    CharterAcceptance,
    Edition,
    Opportunity,
    Shift,
    SignUp,
    Skill,
    SpokenLanguage,
)

_WORDS = ("title", "description", "host", "location", "block", "targets", "review", "minimum_age")
_TIMES = ("starts_at", "ends_at")


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Add and correct; how many opportunities were added, are listed, were retired, and shifts that were kept.

    An opportunity that has gone from the pack is no longer offered, and staff alone offer it again. A shift nobody
    signed up for follows the pack, and goes with it; one somebody did keeps its time and its place (`kept` counts
    those the pack would have otherwise): moving it would leave people's calendars behind. Places belong to the
    staff once a shift exists; relative times hold from the sync that first added it.
    """
    _edition(tx, part["edition"])
    if charter := part.get("charter"):
        _charter(tx, charter)
    catalogues.sync(tx, Skill, part.get("skills", []))
    catalogues.sync(tx, SpokenLanguage, part.get("languages", []))
    known = {one.code: one for one in tx.scalars(select(Opportunity).where(Opportunity.code.is_not(None)))}
    listed = {row["code"] for row in part["opportunities"]}
    counts = {"added": len(listed - known.keys()), "listed": len(listed), "retired": 0, "kept": 0}
    for row in part["opportunities"]:
        found = _opportunity(tx, known.get(row["code"]), row)
        counts["kept"] += sum([_shift(tx, found, shift) for shift in row["shifts"]])
    wanted = {shift["code"] for row in part["opportunities"] for shift in row["shifts"]}
    counts["kept"] += _remove_shifts(tx, wanted)
    for code, one in known.items():
        if code not in listed and one.published:
            one.published = False
            counts["retired"] += 1
    return counts


def _edition(tx: Session, row: Mapping[str, Any]) -> None:
    edition = tx.get(Edition, row["code"]) or Edition(code=row["code"])
    edition.title, edition.starts_on, edition.ends_on = row["title"], row["starts_on"], row["ends_on"]
    edition.minimum_age, edition.categories = row["minimum_age"], row["categories"]
    edition.default_category, edition.ties = row.get("default_category"), row.get("ties", ["shifts"])
    edition.levels = row.get("levels", [])
    edition.orientation, edition.enrolment = row.get("orientation", False), row.get("enrolment", False)
    edition.guardian_below = row.get("guardian_below", ADULT)
    edition.claim_days, edition.dispute_days = row.get("claim_days", 14), row.get("dispute_days", 30)
    edition.tolerance_minutes = Target.parse(row["hours_tolerance"]).minutes or 0
    edition.rest_minutes = (Target.parse(row["rest"]).minutes or 0) if "rest" in row else 0
    tx.add(edition)


def _charter(tx: Session, row: Mapping[str, Any]) -> None:
    """Words that somebody has accepted stay as they read them: changed words need a new version."""
    version = row["version"]
    found = tx.get(Charter, version)
    if found is not None and tx.scalar(
        select(CharterAcceptance.version).where(CharterAcceptance.version == version).limit(1)
    ):
        return
    found = found or Charter(version=version)
    found.title, found.text = row["title"], row["text"]
    tx.add(found)


def _opportunity(tx: Session, found: Opportunity | None, row: Mapping[str, Any]) -> Opportunity:
    found = found or Opportunity(code=row["code"], published=True)
    for name in _WORDS:
        setattr(found, name, row[name])
    found.waitlist = row.get("waitlist", True)
    found.skills, found.languages = row.get("skills", []), row.get("languages", [])
    found.roles = role_rules.numbered(row.get("roles", []))
    found.orientation = OrientationRule(row.get("orientation", OrientationRule.AS_EDITION))
    found.search = search_text(found)
    tx.add(found)
    tx.flush()
    return found


def _shift(tx: Session, opportunity: Opportunity, row: Mapping[str, Any]) -> bool:
    """Whether the shift keeps other times than the pack's, because somebody signed up for it."""
    times = {name: row[name] for name in _TIMES}
    known = tx.scalar(select(Shift.id).where(Shift.code == row["code"]))
    if known is None:
        room = seats(tx, opportunity, row)
        tx.add(Shift(code=row["code"], opportunity_id=opportunity.id, taken=0, **room, **times))
        return False
    shift = locked(tx, known)
    if row["relative"] or all(getattr(shift, name) == moment for name, moment in times.items()):
        return False
    if _is_used(tx, shift):
        return True
    shift.starts_at, shift.ends_at, shift.version = row["starts_at"], row["ends_at"], shift.version + 1
    return False


def _remove_shifts(tx: Session, wanted: set[str]) -> int:
    """Take shifts away that the pack no longer has; how many stay because somebody signed up for them."""
    tx.flush()
    gone = select(Shift.id).where(Shift.code.is_not(None), Shift.code.not_in(wanted)).order_by(Shift.id)
    used = 0
    for shift_id in tx.scalars(gone).all():
        shift = locked(tx, shift_id)
        if _is_used(tx, shift):
            used += 1
        else:
            tx.delete(shift)
    return used


def _is_used(tx: Session, shift: Shift) -> bool:
    return tx.scalar(select(SignUp.id).where(SignUp.shift_id == shift.id).limit(1)) is not None
