"""Retention: what was kept long enough ends by itself, as the pack's `[retention]` says."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.orm import Session

from asimati.dataprotection.actions.ending import end, free
from asimati.dataprotection.models import Restriction
from asimati.dataprotection.rules import RestrictionKind
from asimati.kit import audit
from asimati.kit.policy import SYSTEM
from asimati.kit.privacy import HOLDINGS, Holding
from asimati.settings import settings


def due(tx: Session) -> dict[str, dict[str, int]]:
    """What a purge would end now: rows by period and table."""
    found: dict[str, dict[str, int]] = {}
    for period, holding, rows in _ripe():
        count = tx.scalar(select(func.count()).select_from(holding.table).where(rows)) or 0
        found.setdefault(period, {})[holding.name] = count
    return found


def purge(tx: Session) -> dict[str, dict[str, int]]:
    """End what is older than its period; how many rows by period and table, and a line of it in the trail.

    Blocked data stay until they are unblocked: somebody may need them as proof.
    """
    done: dict[str, dict[str, int]] = {}
    for period, holding, rows in _ripe():
        ended = {name: rows for name, rows in end(tx, holding, rows, aged=True).items() if rows}
        if ended:
            done.setdefault(period, {}).update(ended)
    if done:
        audit.record(tx, SYSTEM, "dataprotection.purged", ("retention", "purge"), rows=done)
    tx.expire_all()
    return done


def _ripe() -> Iterator[tuple[str, Holding, ColumnElement[bool]]]:
    months = settings().governorate.facts.get("retention", {})
    for holding in HOLDINGS.values():
        for period, condition in holding.periods.items():
            if period in months and holding.aged is not None:
                before = func.app_now() - text(f"interval '{int(months[period])} months'")
                yield period, holding, and_(condition, holding.aged < before, free(holding), _unblocked(holding))


def _unblocked(holding: Holding) -> ColumnElement[bool]:
    whose = next((one for one in ("person_id", "person") if one in holding.table.c), None)
    if whose is None:
        return text("true")  # type: ignore[return-value]
    blocked = select(Restriction.person_id).where(
        Restriction.kind == RestrictionKind.BLOCK,
        Restriction.ended_at.is_(None),
        or_(Restriction.group.is_(None), Restriction.group == str(holding.group)),
    )
    return or_(holding.table.c[whose].is_(None), holding.table.c[whose].not_in(blocked))
