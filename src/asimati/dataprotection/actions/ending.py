"""How rows of the data map end: deleted, or blanked where a count needs them; children and files first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, delete, false, null, or_, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from asimati.files.models import StoredFile
from asimati.kit.privacy import Fate, Holding, children_of


def end(tx: Session, holding: Holding, rows: ColumnElement[bool], *, aged: bool = False) -> dict[str, int]:
    """Carry out a holding's fate for some rows; how many of each table. What is kept goes once it is `aged`."""
    if holding.fate is Fate.KEEP and not aged:
        return {}
    done: dict[str, int] = {}
    for child in children_of(holding):
        done |= end(tx, child, and_(hanging_on(child, select_keys(child, holding, rows)), free(child)), aged=aged)
    if holding.files:
        theirs = select(holding.table.c.id).where(rows)
        gone = delete(StoredFile).where(StoredFile.about_kind == holding.files, StoredFile.about_id.in_(theirs))
        done["stored_file"] = len(tx.scalars(gone.returning(StoredFile.id)).all())
    statement: Any = update(holding.table).where(rows).values(blanked(holding))
    if holding.fate is not Fate.REDACT:
        statement = delete(holding.table).where(rows)
    done[holding.name] = tx.connection().execute(statement).rowcount
    return done


def free(holding: Holding) -> ColumnElement[bool]:
    """Rows that nothing forbids to end."""
    return or_(false(), *(standing.rows for standing in holding.unless)).is_not(true())


def hanging_on(child: Holding, keys: Select[Any]) -> ColumnElement[bool]:
    """A child's rows that belong to those of its parent with these keys."""
    assert child.link is not None  # noqa: S101 - whoever is a child says by what
    return child.table.c[child.link].in_(keys)


def select_keys(child: Holding, parent: Holding, rows: ColumnElement[bool]) -> Select[Any]:
    """What a child's link points to, of some rows of its parent."""
    assert child.link is not None  # noqa: S101
    (key,) = child.table.c[child.link].foreign_keys
    return select(parent.table.c[key.column.name]).where(rows)


def blanked(holding: Holding) -> Mapping[str, Any]:
    """What takes the place of what a row said of its person."""
    made = {name: _blank(holding.table.c[name]) for name in holding.personal}
    made |= {name: value for name, value in holding.blanks.items() if name}
    made |= holding.blanks[""]() if "" in holding.blanks else {}
    if "version" in holding.table.c:
        made["version"] = holding.table.c.version + 1
    return made


def _blank(column: Column[Any]) -> Any:
    if column.nullable:
        return null()
    if isinstance(column.type, JSONB):
        return {"ar": "", "en": ""} if column.type.none_as_null else {}
    return ""
