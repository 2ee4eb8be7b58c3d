"""Questions about places and working time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.text import fold
from asimati.kit.worktime import Calendar, from_pack
from asimati.places.models import Block, Holiday
from asimati.settings import settings


def work_calendar(tx: Session) -> Calendar:
    """The governorate's working time with the holidays as they stand now, provisional ones included."""
    return from_pack(settings().governorate.facts, tx.scalars(select(Holiday.day)))


def block_known(tx: Session, number: str) -> bool:
    """Whether there is such a block today."""
    return tx.scalar(select(Block.number).where(Block.number == number, ~Block.retired)) is not None


def blocks(tx: Session, page: PageArgs, q: str | None = None) -> Page:
    """Blocks by number; `q` is part of a number or of an area's name in either language."""
    statement = select(Block).where(~Block.retired)
    if q:
        statement = statement.where(Block.search.contains(fold(q), autoescape=True))
    return paginate(tx, statement, [Block.number], page)


def holidays(tx: Session, page: PageArgs) -> Page:
    """Days off, by day."""
    return paginate(tx, select(Holiday), [Holiday.day], page)
