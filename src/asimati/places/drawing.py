"""A map drawn from the blocks' points alone, with nothing from outside.

We know a point of each block and no outline. So a block is drawn as the ground that is nearer to its point than to
any other's (its Voronoi cell), as far as REACH: neighbours touch, and open sea stays empty. That is a sketch which
shows where a block lies among the others, not where its borders run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

REACH = 750.0  # metres from its point at which a block ends where it has no neighbour
TOUCH = 10.0  # metres of a common border; less is a corner, and no neighbour
_CORNERS = 28  # of the ring a block is cut from
_DEGREE = 111_320.0  # metres of a degree of latitude

Spot = tuple[float, float]  # metres east and south of the drawing's corner
Known = tuple[str, float, float]  # a block's number, latitude and longitude in degrees


@dataclass(frozen=True)
class Cell:
    """A block on the drawing: its outline, its point, and the blocks that touch it."""

    number: str
    outline: tuple[Spot, ...]
    middle: Spot
    neighbours: frozenset[str]

    @property
    def points(self) -> str:
        """The outline as the points of an SVG polygon, in whole metres."""
        return " ".join(f"{x:.0f},{y:.0f}" for x, y in self.outline)


@dataclass(frozen=True)
class Drawing:
    """All blocks with a point, north above; `width` and `height` in metres."""

    cells: dict[str, Cell]
    width: float
    height: float
    north: float
    west: float

    def at(self, lat: float, lon: float) -> Spot:
        """Where a point in degrees lies on the drawing."""
        x, y = _flat(lat, lon, self.north)
        return x - self.west, y


@lru_cache(8)
def drawn(blocks: tuple[Known, ...]) -> Drawing | None:
    """The drawing of these blocks; None where no block has a point."""
    if not blocks:
        return None
    north = max(lat for _, lat, _ in blocks) + REACH / _DEGREE
    flat = [_flat(lat, lon, north) for _, lat, lon in blocks]
    west = min(x for x, _ in flat) - REACH
    spots = [(x - west, y) for x, y in flat]
    names = [number for number, _, _ in blocks]
    cells = {}
    for own, number in enumerate(names):
        outline, touching = _cell(own, spots)
        cells[number] = Cell(number, outline, spots[own], frozenset(names[one] for one in touching))
    return Drawing(
        cells, max(x for x, _ in spots) + REACH, max(y for _, y in spots) + REACH, north, west
    )  # fmt: skip


def _flat(lat: float, lon: float, north: float) -> Spot:
    """Over a governorate the earth is flat, and a degree of longitude as wide as at its northern edge."""
    return lon * _DEGREE * math.cos(math.radians(north)), (north - lat) * _DEGREE


def _cell(own: int, spots: Sequence[Spot]) -> tuple[tuple[Spot, ...], set[int]]:
    """The ring round a point, cut at the middle between it and each other point; and whose cuts are left."""
    x, y = spots[own]
    turns = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    # Each corner with the neighbour whose line runs from it to the next; None for the ring itself.
    ring: list[tuple[Spot, int | None]] = [
        ((x + REACH * math.cos(turn), y + REACH * math.sin(turn)), None) for turn in turns
    ]
    for other, spot in enumerate(spots):
        if other != own and math.dist(spot, spots[own]) < 2 * REACH:
            ring = _cut(ring, spots[own], spot, other)
    ends = [corner for corner, _ in ring[1:]] + [ring[0][0]]
    shared = {
        by for (start, by), end in zip(ring, ends, strict=True) if by is not None and math.dist(start, end) > TOUCH
    }
    return tuple(corner for corner, _ in ring), shared


def _cut(
    ring: list[tuple[Spot, int | None]], own: Spot, other: Spot, by: int
) -> list[tuple[Spot, int | None]]:  # fmt: skip
    """What of the ring is nearer to `own` than to `other`."""
    kept: list[tuple[Spot, int | None]] = []
    for (start, edge), (end, _) in zip(ring, [*ring[1:], ring[0]], strict=True):
        far, next_far = _beyond(start, own, other), _beyond(end, own, other)
        if far <= 0:
            kept.append((start, edge))
        if (far <= 0) != (next_far <= 0):
            share = far / (far - next_far)
            crossing = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            kept.append((crossing, by if far <= 0 else edge))
    return kept


def _beyond(spot: Spot, own: Spot, other: Spot) -> float:
    """How much nearer a spot is to `other` than to `own`, by the squares; negative on our side."""
    return math.dist(spot, own) ** 2 - math.dist(spot, other) ** 2
