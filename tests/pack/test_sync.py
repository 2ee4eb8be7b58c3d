"""The Capital pack in the tables: repeating it, a day later too, changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati import pack
from asimati.settings import settings

TABLES = ("block", "holiday", "entity", "service", "service_form", "opportunity", "shift", "programme", "event")
TABLES += ("measure", "objective", "crosswalk", "template")


def contents(tx: Session) -> dict[str, list[str]]:
    """Every row of the pack's tables as it stands."""
    rows = {name: tx.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")) for name in TABLES}
    return {name: list(found.scalars()) for name, found in rows.items()}


def test_a_second_sync_changes_nothing(tx: Session) -> None:
    capital = pack.load(settings().governorate.folder)
    pack.sync(tx, capital)
    tx.flush()
    first = contents(tx)
    assert all(first.values())

    pack.sync(tx, capital)
    tx.flush()
    assert contents(tx) == first


def test_reckoned_times_hold_from_the_first_sync(tx: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    capital = pack.load(settings().governorate.folder)
    pack.sync(tx, capital)
    tx.flush()
    first = contents(tx)

    now = pack.loading.clock.now(tx)
    monkeypatch.setattr(pack.loading.clock, "now", lambda tx: now + timedelta(days=9))
    pack.sync(tx, capital)
    tx.flush()
    assert contents(tx) == first
