"""Deeds: write what an act counts into the ledger, make tallies from it, and figures that may be told."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.impact import ledger, publishing, queries
from asimati.impact.disclosure import UNKNOWN
from asimati.impact.messages import ContributionsChanged, TalliesChanged
from asimati.impact.models import (
    Act,
    Contribution,
    FigureMark,
    Measure,
    SamePerson,
    Tally,
    TallyMark,
    Target,
    Voided,
)
from asimati.impact.rules import VERSION_LINES, amount_of, area_code, dimensions_of, goal_of, kept
from asimati.kit import outbox, secrets
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered
from asimati.places.models import Block

log = logging.getLogger(__name__)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TRY_SHARED = text("SELECT pg_try_advisory_xact_lock_shared(hashtextextended(:name, 0))")
# Rebuilding everything excludes rebuilding one month; months exclude each other only if they are the same.
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(hashtextextended('tallies', 0))")
_LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('tallies', 0))")
# While acts are counted no rule changes, and while one changes no act is counted.
_RULES_STAND = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('measures', 0))")
# In the order of the locks themselves, whoever else takes some of the same.
_LOCK_ACTS = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(name, 0) AS key"
    " FROM unnest(CAST(:names AS text[])) AS name ORDER BY key) AS keys"
)
_RULES_CHANGE = text("SELECT pg_advisory_xact_lock(hashtextextended('measures', 0))")
_WRITTEN_AMOUNTS = ("hours",)  # decimals that travel as text; other texts of a message are nobody's amount
_BATCH = 2000  # acts read anew in one statement


def contribute(tx: Session, delivered: Sequence[Delivered]) -> None:
    """Write what messages count, or take back, into the ledger, each act once, and mark the months they change.

    An act and its taking back may arrive in any order, several times, together and at once: the ledger ends the
    same.
    """
    told = [(one, facts) for one in delivered if (facts := asdict(one.message)).get("source")]
    if not told:
        return
    sources, topics = [facts["source"] for _one, facts in told], {one.message.topic for one, _facts in told}
    tx.execute(_RULES_STAND)
    tx.execute(_LOCK_ACTS, {"names": [f"act:{source}" for source in sources]})
    measures = tx.scalars(select(Measure).where(Measure.topic.in_(topics) | Measure.voided_by.in_(topics))).all()
    changed = _count(tx, _acts(tx, told), measures)
    taking_back = {one.voided_by for one in measures}
    if voided := [
        {"topic": one.message.topic, "source": facts["source"], "message_id": one.id}
        for one, facts in told
        if one.message.topic in taking_back
    ]:
        tx.execute(insert(Voided).on_conflict_do_nothing(), voided)
    changed |= {tuple(row) for row in tx.execute(ledger.TAKE_BACK, {"sources": sources})}
    _mark(tx, changed)


def revise(tx: Session, measure: Measure) -> int:
    """Count all acts of a measure anew by its present rule; how many acts there were.

    What the former rule made of them is frozen first and stays beside it (`former_tally`); its lines stay in the
    ledger under their version.
    """
    tx.flush()
    tx.execute(ledger.FREEZE, {"measure": measure.code, "version": measure.version - 1})
    acts = select(Act).where(Act.topic == measure.topic).order_by(Act.id).execution_options(yield_per=_BATCH)
    known, count = set(tx.scalars(select(Target.code))), 0
    changed = {
        (measure.code, period) for period in tx.scalars(select(Tally.period).filter_by(measure=measure.code))
    }
    for batch in tx.scalars(acts).partitions():
        count += len(batch)
        for act in batch:
            tx.expunge(act)  # read, never written: its person may have another number by now
        _as_one(tx, batch)
        lines = [line for act in batch for line in _lines(act, measure) if line["target"] in known]
        changed |= _add_lines(tx, lines)
    tx.execute(ledger.TAKE_BACK_ALL, {"measure": measure.code})
    _mark(tx, changed)
    return count


def count_as_one(tx: Session, delivered: Delivered) -> None:
    """Two accounts are one person's: their acts are counted as of one, whenever they were and whenever told."""
    facts = asdict(delivered.message)
    former, who = (secrets.pseudonym(str(facts[name]), "impact") for name in ("other", "person"))
    hold_rules(tx)
    tx.execute(update(SamePerson).where(SamePerson.who == former).values(who=who))
    made = insert(SamePerson).values(former=former, who=who).on_conflict_do_nothing()
    if tx.scalar(made.returning(SamePerson.who)) is None:
        return  # heard already
    _mark(tx, {tuple(row) for row in tx.execute(ledger.RENUMBER, {"former": former, "who": who})})


def _as_one(tx: Session, acts: Iterable[Act]) -> None:
    """Give each act's person the number they are counted by."""
    known = list(acts)
    numbers = {act.who for act in known if act.who}
    same = select(SamePerson.former, SamePerson.who).where(SamePerson.former.in_(numbers))
    now = {row.former: row.who for row in tx.execute(same)} if numbers else {}
    for act in known:
        act.who = now.get(act.who, act.who) if act.who else None


def hold_rules(tx: Session) -> None:
    """From here to the end of the transaction no act is counted, so that the rules may change."""
    tx.execute(_RULES_CHANGE)


def rebuild(tx: Session, delivered: Delivered) -> None:
    """Make the cells of one month of one measure anew, if anything was marked since they were made."""
    changed = delivered.message
    assert isinstance(changed, ContributionsChanged)  # noqa: S101 - for the type checker: the table sends no other
    which = {"measure": changed.measure, "period": changed.period}
    tx.execute(_LOCK_SHARED)
    tx.execute(_LOCK, {"name": _month(changed.measure, changed.period)})  # after those who rely on this very run
    if not tx.execute(delete(TallyMark).filter_by(**which).returning(TallyMark.id)).all():
        return  # another message of the same month was quicker
    tx.execute(delete(Tally).filter_by(**which))
    tx.execute(ledger.FILL_ONE, {**which, "kept": queries.kept_people()})
    tx.execute(insert(FigureMark).values(which))
    outbox.publish(tx, TalliesChanged(measure=changed.measure, period=changed.period))


def publish(tx: Session, delivered: Delivered) -> None:
    """Say anew what may be told of a month of a measure, and of all that count the same acts, if cells changed."""
    changed = delivered.message
    assert isinstance(changed, TalliesChanged)  # noqa: S101 - as above
    topic = tx.scalar(select(Measure.topic).filter_by(code=changed.measure))
    if topic is None:
        return
    tx.execute(_LOCK_SHARED)
    tx.execute(_LOCK, {"name": f"figures:{topic}:{changed.period}"})
    together = select(Measure.code).filter_by(topic=topic)
    marks = delete(FigureMark).where(FigureMark.measure.in_(together), FigureMark.period == changed.period)
    if tx.execute(marks.returning(FigureMark.id)).all():
        publishing.publish(tx, topic, changed.period)


def rebuild_all(tx: Session) -> dict[str, Any]:
    """Make every cell and every figure anew from the ledger; the proof that ledger and tallies now agree."""
    refill(tx)
    publishing.publish_all(tx)
    return queries.verify_tallies(tx)


def refill(tx: Session) -> None:
    """Make every cell anew from the ledger."""
    tx.execute(_LOCK_ALL)
    tx.execute(delete(TallyMark))
    tx.execute(delete(Tally))
    tx.execute(ledger.FILL_ALL, {"kept": queries.kept_people()})


def sweep(tx: Session) -> None:
    """Ask for every marked month to be rebuilt: for marks whose asking was parked, or fell to a rebuild of all."""
    for measure, period in tx.execute(select(TallyMark.measure, TallyMark.period).distinct()).all():
        outbox.publish(tx, ContributionsChanged(measure=measure, period=period))
    for measure, period in tx.execute(select(FigureMark.measure, FigureMark.period).distinct()).all():
        outbox.publish(tx, TalliesChanged(measure=measure, period=period))


def _mark(tx: Session, changed: Iterable[tuple[Any, ...]]) -> None:
    """Mark months as changed, and ask for each to be rebuilt unless it is asked for already.

    In a rush thousands of acts change one month; it is rebuilt once for many. A mark may rely on the asking of an
    earlier one only while that month's rebuilding has not begun and cannot begin before this transaction ends: so
    the month is held, shared, if nobody holds it or waits to have it alone. Otherwise this mark asks for itself.
    """
    for measure, period in sorted(set(changed)):
        which = {"measure": measure, "period": period}
        held = tx.scalar(_TRY_SHARED, {"name": _month(measure, period)})
        marked = exists().where(TallyMark.measure == measure, TallyMark.period == period)
        asked = held and tx.scalar(select(marked))  # a second statement: it must see what stood when it was held
        tx.execute(insert(TallyMark).values(which))
        if not asked:
            outbox.publish(tx, ContributionsChanged(measure=measure, period=period))


def _month(measure: str, period: date) -> str:
    """The name of the lock of a month of a measure."""
    return f"tally:{measure}:{period}"


def _count(tx: Session, acts: list[Act], measures: Sequence[Measure]) -> set[tuple[Any, ...]]:
    if not acts:
        return set()  # they only take back
    tx.execute(insert(Act).on_conflict_do_nothing(), [{c: getattr(act, c) for c in _ACT} for act in acts])
    lines = [
        line
        for act in acts
        for measure in measures
        if measure.topic == act.topic and not measure.retired
        for line in _lines(act, measure)
    ]
    known = set(tx.scalars(select(Target.code).where(Target.code.in_({line["target"] for line in lines}))))
    if foreign := {line["target"] for line in lines} - known:
        log.error("unknown targets", extra={"targets": sorted(foreign)})
    return _add_lines(tx, [line for line in lines if line["target"] in known])


_ACT = ("id", "topic", "source", "on", "who", "dimensions", "amounts", "targets", "message_id")


def _acts(tx: Session, told: Iterable[tuple[Delivered, Mapping[str, Any]]]) -> list[Act]:
    """What is kept of messages, so that any rule can read it later; nothing in it names a person."""
    acts = [_act(one, facts) for one, facts in told if "group" in facts]
    _as_one(tx, acts)
    placeless = [act for act in acts if act.dimensions["area"] == UNKNOWN != act.dimensions["block"]]
    if placeless:
        wanted = {act.dimensions["block"] for act in placeless}
        areas = select(Block.number, Block.area["en"].astext).where(Block.number.in_(wanted))
        area_of: dict[str, str] = {row.number: row[1] for row in tx.execute(areas)}
        for act in placeless:
            area = area_of.get(act.dimensions["block"])
            act.dimensions["area"] = area_code(area) if area else UNKNOWN
    return acts


def _act(one: Delivered, facts: Mapping[str, Any]) -> Act:
    amounts = {
        name: str(int(value) if isinstance(value, bool) else value)
        for name, value in facts.items()
        if isinstance(value, bool | int | float) or name in _WRITTEN_AMOUNTS
    }
    return Act(
        id=new_id(), topic=one.message.topic, source=facts["source"], on=facts["on"], who=_who(facts),
        dimensions=dimensions_of(facts), amounts=amounts, targets=list(facts.get("targets") or ()),
        message_id=one.id,
    )  # fmt: skip


def _add_lines(tx: Session, lines: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    if not lines:
        return set()
    added = insert(Contribution).on_conflict_do_nothing().returning(Contribution.measure, Contribution.period)
    return {tuple(row) for row in tx.execute(added, lines)}


def _lines(act: Act, measure: Measure) -> Iterator[dict[str, Any]]:
    """The lines of an act in one measure: one for each target, with the share of the amount that has its weight."""
    amount = amount_of(measure.amount, act.amounts)
    if not amount or act.on < measure.since:
        return
    first = (measure.version - 1) * VERSION_LINES
    for line, target in enumerate(measure.targets or act.targets, first):
        if share := amount * Decimal(measure.weights.get(target, "1")):
            yield {
                "id": new_id(),
                "measure": measure.code,
                "measure_version": measure.version,
                "source": act.source,
                "line": line,
                "goal": goal_of(target),
                "target": target,
                "period": month_of(act.on),
                "on": act.on,
                **kept(act.dimensions, measure.disaggregations),
                "amount": share,
                "who": act.who,
                "message_id": act.message_id,
            }


def month_of(day: date) -> date:
    """The first day of a day's month: the period it counts in."""
    return day.replace(day=1)


def _who(facts: Mapping[str, Any]) -> bytes | None:
    """Whose act it was, told apart without a name: a person's, or an organisation's in whose name it was done."""
    if organisation := facts.get("organisation"):
        return secrets.pseudonym(organisation, "impact-organisation")
    person = facts.get("counts_for") or facts.get("person")
    return secrets.pseudonym(str(person), "impact") if person else None
