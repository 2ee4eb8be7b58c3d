"""Changing a master key: what is sealed is sealed anew with the newest version, in batches.

A row says by its first byte which version sealed it, so the work needs no memory: it can be stopped and begun again
at any moment, several may do it at once, and whoever reads meanwhile is served by whichever version a row has.
Blind indexes are made anew together with what they find. A room whose keys are kept apart brings them (`Keys`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import LargeBinary, Select, Table, and_, func, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from asimati.kit import secrets
from asimati.kit.errors import Unavailable


class Keys(Protocol):
    """A master key with its versions: the house's (`kit.secrets`), or one that a room keeps apart.

    `newest_version` raises Unavailable where the key is not at hand, `unseal` raises Unsealable.
    """

    def newest_version(self) -> int: ...
    def seal(self, plain: str, purpose: str) -> bytes: ...
    def unseal(self, sealed: bytes, purpose: str) -> str: ...


HOUSE = "master"
KEYS: dict[str, Keys] = {HOUSE: secrets}


@dataclass(frozen=True)
class Sealed:
    """A column of sealed values, what they were sealed for, by whose keys, and the column of their blind index."""

    column: InstrumentedAttribute[Any]
    purpose: str
    index: InstrumentedAttribute[Any] | None = None
    by: str = HOUSE

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.key}"

    @property
    def table(self) -> Table:
        table: Table = self.column.class_.__table__
        return table

    @property
    def keys(self) -> Keys:
        return KEYS[self.by]


SEALED: dict[str, Sealed] = {}


def seals(
    column: InstrumentedAttribute[Any],
    purpose: str,
    index: InstrumentedAttribute[Any] | None = None,
    by: str = HOUSE,
) -> None:
    """Register a sealed column; a test asks that each one is. `by` names keys of KEYS; an index is the house's."""
    made = Sealed(column, purpose, index, by)
    SEALED[made.name] = made


@dataclass
class Progress:
    """What was done with one column: values sealed anew, and those no key at hand opens."""

    done: int = 0
    unsealable: int = 0


def rotate(begin: Callable[[], AbstractContextManager[Session]], batch: int = 500) -> dict[str, Progress | None]:
    """Seal everything anew with the newest version; None for a column whose keys are not at hand.

    Each batch is a transaction of its own, begun by `begin`.
    """
    return {name: _rotate(begin, sealed, batch) if newest(sealed.by) else None for name, sealed in SEALED.items()}


def newest(by: str) -> int | None:
    """The newest version of some keys; None where they are not at hand."""
    try:
        return KEYS[by].newest_version()
    except Unavailable:
        return None


def standing(tx: Session, by: str = HOUSE) -> Mapping[str, Mapping[int, int]]:
    """How many values of each column stand with each version of these keys."""
    found: dict[str, dict[int, int]] = {}
    for name, sealed in SEALED.items():
        if sealed.by != by:
            continue
        version = func.get_byte(sealed.column, 0)
        counted = select(version, func.count()).where(func.length(sealed.column) > 0).group_by(version)
        found[name] = {int(row[0]): int(row[1]) for row in tx.execute(counted)}
    return found


def _rotate(begin: Callable[[], AbstractContextManager[Session]], sealed: Sealed, batch: int) -> Progress:
    progress, after = Progress(), None
    while True:
        with begin() as tx:
            rows = tx.execute(_stale(sealed, after).limit(batch)).all()
            for row in rows:
                _renew(tx, sealed, row, progress)
        if len(rows) < batch:
            return progress
        after = rows[-1][0]


def _stale(sealed: Sealed, after: Any) -> Select[Any]:
    """Rows after a key whose value or index is not of the newest version, held for us."""
    (key,) = sealed.table.primary_key.columns
    current = literal(bytes([sealed.keys.newest_version()]), LargeBinary)
    columns = [sealed.column, *([sealed.index] if sealed.index else [])]
    old = or_(*(and_(column.is_not(None), func.substring(column, 1, 1) != current) for column in columns))
    wanted = select(key, sealed.column).where(sealed.column.is_not(None), old).order_by(key)
    return (wanted.where(key > after) if after is not None else wanted).with_for_update(key_share=True)


def _renew(tx: Session, sealed: Sealed, row: Any, progress: Progress) -> None:
    try:
        plain = sealed.keys.unseal(row[1], sealed.purpose)
    except secrets.Unsealable:
        progress.unsealable += 1
        return
    anew: dict[str, bytes] = {sealed.column.key: sealed.keys.seal(plain, sealed.purpose)}
    if sealed.index is not None:
        anew[sealed.index.key] = secrets.blind_index(plain, sealed.purpose)
    (key,) = sealed.table.primary_key.columns
    tx.execute(update(sealed.table).where(key == row[0]).values(**anew))
    progress.done += 1
