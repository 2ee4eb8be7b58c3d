"""What the public sees: which services, which cases, and how much of them.

Only services of the domain *service* that are not confidential; social and security cases never, whatever they are.
The words a resident wrote are shown only where the case itself came in this way: whoever uses the app did not write
for the street. The point of any other case is shown to about a hundred metres, and its address is the block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from asimati.kit.text import say
from asimati.kit.words import _, language, translate
from asimati.open311 import rules
from asimati.places.models import Block
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.rules import BLUR, Assurance, Channel, Domain, Status, Turn
from asimati.settings import settings

KEYWORDS = {"complaint": _("complaint"), "request": _("request"), "suggestion": _("suggestion"),
            "inquiry": _("inquiry")}  # fmt: skip
_CLOSED = {
    Status.RESOLVED: _("The case has been answered."),
    Status.DECLINED: _("The case was closed: it could not be done."),
    Status.WITHDRAWN: _("The case was withdrawn."),
}
_OPEN = {
    Turn.US: _("We are working on it."),
    Turn.ENTITY: _("It is with the responsible entity."),
    Turn.RESIDENT: _("We wait for the resident's answer."),
}


def services() -> Any:
    """The services on offer."""
    return cases_of(select(Service)).where(
        Service.retired_at.is_(None), Service.assurance.in_((Assurance.ANONYMOUS, Assurance.PHONE))
    )


def cases_of(statement: Any) -> Any:
    """Only what belongs to services whose cases are public; `statement` has the service in it."""
    return statement.where(~Service.confidential, Service.domain == Domain.SERVICE)


def cases() -> Any:
    """The cases the public may know of. One that was filed as confidential stays so."""
    joined = (
        select(ServiceRequest, Block)
        .join(ServiceRequest.service)
        .outerjoin(Block, Block.number == ServiceRequest.block)
    )
    return cases_of(joined).where(~ServiceRequest.confidential)


def service(found: Service) -> dict[str, Any]:
    """A service as the standard lists it."""
    return {
        "service_code": found.code,
        "service_name": _said(found.title),
        "description": _said(found.description),
        "metadata": True,
        "type": "realtime",
        "keywords": translate(KEYWORDS[found.kind]),
        "group": translate(_("Services of the governorate")),
    }


def definition(found: Service) -> dict[str, Any]:
    """A service's form as the standard describes it."""
    schema, ui = found.form.schema, found.form.ui
    own = {rules.narrative(schema), rules.telephone(schema)} - {None}
    required = set(schema.get("required", ())) - own
    named = sorted(schema["properties"], key=lambda name: ui.get(name, {}).get("order") or len(ui) + 1)
    return {
        "service_code": found.code,
        "attributes": [
            _attribute(name, schema["properties"][name], ui.get(name, {}), order, name in required)
            for order, name in enumerate(named, start=1)
        ],
    }


def _attribute(name: str, shape: Mapping[str, Any], ui: Mapping[str, Any], order: int, required: bool) -> Any:
    options = ui.get("options") or {}
    listed = [{"key": key, "name": _said(options.get(key)) or _yes_or_no(key)} for key in rules.keys_of(shape)]
    return {
        "variable": True,
        "code": name,
        "datatype": rules.datatype(shape),
        "required": required,
        "datatype_description": _said(ui.get("help")),
        "order": order,
        "description": _said(ui.get("label")) or name,
        **({"values": listed} if listed else {}),
    }


def case(found: ServiceRequest, block: Block | None) -> dict[str, Any]:
    """A case as the public sees it."""
    ours = found.channel is Channel.OPEN311
    told = rules.narrative(found.form.schema) if ours else None
    entity = next((hop.entity for hop in found.hops if hop.ended_at is None and hop.entity), None)
    place = f"{_said(block.area)}، {translate(_('Block'))} {block.number}" if block else None
    return {
        "service_request_id": found.reference,
        "status": "closed" if found.closed_at else "open",
        "status_notes": translate(_CLOSED.get(found.status) or _OPEN[found.turn]),
        "service_name": _said(found.service.title),
        "service_code": found.service.code,
        "description": found.answers.get(told) if told else None,
        "agency_responsible": _said(entity.name if entity else settings().governorate.facts["name"]),
        "service_notice": None,
        "requested_datetime": rules.moment(found.submitted_at),
        "updated_datetime": rules.moment(found.updated_at),
        "expected_datetime": None if found.closed_at else rules.moment(found.promised_at),
        "address": place,
        "address_id": None,
        "zipcode": found.block,
        "lat": _degree(found.lat, ours),
        "long": _degree(found.lon, ours),
        "media_url": None,
    }


def _degree(value: float | None, exact: bool) -> float | None:
    return value if exact or value is None else round(value, BLUR)


def _said(text: Mapping[str, Any] | None) -> str:
    return say(text, language()) if text else ""


def _yes_or_no(key: str) -> str:
    return {"true": translate(_("Yes")), "false": translate(_("No"))}.get(key, key)
