"""The pack's letters into their table. What was issued keeps the words it was issued with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import clock
from asimati.service_requests.letters.models import LetterTemplate


def sync(tx: Session, part: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, int]:
    """Make the table say what the pack's letters/ says; what was issued keeps its words."""
    counts = {"added": 0, "changed": 0, "retired": 0}
    known = {row.code: row for row in tx.scalars(select(LetterTemplate))}
    for item in part["letters"]:
        row, values = known.pop(item["code"], None), {**item, "retired_at": None}
        if row is None:
            tx.add(LetterTemplate(**values))
            counts["added"] += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            counts["changed"] += 1
    for gone in known.values():
        if gone.retired_at is None:
            gone.retired_at = clock.now(tx)
            counts["retired"] += 1
    tx.flush()
    return counts
