"""Questions about entities: who they are, who belongs to them, and how they rank."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.volunteering import policy, rules
from asimati.volunteering.models import (
    Edition,
    EntityEnrolment,
    EntityMember,
    EntityRankingRow,
    HoursClaim,
    HoursLine,
    Shift,
    SignUp,
    VolunteerEntity,
)
from asimati.volunteering.queries import edition_on
from asimati.volunteering.rules import EntityStatus

_SHOWN = ("id", "name", "kind", "contact", "status", "reason", "created_at", "version")


def mine(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """The entities somebody is with, by name."""
    rows = tx.execute(
        select(VolunteerEntity, EntityMember)
        .join(EntityMember, EntityMember.entity_id == VolunteerEntity.id)
        .where(EntityMember.person_id == actor.person, EntityMember.left_at.is_(None))
        .order_by(EntityMember.joined_at, VolunteerEntity.id)
    )
    return [_mine(tx, *row) for row in rows]


def entity(tx: Session, actor: Actor, entity_id: UUID) -> dict[str, Any]:
    """One of somebody's entities; its members with their hours for its coordinators alone. Or NotFound."""
    member = and_(EntityMember.entity_id == VolunteerEntity.id, EntityMember.left_at.is_(None))
    row = tx.execute(
        select(VolunteerEntity, EntityMember)
        .join(EntityMember, member)
        .where(VolunteerEntity.id == entity_id, EntityMember.person_id == actor.person)
    ).one_or_none()
    if row is None:
        raise NotFound
    found = _mine(tx, *row)
    return found | {"members": members(tx, entity_id) if found["coordinator"] else []}


def for_staff(tx: Session, actor: Actor, page: PageArgs, status: EntityStatus | None = None) -> Page:
    """Entities, those that wait for a word and came first at the top."""
    policy.require(actor, "see")
    statement = select(VolunteerEntity)
    if status is not None:
        statement = statement.where(VolunteerEntity.status == status)
    order = [VolunteerEntity.created_at.desc(), VolunteerEntity.id.desc()]
    found = paginate(tx, statement, order, page)
    return Page([staff_view(tx, one) for one in found.items], found.next)


def staff_view(tx: Session, found: VolunteerEntity) -> dict[str, Any]:
    """An entity with how many belong to it."""
    living = select(func.count()).where(EntityMember.entity_id == found.id, EntityMember.left_at.is_(None))
    return {name: getattr(found, name) for name in _SHOWN} | {"members_count": tx.scalar(living) or 0}


def members(tx: Session, entity_id: UUID) -> list[dict[str, Any]]:
    """Who belongs to an entity, with what they served for it in the present edition."""
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    counted = _lines(edition.code if edition else None).subquery("counted")
    served = select(func.coalesce(func.sum(counted.c.minutes), 0)).where(counted.c.member_id == EntityMember.id)
    rows = tx.execute(
        select(EntityMember, Person.name_ar, Person.name_latin, served.scalar_subquery().label("minutes"))
        .join(Person, Person.id == EntityMember.person_id)
        .where(EntityMember.entity_id == entity_id, EntityMember.left_at.is_(None))
        .order_by(EntityMember.joined_at, EntityMember.id)
    )
    return [
        {
            "id": found.id,
            "name": {"ar": name_ar, "en": name_latin},
            "coordinator": found.coordinator,
            "joined_at": found.joined_at,
            "hours": rules.hours(minutes),
        }
        for found, name_ar, name_latin, minutes in rows
    ]


def standing(edition: Edition) -> Subquery:
    """The ranking of entities by the ledger as it is now: category, entity_id, place, minutes, shifts.

    Each hour counts for the entity its volunteer was with when the shift began: one of a kind at a time, so once in
    a category at most. Equal minutes are decided by shifts where the edition says so; equals share the place.
    """
    lines = _lines(edition.code).subquery("lines")
    minutes, shifts = func.sum(lines.c.minutes), func.sum(func.sign(lines.c.minutes))
    order: list[Any] = [minutes.desc(), *([shifts.desc()] if "shifts" in edition.ties else [])]
    place = func.rank().over(partition_by=EntityEnrolment.category, order_by=order).label("place")
    columns = (EntityEnrolment.category, EntityEnrolment.entity_id, place)
    return (
        select(*columns, minutes.label("minutes"), shifts.label("shifts"))
        .join(lines, lines.c.entity_id == EntityEnrolment.entity_id)
        .where(EntityEnrolment.edition == edition.code)
        .group_by(EntityEnrolment.category, EntityEnrolment.entity_id)
        .having(minutes > 0)
        .subquery()
    )


def ranking(tx: Session, edition: Edition, places: int) -> list[dict[str, Any]]:
    """The first places of entities in each of their categories: frozen where the edition is, else as of now."""
    table: Any = _frozen(edition) if edition.frozen_at else standing(edition)
    rows = tx.execute(
        select(table, VolunteerEntity.name)
        .join(VolunteerEntity, VolunteerEntity.id == table.c.entity_id)
        .where(table.c.place <= places)
        .order_by(table.c.category, table.c.place, table.c.entity_id)
    )
    return [
        {
            "category": row.category,
            "place": row.place,
            "entity_id": row.entity_id,
            "name": row.name,
            "hours": rules.hours(row.minutes),
            "shifts": int(row.shifts),
        }
        for row in rows
    ]


def _lines(edition: str | None) -> Any:
    """Ledger lines of an edition, each with the membership it was served in."""
    within = and_(
        EntityMember.person_id == HoursLine.person_id,
        EntityMember.joined_at <= Shift.starts_at,
        or_(EntityMember.left_at.is_(None), EntityMember.left_at > Shift.starts_at),
    )
    return (
        select(EntityMember.entity_id, EntityMember.id.label("member_id"), HoursLine.minutes)
        .select_from(HoursLine)
        .join(HoursClaim, HoursClaim.id == HoursLine.claim_id)
        .join(SignUp, SignUp.id == HoursClaim.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(EntityMember, within)
        .where(HoursLine.edition == edition)
    )


def _frozen(edition: Edition) -> Subquery:
    names = ("category", "entity_id", "place", "minutes", "shifts")
    rows = select(*(getattr(EntityRankingRow, name) for name in names))
    return rows.where(EntityRankingRow.edition == literal(edition.code)).subquery()


def _mine(tx: Session, found: VolunteerEntity, member: EntityMember) -> dict[str, Any]:
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    enrolled = edition and tx.get(EntityEnrolment, {"edition": edition.code, "entity_id": found.id})
    return {name: getattr(found, name) for name in _SHOWN} | {
        "coordinator": member.coordinator,
        "joined_at": member.joined_at,
        "edition": enrolled.edition if enrolled else None,
        "category": enrolled.category if enrolled else None,
    }
