"""The entities that cases are referred to, as the staff keep them: names, the time each has, what waits there.

They begin as the pack's. What the staff write or change is theirs from then on: a sync leaves it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import Boolean, DateTime, Enum, Integer, List, Nested, Pattern, Schema, String, Text
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit import audit, clock
from asimati.kit.errors import Conflict, Invalid, NotFound, Stale
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _
from asimati.kit.worktime import WEEKDAYS
from asimati.places.messages import WorkingTimeChanged
from asimati.service_requests import policy
from asimati.service_requests.calendars import is_workable
from asimati.service_requests.models import Entity, Hop
from asimati.service_requests.rules import EntityKind

blp = Blueprint("entities", __name__, description="Whom cases are referred to")
may = partial(access.staff_who, policy.MAY)
Payload = dict[str, Any]
# As kit.worktime reads it, and not nothing.
TARGET = r"^P(?=.*[1-9])(?:[0-9]{1,3}D|T(?=[0-9])(?:[0-9]{1,4}H)?(?:[0-9]{1,5}M)?)$"
_TARGET = {"description": "Working days (P5D) or working hours (PT4H) it has for a case"}


class EntityThere(Conflict):
    slug = "entity-there"
    title = _("There is an entity of this code already")


def _hours() -> String:
    return String(max_length=60, metadata={"description": "07:00-14:15, several apart by commas"})


WeekHours = Schema.from_dict({day: _hours() for day in WEEKDAYS}, name="WeekHours")
_DAY = Pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


class SpecialHours(Schema):
    first = String(data_key="from", attribute="from", required=True, validate=_DAY)
    last = String(data_key="to", attribute="to", required=True, validate=_DAY)
    hours = Nested(WeekHours, required=True)


class EntityCalendar(Schema):
    working_week = Nested(WeekHours, metadata={"description": "A day that is absent is off"})
    special_hours = List(Nested(SpecialHours), max_items=20, metadata={"description": "Ramadan's, say"})
    holidays = List(String(validate=_DAY), metadata={"description": "Days off of its own"})
    public_holidays = Boolean(metadata={"description": "Whether the country's days off hold there too; they do"})


class EntityContact(Schema):
    email = String(required=True, max_length=200, validate=Pattern(r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$"))
    name = String(max_length=200)
    language = String(load_default=LANGUAGES[0], validate=Pattern("^({})$".format("|".join(LANGUAGES))))


class EntityOut(Schema):
    code = String()
    name = Text()
    kind = Enum(EntityKind)
    target = String(attribute="target_time", metadata=_TARGET)
    by_staff = Boolean(
        metadata={"description": "Written or changed by the staff; a sync of the pack leaves it alone"}
    )
    waiting = Integer(metadata={"description": "Cases that are with it now"})
    calendar = Nested(EntityCalendar, allow_none=True, metadata={"description": "Its own; none: the governorate's"})
    contacts = List(Nested(EntityContact), metadata={"description": "Who is written to before and after its time"})
    retired_at = DateTime(allow_none=True)


class EntityChangeIn(Schema):
    name = Text(max_length=200)
    kind = Enum(EntityKind)
    target = String(attribute="target_time", validate=Pattern(TARGET), metadata=_TARGET)
    calendar = Nested(EntityCalendar, allow_none=True)
    contacts = List(Nested(EntityContact), max_items=5)
    retired = Boolean(metadata={"description": "No case is referred to it any more"})


class EntityIn(EntityChangeIn):
    class Meta(Schema.Meta):
        exclude = ("retired",)

    code = String(required=True, validate=Pattern(r"^[a-z][a-z0-9-]{1,39}$"))
    name = Text(required=True, max_length=200)
    kind = Enum(EntityKind, required=True)
    target = String(attribute="target_time", required=True, validate=Pattern(TARGET), metadata=_TARGET)


@blp.get("/staff/entities", who=may("see_entities"), query=PageQuery, gives=page_of(EntityOut))
def entities(tx: Session, actor: Actor, query: Payload) -> Page:
    """Entities by their code, those no longer in use too, with what waits at each."""
    return listed(tx, query["page"])


@blp.get("/staff/entities/<code>", who=may("see_entities"), gives=EntityOut, tagged=True)
def one_entity(tx: Session, actor: Actor, code: str) -> Mapping[str, Any]:
    """One of them."""
    return view(tx, one(tx, code))


@blp.post(
    "/staff/entities", who=may("keep_entities"), takes=EntityIn, gives=EntityOut, status=201, refuses=(EntityThere,)
)
def add_entity(tx: Session, actor: Actor, payload: Payload) -> Mapping[str, Any]:
    """A new entity."""
    return view(tx, add(tx, actor, **payload))


@blp.patch("/staff/entities/<code>", who=may("keep_entities"), takes=EntityChangeIn, gives=EntityOut)
def edit_entity(tx: Session, actor: Actor, payload: Payload, version: int | None, code: str) -> Mapping[str, Any]:
    """Change its name or time, for cases referred from now on, or take it out of use."""
    return view(tx, change(tx, actor, code, version, payload))


def add(tx: Session, actor: Actor, code: str, **facts: Any) -> Entity:
    """Write a new entity down. Raises EntityThere."""
    policy.require(actor, "keep_entities")
    _require_workable(facts)
    if tx.scalar(select(Entity.id).where(Entity.code == code)):
        raise EntityThere
    made = Entity(id=new_id(), code=code, by_staff=True, **facts)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "services.entity_added", ("entity", code))
    return made


def change(tx: Session, actor: Actor, code: str, version: int | None, changes: Mapping[str, Any]) -> Entity:
    """Change an entity. Cases that are with it keep the time they were given, counted in its calendar as it is now.

    Raises NotFound, Stale, Invalid for a calendar in which nobody is ever there.
    """
    policy.require(actor, "keep_entities")
    found = one(tx, code, lock=True)
    if version is not None and found.version != version:
        raise Stale
    _require_workable(changes)
    if changes.get("calendar", found.calendar) != found.calendar:
        publish(tx, WorkingTimeChanged())
    for name, value in changes.items():
        if name == "retired":
            found.retired_at = (found.retired_at or clock.now(tx)) if value else None
        else:
            setattr(found, name, value)
    found.by_staff = True
    tx.flush()
    audit.record(tx, actor, "services.entity_changed", ("entity", code), fields=sorted(changes))
    return found


def _require_workable(facts: Mapping[str, Any]) -> None:
    if facts.get("calendar") and not is_workable(facts["calendar"]):
        raise Invalid([("/calendar", _("These are no hours such as 07:00-14:15 in which anybody is there."))])


def listed(tx: Session, page: PageArgs) -> Page:
    """Entities by their code."""
    found = paginate(tx, select(Entity), [Entity.code], page)
    with_them = select(Hop.entity_id, func.count().label("cases")).where(
        Hop.entity_id.in_([one.id for one in found.items]), Hop.ended_at.is_(None)
    )
    waiting = {row.entity_id: row.cases for row in tx.execute(with_them.group_by(Hop.entity_id))}
    return Page([_view(one, waiting.get(one.id, 0)) for one in found.items], found.next)


def one(tx: Session, code: str, *, lock: bool = False) -> Entity:
    """The entity of a code. Raises NotFound."""
    wanted = select(Entity).where(Entity.code == code)
    found = tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound
    return found


def view(tx: Session, entity: Entity) -> dict[str, Any]:
    """An entity and how many cases are with it now."""
    waiting = select(func.count()).where(Hop.entity_id == entity.id, Hop.ended_at.is_(None))
    return _view(entity, tx.scalar(waiting) or 0)


def _view(entity: Entity, waiting: int) -> dict[str, Any]:
    names = ("code", "name", "kind", "target_time", "calendar", "contacts", "by_staff", "retired_at", "version")
    return {**{name: getattr(entity, name) for name in names}, "waiting": waiting}
