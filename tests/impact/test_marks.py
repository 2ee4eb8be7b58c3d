"""A month is rebuilt once for many acts, and never once too few: whoever relies on a rebuilding is in it."""

from __future__ import annotations

import threading
import time
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from asimati.impact import actions
from asimati.impact.messages import ContributionsChanged
from asimati.kit import db
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered
from tests.impact.acts import Acted

MONTH = date(2026, 11, 1)
pytestmark = pytest.mark.usefixtures("ground")


def ask(sql: str) -> Any:
    with db.transaction() as tx:
        return tx.scalar(text(sql))


def count(tx: Any) -> None:
    told = Acted(source=f"toy.act:{uuid4()}", on=MONTH, group={}, person=uuid4())
    actions.contribute(tx, [Delivered(new_id(), told, "-")])


def rebuild() -> None:
    changed = ContributionsChanged(measure="hours", period=MONTH)
    with db.transaction() as tx:
        actions.rebuild(tx, Delivered(new_id(), changed, "-"))


def tally() -> Decimal:
    return Decimal(ask("SELECT coalesce(sum(value), 0) FROM tally_cell WHERE measure = 'hours'"))


def asked() -> int:
    """How often the month of the first measure was asked for."""
    of = "topic = 'impact.contributions_changed' AND payload ->> 'measure' = 'hours'"
    return int(ask(f"SELECT count(*) FROM message WHERE {of}"))


def meet() -> None:
    """One act waits to be rebuilt; a second is counted, and before that is committed the rebuilding begins."""
    with db.transaction() as tx:
        count(tx)
    beside = threading.Thread(target=rebuild)
    with db.transaction() as tx:
        count(tx)
        beside.start()
        end = time.monotonic() + 10
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while beside.is_alive() and not ask(waits):
            assert time.monotonic() < end
            time.sleep(0.01)
    beside.join()


def test_who_relies_on_a_rebuilding_is_in_it() -> None:
    meet()
    assert (tally(), asked(), ask("SELECT count(*) FROM tally_mark WHERE measure = 'hours'")) == (2, 1, 0)


def test_without_holding_the_month_the_second_act_would_wait_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "_TRY_SHARED", text("SELECT CAST(:name AS text) IS NOT NULL"))
    meet()
    assert (tally(), asked(), ask("SELECT count(*) FROM tally_mark WHERE measure = 'hours'")) == (1, 1, 1)


def test_who_comes_while_a_month_is_rebuilt_asks_for_another_run() -> None:
    with db.transaction() as tx:
        count(tx)
    with db.transaction() as tx:
        actions.rebuild(tx, Delivered(new_id(), ContributionsChanged(measure="hours", period=MONTH), "-"))
        with db.transaction() as other:
            count(other)
    assert (tally(), asked()) == (1, 2)
    rebuild()
    assert tally() == 2
