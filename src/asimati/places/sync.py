"""Putting the pack's blocks and holidays into the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import clock
from asimati.kit.outbox import publish
from asimati.kit.text import fold
from asimati.places.messages import WorkingTimeChanged
from asimati.places.models import Block, Holiday, Standing


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Put the pack's `blocks` and `holidays` into the tables; how many there are of each, and how many went."""
    retired = _sync_blocks(tx, part["blocks"])
    withdrawn = _sync_holidays(tx, part["holidays"])
    return {
        "blocks": len(part["blocks"]),
        "retired": retired,
        "holidays": len(part["holidays"]),
        "withdrawn": withdrawn,
    }


def _sync_blocks(tx: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add and correct; a block that has gone is retired, for cases may name it. How many were retired now."""
    known = {block.number: block for block in tx.scalars(select(Block))}
    for row in rows:
        area = row["area"]
        block = known.pop(row["number"], None) or Block(number=row["number"])
        block.area, block.search = area, fold(f"{row['number']} {area['ar']} {area['en']}")
        block.lat, block.lon, block.retired = row["lat"], row["lon"], False
        tx.add(block)
    gone = [block for block in known.values() if not block.retired]
    for block in gone:
        block.retired = True
    return len(gone)


def _sync_holidays(tx: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add, correct, and take back coming days that were provisional and are no longer listed: the moon decided.

    A confirmed day stays one until it is confirmed otherwise, and days that have passed are history. How many were
    taken back.
    """
    known = {holiday.day: holiday for holiday in tx.scalars(select(Holiday))}
    before = set(known)
    for row in rows:
        standing = Standing(row["standing"])
        holiday = known.pop(row["day"], None)
        if holiday is None:
            tx.add(Holiday(day=row["day"], name=row["name"], standing=standing))
            continue
        holiday.name = row["name"]
        if standing is Standing.CONFIRMED:
            holiday.standing = standing
    today = clock.local_day(clock.now(tx))
    moved = [one for one in known.values() if one.standing is Standing.PROVISIONAL and one.day >= today]
    for holiday in moved:
        tx.delete(holiday)
    if before and before != before - {one.day for one in moved} | {row["day"] for row in rows}:
        publish(tx, WorkingTimeChanged())
    return len(moved)
