"""Putting the pack's blocks and holidays into the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.text import fold
from asimati.places.models import Block, Holiday, Standing


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Add and correct; a block that has gone is retired; a holiday that staff confirmed stays as it is."""
    known = {block.number: block for block in tx.scalars(select(Block))}
    listed = {row["number"]: row for row in part["blocks"]}
    for number, row in listed.items():
        area = row["area"]
        search = fold(f"{number} {area['ar']} {area['en']}")
        block = known.get(number) or Block(number=number)
        block.area, block.search, block.lat, block.lon, block.retired = area, search, row["lat"], row["lon"], False
        tx.add(block)
    for number in known.keys() - listed.keys():
        known[number].retired = True
    days = {holiday.day: holiday for holiday in tx.scalars(select(Holiday))}
    for row in part["holidays"]:
        holiday = days.get(row["day"])
        if holiday is None:
            tx.add(Holiday(day=row["day"], name=row["name"], standing=Standing(row["standing"])))
        elif holiday.standing is Standing.PROVISIONAL:
            holiday.name, holiday.standing = row["name"], Standing(row["standing"])
    return {"blocks": len(listed), "holidays": len(part["holidays"]), "retired": len(known.keys() - listed.keys())}
