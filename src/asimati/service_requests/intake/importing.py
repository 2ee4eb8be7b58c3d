"""Cases from another system's file: Tawasul above all, which exchanges by file and by nothing else.

A file is CSV or XLSX (a line for each case) or JSON (a list of objects). Each case has its number over there,
`external_ref`: one that is here already is left as it is, so a file may be brought again, whole or longer. What
the other system calls its columns and its services the pack says, under `[[import]]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.http import strict_json
from asimati.kit import sheets
from asimati.kit.errors import Invalid, Refusal
from asimati.kit.policy import Actor
from asimati.kit.text import fold, western_digits
from asimati.kit.words import _
from asimati.service_requests import policy
from asimati.service_requests.actions.submitting import intake
from asimati.service_requests.intake.many import Result, attempt
from asimati.service_requests.intake.schemas import checked
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.rules import Channel
from asimati.settings import settings

Case = Mapping[str, Any]
NO_OPTIONS: Mapping[str, Any] = {}
Services = Mapping[str, Service]
MOST = 2_000  # cases of one file: a transaction's worth
PLACE = ("block", "road", "building", "lat", "lon")
PLAIN = ("external_ref", "service", "phone", "received_at", "note")
ANSWER = "answers."
_POINT, _NUMBER = ("lat", "lon"), {"type": "number"}
_YES = {"true": True, "yes": True, "1": True, "نعم": True, "false": False, "no": False, "0": False, "لا": False}


@dataclass
class Brought:
    """What a file held: its cases with their line (or place in the list), and the columns nobody reads."""

    cases: list[tuple[int, Case]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """How another system writes: its columns by our names of them, its services by our codes."""

    columns: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


def bring(tx: Session, actor: Actor, data: bytes, channel: Channel, *, dry_run: bool) -> dict[str, Any]:
    """Take the cases of a file in; what came of each line. A dry run tells the same and leaves nothing behind.

    Raises Invalid for a file that cannot be read at all.
    """
    policy.require(actor, "intake")
    source = _source(channel)
    brought = read(data, source)
    run = tx.begin_nested()
    services = _services(tx, source)
    items = [_line(tx, actor, channel, line, values, services) for line, values in brought.cases]
    if dry_run:
        run.rollback()
    else:
        run.commit()
    counts = {name: sum(one["outcome"] == name for one in items) for name in ("created", "unchanged", "refused")}
    return {"dry_run": dry_run, **counts, "ignored": brought.ignored, "items": items}


def read(data: bytes, source: Source = Source()) -> Brought:
    """The cases of a file, by our names. Raises Invalid."""
    if data.lstrip()[:1] in (b"[", b"{"):
        return Brought(list(enumerate(_objects(data), start=1)))
    rows = sheets.read_sheet(data, limit=MOST)
    names = {header: source.columns.get(header, header) for header in (rows[0].cells if rows else ())}
    known = {header for header, name in names.items() if name in (*PLAIN, *PLACE) or name.startswith(ANSWER)}
    cases: list[tuple[int, Case]] = [
        (row.number, {names[header]: cell for header, cell in row.cells.items() if header in known and cell})
        for row in rows
    ]
    return Brought(cases, [header for header in names if header not in known])


def _objects(data: bytes) -> list[Mapping[str, Any]]:
    try:
        found = strict_json.loads(data)
    except Refusal:
        raise Invalid([("", _("The file is neither CSV, XLSX nor JSON."))]) from None
    items = found.get("items") if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not all(isinstance(one, Mapping) for one in items):
        raise Invalid([("", _("The file is a list of objects, or an object with such a list under items."))])
    if len(items) > MOST:
        raise Invalid([("", _("The file has too many lines."))])
    return items


def _line(tx: Session, actor: Actor, channel: Channel, line: int, values: Case, services: Services) -> Result:
    ref = str(values.get("external_ref") or "")[:80]

    def deed() -> tuple[str, ServiceRequest]:
        if not ref:
            raise Invalid([("/external_ref", _("This is required."))])
        here = select(ServiceRequest).filter_by(channel=channel, external_ref=ref)
        if (known := tx.scalar(here)) is not None:
            return "unchanged", known
        service = services.get(str(values.get("service") or ""))
        if service is None:
            raise Invalid([("/service", _("There is no such service."))])
        whole = {"form_version": service.form_number, **_shaped(values, service), "service": service.code}
        return "created", intake(tx, actor, **checked({**whole, "external_ref": ref, "channel": str(channel)}))

    return {"line": line, "external_ref": ref or None, **attempt(tx, deed)}


def _shaped(values: Case, service: Service) -> dict[str, Any]:
    """A case as the API takes it. Text of a table becomes what the form asks for; an object is one already."""
    asked = service.form.schema["properties"]
    flat = {name: value for name, value in values.items() if name in PLACE or name.startswith(ANSWER)}
    whole = {name: value for name, value in values.items() if name not in flat}
    answers = {name.removeprefix(ANSWER): value for name, value in flat.items() if name.startswith(ANSWER)}
    place = {name: typed(_NUMBER, flat[name]) if name in _POINT else flat[name] for name in PLACE if name in flat}
    if answers or "answers" not in whole:
        ui = service.form.ui
        whole["answers"] = {
            name: typed(asked.get(name, {}), value, ui.get(name, {}).get("options", {}))
            for name, value in answers.items()
        }
    if place:
        whole["location"] = place
    if "received_at" in whole:
        whole["received_at"] = _moment(whole["received_at"])
    return whole


def _moment(written: Any) -> Any:
    """A day or a moment on the governorate's clock as RFC 3339; the schema refuses what is neither."""
    try:
        at = datetime.fromisoformat(western_digits(str(written)).strip())
    except ValueError:
        return written
    return (at if at.tzinfo else at.replace(tzinfo=settings().governorate.time_zone)).isoformat()


def typed(asked: Mapping[str, Any], cell: Any, options: Mapping[str, Any] = NO_OPTIONS) -> Any:
    """A cell as the form's field asks for it, an option also by its label in either language.

    What cannot be is left as it stands, and the form will say so.
    """
    text = str(cell)
    kind, said = asked.get("type"), western_digits(text.strip())
    if kind == "boolean":
        return _YES.get(said.lower(), text)
    if kind == "array":
        return [
            typed(asked.get("items", {}), one, options) for one in said.replace("؛", ";").split(";") if one.strip()
        ]
    for code, label in options.items():
        if fold(text) in {fold(said) for said in label.values()}:
            return code
    try:
        return int(said) if kind == "integer" else float(said) if kind == "number" else text.strip()
    except ValueError:
        return text


def _services(tx: Session, source: Source) -> Services:
    """The services on offer by their codes, and by what the other system calls them."""
    ours = {one.code: one for one in tx.scalars(select(Service).where(Service.retired_at.is_(None)))}
    return ours | {theirs: ours[code] for theirs, code in source.services.items() if code in ours}


def _source(channel: Channel) -> Source:
    for one in settings().governorate.facts.get("import", ()):
        if one["channel"] == channel:
            return Source(one.get("columns", {}), one.get("services", {}))
    return Source()
