"""Keyset pages: stable while others insert, and as fast on the last page as on the first."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, literal, or_, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import desc_op

from asimati.kit.errors import Invalid
from asimati.kit.words import _


@dataclass(frozen=True)
class PageArgs:
    """Which page: the cursor of the one before, and how many items (1 to 100)."""

    after: str | None = None
    limit: int = 20


@dataclass(frozen=True)
class Page:
    """Some items, and the cursor of what follows (None on the last page)."""

    items: list[Any] = field(default_factory=list)
    next: str | None = None


def paginate(tx: Session, statement: Select[Any], order: Sequence[Any], page: PageArgs) -> Page:
    """One page of a statement in an order whose last column is unique.

    The statement selects one entity, or several columns (then items are rows). Columns of the order may be
    descending (`Event.starts_at.desc()`); none may be null. Raises Invalid for a cursor that is not ours.
    """
    columns: list[ColumnElement[Any]] = [_column(one) for one in order]
    wanted = statement.add_columns(*(c.label(f"_key{i}") for i, c in enumerate(columns))).order_by(*order)
    if page.after:
        wanted = wanted.where(_after(order, columns, _decode(page.after, columns)))
    rows = tx.execute(wanted.limit(page.limit + 1)).all()
    shown, width = rows[: page.limit], len(columns)
    following = _encode(shown[-1][-width:]) if len(rows) > page.limit else None
    return Page([row[0] if len(row) == width + 1 else row for row in shown], following)


def _column(one: Any) -> Any:
    return one.element if isinstance(one, UnaryExpression) else one


def _after(order: Sequence[Any], columns: Sequence[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows strictly after the cursor: (a, b) > (x, y), which an index answers; spelled out if directions differ."""
    falling = [isinstance(one, UnaryExpression) and one.modifier is desc_op for one in order]
    if len(set(falling)) == 1:
        row = tuple_(*columns)
        cursor = tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))
        return row < cursor if falling[0] else row > cursor
    alternatives = []
    for i, (descending, column) in enumerate(zip(falling, columns, strict=True)):
        beyond = column < values[i] if descending else column > values[i]
        alternatives.append(and_(*(columns[j] == values[j] for j in range(i)), beyond))
    return or_(*alternatives)


def _encode(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    written = json.dumps(plain, default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).rstrip(b"=").decode()


def _decode(cursor: str, columns: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = json.loads(raw)
        if len(values) != len(columns):
            raise ValueError
        return [_typed(value, column) for value, column in zip(values, columns, strict=True)]
    except (ValueError, TypeError, RecursionError):
        raise Invalid([("/after", _("This is not a cursor of this list."))]) from None


def _typed(value: Any, column: ColumnElement[Any]) -> Any:
    kind = column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if not isinstance(value, kind) or (isinstance(value, str) and "\x00" in value):
        raise ValueError
    if isinstance(value, int) and abs(value) > 2**62:
        raise ValueError
    return value
