"""Deeds and questions about the texts: keeping them, filling them in for a case, showing what they become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import audit, clock
from asimati.kit.errors import Conflict, Invalid, NotFound, Stale
from asimati.kit.policy import Actor
from asimati.kit.text import say
from asimati.kit.words import LANGUAGES, _, translate
from asimati.service_requests import policy
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.replies.models import ReplyTemplate, ReplyVersion
from asimati.service_requests.rules import Move
from asimati.service_requests.wording import moment

FIELD = re.compile(r"\{(\w*)\}")
# What a text may name: of the case, and what its preview shows for it.
EXAMPLES: Mapping[str, Any] = {
    "reference": "SR-7K3M9QWZ",
    "service": {"ar": "إنارة شارع معطلة", "en": "Street light out"},
    "name": {"ar": "مريم أحمد", "en": "Maryam Ahmed"},
    "submitted": "2026-12-01 09:30",
    "due": "2026-12-08 14:15",
    "entity": {"ar": "وزارة الأشغال", "en": "Ministry of Works"},
}
RESIDENT = _("resident of the Governorate")  # where we do not know a name
MOVES = (Move.ASK, Move.RESOLVE, Move.DECLINE, Move.REFER, Move.RETURN, Move.REOPEN)
WORDS = ("title", "text", "services", "moves")


class ReplyThere(Conflict):
    slug = "reply-there"
    title = _("There is a text of this code already")


# --- keeping ---------------------------------------------------------------------------------------------------


def add(tx: Session, actor: Actor, code: str, **words: Any) -> ReplyTemplate:
    """A new text. Raises ReplyThere, Invalid."""
    policy.require(actor, "keep_replies")
    _require_sound(tx, words)
    if tx.get(ReplyTemplate, code):
        raise ReplyThere
    made = ReplyTemplate(code=code, by_staff=True, **({"services": [], "moves": []} | words))
    tx.add(made)
    remember(tx, made, actor.id)
    audit.record(tx, actor, "services.reply_added", ("reply_template", code))
    return made


def change(tx: Session, actor: Actor, code: str, version: int | None, changes: Mapping[str, Any]) -> ReplyTemplate:
    """Other words, services or moves, or out of use: a new version. Raises NotFound, Stale, Invalid."""
    policy.require(actor, "keep_replies")
    _require_sound(tx, changes)
    found = tx.get(ReplyTemplate, code, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise Stale
    for name, value in changes.items():
        if name == "retired":
            found.retired_at = (found.retired_at or clock.now(tx)) if value else None
        else:
            setattr(found, name, value)
    found.by_staff = True
    remember(tx, found, actor.id)
    audit.record(tx, actor, "services.reply_changed", ("reply_template", code), fields=sorted(changes))
    return found


def remember(tx: Session, template: ReplyTemplate, by: UUID | None = None) -> None:
    """Write down what it says now, if that is a new version."""
    tx.flush()
    if tx.get(ReplyVersion, (template.code, template.version)) is None:
        words = {name: getattr(template, name) for name in WORDS}
        tx.add(ReplyVersion(code=template.code, version=template.version, words=words, by=by))
        tx.flush()


def unknown_fields(words: Mapping[str, str | None]) -> list[str]:
    """Placeholders that nothing fills."""
    return sorted({name for text in words.values() if text for name in FIELD.findall(text)} - EXAMPLES.keys())


def _require_sound(tx: Session, words: Mapping[str, Any]) -> None:
    wrong = [
        (f"/{part}", _("This placeholder is not known: {name}.").format(name=name))
        for part in ("title", "text")
        for name in unknown_fields(words.get(part) or {})
    ]
    there = set(tx.scalars(select(Service.code)))
    wrong += [("/services", _("There is no such service.")) for _code in set(words.get("services", ())) - there]
    if wrong:
        raise Invalid(wrong)


# --- questions -------------------------------------------------------------------------------------------------


def one(tx: Session, code: str) -> ReplyTemplate:
    """The text of a code. Raises NotFound."""
    found = tx.get(ReplyTemplate, code)
    if found is None:
        raise NotFound
    return found


def listed(tx: Session, service: str | None = None, move: Move | None = None) -> list[ReplyTemplate]:
    """The texts by their code: all, those out of use too; or those in use for a service or a move."""
    wanted = select(ReplyTemplate).order_by(ReplyTemplate.code)
    if service or move:
        wanted = wanted.where(ReplyTemplate.retired_at.is_(None))
    for column, value in ((ReplyTemplate.services, service), (ReplyTemplate.moves, move)):
        if value:
            wanted = wanted.where(or_(column == [], column.contains([value])))
    return list(tx.scalars(wanted))


def versions(tx: Session, code: str) -> list[ReplyVersion]:
    """All it said, the newest first. Raises NotFound."""
    one(tx, code)
    of_it = select(ReplyVersion).where(ReplyVersion.code == code)
    return list(tx.scalars(of_it.order_by(ReplyVersion.version.desc())))


def preview(tx: Session, words: Mapping[str, Any]) -> dict[str, Any]:
    """What words become with example data. Raises Invalid for a placeholder nothing fills."""
    _require_sound(tx, words)
    return {part: filled(words[part], EXAMPLES) for part in ("title", "text") if words.get(part)}


def for_case(tx: Session, request: ServiceRequest, move: Move | None = None) -> list[dict[str, Any]]:
    """The texts that fit a case, in both languages with what they name of it."""
    facts = facts_of(tx, request)
    return [
        {"code": one.code, "title": filled(one.title, facts), "text": filled(one.text, facts), "moves": one.moves}
        for one in listed(tx, request.service.code, move)
    ]


def facts_of(tx: Session, request: ServiceRequest) -> dict[str, Any]:
    """What the texts may name of a case."""
    person = tx.get(Person, request.person_id) if request.person_id else None
    unknown = {language: translate(RESIDENT, language) for language in LANGUAGES}
    name = {"ar": person.name_ar or person.name_latin, "en": person.name_latin or person.name_ar} if person else {}
    last = next((hop.entity for hop in reversed(request.hops) if hop.entity), None)
    return {
        "reference": request.reference,
        "service": request.service.title,
        "name": {language: name.get(language) or unknown[language] for language in LANGUAGES},
        "submitted": request.submitted_at,
        "due": request.due_at,
        "entity": last.name if last else {},
    }


def filled(words: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    """The words with their placeholders filled in, language by language."""
    return {
        language: FIELD.sub(lambda field, into=language: _shown(facts.get(field[1]), into), text)  # type: ignore[misc]
        for language, text in words.items()
        if text
    }


def _shown(value: Any, language: str) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return (say(value, language) if value else "") if isinstance(value, Mapping) else str(value or "")


# --- the pack --------------------------------------------------------------------------------------------------


def sync(tx: Session, items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Make the table say what the pack says, but for what the staff wrote. Raises ValueError."""
    counts = {"added": 0, "changed": 0, "retired": 0}
    known = {row.code: row for row in tx.scalars(select(ReplyTemplate))}
    for item in items:
        values = {"services": [], "moves": [], **item, "retired_at": None}
        if odd := [name for part in ("title", "text") for name in unknown_fields(item[part])]:
            raise ValueError(f"The reply {item['code']} names what no case has: {odd}.")
        row = known.pop(item["code"], None)
        if row is not None and row.by_staff:
            continue
        if row is None:
            tx.add(row := ReplyTemplate(**values))
            counts["added"] += 1
        elif changes := {name: value for name, value in values.items() if getattr(row, name) != value}:
            for name, value in changes.items():
                setattr(row, name, value)
            counts["changed"] += 1
        remember(tx, row)
    for gone in known.values():
        if gone.retired_at is None and not gone.by_staff:
            gone.retired_at = clock.now(tx)
            counts["retired"] += 1
    tx.flush()
    return counts
