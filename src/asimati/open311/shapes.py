"""What the standard's requests may carry, for reading and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE

from asimati.http.fields import QueryInteger, Schema, String

_LIST = 4000  # characters of a list of numbers or codes


class AnyQuery(Schema):
    """Clients send more than the standard names."""

    class Meta:
        unknown = EXCLUDE

    jurisdiction_id = String(max_length=80, metadata={"description": "Ours, where several share an address"})


class RequestsQuery(AnyQuery):
    service_request_id = String(max_length=_LIST, metadata={"description": "Numbers with commas, whenever filed"})
    service_code = String(max_length=_LIST, metadata={"description": "Codes with commas"})
    status = String(max_length=20, metadata={"description": "open, closed, or both with a comma"})
    start_date = String(max_length=40, metadata={"description": "Filed since; ninety days where it is left out"})
    end_date = String(max_length=40, metadata={"description": "Filed until"})
    updated_after = String(max_length=40)
    updated_before = String(max_length=40)
    page = QueryInteger(min=1, max=1_000_000)
    page_size = QueryInteger(min=1)


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


_FIELDS: dict[str, Any] = {
    "api_key": _text("The key an administrator of the governorate gave you"),
    "service_code": _text("A code of services"),
    "jurisdiction_id": _text("Ours, where several share an address"),
    "lat": _text("Degrees north"),
    "long": _text("Degrees east"),
    "address_string": _text("An address that names its block"),
    "address_id": _text("A block's number"),
    "description": _text("The matter, in words"),
    "phone": _text("Whom to tell; services that need a known telephone ask for it"),
    "email": _text("For our staff alone"),
    "first_name": _text("For our staff alone"),
    "last_name": _text("For our staff alone"),
    "device_id": _text("For our staff alone"),
    "account_id": _text("For our staff alone"),
    "media_url": _text("For our staff alone"),
}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["api_key", "service_code"],
    "properties": _FIELDS,
    "additionalProperties": {"type": "string", "description": "attribute[code], as the definition names them"},
}
_MEDIA = {"type": "string", "format": "binary", "description": "A photograph"}
FILED: dict[str, Any] = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {"schema": _FORM},
        "multipart/form-data": {"schema": {**_FORM, "properties": {**_FIELDS, "media": _MEDIA}}},
    },
}
