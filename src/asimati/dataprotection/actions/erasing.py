"""Erasing somebody: first the plan, which says what stays and why, then the deed, which does just that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.dataprotection.actions.ending import end, free, hanging_on, select_keys
from asimati.dataprotection.models import Erasure
from asimati.dataprotection.refusals import AlreadyErased
from asimati.http.writes import IdempotencyKey
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.privacy import BEFORE_ERASURE, HOLDINGS, Holding
from asimati.kit.words import LANGUAGES, translate


def plan(tx: Session, person: UUID) -> list[dict[str, Any]]:
    """What an erasure would do now, table by table: how many rows, their fate, and what has to stay, and why."""
    found = []
    for holding in HOLDINGS.values():
        if holding.whose is None:
            continue
        rows = _count(tx, holding, holding.whose(person))
        if rows:
            kept = [one for one in _standing(tx, holding, person) if one["rows"]]
            found.append({
                "name": holding.name,
                "group": str(holding.group),
                "title": _both(holding.title),
                "rows": rows,
                "fate": str(holding.fate),
                "why": _both(holding.why),
                "kept": kept,
            })  # fmt: skip
    return found


def erase(tx: Session, actor: Actor, person: UUID) -> Erasure:
    """Erase somebody as the plan says. What has to wait keeps the erasure open; `resume` ends it later.

    Raises NotFound, AlreadyErased.
    """
    _lock(tx, person)
    found = tx.get(Erasure, person)
    if found is not None and found.finished_at is not None:
        raise AlreadyErased
    for deed in BEFORE_ERASURE:
        deed(tx, actor, person)
    tx.flush()
    tx.execute(insert(Erasure).values(person_id=person).on_conflict_do_nothing())
    done, waits = _end_rows(tx, person)
    tx.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == f"resident:{person}"))
    audit.record(tx, actor, "dataprotection.erased", ("person", person), rows=done, waits=waits)
    made = tx.get_one(Erasure, person, populate_existing=True)
    if not waits:
        made.finished_at = clock.now(tx)
    tx.flush()
    tx.expire_all()
    return made


def resume(tx: Session) -> int:
    """Go on with erasures that had to wait; how many are finished now.

    Those finished lately are looked at once more: a request let in just before may have written just after.
    """
    lately = Erasure.finished_at > func.app_now() - timedelta(hours=3)
    _once_more(tx, tx.scalars(select(Erasure.person_id).where(lately).order_by(Erasure.person_id)).all())
    waiting = select(Erasure.person_id).where(Erasure.finished_at.is_(None)).order_by(Erasure.asked_at).limit(200)
    return sum(erase(tx, SYSTEM, person).finished_at is not None for person in tx.scalars(waiting).all())


def erase_again(tx: Session) -> int:
    """After a backup was put back: carry out once more what the ledger says; how many people."""
    finished = select(Erasure.person_id).where(Erasure.finished_at.is_not(None)).order_by(Erasure.person_id)
    people = tx.scalars(finished).all()
    _once_more(tx, people)
    return len(people)


def _once_more(tx: Session, people: Sequence[UUID]) -> None:
    for person in people:
        _lock(tx, person)
        for deed in BEFORE_ERASURE:
            deed(tx, SYSTEM, person)
        tx.flush()
        done, _waits = _end_rows(tx, person)
        late = {name: rows for name, rows in done.items() if rows and name != Person.__tablename__}
        if late:
            audit.record(tx, SYSTEM, "dataprotection.erased_again", ("person", person), rows=late)
    tx.expire_all()


def _end_rows(tx: Session, person: UUID) -> tuple[dict[str, int], int]:
    """The rows that ended by table, and how many have to wait. The person's own row is last, and waits for all."""
    done: dict[str, int] = {}
    for holding in _roots():
        if holding.name != Person.__tablename__ and holding.whose is not None:
            done |= end(tx, holding, and_(holding.whose(person), free(holding)))
    waits = sum(one["rows"] for holding in _roots() for one in _standing(tx, holding, person) if one["waits"])
    if not waits:
        done |= end(tx, HOLDINGS[Person.__tablename__], Person.id == person)
    return done, waits


def _roots() -> Iterator[Holding]:
    return (one for one in HOLDINGS.values() if one.parent is None and one.whose is not None)


def _standing(tx: Session, holding: Holding, person: UUID) -> Iterator[dict[str, Any]]:
    """What of a holding has to stay for now: by its own conditions, and by those of what it hangs on."""
    whose = holding.whose
    assert whose is not None  # noqa: S101 - asked of what is somebody's
    for standing in holding.unless:
        rows = _count(tx, holding, and_(whose(person), standing.rows))
        yield {"rows": rows, "why": _both(standing.why), "waits": standing.waits}
    parent = HOLDINGS.get(holding.parent or "")
    if parent is None or parent.whose is None:
        return
    for standing in parent.unless:
        keys = select_keys(holding, parent, and_(parent.whose(person), standing.rows))
        rows = _count(tx, holding, hanging_on(holding, keys))
        yield {"rows": rows, "why": _both(standing.why), "waits": standing.waits}


def _count(tx: Session, holding: Holding, rows: ColumnElement[bool]) -> int:
    return tx.scalar(select(func.count()).select_from(holding.table).where(rows)) or 0


def _lock(tx: Session, person: UUID) -> None:
    held = select(Person.id).where(Person.id == person).with_for_update(key_share=True)
    if tx.scalar(held) is None:
        raise NotFound


def _both(words: str) -> Mapping[str, str]:
    return {language: translate(words, language) for language in LANGUAGES}
