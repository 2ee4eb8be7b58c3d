"""What is kept of people: each room declares its tables here, and the data-protection desk works from that alone.

From one declaration follow the data map and the record of processing, a person's export, the plan of an erasure and
the erasure itself, and the purge of what was kept long enough. A house test fails for a column of content in a
table about people that is declared neither as personal nor as plain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, select
from sqlalchemy.orm import Session

from asimati.kit.db import Base
from asimati.kit.policy import Actor

INFO = "personal"  # key of a column's `info`: the group it belongs to, or None for what says nothing of a person


class Group(StrEnum):
    """Groups of fields. The pack's `[[privacy.group]]` says for each why it is kept and by what right."""

    IDENTITY = "identity"
    CONTACT = "contact"
    ADDRESS = "address"
    SENSITIVE = "sensitive"
    ACCOUNT = "account"
    CASE = "case"
    PARTICIPATION = "participation"
    NOTICE = "notice"
    REPORT = "report"
    RECORD = "record"
    STAFF = "staff"


class Fate(StrEnum):
    """What becomes of rows when their person asks for erasure, or when their time is over."""

    DELETE = "delete"
    REDACT = "redact"  # the row stays, so that counts stay right; what it says of the person is blanked
    KEEP = "keep"


class Together(StrEnum):
    """What becomes of rows when two accounts turn out to be one person's."""

    MOVE = "move"  # they become the kept account's
    ONE = "one"  # where a key allows one alone, the kept account's stays and the other goes
    BLOCK = "block"  # where a key allows one alone and both have one, somebody has to end one first
    END = "end"  # they are deleted
    LEAVE = "leave"  # they stay with the other account, for `left`


@dataclass(frozen=True)
class Clash:
    """What stands in the way of one account, in words for the staff: `rows` of them."""

    name: str
    title: str
    rows: int


@dataclass(frozen=True)
class Standing:
    """Rows that an erasure leaves as they are, and why.

    `waits`: not for good; the erasure comes back for them, and until then the person's own row stays too.
    """

    rows: ColumnElement[bool]
    why: str
    waits: bool = False


@dataclass(frozen=True)
class Holding:
    """What one table keeps of people."""

    table: Table
    group: Group
    title: str
    whose: Callable[[UUID], ColumnElement[bool]] | None  # none: rows of the staff, of nobody who could ask here
    personal: Mapping[str, Group]
    fate: Fate
    why: str
    parent: str | None = None
    link: str | None = None  # the column that names the parent's row
    unless: Sequence[Standing] = ()
    blanks: Mapping[str, Any] = field(default_factory=dict)
    files: str | None = None  # the kind under which `files` keeps what lies beside a row
    # Retention: the pack's period (months) by key, for the rows of a condition, counted from a column.
    periods: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    aged: ColumnElement[Any] | None = None
    hidden: Sequence[str] = ()  # columns that are the person's but show them nothing: keys, digests
    exported: bool = True
    together: Together = Together.MOVE
    left: str = ""  # why rows stay with the other account, where they do
    # Other columns that follow the person, by the account that is kept.
    along: Callable[[UUID], Mapping[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.table.name


HOLDINGS: dict[str, Holding] = {}
# Deeds that go before an erasure: what a person still holds (a seat, a shift) goes to the next in line.
BEFORE_ERASURE: list[Callable[[Session, Actor, UUID], None]] = []
# Before two accounts become one: what only the room can settle, called with the kept account and the other.
BEFORE_MERGE: list[Callable[[Session, Actor, UUID, UUID], None]] = []
# After it, on the kept account alone: what has to say something new.
AFTER_MERGE: list[Callable[[Session, Actor, UUID], None]] = []
# What of a room stands in the way of it, beyond its keys.
CLASHES: list[Callable[[Session, UUID, UUID], Clash]] = []


def holds(
    model: type[Base],
    group: Group,
    title: str,
    *,
    of: str | Callable[[UUID], ColumnElement[bool]] | None,
    personal: Iterable[str] | Mapping[str, Group] = (),
    plain: Iterable[str] = (),
    fate: Fate,
    why: str,
    **more: Any,
) -> None:
    """Declare what a table keeps of people.

    `of`: the column that names the person, or the row of another declared table that does; or a condition; None for
    what is kept of the staff. `personal`: columns that say something of the person (of `group` unless a mapping
    says otherwise), `plain`: columns of content that do not. `fate` and `why` (words for the person) are for an
    erasure; `unless`, `blanks`, `files`, `periods`, `aged`, `hidden`, `exported`, `together`, `left`, `along` as in
    Holding.
    """
    table = _table(model)
    groups = dict(personal) if isinstance(personal, Mapping) else dict.fromkeys(personal, group)
    for name in plain:
        table.columns[name].info[INFO] = None
    for name, its in groups.items():
        table.columns[name].info[INFO] = its
    whose = None if isinstance(of, str) else of
    if isinstance(of, str):
        whose, parent = _by(table, of)
        more |= {"parent": parent, "link": of if parent else None}
    HOLDINGS[table.name] = Holding(table, group, title, whose, groups, fate, why, **more)


def knows_nobody(model: type[Base], *columns: str, why: str) -> None:
    """Declare that these columns of a table that is tied to people say nothing of them; `why` is for the reader."""
    for name in columns:
        _table(model).columns[name].info[INFO] = None


def person_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that name an account of a person, in their order."""
    return [
        column for column in table.columns if any(key.column.table.name == "person" for key in column.foreign_keys)
    ]


def children_of(holding: Holding) -> list[Holding]:
    """What hangs on a holding's rows."""
    return [child for child in HOLDINGS.values() if child.parent == holding.name]


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - a mapped class of ours always has a table
    return table


def _by(table: Table, column: str) -> tuple[Callable[[UUID], ColumnElement[bool]], str | None]:
    (key,) = table.columns[column].foreign_keys
    target = key.column.table
    if target.name == "person":
        return (lambda person: table.columns[column] == person), None

    def through_parent(person: UUID) -> ColumnElement[bool]:
        whose = HOLDINGS[target.name].whose
        assert whose is not None  # noqa: S101 - a child of the staff's rows says of=None
        return table.columns[column].in_(select(key.column).where(whose(person)))

    return through_parent, target.name
