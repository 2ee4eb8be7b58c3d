"""The pack and the code agree: every template finds its fields, every measure its message."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from asimati import pack
from asimati.kit.outbox import TOPICS
from asimati.notifications.rendering import fields_of
from asimati.settings import settings
from workers.listeners import listeners_of

PACK = pack.load(settings().governorate.folder).parts(datetime.now(UTC))
TEMPLATES = PACK["notifications"]["templates"]
MEASURES = PACK["impact"]["measures"]


def carried(topic: str) -> set[str]:
    return {field.name for field in fields(TOPICS[topic])}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["topic"])
def test_a_template_uses_what_its_message_carries(template: dict[str, Any]) -> None:
    topic = template["topic"]
    if topic == "accounts.code_requested":
        known = {"code"}
    else:
        known = carried(topic) | {"type", "reference"}
        assert any(name.startswith("notifications.notify") for name in listeners_of(TOPICS[topic]))
    for words in filter(None, (template["title"], template["text"], template["sms"])):
        assert set(words) == {"ar", "en"}
        assert fields_of(words) <= known


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure["code"])
def test_a_measure_counts_what_its_message_carries(measure: dict[str, Any]) -> None:
    assert {"source", "on", "group"} <= carried(measure["topic"])
    assert "impact.contribute" in listeners_of(TOPICS[measure["topic"]])
    try:
        Decimal(measure["amount"])
    except InvalidOperation:
        assert measure["amount"] in carried(measure["topic"])
    if measure["targets"] == "from_message":
        assert "targets" in carried(measure["topic"])
    if measure["voided_by"]:
        assert "impact.contribute" in listeners_of(TOPICS[measure["voided_by"]])
