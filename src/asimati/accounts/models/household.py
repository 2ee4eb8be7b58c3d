"""The people of a household: those whom somebody cares for, and how the two agreed to it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.accounts.models.people import Sex
from asimati.kit.db import Base, one_of, primary_id, timestamp, version_column


class Relation(StrEnum):
    """What the member is to the holder."""

    CHILD = "child"
    SPOUSE = "spouse"
    PARENT = "parent"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    WARD = "ward"
    OTHER = "other"


class Side(StrEnum):
    """Of the two: who holds the household, or who is a member of it."""

    HOLDER = "holder"
    MEMBER = "member"


class Guardianship(StrEnum):
    """Whether the holder answers for the member: said by the two themselves, then judged by staff."""

    NONE = "none"
    DECLARED = "declared"
    VERIFIED = "verified"
    REFUSED = "refused"


class HouseholdMember(Base):
    """Somebody of a household. `person_id`: their own account, once they (or their guardian) agreed to be tied.

    While one of the two is asked (`asked_of`), the other wrote their telephone; nobody acts for anybody yet.
    """

    __tablename__ = "household_member"

    id: Mapped[UUID] = primary_id()
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    relation: Mapped[Relation] = one_of(Relation, name="relation")
    name_ar: Mapped[str | None] = mapped_column(Text)
    name_latin: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[Sex | None] = one_of(Sex, name="sex", nullable=True)
    birth_date: Mapped[date | None]
    cpr: Mapped[bytes | None]
    cpr_index: Mapped[bytes | None]
    guardianship: Mapped[Guardianship] = one_of(Guardianship, name="guardianship", server_default="none")
    judged_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    judged_at: Mapped[datetime | None] = timestamp(nullable=True)
    judged_upon: Mapped[str | None] = mapped_column(Text)  # what was seen, or why not
    asked_of: Mapped[Side | None] = one_of(Side, name="asked_of", nullable=True)
    phone: Mapped[bytes | None]  # of whoever is asked, until they answer
    phone_index: Mapped[bytes | None] = mapped_column(index=True)  # for a month: nobody is asked again and again
    asked_at: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)
    ended_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("num_nonnulls(holder_id, person_id) > 0", name="somebodys"),
        CheckConstraint("holder_id <> person_id", name="of_two"),
        Index(
            "household_member_tie_key", "holder_id", "person_id", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("household_member_judging_idx", "id", postgresql_where=text(
            "guardianship = 'declared' AND asked_of IS NULL AND ended_at IS NULL"
        )),
    )  # fmt: skip
