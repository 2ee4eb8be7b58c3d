"""Filing a request, with a key that may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from asimati.accounts.api_keys import key_of
from asimati.accounts.models import ApiKey
from asimati.accounts.rules import KeyScope
from asimati.files import actions as files
from asimati.http import limits
from asimati.http.uploads import Upload
from asimati.kit import audit
from asimati.kit.errors import Forbidden, Invalid
from asimati.kit.policy import SYSTEM
from asimati.kit.words import _
from asimati.open311 import queries, rules
from asimati.places.queries import locate
from asimati.service_requests import actions as cases
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.rules import Assurance, Channel, Place

Form = Mapping[str, Sequence[str]]


class NoKey(Forbidden):
    slug = "api-key-refused"
    title = _("This needs an API key")
    detail = _("Send the key the governorate gave you as api_key.")


def file(tx: Session, form: Form, media: Upload | None) -> ServiceRequest:
    """File a case for a system that has a key. `form` is what the standard's POST brought.

    Raises NoKey, NotFound for a service that is not on offer here, Invalid by the standard's own names of fields.
    """
    key = _key(tx, _one(form, "api_key") or "")
    service = queries.service(tx, _one(form, "service_code") or "")
    phone = _one(form, "phone")
    if service.assurance is not Assurance.ANONYMOUS and not phone:
        raise Invalid([("/phone", _("This is required."))])
    try:
        made = cases.intake(
            tx, SYSTEM, service=service.code, channel=Channel.OPEN311, form_version=service.form_number,
            answers=_answers(service, form), location=_location(tx, service, form), phone=phone, note=_note(form),
        )  # fmt: skip
    except Invalid as wrong:
        raise Invalid([(_field(at), words) for at, words in wrong.errors]) from None
    audit.record(tx, SYSTEM, "open311.filed", ("service_request", made.id), [made.person_id], key=key.id)
    if media:
        files.keep(tx, SYSTEM, media, ("service_request", made.id), person=made.person_id)
    return made


def _answers(service: Service, form: Form) -> dict[str, Any]:
    """The form's answers: `attribute[code]`, with `description` and `phone` where the form asks for such."""
    schema = service.form.schema
    own = {rules.narrative(schema): "description", rules.telephone(schema): "phone"}
    answers: dict[str, Any] = {name: _one(form, field) for name, field in own.items() if name and _one(form, field)}
    for field, given in form.items():
        name = field.removeprefix("attribute[").removesuffix("[]").removesuffix("]")
        if field.startswith("attribute[") and any(given):
            answers[name] = rules.answer(schema["properties"].get(name, {}), given)
    return answers


def _location(tx: Session, service: Service, form: Form) -> dict[str, Any] | None:
    """Where it is: by block (`address_id`), by point, or by an address in words that names its block."""
    if service.location is Place.NONE:
        return None
    point = _point(form)
    named = _one(form, "address_id") or rules.block_in(_one(form, "address_string") or "")
    number = queries.block(tx, named) if named else None
    if number is None and point:
        found = locate(tx, point=point).block
        number = found.number if found else None
    if number is None:
        if service.location is Place.OPTIONAL and not (point or named):
            return None
        raise Invalid([("/address_string", _("Name a block of the governorate, or a point inside it."))])
    return {"block": number, **(dict(zip(("lat", "lon"), point, strict=True)) if point else {})}


def _point(form: Form) -> tuple[float, float] | None:
    given = [_one(form, name) for name in ("lat", "long")]
    if not any(given):
        return None
    try:
        lat, lon = (float(one or "") for one in given)
    except ValueError:
        raise Invalid([("/lat", _("A point needs both lat and lon."))]) from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Invalid([("/lat", _("A point needs both lat and lon."))])
    return lat, lon


def _note(form: Form) -> str | None:
    """What the standard lets people say beside the form, for colleagues alone."""
    names = ("first_name", "last_name", "email", "account_id", "device_id", "media_url", "address_string")
    said = [f"{name}: {value[:500]}" for name in names if (value := _one(form, name))]
    return "\n".join(said) or None


def _field(pointer: str) -> str:
    """Our pointer to a field as the standard's name of it."""
    parts = pointer.strip("/").split("/")
    if parts[0] == "answers" and len(parts) > 1:
        return f"/attribute[{parts[1]}]"
    return "/address_string" if parts[0] == "location" else pointer


def _one(form: Form, name: str) -> str | None:
    given = form.get(name) or ()
    return given[-1].strip() or None if given else None


def _key(tx: Session, secret: str) -> ApiKey:
    found = key_of(tx, secret)
    if found is None or KeyScope.FILE not in found.scopes:
        raise NoKey
    limits.count_key(found.id, found.per_minute)
    return found
