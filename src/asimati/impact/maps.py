"""A figure by block, drawn as a map: as SVG, from the blocks' points alone (places/drawing.py).

Every block says its number and its value; the darker the more, in the goal's colour and in grey alike. What is
withheld is hatched and marked. North is above in both languages, for a map is not read from right to left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from html import escape
from itertools import pairwise

from asimati.impact.charts import NOTHING, Value, hatch, plain
from asimati.places.drawing import Cell, Drawing

SHADES = 5  # at most: more are not told apart
_NUMBER, _VALUE = 145, 190  # metres: the height of a block's number, and of its value
_ROOM = 400  # metres a value may be wide; neighbours' points are seldom nearer


@dataclass(frozen=True)
class ByBlock:
    """A figure of each block by its number; a block without one has nothing."""

    values: Mapping[str, Value]
    areas: Mapping[str, str]
    colour: str
    withheld: str  # the word for it

    @cached_property
    def limits(self) -> list[Decimal]:
        """Up to which value each shade goes, in even steps of a round number; none where there is nothing."""
        most = max((value for value in self.values.values() if value is not None), default=NOTHING)
        if most <= 0:
            return []
        size = Decimal(10) ** (most / SHADES).adjusted()
        step = next(times * size for times in (1, 2, 5, 10) if times * size * SHADES >= most)
        return [step * count for count in range(1, math.ceil(most / step) + 1)]

    def shade(self, value: Decimal) -> int:
        """Which shade a value has, from 1 on; 0 for nothing."""
        return sum(value > limit for limit in self.limits) + 1 if value > 0 else 0

    def fill(self, shade: int) -> str:
        strength = shade / len(self.limits) if self.limits else 0
        return f'fill="{self.colour}" fill-opacity="{strength:.2f}"'

    def of(self, number: str) -> tuple[Value, str]:
        """A block's value, and the same in words."""
        value = self.values.get(number, NOTHING)
        return value, self.withheld if value is None else plain(value)


def draw(figure: ByBlock, drawing: Drawing, title: str) -> str:
    """The map."""
    cells = "".join(_cell(figure, cell) for cell in drawing.cells.values())
    words = "".join(_words(figure, cell) for cell in drawing.cells.values())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" role="img"'
        f' aria-label="{escape(title)}" class="map"><title>{escape(title)}</title>{hatch("untold-map", 90)}{cells}'
        '<g aria-hidden="true" text-anchor="middle" direction="ltr" fill="#111" stroke="#fff" stroke-width="45"'
        f' stroke-linejoin="round" paint-order="stroke">{words}{_scale(drawing)}</g></svg>'
    )


def key(figure: ByBlock) -> list[tuple[str, str]]:
    """Each shade as a small picture, with what it stands for, from nothing on."""
    said = ["0", *(f"{plain(low)} – {plain(high)}" for low, high in pairwise([NOTHING, *figure.limits]))]
    return [(_square(figure.fill(shade)), words) for shade, words in enumerate(said)]


def hatched() -> str:
    """What is withheld, as a small picture."""
    return _square('fill="url(#untold-key)"', hatch("untold-key", 6))


def _square(fill: str, pattern: str = "") -> str:
    return (
        f'<svg viewBox="0 0 24 16" width="24" height="16" class="swatch" aria-hidden="true">{pattern}'
        f'<rect x="0.5" y="0.5" width="23" height="15" stroke="#333" {fill}/></svg>'
    )


def _cell(figure: ByBlock, cell: Cell) -> str:
    value, shown = figure.of(cell.number)
    fill = 'fill="url(#untold-map)"' if value is None else figure.fill(figure.shade(value))
    named = f"{escape(cell.number)} {escape(figure.areas.get(cell.number, ''))}"
    return (
        f'<polygon points="{cell.points}" fill="#fff"/><polygon points="{cell.points}" {fill} stroke="#555"'
        f' stroke-width="12"><title>{named}: {escape(shown)}</title></polygon>'
    )


def _words(figure: ByBlock, cell: Cell) -> str:
    """The block's number over its value, small enough to stand beside its neighbours'."""
    (x, y), (value, shown) = cell.middle, figure.of(cell.number)
    mark = "×" if value is None else shown
    size = min(_VALUE, int(_ROOM / (0.6 * len(mark))))
    return (
        f'<text x="{x:.0f}" y="{y - 25:.0f}" font-size="{_NUMBER}">{escape(cell.number)}</text>'
        f'<text x="{x:.0f}" y="{y + 150:.0f}" font-size="{size}" font-weight="bold">{escape(mark)}</text>'
    )


def _scale(drawing: Drawing) -> str:
    """A kilometre, and where north is."""
    x, y = 500, drawing.height - 250
    return (
        f'<path d="M{x:.0f} {y - 60:.0f}v60h1000v-60M{x + 500:.0f} {y - 420:.0f}v-400m-110 130l110-130 110 130"'
        ' fill="none" stroke="#111" stroke-width="25"/>'
        f'<text x="{x + 500:.0f}" y="{y - 90:.0f}" font-size="150">1 km</text>'
        f'<text x="{x + 500:.0f}" y="{y - 880:.0f}" font-size="150">N</text>'
    )
