"""The pack's templates into the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.notifications import templates
from asimati.notifications.models import Template


def sync(tx: Session, part: Mapping[str, Any]) -> dict[str, int]:
    """Make the table say what the pack says; a template that has gone from the pack is retired.

    Words that staff changed stay theirs. Raises ValueError for a placeholder the topic's message does not carry.
    """
    counts = {"added": 0, "changed": 0, "retired": 0}
    known = {template.topic: template for template in tx.scalars(select(Template))}
    for item in part["templates"]:
        template = known.pop(item["topic"], None)
        if wrong := templates.unknown_fields(item["topic"], item):
            raise ValueError(f"The template {item['topic']} uses what its message does not carry: {wrong}.")
        said = {key: item.get(key) for key in templates.WORDS}
        values = {"channels": item["channels"], "critical": item["critical"], "retired": False}
        values["example"] = templates.as_stored(item.get("example"))
        if template is None:
            tx.add(template := Template(topic=item["topic"], **values, **said))
            templates.remember(tx, template)
            counts["added"] += 1
        elif _update(template, values if template.edited else values | said):
            templates.remember(tx, template)
            counts["changed"] += 1
    for gone in known.values():
        counts["retired"] += _update(gone, {"retired": True})
    tx.flush()
    return counts


def _update(template: Template, values: Mapping[str, Any]) -> bool:
    changes = {name: value for name, value in values.items() if getattr(template, name) != value}
    for name, value in changes.items():
        setattr(template, name, value)
    return bool(changes)
