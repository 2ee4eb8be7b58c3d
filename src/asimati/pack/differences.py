"""What a sync would change, shown before anybody lets it: the sync itself is played through and taken back.

So the answer cannot differ from what the sync then does; there is no second reading of the pack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.db import Base
from asimati.pack.loading import Pack, sync

# The tables a pack fills, and what a row is known by there. Rows without such a name were made by the staff.
TABLES: Mapping[str, tuple[str, ...]] = {
    "block": ("number",),
    "holiday": ("day",),
    "entity": ("code",),
    "reply_template": ("code",),
    "service": ("code",),
    "service_form": ("service_id", "number"),
    "desk": ("code",),
    "appointment_service": ("code",),
    "letter_template": ("code",),
    "edition": ("code",),
    "skill": ("code",),
    "charter": ("version",),
    "spoken_language": ("code",),
    "opportunity": ("code",),
    "shift": ("code",),
    "programme": ("slug",),
    "event": ("code",),
    "goal": ("number",),
    "target": ("code",),
    "indicator": ("code",),
    "measure": ("code",),
    "objective": ("code",),
    "crosswalk": ("target", "objective"),
    "aim": ("measure", "target", "year"),
    "dossier_form": ("code",),
    "template": ("topic",),
}
# Tables that follow from those: marks of what was read, keys of versions.
FOLLOWING = frozenset({"framework", "template_version", "reply_template_version", "former_rule", "outbox"})
_OURS = {"id", "search", "version", "taken", "waiting", "waitlist_sequence", "form_number", "digest"}
_PARENT = {"service_form": ("service", "service_id")}

Rows = dict[tuple[str, ...], Mapping[str, Any]]


class Change(StrEnum):
    """What would become of a row."""

    ADDED = "added"
    CHANGED = "changed"
    RETIRED = "retired"
    REMOVED = "removed"


@dataclass(frozen=True)
class Leaf:
    """One value that would change: its place in the row (`title/ar`), and both readings."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    """One row that would change."""

    kind: str
    key: str
    title: Mapping[str, str] | None
    change: Change
    fields: list[Leaf]


def differences(tx: Session, pack: Pack) -> list[Difference]:
    """What `sync` would do to the tables now. Nothing stays of the trial; `tx` must be a transaction of its own."""
    before = _rows(tx)
    with tx.begin_nested() as trial:
        sync(tx, pack)
        tx.flush()
        after = _rows(tx)
        trial.rollback()
    names = {
        (kind, row["id"]): key[0]
        for rows in (before, after)
        for kind, _ in _PARENT.values()
        for key, row in rows[kind].items()
    }
    return [
        difference
        for kind in TABLES
        for key in sorted(before[kind].keys() | after[kind].keys())
        if (difference := _difference(kind, key, before[kind].get(key), after[kind].get(key), names))
    ]


def digest(folder: Path) -> str:
    """What stands for the pack's files as they are now: another digest, another pack."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".toml", ".csv")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _rows(tx: Session) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for name, key in TABLES.items():
        rows = tx.execute(select(Base.metadata.tables[name])).mappings()
        found[name] = {
            tuple(str(row[column]) for column in key): dict(row)
            for row in rows
            if all(row[column] is not None for column in key)
        }
    return found


def _difference(
    kind: str,
    key: tuple[str, ...],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    names: Mapping[tuple[str, Any], str],
) -> Difference | None:
    row = after or before or {}
    was, will = _values(before), _values(after)
    fields = [
        Leaf(name, was.get(name), will.get(name))
        for name in sorted(was.keys() | will.keys())
        if was.get(name) != will.get(name)
    ]
    if not fields and before and after:
        return None
    parent, column = _PARENT.get(kind, ("", ""))
    shown = (names.get((parent, row[column]), key[0]), *key[1:]) if parent else key
    title = row.get("title") or row.get("name") or row.get("area")
    return Difference(
        kind, " · ".join(shown), title if isinstance(title, Mapping) else None, _change(before, after), fields
    )


def _values(row: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**dict(_leaves(row)), **({"retired": True} if _retired(row) else {})} if row else {}


def _change(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Change:
    if before is None:
        return Change.ADDED
    if after is None:
        return Change.REMOVED
    return Change.RETIRED if _retired(after) and not _retired(before) else Change.CHANGED


def _retired(row: Mapping[str, Any]) -> bool:
    return bool(row.get("retired_at") or row.get("retired"))


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a row that people set, each by its place; what the house keeps for itself is left out."""
    for name, one in value.items():
        if (
            not at
            and (name in _OURS or name == "retired" or name.endswith(("_at", "_id")))
            and not name.startswith(("starts", "ends"))
        ):
            continue
        if isinstance(one, Mapping) and one:
            yield from _leaves(one, f"{at}{name}/")
        elif one is not None:
            yield f"{at}{name}", one if isinstance(one, (bool, int, float, list)) else str(one)
