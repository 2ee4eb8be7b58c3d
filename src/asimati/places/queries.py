"""Questions about places and working time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.text import fold
from asimati.kit.worktime import Calendar, from_pack
from asimati.places.models import Block, Holiday
from asimati.settings import settings

Point = tuple[float, float]  # latitude and longitude in degrees
NEAR = 3_000.0  # metres from a block's point that still count as being in it
FAR = 15_000.0  # metres from every block we know the point of: outside, whatever the others are


def work_calendar(tx: Session) -> Calendar:
    """The governorate's working time with the holidays as they stand now, provisional ones included."""
    return from_pack(settings().governorate.facts, holiday_days(tx))


def holiday_days(tx: Session) -> Sequence[date]:
    """The days off as they stand now."""
    return tx.scalars(select(Holiday.day)).all()


def block_known(tx: Session, number: str) -> bool:
    """Whether there is such a block today."""
    return tx.scalar(select(Block.number).where(Block.number == number, ~Block.retired)) is not None


def unknown_blocks(tx: Session, numbers: Collection[str]) -> set[str]:
    """Those of the numbers that are no block today."""
    known = tx.scalars(select(Block.number).where(Block.number.in_(numbers), ~Block.retired))
    return set(numbers) - set(known)


@dataclass(frozen=True)
class Whereabouts:
    """Whether a place is in the governorate, and how we know.

    Blocks have a point, some of them, and no outline; so a point is in the governorate where it is near to one of
    those (`by` "nearest"), outside where it is far from all, and else we cannot say: `inside` is None.
    """

    inside: bool | None
    by: str | None = None
    block: Block | None = None
    metres: int | None = None


def locate(tx: Session, *, block: str | None = None, point: Point | None = None) -> Whereabouts:
    """Where a place is: by the block somebody names, else by the nearest block's point."""
    if block is not None:
        named = tx.scalar(select(Block).where(Block.number == block, ~Block.retired))
        return Whereabouts(named is not None, "declared", named)
    if point is None:
        return Whereabouts(None)
    far = _metres(point)
    nearest = select(Block, far.label("far")).where(Block.lat.is_not(None), ~Block.retired).order_by(far).limit(1)
    found = tx.execute(nearest).one_or_none()
    if found is None or NEAR < found.far <= FAR:
        return Whereabouts(None)
    if found.far > FAR:
        return Whereabouts(False, "nearest")
    return Whereabouts(True, "nearest", found[0], round(found.far))


def agrees(tx: Session, block: str, point: Point) -> bool:
    """Whether a point can lie in a block; yes where we do not know the block's own point."""
    far = tx.scalar(select(_metres(point)).where(Block.number == block, Block.lat.is_not(None)))
    return far is None or far <= NEAR


def _metres(point: Point) -> Any:
    """How far a block's point is. Over a governorate the earth is flat: a degree of latitude is 111,320 m."""
    lat, lon = point
    north, east = (Block.lat - lat) * 111_320, (Block.lon - lon) * 111_320 * func.cos(func.radians(lat))
    return func.sqrt(north * north + east * east)


def blocks(tx: Session, page: PageArgs, q: str | None = None) -> Page:
    """Blocks by number; `q` is part of a number or of an area's name in either language."""
    statement = select(Block).where(~Block.retired)
    if q:
        statement = statement.where(Block.search.contains(fold(q), autoescape=True))
    return paginate(tx, statement, [Block.number], page)


def holidays(tx: Session, page: PageArgs) -> Page:
    """Days off, by day."""
    return paginate(tx, select(Holiday), [Holiday.day], page)


def holiday(tx: Session, day: date) -> Holiday:
    """The day off of a day. Raises NotFound."""
    found = tx.get(Holiday, day)
    if found is None:
        raise NotFound
    return found
