"""Charts as SVG, drawn here: they need no script and nothing from outside, and say everything in words too.

Every value stands beside its mark as text, what is withheld is hatched and named, and no colour carries meaning of
its own, so a chart reads the same in grey. In Arabic bars grow from the right and time runs from right to left.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from zlib import crc32

Value = Decimal | None  # None: withheld
NOTHING = Decimal(0)
WIDTH = 640


def bars(rows: Sequence[tuple[str, Value]], title: str, *, colour: str, rtl: bool, withheld: str) -> str:
    """A bar for each row, longest for the greatest value, with the value at its end."""
    most = max((value for _, value in rows if value is not None), default=Decimal(0)) or Decimal(1)
    label, room, step = 190, WIDTH - 190 - 90, 30
    parts = []
    for number, (name, value) in enumerate(rows):
        y = number * step + 4
        length = 60 if value is None else max(1, int(room * value / most))
        fill = f"url(#{_hatch_of(title)})" if value is None else colour
        parts.append(_text(_x(label - 10, rtl), y + 16, name, "end", rtl))
        parts.append(
            f'<rect x="{_x(label + length, rtl) if rtl else label}" y="{y}" width="{length}" height="22"'
            f' fill="{fill}" stroke="#333" stroke-width="0.5"/>'
        )
        shown = withheld if value is None else plain(value)
        parts.append(_text(_x(label + length + 8, rtl), y + 16, shown, "start", rtl))
    parts.append(hatch(_hatch_of(title), 6))
    return _svg("".join(parts), len(rows) * step + 8, title, _saying(rows, withheld))


def line(points: Sequence[tuple[str, Value]], title: str, *, colour: str, rtl: bool, withheld: str) -> str:
    """A line over time; a withheld point interrupts it."""
    most = max((value for _, value in points if value is not None), default=Decimal(0)) or Decimal(1)
    height, left = 240, 40
    gap = (WIDTH - 2 * left) / max(1, len(points) - 1)
    every = max(1, len(points) // 8)
    floor, run = height - 40, ""
    parts = [f'<line x1="{left}" y1="{floor}" x2="{WIDTH - left}" y2="{floor}" stroke="#333"/>']
    for number, (name, value) in enumerate(points):
        x = _x(int(left + number * gap), rtl)
        if number % every == 0:
            parts.append(_text(x, floor + 20, name, "middle", rtl))
        if value is None:
            parts.append(_text(x, floor - 6, "×", "middle", rtl))
            run = ""
            continue
        y = int(floor - (floor - 30) * value / most)
        run += f"{'L' if run else 'M'}{x} {y}"
        if not _next_told(points, number):
            parts.append(f'<path d="{run}" fill="none" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="#fff" stroke="#333" stroke-width="2"/>')
        if number % every == 0:
            parts.append(_text(x, y - 10, plain(value), "middle", rtl))
    return _svg("".join(parts), height, title, _saying(points, withheld))


def hatch(name: str, size: int) -> str:
    """The pattern of what is withheld, `size` units wide; its name must stand once on a page."""
    return (
        f'<defs><pattern id="{name}" width="{size}" height="{size}" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="{size}" height="{size}" fill="#fff"/>'
        f'<line x1="0" y1="0" x2="0" y2="{size}" stroke="#777" stroke-width="{size / 3:g}"/></pattern></defs>'
    )


def _hatch_of(title: str) -> str:
    return f"untold-{crc32(title.encode())}"


def plain(value: Decimal) -> str:
    """A number for readers: thousands apart, no more than two decimals."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _next_told(points: Sequence[tuple[str, Value]], number: int) -> bool:
    return number + 1 < len(points) and points[number + 1][1] is not None


def _x(x: int, rtl: bool) -> int:
    return WIDTH - x if rtl else x


def _text(x: int, y: int, text: str, anchor: str, rtl: bool, *, bold: bool = False) -> str:
    direction = ' direction="rtl"' if rtl else ""
    weight = ' font-weight="bold"' if bold else ""
    how = f'font-size="13" fill="#111" text-anchor="{anchor}"{direction}{weight}'
    return f'<text x="{x}" y="{y}" {how}>{escape(text)}</text>'


def _saying(rows: Sequence[tuple[str, Value]], withheld: str) -> str:
    return "; ".join(f"{name}: {withheld if value is None else plain(value)}" for name, value in rows)


def _svg(body: str, height: int, title: str, saying: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title><desc>{escape(saying)}</desc>'
        f"{body}</svg>"
    )
