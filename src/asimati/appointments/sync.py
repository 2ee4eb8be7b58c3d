"""The pack's desks into the tables. One that leaves the pack is retired, not deleted: people were booked there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.appointments.models import AppointmentService, Desk
from asimati.appointments.rules import DeskKind
from asimati.kit.ids import new_id


def sync(tx: Session, part: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, int]:
    """Make the tables say what appointments.toml says; running it again changes nothing."""
    counts = dict.fromkeys(("added", "changed", "unchanged", "retired"), 0)
    for service in part["services"]:
        row = insert(AppointmentService).values(**service)
        tx.execute(row.on_conflict_do_update(index_elements=["code"], set_=dict(service)))
    known = {desk.code: desk for desk in tx.scalars(select(Desk))}
    for item in part["desks"]:
        counts[_desk(tx, known.pop(item["code"], None), item)] += 1
    for gone in known.values():
        if gone.retired_at is None:
            gone.retired_at = func.app_now()
            counts["retired"] += 1
    tx.flush()
    return counts


def _desk(tx: Session, desk: Desk | None, item: Mapping[str, Any]) -> str:
    values = {**item, "kind": DeskKind(item["kind"]), "retired_at": None}
    if desk is None:
        tx.add(Desk(id=new_id(), **values))
        return "added"
    changes = {name: value for name, value in values.items() if getattr(desk, name) != value}
    for name, value in changes.items():
        setattr(desk, name, value)
    return "changed" if changes else "unchanged"
