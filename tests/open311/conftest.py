"""A town whose services stand in Open311 too, and a system that has a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.places import sync as places
from asimati.service_requests.sync import sync
from tests.service_requests.town import BLOCKS, PART, service, words

Headers = dict[str, str]
V2 = "/open311/v2"

LIGHT = service(
    "light", words("Light out", "إنارة معطلة"), assurance="anonymous",
    form={
        "version": 1,
        "schema": {
            "type": "object", "required": ["fault", "details"],
            "properties": {
                "fault": {"type": "string", "enum": ["out", "flickers"]},
                "details": {"type": "string", "minLength": 3, "maxLength": 500},
                "poles": {"type": "integer", "minimum": 1, "maximum": 50},
                "night": {"type": "boolean"},
                "seen": {"type": "string", "format": "date"},
                "sides": {"type": "array", "items": {"type": "string", "enum": ["left", "right"]}},
                "phone": {"type": "string", "format": "phone"},
            },
        },
        "ui": {
            "fault": {
                "label": words("What is wrong?", "ما العطل؟"), "order": 1,
                "options": {"out": words("Out", "مطفأ"), "flickers": words("Flickers", "يومض")},
            },
            "details": {"label": words("Details", "التفاصيل"), "order": 2},
        },
    },
)  # fmt: skip


@pytest.fixture
def town(client: FlaskClient) -> FlaskClient:
    """Services, entities and two blocks in the tables, one of them with a point."""
    with db.transaction() as tx:
        blocks = [{**block, "lat": 26.24, "lon": 50.58} if block["number"] == "317" else block
                  for block in BLOCKS["blocks"]]  # fmt: skip
        places.sync(tx, {**BLOCKS, "blocks": blocks})
        sync(tx, {**PART, "services": [*PART["services"], LIGHT]})
    return client


@pytest.fixture
def key(town: FlaskClient, as_staff: Callable[..., Headers]) -> str:
    """The key of a system that may file."""
    made = town.post(
        "/api/v1/staff/api-keys",
        json={"name": "City app", "scopes": ["requests.file"]},
        headers=as_staff("administrator"),
    )
    assert made.status_code == 201, made.text
    secret: str = made.json["api_key"]
    return secret


@pytest.fixture
def file(town: FlaskClient, key: str) -> Callable[..., Any]:
    """File a request as a form; the whole answer. `None` leaves a field out."""

    def go(form: str = "json", **more: Any) -> Any:
        fields = {
            "api_key": key, "service_code": "light", "lat": "26.2412345", "long": "50.5812345",
            "description": "The lamp before the school is out", "attribute[fault]": "out", **more,
        }  # fmt: skip
        return town.post(f"{V2}/requests.{form}", data={k: v for k, v in fields.items() if v is not None})

    return go


def table(element: ElementTree.Element) -> Any:
    """An element of the standard's XML as our JSON would have it."""
    return {child.tag: [table(one) for one in child] if len(child) else child.text for child in element}
