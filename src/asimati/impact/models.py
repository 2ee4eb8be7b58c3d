"""The catalogue, our own measures, the ledger of contributions, and the tallies made from it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from asimati.impact.rules import About
from asimati.kit.db import Base, bilingual, one_of, primary_id, timestamp


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
    since: Mapped[str | None] = mapped_column(Text)  # the revision that brought it, or this wording of it
    until: Mapped[str | None] = mapped_column(Text)  # the last revision that had it; none: it is in force


class Framework(Base):
    """A revision of the indicator framework that was synced; the newest is the one in force."""

    __tablename__ = "framework"

    revision: Mapped[str] = mapped_column(Text, primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)  # SHA-256 of goals, targets and indicators as they were synced
    synced_at: Mapped[datetime] = timestamp(default=True)


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
    weights: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")  # target: share of the amount
    disaggregations: Mapped[list[str] | None] = mapped_column(JSONB)  # none: all
    voided_by: Mapped[str | None] = mapped_column(Text, index=True)
    about: Mapped[About] = one_of(About, name="about", server_default=About.PEOPLE.value)  # whom `who` tells apart
    since: Mapped[date]
    retired: Mapped[bool] = mapped_column(server_default="false")


class FormerRule(Base):
    """A rule as it was, kept when the next version took its place."""

    __tablename__ = "former_rule"

    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaced_at: Mapped[datetime] = timestamp(default=True)


class FormerTally(Base):
    """What a measure added up to under a former rule, to stand beside what it adds up to now."""

    __tablename__ = "former_tally"

    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(ForeignKey("target.code"), primary_key=True)
    value: Mapped[Decimal | None] = mapped_column(Numeric)  # none: withheld


class Aim(Base):
    """Where the pack wants a measure to be by the end of a year, and where it stood at the beginning."""

    __tablename__ = "aim"

    measure: Mapped[str] = mapped_column(ForeignKey("measure.code"), primary_key=True)
    target: Mapped[str] = mapped_column(ForeignKey("target.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[Decimal] = mapped_column(Numeric)
    baseline: Mapped[Decimal] = mapped_column(Numeric)
    baseline_year: Mapped[int]
    source: Mapped[dict[str, str]] = bilingual()  # where the baseline comes from


class Story(Base):
    """What changed for somebody, told with their consent; once it is taken back, the story is told no more."""

    __tablename__ = "impact_story"

    id: Mapped[UUID] = primary_id()
    title: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    target: Mapped[str | None] = mapped_column(ForeignKey("target.code"))
    on: Mapped[date]
    consent: Mapped[dict[str, str]] = bilingual()  # who agreed, and how it was given
    consented_on: Mapped[date]
    withdrawn_at: Mapped[datetime | None] = timestamp(nullable=True)
    created_at: Mapped[datetime] = timestamp(default=True)


class Endorsement(Base):
    """What a partner says of the work, with whoever signed it."""

    __tablename__ = "endorsement"

    id: Mapped[UUID] = primary_id()
    partner: Mapped[dict[str, str]] = bilingual()
    text: Mapped[dict[str, str]] = bilingual()
    signatory: Mapped[dict[str, str]] = bilingual()
    on: Mapped[date]
    created_at: Mapped[datetime] = timestamp(default=True)


class DossierForm(Base):
    """The pack's form of a report: its sections in their order, each with words of its own and what it holds."""

    __tablename__ = "dossier_form"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, str]] = bilingual()
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class Act(Base):
    """What one act said of itself when it was told, without saying whose it was, for rules that come later.

    Append-only, like the contributions made from it.
    """

    __tablename__ = "act"

    id: Mapped[UUID] = primary_id()
    topic: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    on: Mapped[date]
    who: Mapped[bytes | None] = mapped_column(LargeBinary)
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB)
    amounts: Mapped[dict[str, str]] = mapped_column(JSONB)
    targets: Mapped[list[str]] = mapped_column(JSONB)
    message_id: Mapped[UUID]
    created_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (UniqueConstraint("topic", "source", name="act_topic_source_key"),)


class SamePerson(Base):
    """That two keyed hashes are one person's, since two accounts became one: the former is counted as the other."""

    __tablename__ = "same_person"

    former: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    who: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    at: Mapped[datetime] = timestamp(default=True)


class Contribution(Base):
    """What one act adds to one measure toward one target. Append-only; an act taken back adds a negative line.

    Lines 0, 1, … are the act's targets; line -1 takes line 0 back, -2 line 1. The lines of a rule's second version
    begin at 1000, of its third at 2000. `who` tells people apart without saying who they are (a keyed hash), so
    that small groups can be recognised; `someone` is a number of it, or of the act where nobody is known.
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
    nationality: Mapped[str] = mapped_column(Text, server_default="unknown")
    area: Mapped[str] = mapped_column(Text, server_default="unknown")
    block: Mapped[str] = mapped_column(Text)
    programme: Mapped[str] = mapped_column(Text)
    partner: Mapped[str] = mapped_column(Text, server_default="none")
    channel: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric)
    who: Mapped[bytes | None] = mapped_column(LargeBinary)
    someone: Mapped[int] = mapped_column(
        BigInteger, Computed("hashtextextended(coalesce(encode(who, 'hex'), source), 0)", persisted=True)
    )
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


class FigureMark(Base):
    """That the cells of a month of a measure are newer than what is told of them."""

    __tablename__ = "figure_mark"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    measure: Mapped[str] = mapped_column(Text)
    period: Mapped[date]

    __table_args__ = (Index("figure_mark_measure_period_idx", "measure", "period"),)


class Tally(Base):
    """A cell: the sum of the contributions that agree in everything, and who stands behind it.

    `people` is exact; `someones` are the smallest numbers of these people, by which they are told apart across
    cells and months (see `rules.unique_people`). What it refers to is proved where the contribution is written.
    """

    __tablename__ = "tally_cell"

    measure: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    sex: Mapped[str] = mapped_column(Text, primary_key=True)
    age_band: Mapped[str] = mapped_column(Text, primary_key=True)
    disability: Mapped[str] = mapped_column(Text, primary_key=True)
    nationality: Mapped[str] = mapped_column(Text, primary_key=True)
    area: Mapped[str] = mapped_column(Text, primary_key=True)
    block: Mapped[str] = mapped_column(Text, primary_key=True)
    programme: Mapped[str] = mapped_column(Text, primary_key=True)
    partner: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    goal: Mapped[int]
    value: Mapped[Decimal] = mapped_column(Numeric)
    people: Mapped[int]
    someones: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Figure(Base):
    """What is told: a sum over cells in one group of one grouping, or that it is withheld. Readers read only these.

    All figures of a month of a measure are made together, because whether one may be told depends on the others.
    """

    __tablename__ = "figure"

    by: Mapped[str] = mapped_column(Text, primary_key=True)  # the dimensions, as "sex,block"; empty: ungrouped
    period: Mapped[date] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(Text, primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    group: Mapped[list[str]] = mapped_column(ARRAY(Text), primary_key=True)
    goal: Mapped[int]
    value: Mapped[Decimal | None] = mapped_column(Numeric)  # none: withheld
    people: Mapped[int | None]  # rounded down to the threshold where the grouping names something about people

    __table_args__ = (Index("figure_measure_period_idx", "measure", "period"),)


class Reconciliation(Base):
    """What a nightly comparison of ledger and tallies found; the newest is the alarm that /metrics shows.

    `places` says it by measure, month and target: how many cells differ, and how much more they say.
    """

    __tablename__ = "reconciliation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = timestamp(default=True)
    contributions: Mapped[int] = mapped_column(BigInteger)
    cells: Mapped[int] = mapped_column(BigInteger)
    differences: Mapped[int] = mapped_column(BigInteger)
    places: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    mended: Mapped[bool] = mapped_column(server_default="true")  # nothing had to be, or the cells were made anew


def _append_only(table: Table) -> None:
    """The database refuses to change or delete a line, whoever asks; the migration carries the same triggers."""
    for deed in ("UPDATE", "DELETE"):
        event.listen(table, "after_create", DDL(
            f"CREATE OR REPLACE TRIGGER {table.name}_{deed.lower()}_forbidden BEFORE {deed} ON {table.name}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        ))  # fmt: skip


for _table in (Act, Contribution):
    _append_only(cast(Table, _table.__table__))
