"""Deeds: write what an act counts into the ledger, make tallies from it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.impact import ledger, queries
from asimati.impact.messages import ContributionsChanged
from asimati.impact.models import Contribution, Measure, Tally, TallyMark, Target, Voided
from asimati.impact.rules import amount_of, dimensions_of, goal_of
from asimati.kit import outbox, secrets
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered

log = logging.getLogger(__name__)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
# Rebuilding everything excludes rebuilding one month; months exclude each other only if they are the same.
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(hashtextextended('tallies', 0))")
_LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('tallies', 0))")


def contribute(tx: Session, delivered: Delivered) -> None:
    """Write what the message counts, or takes back, into the ledger, each act once, and mark the months it changes.

    An act and its taking back may arrive in any order, several times, and at once: the ledger ends the same.
    """
    facts = asdict(delivered.message)
    if not facts.get("source"):
        return
    topic, source = delivered.message.topic, facts["source"]
    tx.execute(_LOCK, {"name": f"act:{source}"})
    changed = _add_lines(tx, delivered, facts)
    if tx.scalar(select(Measure.code).where(Measure.voided_by == topic).limit(1)):
        taken_back = {"topic": topic, "source": source, "message_id": delivered.id}
        tx.execute(insert(Voided).values(taken_back).on_conflict_do_nothing())
    changed |= {tuple(row) for row in tx.execute(ledger.TAKE_BACK, {"source": source})}
    for measure, period in sorted(changed):
        tx.execute(insert(TallyMark).values(measure=measure, period=period))
        outbox.publish(tx, ContributionsChanged(measure=measure, period=period))


def rebuild(tx: Session, delivered: Delivered) -> None:
    """Make the cells of one month of one measure anew, if anything was marked since they were made."""
    changed = delivered.message
    assert isinstance(changed, ContributionsChanged)  # noqa: S101 - for the type checker: the table sends no other
    which = {"measure": changed.measure, "period": changed.period}
    tx.execute(_LOCK_SHARED)
    tx.execute(_LOCK, {"name": f"tally:{changed.measure}:{changed.period}"})
    if not tx.execute(delete(TallyMark).filter_by(**which).returning(TallyMark.id)).all():
        return  # another message of the same month was quicker
    tx.execute(delete(Tally).filter_by(**which))
    tx.execute(ledger.FILL_ONE, which)


def rebuild_all(tx: Session) -> dict[str, Any]:
    """Make every cell anew from the ledger; the proof that ledger and tallies now agree."""
    tx.execute(_LOCK_ALL)
    tx.execute(delete(TallyMark))
    tx.execute(delete(Tally))
    tx.execute(ledger.FILL_ALL)
    return queries.verify_tallies(tx)


def reconcile(tx: Session) -> dict[str, Any] | None:
    """The nightly proof: says nothing when ledger and tallies agree, raises the alarm and mends when not."""
    report = queries.verify_tallies(tx)
    if report["ok"]:
        return None
    log.error("tallies differ from the ledger", extra=report)
    return rebuild_all(tx)


def _add_lines(tx: Session, delivered: Delivered, facts: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    measures = tx.scalars(
        select(Measure).where(Measure.topic == delivered.message.topic, Measure.retired.is_(False))
    )
    lines = [line for measure in measures for line in _lines(delivered, measure, facts)]
    known = set(tx.scalars(select(Target.code).where(Target.code.in_({line["target"] for line in lines}))))
    if foreign := {line["target"] for line in lines} - known:
        log.error("unknown targets", extra={"targets": sorted(foreign), "topic": delivered.message.topic})
    rows = [line for line in lines if line["target"] in known]
    if not rows:
        return set()
    added = insert(Contribution).values(rows).on_conflict_do_nothing()
    return {tuple(row) for row in tx.execute(added.returning(Contribution.measure, Contribution.period))}


def _lines(delivered: Delivered, measure: Measure, facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of an act in one measure: one for each target, each with the whole amount."""
    amount, on = amount_of(measure.amount, facts), facts["on"]
    if not amount or on < measure.since:
        return
    for line, target in enumerate(measure.targets or facts.get("targets") or ()):
        yield {
            "id": new_id(),
            "measure": measure.code,
            "measure_version": measure.version,
            "source": facts["source"],
            "line": line,
            "goal": goal_of(target),
            "target": target,
            "period": month_of(on),
            "on": on,
            **dimensions_of(facts),
            "amount": amount,
            "who": _who(facts),
            "message_id": delivered.id,
        }


def month_of(day: date) -> date:
    """The first day of a day's month: the period it counts in."""
    return day.replace(day=1)


def _who(facts: Mapping[str, Any]) -> bytes | None:
    person = facts.get("person")
    return secrets.pseudonym(str(person), "impact") if person else None
