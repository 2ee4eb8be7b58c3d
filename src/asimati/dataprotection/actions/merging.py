"""Two accounts of one person become one: proposed by one of the staff, carried out upon the word of another.

What moves follows from the data map, so that no table about people can be forgotten: every column that names an
account is set to the kept one, unless the holding says otherwise (`kit.privacy.Together`). The other account is
left an empty row, and its telephone leads to the kept one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    TextClause,
    UniqueConstraint,
    and_,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from asimati.accounts.actions.merging import take_over
from asimati.accounts.models import Person
from asimati.dataprotection import policy
from asimati.dataprotection.actions.asking import refuse_own
from asimati.dataprotection.actions.ending import blanked
from asimati.dataprotection.messages import AccountsMerged
from asimati.dataprotection.models import AccountMerge, Erasure
from asimati.dataprotection.refusals import MergeBlocked, MergeProposed, SecondPersonNeeded
from asimati.dataprotection.rules import MergeStatus
from asimati.http.writes import IdempotencyKey
from asimati.kit import audit, clock, outbox
from asimati.kit.errors import IllegalMove, Invalid, NotFound
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.privacy import (
    AFTER_MERGE,
    BEFORE_MERGE,
    CLASHES,
    HOLDINGS,
    Holding,
    Together,
    person_columns,
)
from asimati.kit.words import LANGUAGES, _, translate

LATELY = timedelta(hours=3)  # in which a request let in before may have written after


def propose(tx: Session, actor: Actor, kept: UUID, other: UUID, reason: str) -> AccountMerge:
    """Say that two accounts are one person's, and why. Nothing moves yet.

    Raises NotFound, Invalid for one account twice, OwnFile, MergeProposed.
    """
    policy.require(actor, "propose_merge")
    if kept == other:
        raise Invalid([("/other", _("This is the same account."))])
    for person in sorted((kept, other)):
        _hold(tx, person)
        refuse_own(tx, actor, person)
    waiting = select(AccountMerge.id).where(
        AccountMerge.status == MergeStatus.PROPOSED,
        or_(AccountMerge.other_id.in_([kept, other]), AccountMerge.kept_id == other),
    )
    if tx.scalar(waiting.limit(1)):
        raise MergeProposed
    made = AccountMerge(kept_id=kept, other_id=other, reason=reason, proposed_by=actor.id)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "dataprotection.merge_proposed", ("person", kept), [other], merge=made.id)
    return made


def refuse_merge(tx: Session, actor: Actor, merge_id: UUID, answer: str) -> AccountMerge:
    """Say no to a proposal, or take one's own back. Raises NotFound, IllegalMove, OwnFile."""
    policy.require(actor, "decide_merge")
    found = _proposed(tx, merge_id)
    for person in (found.kept_id, found.other_id):
        refuse_own(tx, actor, person)
    if found.proposed_by == actor.id:
        audit.record(tx, actor, "dataprotection.merge_withdrawn", ("person", found.kept_id), [found.other_id])
        tx.delete(found)
        return found
    _decide(tx, actor, found, MergeStatus.REFUSED, answer)
    audit.record(tx, actor, "dataprotection.merge_refused", ("person", found.kept_id), [found.other_id])
    return found


def approve_merge(tx: Session, actor: Actor, merge_id: UUID) -> AccountMerge:
    """Make the two accounts one, as the second person.

    Raises NotFound, IllegalMove, OwnFile, SecondPersonNeeded, MergeBlocked.
    """
    policy.require(actor, "decide_merge")
    found = _proposed(tx, merge_id)
    if found.proposed_by == actor.id:
        raise SecondPersonNeeded
    kept, other = found.kept_id, found.other_id
    for person in sorted((kept, other)):
        _hold(tx, person)
        refuse_own(tx, actor, person)
    if blocked := [one["name"] for one in clashes(tx, kept, other)]:
        raise MergeBlocked(clashes=blocked)
    for deed in BEFORE_MERGE:
        deed(tx, actor, kept, other)
    tx.flush()
    found.moved = _move_rows(tx, kept, other)
    _empty(tx, kept, other)
    for after in AFTER_MERGE:
        after(tx, actor, kept)
    _decide(tx, actor, found, MergeStatus.DONE, None)
    rows = sum(found.moved.values())
    audit.record(tx, actor, "dataprotection.accounts_merged", ("person", kept), [other], merge=found.id, rows=rows)
    about = {"type": "account", "reference": str(kept)}
    outbox.publish(tx, AccountsMerged(person=kept, about=about, other=other))
    tx.flush()
    tx.expire_all()
    return found


def merge_again(tx: Session) -> int:
    """Move what was written to the other account in the moment of a merge; how many rows."""
    lately = select(AccountMerge.kept_id, AccountMerge.other_id).where(
        AccountMerge.status == MergeStatus.DONE, AccountMerge.decided_at > func.app_now() - LATELY
    )
    moved = 0
    for kept, other in tx.execute(lately.order_by(AccountMerge.id)).all():
        if not clashes(tx, kept, other):
            rows = sum(_move_rows(tx, kept, other).values())
            if rows:
                audit.record(tx, SYSTEM, "dataprotection.merged_again", ("person", kept), [other], rows=rows)
            moved += rows
    tx.expire_all()
    return moved


def merge_plan(tx: Session, kept: UUID, other: UUID) -> dict[str, Any]:
    """What a merge would do now, table by table, and what stands in its way; nothing is changed by asking."""
    return {"clashes": clashes(tx, kept, other), "items": list(_planned(tx, kept, other))}


def clashes(tx: Session, kept: UUID, other: UUID) -> list[dict[str, Any]]:
    """What both accounts have and only one may."""
    found = [clash(tx, kept, other) for clash in CLASHES]
    told = [{"name": one.name, "title": _both(one.title), "rows": one.rows} for one in found if one.rows]
    for holding in _holdings(Together.BLOCK):
        rows = sum(
            _count(tx, holding.table, _same(column, kept, other)) for column in person_columns(holding.table)
        )
        if rows:
            told.append({"name": holding.name, "title": _both(holding.title), "rows": rows})
    return told


# --- below -----------------------------------------------------------------------------------------------------


def _planned(tx: Session, kept: UUID, other: UUID) -> Iterator[dict[str, Any]]:
    for holding in HOLDINGS.values():
        if holding.whose is None or not (rows := _count(tx, holding.table, holding.whose(other))):
            continue
        goes = 0
        if holding.together is Together.ONE:
            goes = sum(_count(tx, holding.table, _same(one, kept, other)) for one in person_columns(holding.table))
        yield {
            "name": holding.name, "title": _both(holding.title), "rows": rows, "goes": goes,
            "fate": str(holding.together), "why": _both(holding.left) if holding.left else None,
        }  # fmt: skip


def _move_rows(tx: Session, kept: UUID, other: UUID) -> dict[str, int]:
    """Every row of every holding as it says; how many changed, by table."""
    done: dict[str, int] = {}
    for holding in HOLDINGS.values():
        if holding.together is Together.LEAVE or holding.whose is None:
            continue
        for column in person_columns(holding.table):
            if changed := _move(tx, holding, column, kept, other):
                done[holding.name] = done.get(holding.name, 0) + changed
    tx.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == f"resident:{other}"))
    return done


def _move(tx: Session, holding: Holding, column: Column[Any], kept: UUID, other: UUID) -> int:
    table = holding.table
    if holding.together is Together.END:
        return _rows(tx, delete(table).where(column == other))
    if holding.together is Together.ONE:
        tx.execute(delete(table).where(_same(column, kept, other)))
    values: dict[str, Any] = {column.name: kept, **(holding.along(kept) if holding.along else {})}
    if "version" in table.c and not table.c.version.primary_key:  # the row's own, not of what it is about
        values["version"] = table.c.version + 1
    beside = [one for one in person_columns(table) if one is not column]
    apart = and_(true(), *(or_(one.is_(None), one != kept) for one in beside))
    return _rows(tx, update(table).where(column == other, apart).values(values))


def _same(column: Column[Any], kept: UUID, other: UUID) -> ColumnElement[bool]:
    """Rows of the other account whose place, by some unique key, the kept account has taken."""
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 - a column of a table of ours
    found = [
        and_(column == other, where, _taken(table, column, key, where, kept))
        for key, where in keys_of(table, column)
    ]
    return or_(false(), *found)


def _taken(
    table: Table, column: Column[Any], key: list[str], where: ColumnElement[bool] | TextClause, kept: UUID
) -> ColumnElement[bool]:
    mine = table.alias("mine")
    alike = [mine.c[name] == table.c[name] for name in key if name != column.name]
    # The names in a partial index's condition are the innermost table's here, which is the kept account's.
    return exists(select(1).select_from(mine).where(mine.c[column.name] == kept, where, *alike).correlate(table))


def keys_of(table: Table, column: Column[Any]) -> list[tuple[list[str], Any]]:
    """The unique keys of a table in which a column stands: their columns, and the rows they are about."""
    keys: list[tuple[list[str], Any]] = []
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    for constraint in (table.primary_key, *constraints):
        names = [one.name for one in constraint.columns]
        if column.name in names:
            keys.append((names, true()))
    for index in table.indexes:
        names = [one.name for one in index.columns]
        if index.unique and column.name in names:
            where = index.dialect_options["postgresql"]["where"]
            keys.append((names, true() if where is None else where))
    return keys


def _empty(tx: Session, kept: UUID, other: UUID) -> None:
    """The kept account says what only the other said; the other is nobody from here on."""
    mine, theirs = (
        tx.get_one(Person, kept, populate_existing=True),
        tx.get_one(Person, other, populate_existing=True),
    )
    take_over(tx, mine, theirs)
    holding = HOLDINGS[Person.__tablename__]
    tx.expire(theirs)
    tx.execute(update(holding.table).where(Person.id == other).values(blanked(holding)))


def _decide(tx: Session, actor: Actor, found: AccountMerge, status: MergeStatus, answer: str | None) -> None:
    found.status, found.decided_by, found.answer = status, actor.id, answer
    found.decided_at = clock.now(tx)
    tx.flush()


def _proposed(tx: Session, merge_id: UUID) -> AccountMerge:
    wanted = select(AccountMerge).where(AccountMerge.id == merge_id).with_for_update(key_share=True)
    found = tx.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    if found.status is not MergeStatus.PROPOSED:
        raise IllegalMove(legal=[])
    return found


def _hold(tx: Session, person: UUID) -> None:
    """Hold an account that is still somebody's. Raises NotFound."""
    standing = select(Person.id).where(Person.id == person, Person.erased_at.is_(None))
    if tx.scalar(standing.with_for_update(key_share=True)) is None or tx.scalar(
        select(Erasure.person_id).where(Erasure.person_id == person)
    ):
        raise NotFound


def _holdings(together: Together) -> Iterator[Holding]:
    return (one for one in HOLDINGS.values() if one.together is together and one.whose is not None)


def _count(tx: Session, table: Table, rows: ColumnElement[bool]) -> int:
    return tx.scalar(select(func.count()).select_from(table).where(rows)) or 0


def _rows(tx: Session, statement: Any) -> int:
    return int(tx.connection().execute(statement).rowcount)


def _both(words: str) -> Mapping[str, str]:
    return {language: translate(words, language) for language in LANGUAGES}
