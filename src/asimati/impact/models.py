"""The catalogue, our own measures, the ledger of contributions, and the tallies made from it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual, primary_id, timestamp


class Goal(Base):
    """One of the seventeen."""

    __tablename__ = "goal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    short: Mapped[dict[str, str]] = bilingual()
    title: Mapped[dict[str, str]] = bilingual()
    colour: Mapped[str] = mapped_column(Text)


class Target(Base):
    __tablename__ = "target"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    goal: Mapped[int] = mapped_column(ForeignKey("goal.number"))
    title: Mapped[dict[str, str]] = bilingual()
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)  # IRI, kind, and where each wording comes from


class Indicator(Base):
    """An official indicator; some serve several targets under several codes."""

    __tablename__ = "indicator"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    target: Mapped[str] = mapped_column(ForeignKey("target.code"))
    title: Mapped[dict[str, str]] = bilingual()
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Objective(Base):
    """An objective of the national vision."""

    __tablename__ = "objective"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, str]] = bilingual()


class Crosswalk(Base):
    """Which target serves which national objective."""

    __tablename__ = "crosswalk"

    target: Mapped[str] = mapped_column(ForeignKey("target.code"), primary_key=True)
    objective: Mapped[str] = mapped_column(ForeignKey("objective.code"), primary_key=True)


class Measure(Base):
    """What we count ourselves; it never wears an official code. `version` grows when the rule changes."""

    __tablename__ = "measure"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    title: Mapped[dict[str, str]] = bilingual()
    unit: Mapped[dict[str, str]] = bilingual()
    topic: Mapped[str] = mapped_column(Text, index=True)
    amount: Mapped[str] = mapped_column(Text)  # a number, or the name of the message's field
    targets: Mapped[list[str]] = mapped_column(JSONB)  # empty: the message names them
    voided_by: Mapped[str | None] = mapped_column(Text, index=True)
    since: Mapped[date]
    retired: Mapped[bool] = mapped_column(server_default="false")


class Contribution(Base):
    """What one act adds to one measure toward one target. Append-only; an act taken back adds a negative line.

    Lines 0, 1, … are the act's targets; line -1 takes line 0 back, -2 line 1. `who` tells people apart without
    saying who they are (a keyed hash), so that small groups can be recognised.
    """

    __tablename__ = "contribution"

    id: Mapped[UUID] = primary_id()
    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"))
    measure_version: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    line: Mapped[int]
    goal: Mapped[int] = mapped_column(ForeignKey("goal.number"))
    target: Mapped[str] = mapped_column(ForeignKey("target.code"))
    period: Mapped[date]  # first day of the month
    on: Mapped[date]
    sex: Mapped[str] = mapped_column(Text)
    age_band: Mapped[str] = mapped_column(Text)
    disability: Mapped[str] = mapped_column(Text)
    block: Mapped[str] = mapped_column(Text)
    programme: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric)
    who: Mapped[bytes | None] = mapped_column(LargeBinary)
    message_id: Mapped[UUID]
    created_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (
        UniqueConstraint("measure", "source", "line", name="contribution_measure_source_line_key"),
        Index("contribution_source_idx", "source"),
        Index("contribution_cell_idx", "measure", "period", "target"),
    )


class Voided(Base):
    """That an act was taken back; kept, because the taking back may be heard of before the act."""

    __tablename__ = "voided"

    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[UUID]
    at: Mapped[datetime] = timestamp(default=True)


class TallyMark(Base):
    """That a month of a measure has changed since its cells were made. Append-only: no two acts meet."""

    __tablename__ = "tally_mark"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    measure: Mapped[str] = mapped_column(Text)
    period: Mapped[date]

    __table_args__ = (Index("tally_mark_measure_period_idx", "measure", "period"),)


class Tally(Base):
    """A cell: the sum of the contributions that agree in everything, and how many people stand behind it."""

    __tablename__ = "tally"

    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"), primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(ForeignKey("target.code"), primary_key=True)
    sex: Mapped[str] = mapped_column(Text, primary_key=True)
    age_band: Mapped[str] = mapped_column(Text, primary_key=True)
    disability: Mapped[str] = mapped_column(Text, primary_key=True)
    block: Mapped[str] = mapped_column(Text, primary_key=True)
    programme: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    goal: Mapped[int]
    value: Mapped[Decimal] = mapped_column(Numeric)
    people: Mapped[int]
