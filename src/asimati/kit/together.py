"""New rows of several tables in one statement: one round trip for what is done all day."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Select, Table, bindparam, insert, inspect, literal_column, select
from sqlalchemy.orm import Session, make_transient_to_detached

from asimati.kit.db import Base

Shape = tuple[tuple[Table, tuple[str, ...]], ...]


def write_together(tx: Session, *rows: Base) -> None:
    """Insert new rows of whatever tables at once; afterwards they are the session's, as if it had written them.

    Constraints are looked at when the statement ends, so parents come together with children. What a row leaves
    unset is NULL, or the database's to fill in and then read when it is asked for; ids must be set. Raises
    IntegrityError.
    """
    shape = tuple((inspect(row).mapper.local_table, _filled(row)) for row in rows)
    values = {f"{n}_{name}": getattr(rows[n], name) for n, (_, names) in enumerate(shape) for name in names}
    tx.execute(_statement(shape), values)
    for row in rows:
        make_transient_to_detached(row)
    tx.add_all(rows)


def _filled(row: Base) -> tuple[str, ...]:
    """The columns that are ours to fill in; a row says NULL of those it has left unset."""
    state = inspect(row)
    for column in state.mapper.columns:
        if column.key not in state.dict and column.server_default is None:
            setattr(row, column.key, None)
    return tuple(column.key for column in state.mapper.columns if column.key in state.dict)


@cache
def _statement(shape: Shape) -> Select[tuple[int]]:
    parts = [
        insert(table)
        .values({name: bindparam(f"{n}_{name}", type_=table.c[name].type) for name in names})
        .cte(f"written_{n}")
        for n, (table, names) in enumerate(shape)
    ]
    return select(literal_column("1")).add_cte(*parts)
