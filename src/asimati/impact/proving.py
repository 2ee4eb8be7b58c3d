"""The nightly proof that tallies are the fold of the ledger. Where not, people are told and cells made anew."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from asimati.accounts.callers import staff_holding
from asimati.impact import ledger, queries
from asimati.impact.actions import rebuild_all
from asimati.impact.messages import TalliesDiffered
from asimati.impact.models import Reconciliation
from asimati.impact.policy import WARNED
from asimati.kit import outbox
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.text import isolate
from asimati.kit.words import LANGUAGES, _, translate

log = logging.getLogger(__name__)

NAMED = 50  # measures' months that are named; all of them are counted
SHOWN = 12  # of these in the notice


def reconcile(tx: Session) -> dict[str, Any] | None:
    """Compare every cell with the ledger: says nothing where they agree, raises the alarm and mends where not.

    What was found stands and is told even where mending fails: the next night tries, and tells, again.
    """
    report = queries.verify_tallies(tx)
    found = Reconciliation(**{name: report[name] for name in ("contributions", "cells", "differences")})
    found.places, found.mended = [], True
    tx.add(found)
    if not report["ok"]:
        log.error("tallies differ from the ledger", extra=report)
        found.places = _places(tx)
        _warn(tx, found)
        found.mended = _mend(tx)
    tx.flush()
    return None if report["ok"] else queries.verify_tallies(tx)


def proofs(tx: Session, page: PageArgs) -> Page:
    """What the nights found, the newest first."""
    return paginate(tx, select(Reconciliation), [Reconciliation.id.desc()], page)


def _places(tx: Session) -> list[dict[str, Any]]:
    rows = tx.execute(ledger.DIFFERENCES, {"kept": queries.kept_people(), "most": NAMED})
    return [
        {"measure": row.measure, "period": f"{row.period:%Y-%m}", "target": row.target, "cells": row.cells,
         "more": queries.as_number(row.more)}
        for row in rows
    ]  # fmt: skip


def _mend(tx: Session) -> bool:
    try:
        with tx.begin_nested():
            rebuild_all(tx)
    except DBAPIError:
        log.exception("the tallies could not be made anew")
        return False
    return True


def _warn(tx: Session, found: Reconciliation) -> None:
    tx.flush()
    message = TalliesDiffered(
        about={"type": "reconciliation", "reference": str(found.id)},
        staff=sorted(str(one.id) for one in staff_holding(tx, WARNED)),
        differences=found.differences,
        lines={language: _said(found.places, language) for language in LANGUAGES},
    )
    outbox.publish(tx, message)


def _said(places: Sequence[Mapping[str, Any]], language: str) -> str:
    words = _("{measure} (target {target}), {period}: cells that differ: {cells}, in sum: {more}")
    shown = isolate if language == "ar" else str
    lines = [
        "• " + translate(words, language).format_map({name: shown(str(value)) for name, value in one.items()})
        for one in places[:SHOWN]
    ]
    return "\n".join(lines + ["…"] * (len(places) > SHOWN))
