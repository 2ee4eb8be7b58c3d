"""One person's data as an archive they can read: a page in both languages, the same as JSON, and their files."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from html import escape
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import ColumnElement, Enum, LargeBinary, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from asimati.accounts import queries as accounts
from asimati.dataprotection.archive_words import CODES, FIELDS, FOR_MACHINES
from asimati.files import store
from asimati.files.models import FileStatus, StoredFile
from asimati.kit import audit, clock, secrets
from asimati.kit.pages import PageArgs
from asimati.kit.policy import Actor
from asimati.kit.privacy import HOLDINGS, Holding
from asimati.kit.rotation import SEALED
from asimati.kit.words import LANGUAGES, _, translate
from asimati.settings import settings

_IN_MEMORY = 4 << 20  # bytes of an archive before it goes to a temporary file
_TITLE, _CONTROLLER = _("Everything we keep of you"), _("Who answers for it")
_WHY, _LAW, _KEPT = _("What for"), _("By what right"), _("When you ask for erasure")
_OPENED, _FILES, _MADE = _("Who opened your file"), _("Your files"), _("Made on {at}")


def make(tx: Session, actor: Actor, person: UUID) -> BinaryIO:
    """A ZIP archive of everything that is kept of somebody and theirs to read, from its beginning.

    Notes of the staff and what others wrote of themselves are not in it. That it was made stands in the trail.
    """
    audit.record(tx, actor, "person.exported", ("person", person), [person])
    told = data(tx, person)
    out: BinaryIO = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", page(told))
        archive.writestr("data.json", json.dumps(told, ensure_ascii=False, indent=2))
        for file in _files(tx, person):
            with archive.open(f"files/{_named(file)}", "w") as target:
                for piece in store.read(file.key):
                    target.write(piece)
    out.seek(0)
    return out


def data(tx: Session, person: UUID) -> dict[str, Any]:
    """What the archive says, ready for JSON."""
    facts = settings().governorate.facts
    rooms = [
        {"group": str(holding.group), "name": holding.name, "title": _both(holding.title),
         "erasure": _both(holding.why),
         "rows": rows}
        for holding in HOLDINGS.values() if holding.exported and holding.whose is not None
        for rows in [list(_rows(tx, holding, person))] if rows
    ]  # fmt: skip
    return {
        "person": str(person),
        "made_at": clock.now(tx).isoformat(),
        "controller": facts["privacy"]["controller"],
        "groups": facts["privacy"]["group"],
        "data": rooms,
        "files": [f"files/{_named(file)}" for file in _files(tx, person)],
        "opened": [_plain(one) for one in _openings(tx, person)],
    }


def _rows(tx: Session, holding: Holding, person: UUID) -> Iterator[dict[str, Any]]:
    assert holding.whose is not None  # noqa: S101 - asked of what is somebody's
    columns = [
        column
        for column in holding.table.columns
        if column.name not in holding.hidden
        and (not isinstance(column.type, LargeBinary) or f"{holding.name}.{column.name}" in SEALED)
    ]
    called = [title.label(name) for name, title in _called(holding).items()]
    order = holding.table.primary_key.columns
    for row in tx.execute(select(*called, *columns).where(holding.whose(person)).order_by(*order)):
        yield {name: _opened(f"{holding.name}.{name}", value) for name, value in row._mapping.items()}


def _called(holding: Holding) -> dict[str, ColumnElement[Any]]:
    """What rows are about that have no title of their own: of a booking its event, of a request its service."""
    if "title" in holding.table.c:
        return {}
    found = (_title_by(column) for column in holding.table.columns)
    return {name: title for name, title in filter(None, found) if name not in holding.table.c}


def _title_by(column: ColumnElement[Any], steps: int = 4) -> tuple[str, ColumnElement[Any]] | None:
    """The title at the end of the keys that begin in a column, and the table it stands in. Not by way of people."""
    for key in column.foreign_keys if steps else ():
        there = key.column.table
        if there.name in ("person", "staff_member"):
            continue
        table = there.alias()
        if own := [name for name in ("title", "name") if name in table.c]:
            found: tuple[str, ColumnElement[Any]] | None = (there.name, table.c[own[0]])
        else:
            found = next(filter(None, (_title_by(one, steps - 1) for one in table.columns)), None)
        if found:
            return found[0], select(found[1]).where(table.c[key.column.name] == column).scalar_subquery()
    return None


def _opened(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        sealed = SEALED.get(name)
        return secrets.unseal(value, sealed.purpose) if sealed and value else None
    return _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Range):
        return {"from": _plain(value.lower), "to": _plain(value.upper)}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value)


def _files(tx: Session, person: UUID) -> list[StoredFile]:
    theirs = select(StoredFile).where(
        StoredFile.person_id == person, ~StoredFile.internal, StoredFile.status == FileStatus.READY
    )
    return list(tx.scalars(theirs.order_by(StoredFile.id)))


def _named(file: StoredFile) -> str:
    return f"{file.id.hex[-6:]}-{file.name}"


def _openings(tx: Session, person: UUID) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        found = accounts.access_log(tx, person, PageArgs(after, 100))
        yield from found.items
        after = found.next
        if after is None:
            return


def _both(words: str) -> dict[str, str]:
    return {language: translate(words, language) for language in LANGUAGES}


# --- the page --------------------------------------------------------------------------------------------------

_JOINS = re.compile(r"^(id|number|version)$|_(id|number)$")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Columns that hold codes though their type does not say so.
_CODED = {"actor_kind", "assurance", "by_kind", "channels", "method", "platform"}
_OF_PACK = {"group": "group", "code": "consent", "consent": "consent"}  # whose codes the pack names
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
_STYLE = """
body{font:16px/1.6 "Noto Naskh Arabic","Noto Sans",sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
[lang=en]{direction:ltr;text-align:left}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem;display:block;overflow-x:auto}
th,td{border:1px solid #999;padding:.3rem .6rem;text-align:start;vertical-align:top}
th{background:#f2f2ee}
.both{display:grid;grid-template-columns:1fr 1fr;gap:0 2rem}
h1,h2,h3{line-height:1.3}
code{direction:ltr;unicode-bidi:isolate}
"""


def page(told: Mapping[str, Any]) -> str:
    """The archive as one page in both languages that needs nothing from outside."""
    # Isolated (LRI, PDI): between Arabic words the parts of a date would change places.
    made = f"\u2066{clock.local(datetime.fromisoformat(told['made_at'])):%Y-%m-%d %H:%M}\u2069"
    parts = [
        _heading(1, _both(_TITLE)),
        _beside({language: ours.format(at=made) for language, ours in _both(_MADE).items()}),
    ]
    parts += [_heading(2, _both(_CONTROLLER)), _beside(told["controller"])]
    for group in told["groups"]:
        rooms = [room for room in told["data"] if room["group"] == group["code"]]
        if rooms:
            parts += [_heading(2, group["title"]), _said(_WHY, group["purpose"]), _said(_LAW, group["law"])]
            parts += [part for room in rooms for part in _room(room)]
    if told["files"]:
        links = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in told["files"])
        parts += [_heading(2, _both(_FILES)), f"<ul>{links}</ul>"]
    opened = [{"at": one["at"], "ar": one["words"]["ar"], "en": one["words"]["en"]} for one in told["opened"]]
    parts += [_heading(2, _both(_OPENED)), _table(opened)]
    body = "\n".join(parts)
    return _PAGE.format(title=escape(translate(_TITLE, "ar")), style=_STYLE, body=body)


_PAGE = """<!doctype html>
<html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>{style}</style></head><body>{body}</body></html>"""


def _room(room: Mapping[str, Any]) -> list[str]:
    rows = [{name: _meant(room["name"], name, value) for name, value in row.items()} for row in room["rows"]]
    return [_heading(3, room["title"]), _said(_KEPT, room["erasure"]), _table(rows)]


def _meant(holding: str, column: str, value: Any) -> Any:
    """What a code means, in both languages; anything else as it is."""
    if isinstance(value, list):
        return [_meant(holding, column, one) for one in value]
    if column in _OF_PACK:
        facts = settings().governorate.facts["privacy"][_OF_PACK[column]]
        return next((one["title"] for one in facts if one["code"] == value), value)
    if column in coded(holding):
        return CODES.get(f"{holding}.{value}") or CODES.get(str(value), value)
    return value


def coded(holding: str) -> set[str]:
    """The columns of a table in which codes stand."""
    columns = HOLDINGS[holding].table.columns
    return {one.name for one in columns if isinstance(one.type, Enum)} | {*_CODED} & {*columns.keys()}


def _heading(level: int, words: Mapping[str, str]) -> str:
    return f'<h{level}>{escape(words["ar"])} <span lang="en">{escape(words["en"])}</span></h{level}>'


def _said(label: str, words: Mapping[str, str]) -> str:
    return _beside({language: f"{translate(label, language)}: {words[language]}" for language in LANGUAGES})


def _beside(words: Mapping[str, str]) -> str:
    return f'<div class="both"><p>{escape(words["ar"])}</p><p lang="en">{escape(words["en"])}</p></div>'


def _table(rows: list[dict[str, Any]]) -> str:
    """Only the columns in which something stands for people; what joins rows to rows is for the JSON alone."""
    names = [
        name
        for name in (rows[0] if rows else ())
        if not _JOINS.search(name) and name not in FOR_MACHINES and any(_tells(row.get(name)) for row in rows)
    ]
    head = "".join(f"<th>{_label(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in names) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _tells(value: Any) -> bool:
    return value not in (None, "", {}, []) and not (isinstance(value, str) and _UUID.fullmatch(value))


def _label(name: str) -> str:
    return escape(FIELDS[name]) if name in FIELDS else f"<code>{escape(name)}</code>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, Mapping):
        told = {name: inner for name, inner in value.items() if _tells(inner)}
        if told.keys() <= {*LANGUAGES}:
            return "<br>".join(f'<bdi lang="{name}">{escape(str(inner))}</bdi>' for name, inner in told.items())
        return "<br>".join(f"{_label(str(name))}: {_cell(inner)}" for name, inner in told.items())
    if isinstance(value, list):
        return "، ".join(_cell(one) for one in value)
    return f"<bdi>{escape(_moment(value) if isinstance(value, str) else str(value))}</bdi>"


def _moment(value: str) -> str:
    """A moment on the governorate's clock; anything else as it is."""
    return f"{clock.local(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}" if _STAMP.fullmatch(value) else value
