"""Editions of the passport, who takes part in which category, and how they ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, ForeignKey, Index, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, timestamp, version_column


class Edition(Base):
    """One year of the passport, with its six categories."""

    __tablename__ = "edition"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    minimum_age: Mapped[int]
    tolerance_minutes: Mapped[int]
    rest_minutes: Mapped[int] = mapped_column(server_default="0")  # free before and after a shift
    orientation: Mapped[bool] = mapped_column(
        server_default="false"
    )  # whether its orientation comes before serving
    enrolment: Mapped[bool] = mapped_column(server_default="false")  # whether one chooses a category before serving
    guardian_below: Mapped[int] = mapped_column(
        server_default="18"
    )  # years: younger ones need a guardian's consent
    claim_days: Mapped[int] = mapped_column(server_default="14")  # in which hours are claimed after a shift
    dispute_days: Mapped[int] = mapped_column(server_default="30")  # in which a decision on hours is disputed
    levels: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")  # code, title, hours
    categories: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    default_category: Mapped[str | None] = mapped_column(Text)  # of whoever chose none
    ties: Mapped[list[str]] = mapped_column(
        JSONB, server_default='["shifts"]'
    )  # what decides equal hours, in order
    frozen_at: Mapped[datetime | None] = timestamp(nullable=True)  # its ranking stands since then


class Enrolment(Base):
    """Somebody's part in an edition: the category they are ranked in."""

    __tablename__ = "volunteer_enrolment"

    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    category: Mapped[str] = mapped_column(Text)
    enrolled_at: Mapped[datetime] = timestamp(default=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class Snapshot(Base):
    """An edition's ranking as it was frozen: the digest of its rows, and the credential that signs the digest."""

    __tablename__ = "edition_snapshot"

    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    frozen_at: Mapped[datetime] = timestamp()
    frozen_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    rows: Mapped[int]
    digest: Mapped[str] = mapped_column(Text)  # SHA-256 of `rankings.snapshot_file`
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credential.id"))
    thanks_at: Mapped[datetime | None] = timestamp(nullable=True)  # when thanking was asked for


class RankingRow(Base):
    """One place of a frozen ranking. No row ever changes; what is corrected later is listed beside."""

    __tablename__ = "edition_ranking"

    edition: Mapped[str] = mapped_column(ForeignKey("edition.code"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)  # no key: the row outlives the account
    category: Mapped[str] = mapped_column(Text)
    place: Mapped[int]
    minutes: Mapped[int]
    shifts: Mapped[int]

    __table_args__ = (Index("edition_ranking_place_idx", "edition", "category", "place", "person_id"),)


for _deed in ("update", "delete"):
    event.listen(RankingRow.__table__, "after_create", DDL(
        f"CREATE OR REPLACE TRIGGER edition_ranking_{_deed}_forbidden BEFORE {_deed.upper()} ON edition_ranking"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    ))  # fmt: skip
