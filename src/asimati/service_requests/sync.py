"""The pack's services and entities into the tables. What residents have used is retired, never deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit.forms import check_form, closed
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.text import fold
from asimati.kit.words import LANGUAGES
from asimati.places.messages import WorkingTimeChanged
from asimati.service_requests.models import Entity, Service, ServiceForm
from asimati.service_requests.replies.actions import sync as sync_replies
from asimati.service_requests.rules import Assurance, Domain, EntityKind, Kind, Place, workflow_of

Row = TypeVar("Row", Entity, Service)
Item = Mapping[str, Any]


def sync(tx: Session, part: Mapping[str, Iterable[Item]]) -> dict[str, int]:
    """Make the tables say what the pack says; running it again changes nothing. Raises UnusableForm.

    A changed form becomes the next version (or the higher one the pack names); cases keep the one they were filed
    with. Something that comes back to the pack is offered again.
    """
    counts = {"added": 0, "changed": 0, "retired": 0, "forms": 0}
    _sync_rows(tx, Entity, part.get("entities", ()), _entity, counts)
    services = list(part.get("services", ()))
    forms = {item["code"]: closed(item["form"]["schema"]) for item in services}
    for code, schema in forms.items():
        check_form(schema, code)
    latest = _latest_forms(tx)
    for item in services:
        _next_form(latest, item, forms[item["code"]])
    _sync_rows(tx, Service, services, lambda item: _service(item, latest[item["code"]]), counts)
    _add_forms(tx, latest, counts)
    for name, count in sync_replies(tx, part.get("replies", ())).items():
        counts[name] += count
    return counts


def _sync_rows(
    tx: Session,
    table: type[Row],
    items: Iterable[Item],
    values_of: Callable[[Item], dict[str, Any]],
    counts: dict[str, int],
) -> None:
    known = {row.code: row for row in tx.scalars(select(table))}
    for item in items:
        values = values_of(item) | {"retired_at": None}
        row = known.pop(item["code"], None)
        if row is not None and _by_staff(row):
            continue
        if row is None:
            tx.add(table(id=new_id(), code=item["code"], **values))
            counts["added"] += 1
        elif changes := {name: value for name, value in values.items() if getattr(row, name) != value}:
            for name, value in changes.items():
                setattr(row, name, value)
            counts["changed"] += 1
            if "calendar" in changes:
                publish(tx, WorkingTimeChanged())
    for gone in known.values():
        if gone.retired_at is None and not _by_staff(gone):
            gone.retired_at = func.app_now()
            counts["retired"] += 1
    tx.flush()


def _by_staff(row: Entity | Service) -> bool:
    return isinstance(row, Entity) and row.by_staff


def _entity(item: Item) -> dict[str, Any]:
    return {
        "name": dict(item["name"]),
        "kind": EntityKind(item["kind"]),
        "target_time": item["target"],
        "calendar": _written(item.get("calendar")),
        "contacts": [{"language": LANGUAGES[0], **one} for one in item.get("contacts", ())],
    }


def _written(calendar: Item | None) -> dict[str, Any] | None:
    """An entity's calendar as it is kept: its days written out."""
    if not calendar:
        return None
    kept: dict[str, Any] = json.loads(json.dumps(calendar, default=str))
    return kept


def _service(item: Item, form: ServiceForm) -> dict[str, Any]:
    texts = (*item["title"].values(), *item["description"].values(), item["code"].replace("-", " "))
    return {
        "kind": Kind(item["kind"]),
        "domain": Domain(item["domain"]),
        "title": dict(item["title"]),
        "description": dict(item["description"]),
        "assurance": Assurance(item.get("assurance", Assurance.PHONE)),
        "confidential": item.get("confidential", False),
        "target_time": item["target"],
        "documents": [dict(one) for one in item.get("documents", ())],
        "fee": dict(item["fee"]) if item.get("fee") else None,
        "location": Place(item.get("location", Place.OPTIONAL)),
        "targets": list(item.get("targets", ())),
        "department": item.get("department"),
        "workflow": _workflow(item),
        "eligibility": dict(item.get("eligibility", {})),
        "search": fold(" ".join(texts)),
        "usual_entity": item.get("entity"),
        "form_number": form.number,
    }


def _workflow(item: Item) -> dict[str, Any]:
    """The service's own workflow, if it can be worked with. Raises UnusableWorkflow."""
    own = dict(item.get("workflow", {}))
    workflow_of(own)
    return own


def _latest_forms(tx: Session) -> dict[str, ServiceForm]:
    newest = select(ServiceForm, Service.code).join(Service, Service.id == ServiceForm.service_id)
    rows = tx.execute(newest.order_by(ServiceForm.number)).all()
    return {code: form for form, code in rows}


def _next_form(latest: dict[str, ServiceForm], item: Item, schema: dict[str, Any]) -> None:
    """Put the form's next version in the place of the latest one, if the pack says something else."""
    now, wanted, ui = latest.get(item["code"]), item["form"].get("version", 1), dict(item["form"].get("ui", {}))
    if now is not None and (now.schema, now.ui) == (schema, ui):
        return
    number = max(wanted, now.number + 1) if now else wanted
    latest[item["code"]] = ServiceForm(id=new_id(), number=number, schema=schema, ui=ui)


def _add_forms(tx: Session, latest: Mapping[str, ServiceForm], counts: dict[str, int]) -> None:
    """Write the new versions down, now that their services have ids."""
    ids = {service.code: service.id for service in tx.scalars(select(Service))}
    for code, form in latest.items():
        if form.service_id is None:
            form.service_id = ids[code]
            tx.add(form)
            counts["forms"] += 1
    tx.flush()
