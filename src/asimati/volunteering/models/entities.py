"""Schools, companies and societies that volunteer together."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, LargeBinary, Text, event, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp, version_column
from asimati.volunteering.rules import EntityKind, EntityStatus


class VolunteerEntity(Base):
    """An organisation whose members' hours count for it, once staff have accredited it."""

    __tablename__ = "volunteer_entity"

    id: Mapped[UUID] = primary_id()
    name: Mapped[dict[str, Any]] = bilingual()
    kind: Mapped[EntityKind] = one_of(EntityKind, name="kind")
    contact: Mapped[str] = mapped_column(Text)  # the organisation's own telephone or address, not a person's
    status: Mapped[EntityStatus] = one_of(EntityStatus, name="status", server_default="applied")
    reason: Mapped[str | None] = mapped_column(Text)  # of the last decision, for its coordinators
    invitation: Mapped[bytes | None] = mapped_column(
        LargeBinary, unique=True
    )  # the digest of the code to join with
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("(status = 'applied') = (decided_by IS NULL)", name="decided"),
        Index("volunteer_entity_status_idx", "status", "created_at", "id"),
    )


class EntityMember(Base):
    """Somebody's time with an entity: hours of shifts that begin in it count for both.

    A person is with one entity of a kind at a time, so that no hour counts twice in a category.
    """

    __tablename__ = "volunteer_entity_member"

    id: Mapped[UUID] = primary_id()
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("volunteer_entity.id"))
    kind: Mapped[EntityKind] = one_of(EntityKind, name="kind")  # as the entity's, for the index
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    coordinator: Mapped[bool] = mapped_column(server_default="false")
    joined_at: Mapped[datetime] = timestamp()
    left_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        Index(
            "volunteer_entity_member_key",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("volunteer_entity_member_entity_idx", "entity_id", "joined_at", "id"),
        CheckConstraint("left_at >= joined_at", name="times"),
    )


class EntityEnrolment(Base):
    """An entity's part in an edition; the category is the one the edition has for its kind."""

    __tablename__ = "volunteer_entity_enrolment"

    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("volunteer_entity.id"), primary_key=True, index=True)
    category: Mapped[str] = mapped_column(Text)
    enrolled_at: Mapped[datetime] = timestamp(default=True)


class EntityRankingRow(Base):
    """One place of an entity in a frozen ranking; signed together with those of people."""

    __tablename__ = "edition_entity_ranking"

    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("volunteer_entity.id"), primary_key=True, index=True)
    category: Mapped[str] = mapped_column(Text)
    place: Mapped[int]
    minutes: Mapped[int]
    shifts: Mapped[int]


for _deed in ("update", "delete"):
    event.listen(EntityRankingRow.__table__, "after_create", DDL(
        f"CREATE OR REPLACE TRIGGER edition_entity_ranking_{_deed}_forbidden BEFORE {_deed.upper()}"
        " ON edition_entity_ranking FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    ))  # fmt: skip
