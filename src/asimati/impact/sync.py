"""The catalogue and the pack's measures into the tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.impact.actions import hold_rules, revise
from asimati.impact.models import (
    Aim,
    Crosswalk,
    DossierForm,
    FormerRule,
    Framework,
    Goal,
    Indicator,
    Measure,
    Objective,
    Target,
)
from asimati.impact.rules import About
from asimati.kit.db import Base

# What makes a measure another rule, not merely other words.
RULE = ("topic", "amount", "targets", "weights", "disaggregations", "voided_by", "since", "about")
UNNAMED = {"revision": "unnamed", "description": ""}


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Make the tables say what catalogue and pack say.

    A measure whose rule changed gets the next version, and all its acts are counted anew by it (`recounted`: how
    many); what the former rule made of them is kept beside. An indicator that a new revision of the framework no
    longer has stays, with the revision that had it last.
    """
    _upsert(tx, Goal, [_goal(goal) for goal in part["goals"]])
    _upsert(tx, Target, [_target(target) for goal in part["goals"] for target in goal["targets"]])
    _sync_framework(tx, {**UNNAMED, **part.get("framework", {})}, part["goals"])
    _upsert(tx, Objective, [{"code": one["code"], "title": one["title"]} for one in part["objectives"]])
    _sync_crosswalk(tx, [(one["target"], one["objective"]) for one in part["crosswalk"]])
    counts = _sync_measures(tx, part["measures"])
    tx.execute(delete(Aim))
    _upsert(tx, Aim, list(part.get("aims", ())))
    tx.execute(delete(DossierForm))
    _upsert(tx, DossierForm, list(part.get("dossiers", ())))
    return counts


def _sync_framework(tx: Session, said: Mapping[str, Any], goals: list[Mapping[str, Any]]) -> None:
    revision = said["revision"]
    rows = {one["code"]: one for one in _indicators(goals)}
    known = {one.code: one for one in tx.scalars(select(Indicator))}
    last = tx.scalar(select(Framework.revision).order_by(Framework.synced_at.desc()).limit(1))
    for code, row in rows.items():
        stood = known.pop(code, None)
        same = stood is not None and stood.title == row["title"] and stood.until is None
        row |= {"since": stood.since if stood and same else revision, "until": None}
    _upsert(tx, Indicator, list(rows.values()))
    for gone in known.values():
        gone.until = gone.until or last or revision
    written = json.dumps(goals, sort_keys=True, ensure_ascii=False)
    counts = {"goals": len(goals), "targets": sum(len(goal["targets"]) for goal in goals), "indicators": len(rows)}
    _upsert(tx, Framework, [{
        "revision": revision, "description": said["description"], "counts": counts,
        "digest": hashlib.sha256(written.encode()).hexdigest(),
    }])  # fmt: skip


def _goal(goal: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": int(goal["code"]), "short": goal["short"], "title": goal["title"], "colour": goal["color"]
    }  # fmt: skip


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: value for name, value in target.items() if name not in ("code", "title", "indicators")}
    number = int(target["code"].partition(".")[0])
    return {"code": target["code"], "goal": number, "title": target["title"], "facts": facts}


def _indicators(goals: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for goal in goals:
        for target in goal["targets"]:
            for one in target["indicators"]:
                facts = {name: value for name, value in one.items() if name not in ("code", "title")}
                yield {"code": one["code"], "target": target["code"], "title": one["title"], "facts": facts}


def _upsert(tx: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert(table).values(rows)
    key = [column.name for column in table.__table__.primary_key]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in key}
    tx.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))


def _sync_crosswalk(tx: Session, pairs: list[tuple[str, str]]) -> None:
    tx.execute(delete(Crosswalk).where(tuple_(Crosswalk.target, Crosswalk.objective).not_in(pairs)))
    if pairs:
        rows = [{"target": target, "objective": objective} for target, objective in pairs]
        tx.execute(insert(Crosswalk).values(rows).on_conflict_do_nothing())


def _sync_measures(tx: Session, items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = {"added": 0, "changed": 0, "retired": 0}
    hold_rules(tx)
    known = {measure.code: measure for measure in tx.scalars(select(Measure))}
    for item in items:
        wanted = _wanted(item)
        measure = known.pop(item["code"], None)
        if measure is None:
            tx.add(Measure(code=item["code"], version=1, **wanted))
            counts["added"] += 1
        elif changed := {name for name, value in wanted.items() if getattr(measure, name) != value}:
            _change(tx, measure, wanted, changed, counts)
    for gone in known.values():
        counts["retired"] += not gone.retired
        gone.retired = True
    tx.flush()
    return counts


def _wanted(item: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: item.get(name) for name in ("title", "unit", *RULE)} | {"retired": False}
    wanted["targets"] = [] if item["targets"] == "from_message" else list(item["targets"])
    wanted["weights"] = dict(item.get("weights") or {})
    wanted["about"] = About(item.get("about", About.PEOPLE))
    return wanted


def _change(
    tx: Session, measure: Measure, wanted: Mapping[str, Any], changed: set[str], counts: dict[str, int]
) -> None:
    former = {name: str(value) if name == "since" else value
              for name in RULE if (value := getattr(measure, name)) is not None}  # fmt: skip
    for name in changed:
        setattr(measure, name, wanted[name])
    counts["changed"] += 1
    if changed & set(RULE):
        tx.add(FormerRule(measure=measure.code, version=measure.version, rule=former))
        measure.version += 1
        counts["recounted"] = counts.get("recounted", 0) + revise(tx, measure)
