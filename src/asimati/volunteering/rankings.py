"""The ranking of an edition: who served most in each category, as it stands now and as it was frozen.

By accredited minutes. Equal minutes are decided by the edition's own rules (`ties`), one after the other; who is
equal in all of them shares the place, and as many places after it stay empty (1, 2, 2, 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, select, text
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit.errors import NotFound
from asimati.kit.words import LANGUAGES, _, translate
from asimati.volunteering import rules
from asimati.volunteering.models import Edition, Enrolment, HoursLine, RankingRow, Snapshot

TIES = {
    "shifts": _("Equal hours: whoever served on more shifts stands first."),
    "earlier": _("Equal still: whoever's hours were complete first stands first."),
}
_FIRST = _("The ranking is by accredited hours, in each category.")
_LAST = _("Whoever is equal in all of this shares the place, and the next one stays empty.")


def stated_rules(edition: Edition) -> list[dict[str, str]]:
    """How an edition ranks, in both languages, in the order of application."""
    said = [_FIRST, *(TIES[tie] for tie in edition.ties), _LAST]
    return [{language: translate(words, language) for language in LANGUAGES} for words in said]


def standing(edition: Edition) -> Subquery:
    """The ranking by the ledger as it is now: category, person_id, place, minutes, shifts."""
    minutes = func.sum(HoursLine.minutes)
    totals = (
        select(
            HoursLine.person_id,
            minutes.label("minutes"),
            func.sum(func.sign(HoursLine.minutes)).label("shifts"),
            *([_completed().label("completed")] if "earlier" in edition.ties else []),
        )
        .where(HoursLine.edition == edition.code)
        .group_by(HoursLine.person_id)
        .having(minutes > 0)
        .subquery("totals")
    )
    enrolled = and_(Enrolment.edition == edition.code, Enrolment.person_id == totals.c.person_id)
    category = func.coalesce(Enrolment.category, edition.default_category).label("category")
    decided_by = {"shifts": totals.c.shifts.desc(), "earlier": totals.c.get("completed")}
    order: list[Any] = [totals.c.minutes.desc(), *(decided_by[tie] for tie in edition.ties)]
    place = func.rank().over(partition_by=category, order_by=order).label("place")
    columns = (category, totals.c.person_id, place, totals.c.minutes, totals.c.shifts)
    return (
        select(*columns)
        .join_from(totals, Enrolment, enrolled, isouter=True)
        .where(category.is_not(None))
        .subquery()
    )


def _completed() -> ColumnElement[Any]:
    return func.max(HoursLine.at).filter(HoursLine.minutes > 0)


def edition_of(tx: Session, code: str) -> Edition:
    """An edition, or NotFound."""
    found = tx.get(Edition, code)
    if found is None:
        raise NotFound
    return found


def ranking(tx: Session, edition: Edition, places: int, category: str | None = None) -> list[dict[str, Any]]:
    """The first places of each category, or of one: frozen where the edition is, else as the ledger stands now."""
    table: Any = _frozen(edition) if edition.frozen_at else standing(edition)
    first = select(table, Person.name_ar, Person.name_latin).outerjoin(Person, Person.id == table.c.person_id)
    first = first.where(table.c.place <= places)
    if category:
        first = first.where(table.c.category == category)
    rows = tx.execute(first.order_by(table.c.category, table.c.place, table.c.person_id))
    order = [one["code"] for one in edition.categories]
    shown = [_shown(row) for row in rows]
    return sorted(shown, key=lambda row: order.index(row["category"]) if row["category"] in order else len(order))


def corrections(tx: Session, edition: Edition) -> list[dict[str, Any]]:
    """What was corrected after the ranking was frozen: whose hours, by how much, and the place that stands."""
    change = func.sum(HoursLine.minutes)
    late = (
        select(HoursLine.person_id, change.label("change"), func.max(HoursLine.at).label("last_at"))
        .where(HoursLine.edition == edition.code, HoursLine.after_freeze)
        .group_by(HoursLine.person_id)
        .having(change != 0)
        .subquery()
    )
    beside = and_(RankingRow.edition == edition.code, RankingRow.person_id == late.c.person_id)
    rows = tx.execute(
        select(late, RankingRow.category, RankingRow.place, RankingRow.minutes, Person.name_ar, Person.name_latin)
        .join_from(late, RankingRow, beside, isouter=True)
        .outerjoin(Person, Person.id == late.c.person_id)
        .order_by(RankingRow.category, RankingRow.place, late.c.person_id)
    )
    return [
        _person(row)
        | {
            "category": row.category,
            "place": row.place,
            "hours": rules.hours(row.minutes or 0),
            "change": rules.hours(row.change),
            "hours_now": rules.hours((row.minutes or 0) + row.change),
            "last_at": row.last_at,
        }
        for row in rows
    ]


def snapshot(tx: Session, edition: Edition) -> dict[str, Any] | None:
    """How the edition was frozen, and whether the rows are still those that were signed."""
    found = tx.get(Snapshot, edition.code)
    if found is None:
        return None
    names = ("frozen_at", "rows", "digest", "credential_id", "thanks_at")
    return {name: getattr(found, name) for name in names} | {"intact": digest(tx, edition.code) == found.digest}


# The frozen rows as text, one to a line: what is signed, and what whoever has the file can digest again.
_LINES = """
    SELECT {what} FROM (SELECT category, place, whose,
           concat_ws(',', category, place, whose, minutes, shifts) || E'\n' AS line
      FROM (SELECT category, place, person_id AS whose, minutes, shifts, edition FROM edition_ranking
            UNION ALL
            SELECT category, place, entity_id, minutes, shifts, edition FROM edition_entity_ranking) AS rows
     WHERE edition = :edition) AS frozen
"""
_ORDER = 'ORDER BY category COLLATE "C", place, whose'
_DIGEST = text(
    _LINES.format(what=f"encode(sha256(convert_to(coalesce(string_agg(line, '' {_ORDER}), ''), 'UTF8')), 'hex')")
)
_FILE = text(_LINES.format(what=f"coalesce(string_agg(line, '' {_ORDER}), '')"))


def digest(tx: Session, edition: str) -> str:
    """SHA-256 of `snapshot_file`, reckoned by the database."""
    return str(tx.scalars(_DIGEST, {"edition": edition}).one())


def snapshot_file(tx: Session, edition: str) -> bytes:
    """The frozen ranking as it was signed: category, place, whose, minutes, shifts; a line each, in order."""
    return str(tx.scalars(_FILE, {"edition": edition}).one()).encode()


def ranked(tx: Session, edition: str) -> Sequence[Mapping[str, Any]]:
    """Everybody in the frozen ranking whose account is still there (`person_id`)."""
    rows = select(RankingRow.person_id).where(RankingRow.edition == edition)
    return tx.execute(rows.join(Person, Person.id == RankingRow.person_id)).mappings().all()  # type: ignore[return-value]


def places_of(tx: Session, person: UUID) -> dict[str, dict[str, Any]]:
    """Somebody's places in the frozen rankings, by edition."""
    rows = tx.execute(
        select(RankingRow.edition, RankingRow.category, RankingRow.place).where(RankingRow.person_id == person)
    )
    return {row.edition: {"category": row.category, "place": row.place} for row in rows}


def title_of(categories: Sequence[dict[str, Any]], code: str | None) -> dict[str, Any] | None:
    """What a category is called."""
    return next((one["title"] for one in categories if one["code"] == code), None)


def _frozen(edition: Edition) -> Subquery:
    names = ("category", "person_id", "place", "minutes", "shifts")
    rows: Select[Any] = select(*(getattr(RankingRow, name) for name in names))
    return rows.where(RankingRow.edition == literal(edition.code)).subquery()


def _shown(row: Any) -> dict[str, Any]:
    return _person(row) | {
        "category": row.category,
        "place": row.place,
        "hours": rules.hours(row.minutes),
        "shifts": int(row.shifts),
    }


def _person(row: Any) -> dict[str, Any]:
    """Whose row it is; without a name where the account is gone."""
    return {"person_id": row.person_id, "name": {"ar": row.name_ar, "en": row.name_latin}}
