"""Where a case is: the blocks around it, drawn from their points (places/drawing.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from asimati.console.asking import public
from asimati.places import drawing

REACH = 1_500.0  # metres shown on each side of the place
PIN = 350.0  # metres around a block's number that the pin would cover


def map_of(location: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The drawing around a case's point, or around its block where it has none; None where we know neither."""
    where, blocks = location or {}, {one["number"]: one for one in public("/places/blocks")}
    drawn = drawing.drawn(tuple((b["number"], b["lat"], b["lon"]) for b in blocks.values() if b["lat"] is not None))
    own = drawn.cells.get(where.get("block") or "") if drawn else None
    exact = where.get("lat") is not None and where.get("lon") is not None
    if drawn is None or not (exact or own):
        return None
    middle = drawn.at(where["lat"], where["lon"]) if exact or own is None else own.middle
    beside = own.neighbours if own else frozenset()
    named = blocks.get(own.number) if own else None
    degrees = where if exact else named or {}
    covered = own.number if own and exact and math.dist(own.middle, middle) < PIN else None
    return {
        "drawn": drawn, "own": own, "beside": sorted(beside), "point": middle if exact else None,
        "covered": covered,
        "area": named and named["area"], "lat": degrees["lat"], "lon": degrees["lon"],
        "left": middle[0] - REACH, "top": middle[1] - REACH, "side": 2 * REACH,
        "labels": [c for c in drawn.cells.values() if _near(c.middle, middle)],
    }  # fmt: skip


def _near(one: drawing.Spot, other: drawing.Spot) -> bool:
    """Whether a block's number still stands in the picture."""
    return abs(one[0] - other[0]) < REACH - 120 and abs(one[1] - other[1]) < REACH - 120
