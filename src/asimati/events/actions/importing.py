"""A programme from a table: one event a line, all or none, each fault named by line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy.orm import Session

from asimati.events import policy
from asimati.events.actions.programme import new_event
from asimati.events.models import Programme
from asimati.events.rules import EventType, Language, Mode, Publication, StatedFor
from asimati.kit import audit
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.policy import Actor
from asimati.kit.sheets import Row, read_sheet
from asimati.kit.text import western_digits
from asimati.kit.words import _
from asimati.settings import settings

_TEXTS = ("title", "description", "venue", "audience", "endorsement")
_LISTS = ("co_hosts", "speakers")  # several in a cell, between semicolons; the same number in both languages


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell; the line as its owner's spreadsheet numbers it."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True)
class Imported:
    rows: int
    created: int
    faults: list[Fault]


def import_events(tx: Session, actor: Actor, slug: str, data: bytes, *, dry_run: bool) -> Imported:
    """Drafts from a CSV or XLSX table; with a fault, or as a dry run, none is made. Raises NotFound, Invalid."""
    policy.require_in(actor, "organise", slug)
    if tx.get(Programme, slug) is None:
        raise NotFound
    rows, faults = read_sheet(data), []
    attempt = tx.begin_nested()
    for row in rows:
        faults += _made(tx, slug, row)
    if faults or dry_run:
        attempt.rollback()
        return Imported(len(rows), 0, faults)
    attempt.commit()
    audit.record(tx, actor, "events.events_imported", ("programme", slug), rows=len(rows))
    return Imported(len(rows), len(rows), [])


def _made(tx: Session, slug: str, row: Row) -> list[Fault]:
    fields, faults = _fields(row)
    if faults:
        return faults
    try:
        with tx.begin_nested():
            new_event(tx, programme=slug, status=Publication.DRAFT, **fields)
    except Invalid as refused:
        return [Fault(row.number, pointer.strip("/"), words) for pointer, words in refused.errors]
    return []


def _fields(row: Row) -> tuple[dict[str, Any], list[Fault]]:
    faults = [
        Fault(row.number, name, _("There is no such column."))
        for name in row.cells
        if name not in COLUMNS and name not in _WORDS
    ]
    fields: dict[str, Any] = {}
    for name in _TEXTS:
        text = {language: row.cells.get(f"{name}_{language}") or None for language in ("ar", "en")}
        if any(text.values()):
            fields[name] = text
    if "title" not in fields:
        faults.append(Fault(row.number, "title_ar", _("Write the text in Arabic or in English.")))
    for name in _LISTS:
        said, wrong = _several(row, name)
        fields |= {name: said} if said else {}
        faults += wrong
    for name, (read, needed) in COLUMNS.items():
        cell = row.cells.get(name, "")
        if not cell and not needed:
            continue
        try:
            fields[name] = read(western_digits(cell))
        except ValueError:
            faults.append(Fault(row.number, name, _HELP[read]))
    return fields, faults


def _several(row: Row, name: str) -> tuple[list[dict[str, Any]], list[Fault]]:
    """Texts of a list, the first in Arabic beside the first in English; speakers as `name | role`."""
    arabic, english = (_split(row.cells.get(f"{name}_{language}", ""), ";") for language in ("ar", "en"))
    if arabic and english and len(arabic) != len(english):
        return [], [Fault(row.number, f"{name}_en", _("Write as many as in Arabic, between semicolons."))]
    pairs = [{"ar": one, "en": other} for one, other in zip_longest(arabic, english)]
    return (pairs if name == "co_hosts" else [_speaker(pair) for pair in pairs]), []


def _speaker(pair: Mapping[str, str | None]) -> dict[str, Any]:
    parts = {language: [one.strip() for one in (text or "").split("|", 1)] for language, text in pair.items()}
    name = {language: said[0] or None for language, said in parts.items()}
    role = {language: said[1] if len(said) > 1 else None for language, said in parts.items()}
    return {"name": name, **({"role": role} if any(role.values()) else {})}


def _split(cell: str, mark: str) -> list[str]:
    """The parts of a cell; the Arabic marks part it too."""
    plain = cell.replace("،", ",").replace("؛", ";")
    return [one.strip() for one in plain.split(mark) if one.strip()]


def _moment(cell: str) -> datetime:
    """A local time such as 2026-12-01 18:30; one with an offset keeps it."""
    moment = datetime.fromisoformat(cell)
    return moment if moment.tzinfo else moment.replace(tzinfo=settings().governorate.time_zone)


def _number(cell: str) -> int:
    number = int(cell)
    if not 1 <= number <= 100_000:
        raise ValueError(cell)
    return number


def _flag(cell: str) -> bool:
    said = _FLAGS.get(cell.lower())
    if said is None:
        raise ValueError(cell)
    return said


def _whole(cell: str) -> int:
    number = int(cell)
    if not 0 <= number <= 720:
        raise ValueError(cell)
    return number


def _tags(cell: str) -> list[str]:
    return _split(cell, ",")


def _targets(cell: str) -> list[str]:
    targets = _tags(cell)
    if not all(re.fullmatch(r"[0-9]{1,2}\.[0-9a-z]{1,2}", one) for one in targets):
        raise ValueError(cell)
    return targets


def _block(cell: str) -> str:
    if not re.fullmatch(r"[0-9]{3,4}", cell):
        raise ValueError(cell)
    return cell


_FLAGS = {"yes": True, "no": False, "نعم": True, "لا": False}
_WORDS = frozenset(f"{name}_{language}" for name in _TEXTS + _LISTS for language in ("ar", "en"))
COLUMNS: Mapping[str, tuple[Callable[[str], Any], bool]] = {
    "type": (EventType, True),
    "language": (Language, True),
    "mode": (Mode, True),
    "starts_at": (_moment, True),
    "ends_at": (_moment, True),
    "capacity": (_number, True),
    "registration_opens_at": (_moment, False),
    "registration_closes_at": (_moment, False),
    "party_limit": (_number, False),
    "room_capacity": (_number, False),
    "approval": (_flag, False),
    "waitlist": (_flag, False),
    "series": (str, False),
    "block": (_block, False),
    "stated_for": (StatedFor, False),
    "minimum_age": (_whole, False),
    "maximum_age": (_whole, False),
    "late_cancel_hours": (_whole, False),
    "tags": (_tags, False),
    "targets": (_targets, False),
    "waiver": (str, False),
}
_HELP: Mapping[Callable[[str], Any], str] = {
    EventType: _("Write workshop, talk, panel, mentoring or exhibition."),
    Language: _("Write ar, en or both."),
    Mode: _("Write in_person, online or hybrid."),
    _moment: _("Write a time such as 2026-12-01 18:30."),
    _number: _("Write a whole number from 1 to 100000."),
    _flag: _("Write yes or no."),
    _whole: _("Write a whole number from 0 to 720."),
    _targets: _("Write targets such as 8.3, 17.17."),
    _block: _("Write a block of three or four digits."),
    StatedFor: _("Write everybody or first_timers."),
}
