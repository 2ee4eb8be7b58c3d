"""The staff's queues: each room says which work waits in it, and one pair of routes shows them all.

Rooms do not know each other, so what they have in common stands here, below them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import UUID, Anything, Date, Enum, Integer, List, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import BY_HAND, Blueprint, whose
from asimati.kit import audit
from asimati.kit.errors import Forbidden, Invalid, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _, translate


@dataclass(frozen=True)
class Desk:
    """The queues of one room: their titles, who may see them, how much waits, and the work itself.

    `items(tx, actor, name, query)` answers a page; `gives` writes its items down; `opens` names what of residents
    is read there (of audit.SUBJECTS). `narrowed_by` are the words of QueueQuery the room understands.
    """

    titles: Mapping[str, str]
    may: Callable[[Actor], bool]
    counts: Callable[[Session, Actor], Mapping[str, int]]
    items: Callable[[Session, Actor, str, dict[str, Any]], Page]
    gives: type[Schema]
    opens: str
    narrowed_by: frozenset[str] = frozenset()


DESKS: list[Desk] = []

blp = Blueprint("queues", __name__, description="What waits for the staff")


class QueueOut(Schema):
    name = String()
    title = Text()
    count = Integer()


class QueueOrder(StrEnum):
    """What comes first in a queue."""

    DUE = "due"  # the most urgent
    OLDEST = "oldest"
    NEWEST = "newest"
    CHANGED = "changed"  # what something happened to last


class QueueQuery(PageQuery):
    """All but `after` and `limit` narrow the queue; a room that does not know a word refuses it."""

    q = String(max_length=100, metadata={"description": "Words of the reference, service, place or answers"})
    service = String(max_length=80, metadata={"description": "Of this service alone"})
    department = String(max_length=80, metadata={"description": "Cases of this department's services"})
    area = String(max_length=80, metadata={"description": "Cases in this area, by its name in either language"})
    block = String(max_length=10, metadata={"description": "Cases in this block"})
    channel = String(max_length=40, metadata={"description": "Cases that came by this channel"})
    filed_from = Date(metadata={"description": "Cases filed on this day or later"})
    filed_to = Date(metadata={"description": "Cases filed on this day or before"})
    kind = String(max_length=20, metadata={"description": "Complaints, requests, suggestions or inquiries alone"})
    status = String(max_length=20, metadata={"description": "Cases in this state"})
    holder = UUID(metadata={"description": "Cases this colleague holds"})
    entity = String(max_length=80, metadata={"description": "Cases that are with this entity now"})
    due_from = Date(metadata={"description": "Cases due on this day or later"})
    due_to = Date(metadata={"description": "Cases due on this day or before"})
    order = Enum(QueueOrder)


class QueuePageOut(Schema):
    items = List(Anything(metadata={"type": "object", "description": "In the shape of the queue's room"}))
    next = String(allow_none=True)


@blp.get("/staff/queues", who=access.staff, gives=page_of(QueueOut))
def staff_queues(tx: Session, actor: Actor) -> Page:
    """The queues you have something to do with, and how much waits in each."""
    return Page([
        {"name": name, "title": {language: translate(desk.titles[name], language) for language in LANGUAGES},
         "count": count}
        for desk in DESKS if desk.may(actor) for name, count in desk.counts(tx, actor).items()
    ])  # fmt: skip


@blp.get("/staff/queues/<name>", who=access.staff, query=QueueQuery, gives=QueuePageOut, opens=BY_HAND)
def staff_queue(tx: Session, actor: Actor, query: dict[str, Any], name: str) -> dict[str, Any]:
    """The work of a queue, the most urgent first unless another order is asked for."""
    desk = next((one for one in DESKS if name in one.titles), None)
    if desk is None:
        raise NotFound
    if not desk.may(actor):
        raise Forbidden
    if strange := query.keys() - desk.narrowed_by - {"page"}:
        raise Invalid([(f"/{one}", _("This queue cannot be narrowed by this.")) for one in sorted(strange)])
    found = desk.items(tx, actor, name, query)
    people = {whose(item) for item in found.items} - {None}
    if people:
        audit.opened(tx, actor, (desk.opens, ""), people, view="staff_queue", listed=len(found.items), name=name)
    return {"items": desk.gives(many=True).dump(found.items), "next": found.next}
