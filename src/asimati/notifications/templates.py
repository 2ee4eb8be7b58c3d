"""Templates: what they become with example data, what their text messages cost, and how staff change them.

Every change is a version; the pack's words hold until staff change them, and then theirs do.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import audit
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.outbox import TOPICS
from asimati.kit.policy import Actor
from asimati.kit.text import sms_segments
from asimati.kit.words import _
from asimati.notifications import policy
from asimati.notifications.broadcasts import cost_of
from asimati.notifications.models import Template, TemplateVersion
from asimati.notifications.rendering import fields_of, render, unmarked
from asimati.notifications.rules import Channel

WORDS = ("title", "text", "sms", "push", "email")
CODE_TOPIC = "accounts.code_requested"
# What previews show where the kind of a field does not say enough.
EXAMPLES: Mapping[str, Any] = {
    "code": "493027",
    "reference": "BK-7K3M9QWZ",
    "title": {"ar": "ورشة ريادة الأعمال", "en": "Entrepreneurship workshop"},
    "venue": {"ar": "مركز المحافظة، المنامة", "en": "Governorate Centre, Manama"},
    "location": {"ar": "ساحل المنامة", "en": "Manama seafront"},
    "entity": {"ar": "وزارة الأشغال", "en": "Ministry of Works"},
    "note": {"ar": "نرجو إرفاق صورة.", "en": "Please add a photograph."},
    "hours": "3.5",
    "type": "booking",
}
_BY_KIND: Mapping[type, Any] = {
    datetime: datetime(2026, 12, 1, 7, 0, tzinfo=UTC),
    date: date(2026, 12, 1),
    int: 3,
    bool: True,
    str: "ABC-123",
    dict: {"ar": "مثال", "en": "example"},
}


def carried(topic: str) -> frozenset[str] | None:
    """The fields a template of a topic may use; None for a topic nobody publishes here."""
    if topic == CODE_TOPIC:
        return frozenset({"code"})
    kind = TOPICS.get(topic)
    return frozenset({field.name for field in fields(kind)} | {"type", "reference"}) if kind else None


def is_for_people(topic: str) -> bool:
    """Whether residents are told of a topic; others are for the staff, or for other bodies."""
    kind = TOPICS.get(topic)
    return kind is None or not {field.name for field in fields(kind)} & {"staff", "offices"}


def unknown_fields(topic: str, words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Placeholders that the topic does not carry, with the part of the template they stand in."""
    known = carried(topic)
    if known is None:
        return []
    return [(part, name) for part in WORDS if words.get(part) for name in sorted(fields_of(words[part]) - known)]


def as_stored(example: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The pack's example with its days and moments written out."""
    if example is None:
        return None
    stored: dict[str, Any] = json.loads(json.dumps(example, default=lambda moment: moment.isoformat()))
    return stored


def example(topic: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Facts as a message of the topic might carry them: the pack's, else what the kind of each field suggests."""
    kind = TOPICS.get(topic)
    hints = get_type_hints(kind) if kind else {}
    kinds = {name: _kind(hints.get(name)) for name in carried(topic) or ()}
    usual = {name: EXAMPLES.get(name, _BY_KIND.get(kind, "…")) for name, kind in kinds.items()}
    return usual | {name: _typed(value, kinds.get(name)) for name, value in (given or {}).items()}


def _kind(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    return get_origin(hint) or hint


def _typed(value: Any, kind: Any) -> Any:
    return kind.fromisoformat(value) if kind in (date, datetime) and isinstance(value, str) else value


def preview(
    topic: str, channels: list[str], words: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Each channel's notice in both languages with example data; parts and price of its text message."""
    facts = example(topic, given)
    shown = {
        channel: {
            "title": render(words["title"], facts),
            "text": render(words.get(channel) or words["text"], facts),
        }
        for channel in channels
    }
    segments: dict[str, int] = {}
    if Channel.SMS in channels:
        text = shown[Channel.SMS]["text"]
        segments = {language: sms_segments(unmarked(text[language])) for language in ("ar", "en")}
    costs = {language: cost_of(parts)["cost"] for language, parts in segments.items()}
    return {"channels": shown, "segments": segments, "cost": costs, "currency": cost_of(0)["currency"]}


def named(tx: Session, topic: str) -> Template:
    """The template of a topic. Raises NotFound."""
    found = tx.get(Template, topic)
    if found is None:
        raise NotFound
    return found


def history(tx: Session, topic: str) -> list[TemplateVersion]:
    """All its versions, the newest first."""
    of_it = select(TemplateVersion).where(TemplateVersion.topic == topic)
    return list(tx.scalars(of_it.order_by(TemplateVersion.version.desc())))


def words_of(template: Template) -> dict[str, Any]:
    return {part: getattr(template, part) for part in WORDS}


def edit(tx: Session, actor: Actor, topic: str, version: int | None, changes: Mapping[str, Any]) -> Template:
    """Publish other words: a new version. Raises Stale, and Invalid for a placeholder the topic does not carry."""
    policy.require(actor, "edit_templates")
    template = named(tx, topic)
    tx.refresh(template, with_for_update={"key_share": True})
    if version is not None and template.version != version:
        raise Stale
    if wrong := unknown_fields(topic, changes):
        raise Invalid([(f"/{part}", _("This placeholder is not known to the topic.")) for part, _name in wrong])
    for name, value in changes.items():
        setattr(template, name, value)
    template.edited = True
    remember(tx, template, actor.id)
    audit.record(tx, actor, "notifications.template_edited", ("template", topic), fields=sorted(changes))
    return template


def remember(tx: Session, template: Template, by: UUID | None = None) -> None:
    """Write the template's words down as its next version."""
    tx.flush()
    row = {"topic": template.topic, "version": template.version, "words": words_of(template), "by": by}
    tx.add(TemplateVersion(**row))
    tx.flush()
