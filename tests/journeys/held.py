"""Pictures of codes as a camera at a door sees them: turned, small, askew, blurred, noisy, half in shadow."""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass, replace

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
WIDTH, HEIGHT = 800, 600  # what the page makes of a camera's picture


@dataclass(frozen=True)
class View:
    """How a code is held.

    `turn` in degrees, `share` of the picture's height, `askew` how much nearer one edge is than the other, `blur`
    in pixels, `noise` as its deviation of 255, `shadow` how much darker one side is, `print_` ink and paper.
    """

    turn: float = 0.0
    share: float = 0.7
    askew: tuple[float, float] = (0.0, 0.0)
    blur: float = 0.0
    noise: int = 0
    shadow: float = 0.0
    print_: tuple[int, int] = (0, 255)
    jpeg: int = 90


def sheet_of(
    text: str, error: str = "m", version: int | None = None, ink: int = 0, paper: int = 255
) -> Image.Image:
    """The code alone, as our tickets show it."""
    made = io.BytesIO()
    segno.make(text, error=error, micro=False, version=version).save(made, kind="png", scale=10, border=4)
    return Image.open(made).convert("L").point(lambda shade: ink if shade < 128 else paper)


def held(text: str, view: View, seed: int = 0, **code: object) -> Image.Image:
    """A picture of the code in a hand before a coloured wall."""
    chance = random.Random(seed)
    sheet = sheet_of(text, ink=view.print_[0], paper=view.print_[1], **code)  # type: ignore[arg-type]
    corners = [_seen(x, y, view) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    corners = _within(corners, chance)
    side = sheet.width
    back = _plane(corners, [(0, 0), (side, 0), (side, side), (0, side)])
    wall = _wall(chance)
    shape = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(shape).polygon(corners, fill=255)
    # Each pixel of a camera gathers light from its whole square, so we look closer first and shrink.
    large = (WIDTH * 2, HEIGHT * 2)
    shown = sheet.transform(large, Image.Transform.PERSPECTIVE, _closer(back, 2), Image.Resampling.BICUBIC)
    wall.paste(shown.resize((WIDTH, HEIGHT), Image.Resampling.BOX), (0, 0), shape)
    return _spoiled(wall, view, chance).convert("RGB")


def _seen(x: float, y: float, view: View) -> Point:
    """A corner of the sheet in the picture: turned, then nearer or farther by where it is."""
    half = view.share * HEIGHT / 2
    turn = math.radians(view.turn)
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    depth = 1 + view.askew[0] * x / 2 + view.askew[1] * y / 2
    return half * x / depth, half * y / depth


def _within(corners: list[Point], chance: random.Random) -> list[Point]:
    """The sheet somewhere in the picture, whole: smaller where it would run over an edge."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    size = min(1.0, 0.98 * WIDTH / wide, 0.98 * HEIGHT / high)
    left = chance.uniform(0.01, 0.99 - size * wide / WIDTH) * WIDTH - size * min(xs)
    top = chance.uniform(0.01, 0.99 - size * high / HEIGHT) * HEIGHT - size * min(ys)
    return [(size * x + left, size * y + top) for x, y in corners]


def _wall(chance: random.Random) -> Image.Image:
    """A wall with things on it."""
    wall = Image.new("L", (WIDTH, HEIGHT), chance.randrange(60, 200))
    draw = ImageDraw.Draw(wall)
    for _ in range(14):
        x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
        box = (x, y, x + chance.randrange(20, 220), y + chance.randrange(20, 220))
        draw.rectangle(box, fill=chance.randrange(256))
    return wall


def _spoiled(picture: Image.Image, view: View, chance: random.Random) -> Image.Image:
    if view.shadow:
        ramp = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180))).resize(picture.size)
        ramp = ramp.point(lambda shade: int(255 * (1 - view.shadow) + shade * view.shadow))
        picture = ImageChops.multiply(picture, ramp)
    if view.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(view.blur))
    if view.noise:
        grains = Image.frombytes("L", picture.size, chance.randbytes(WIDTH * HEIGHT))
        grains = grains.point(lambda grain: int(128 + (grain - 127.5) * view.noise / 73.6))
        picture = ImageChops.add(picture, grains, offset=-128)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=view.jpeg)
    return Image.open(kept)


def _closer(plane: list[float], times: int) -> list[float]:
    """The same plane for a picture `times` as large."""
    a, b, c, d, e, f, g, h = plane
    return [a / times, b / times, c, d / times, e / times, f, g / times, h / times]


def _plane(source: list[Point], target: list[Point]) -> list[float]:
    """The eight numbers that take four points of the picture to the sheet's (Gauss, with the largest pivot)."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    for at in range(8):
        pivot = max(range(at, 8), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [part / rows[at][at] for part in rows[at]]
        for row in range(8):
            if row != at:
                rows[row] = [a - rows[row][at] * b for a, b in zip(rows[row], rows[at], strict=True)]
    return [row[8] for row in rows]


PLAIN = View()
# Each kind of trouble alone, as bad as a steward would still hold a ticket, and then together.
VIEWS = {
    **{f"turned {turn}": replace(PLAIN, turn=turn) for turn in (7, 30, 45, 90, 137, 180, 260)},
    **{f"share {share}": replace(PLAIN, share=share) for share in (0.35, 0.5, 0.95)},
    **{
        f"askew {x},{y}": replace(PLAIN, askew=(x, y))
        for x, y in ((0.3, 0), (-0.5, 0), (0, 0.5), (0.3, -0.3), (-0.4, 0.4))
    },
    **{f"blur {blur}": replace(PLAIN, blur=blur) for blur in (1, 2, 2.5)},
    **{f"noise {noise}": replace(PLAIN, noise=noise) for noise in (20, 50)},
    "in shadow": replace(PLAIN, shadow=0.8),
    "pale": replace(PLAIN, print_=(110, 170)),
    "poor picture": replace(PLAIN, jpeg=25),
    "all together": View(20, 0.65, (0.25, -0.2), 1.2, 18, 0.5, (40, 230), 60),
    "all together, upside down": View(200, 0.75, (-0.3, 0.2), 1.5, 25, 0.6, (30, 220), 50),
}
