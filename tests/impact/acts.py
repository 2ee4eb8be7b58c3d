"""A small catalogue, two measures, and acts to count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from asimati.kit import db, outbox
from asimati.kit.outbox import Message


@dataclass(frozen=True, kw_only=True)
class Acted(Message):
    """An act that counts: hours and people toward the targets of what was done."""

    topic: ClassVar[str] = "toy.acted"

    source: str
    on: date
    group: dict[str, str]
    person: UUID | None = None
    hours: str = "1"
    programme: str | None = None
    targets: list[str] = field(default_factory=lambda: ["4.4"])


@dataclass(frozen=True, kw_only=True)
class TakenBack(Message):
    topic: ClassVar[str] = "toy.taken_back"

    source: str


def words(text: str) -> dict[str, str]:
    return {"ar": f"{text} ع", "en": text}


def target(code: str) -> dict[str, Any]:
    return {"code": code, "title": words(code), "iri": "x", "kind": "outcome", "indicators": []}


def goal(number: int, *targets: str) -> dict[str, Any]:
    return {
        "code": str(number), "short": words(f"goal {number}"), "title": words(f"Goal {number}"), "color": "#E5243B",
        "targets": [target(code) for code in targets],
    }  # fmt: skip


def measure(code: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "title": words(code), "unit": words("hours"), "topic": Acted.topic, "amount": "hours",
        "targets": "from_message", "voided_by": TakenBack.topic, "since": date(2026, 1, 1), **more,
    }  # fmt: skip


PART: dict[str, Any] = {
    "goals": [goal(4, "4.4", "4.7"), goal(11, "11.3"), goal(16, "16.7")],
    "measures": [measure("hours"), measure("people", amount="1", targets=["11.3", "16.7"])],
    "objectives": [{"code": "V1", "title": words("vision")}],
    "crosswalk": [{"target": "4.4", "objective": "V1"}],
}

Act = Callable[..., Acted]


def say(message: Message, times: int = 1) -> None:
    with db.transaction() as tx:
        for _ in range(times):
            outbox.publish(tx, message)
