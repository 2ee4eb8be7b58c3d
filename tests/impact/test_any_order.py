"""Whatever happens in whatever order, tallies are the fold of the ledger: a state machine on real PostgreSQL.

Workers hear late, twice, out of order; and they are processes that are killed before any of their statements,
before they commit, or just after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from asimati.impact import exports
from asimati.impact.actions import contribute, publish, rebuild, rebuild_all
from asimati.impact.messages import ContributionsChanged, TalliesChanged
from asimati.impact.proving import reconcile
from asimati.impact.queries import verify_tallies
from asimati.impact.sync import sync
from asimati.kit import db
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered, Message
from tests.conftest import empty
from tests.impact.acts import PART, Acted, TakenBack, say
from tests.impact.mortal import Moment, before, before_sending, killed, never
from workers.tasks.deliver import drain

ACTS = [
    Acted(
        source=f"toy.act:{number}", on=date(2026, 10 + number % 2, 5), person=UUID(int=number // 2),
        group={"sex": ("female", "male")[number % 2], "block": ("317", "304")[number % 3 % 2]},
        hours=("1", "0.5", "2.25")[number % 3], targets=[["4.4"], ["4.4", "4.7"]][number % 2],
    )
    for number in range(12)
]  # fmt: skip
MONTHS = st.tuples(st.sampled_from(["hours", "people"]), st.sampled_from([date(2026, 10, 1), date(2026, 11, 1)]))
GROUPINGS = ("", "sex", "sex,block", "programme,channel")
# None: it lives. Before this statement of its work, or before its commit if it sends fewer; COMMITTED: just after.
COMMITTED = -1
DEATH = st.one_of(st.none(), st.none(), st.integers(COMMITTED, 16))


class Worker(RuleBasedStateMachine):
    """Acts and takings back are told; workers hear them late, twice, out of order, and die; months are rebuilt."""

    def __init__(self) -> None:
        super().__init__()
        empty()
        self.waiting: list[Message] = []
        self.acted: set[int] = set()
        self.back: set[int] = set()
        with db.transaction() as tx:
            sync(tx, PART)

    @rule(number=st.integers(0, 11), times=st.integers(1, 3))
    def act(self, number: int, times: int) -> None:
        self.acted.add(number)
        self.waiting += [ACTS[number]] * times

    @rule(number=st.integers(0, 11))
    def take_back(self, number: int) -> None:
        self.back.add(number)
        self.waiting.append(TakenBack(source=ACTS[number].source))

    @rule(which=st.integers(0, 50), dies=DEATH, again=st.booleans())
    def hear(self, which: int, dies: int | None, again: bool) -> None:
        if self.waiting:
            place = which % len(self.waiting)
            message = self.waiting[place] if again or dies is not None else self.waiting.pop(place)
            carry(one_by_one, message, dies=dies)

    @rule(which=st.lists(st.integers(0, 50), min_size=2, max_size=6), dies=DEATH)
    def hear_several_at_once(self, which: list[int], dies: int | None) -> None:
        """Some of them several times, an act with its own taking back among them."""
        if self.waiting:
            heard = [self.waiting[place % len(self.waiting)] for place in which]
            carry(together, heard, dies=dies)

    @rule(month=MONTHS, dies=DEATH)
    def rebuild_month(self, month: tuple[str, date], dies: int | None) -> None:
        carry(made_anew, ContributionsChanged(measure=month[0], period=month[1]), dies=dies)

    @rule(month=MONTHS, dies=DEATH)
    def publish_month(self, month: tuple[str, date], dies: int | None) -> None:
        carry(shown_anew, TalliesChanged(measure=month[0], period=month[1]), dies=dies)

    @rule(dies=DEATH)
    def rebuild_from_nothing(self, dies: int | None) -> None:
        carry(all_anew, None, dies=dies)

    @rule()
    def prove(self) -> None:
        with db.transaction() as tx:
            assert reconcile(tx) is None

    @invariant()
    def cells_are_the_fold(self) -> None:
        with db.transaction() as tx:
            assert verify_tallies(tx)["ok"]

    def teardown(self) -> None:
        for message in self.waiting:
            carry(one_by_one, message)
        for measure in ("hours", "people"):
            for month in (date(2026, 10, 1), date(2026, 11, 1)):
                carry(made_anew, ContributionsChanged(measure=measure, period=month))
                carry(shown_anew, TalliesChanged(measure=measure, period=month))
        expected = expected_of(self.acted - self.back)
        with db.transaction() as tx:
            found = tx.scalar(text("SELECT coalesce(sum(value), 0) FROM tally_cell WHERE measure = 'hours'"))
            before = exported(tx)
            assert found == expected
            assert cells(tx) == folded(tx)
            assert rebuild_all(tx)["ok"]
            assert exported(tx) == before  # byte for byte


def carry(work: Any, message: Any, *, dies: int | None = None) -> None:
    """Do a worker's work in its transaction; one that dies is a process of its own, and is killed."""

    def deed() -> None:
        with db.transaction() as tx:
            work(tx, message)
            if dies != COMMITTED:
                tx.execute(text("SELECT 'the commit comes next'"))

    if dies is None:
        deed()
    else:
        killed(deed, never if dies == COMMITTED else either(before(dies), before_sending("SELECT 'the commit")))


def either(one: Moment, other: Moment) -> Moment:
    return lambda statement: one(statement) or other(statement)


def together(tx: Any, messages: list[Message]) -> None:
    contribute(tx, [Delivered(new_id(), message, "-") for message in messages])


def one_by_one(tx: Any, message: Message) -> None:
    together(tx, [message])


def made_anew(tx: Any, message: Message) -> None:
    rebuild(tx, Delivered(new_id(), message, "-"))


def shown_anew(tx: Any, message: Message) -> None:
    publish(tx, Delivered(new_id(), message, "-"))


def all_anew(tx: Any, _message: None) -> None:
    assert rebuild_all(tx)["ok"]


CELL = "measure, period, target, sex, age_band, disability, nationality, area, block, programme, partner, channel"


def cells(tx: Any) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
    rows = tx.execute(text(f"SELECT {CELL}, value, people FROM tally_cell"))
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


def folded(tx: Any) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
    """The ledger added up line by line, in Python: the same cells by another hand."""
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    stand: dict[tuple[Any, ...], Counter[bytes]] = defaultdict(Counter)
    for *cell, amount, line, who in tx.execute(text(f"SELECT {CELL}, amount, line, who FROM contribution")):
        sums[tuple(cell)] += amount
        stand[tuple(cell)][who] += 1 if line >= 0 else -1
    return {cell: (sums[cell], people) for cell in sums if (people := len(+stand[cell]))}


def exported(tx: Any) -> list[bytes]:
    return [exports.sdmx_csv(tx, by) for by in GROUPINGS]


@pytest.mark.usefixtures("ground")
def test_for_any_interleaving_the_tallies_are_the_fold_of_the_ledger() -> None:
    run_state_machine_as_test(
        Worker,
        settings=settings(
            max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )  # fmt: skip


DEATHS = {
    "before the ledger is written": ("INSERT INTO contribution", 0, 0),
    "when it is written and not committed": ("UPDATE delivery SET status = 'done'", 0, 0),
    "between the ledger and its tally": ("DELETE FROM tally_mark", 11, 0),
    "when the cells are gone": ("INSERT INTO tally_cell", 11, 0),
    "between tally and figures": ("DELETE FROM figure_mark", 11, 11),
    "when the figures are gone": ("INSERT INTO figure (", 11, 11),
}


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize(("words", "lines", "cells_left"), DEATHS.values(), ids=DEATHS)
def test_a_worker_killed_anywhere_on_the_way_loses_nothing_and_counts_nothing_twice(
    moved_clock: Any, words: str, lines: int, cells_left: int
) -> None:
    """The house's own way: messages, leases and their ends. What the dead left is seen before anybody goes on."""
    for number in (0, 1, 3):
        say(ACTS[number])
    killed(drain, before_sending(words))
    with db.transaction() as tx:
        assert (len(contributions(tx)), len(cells(tx))) == (lines, cells_left)
    with moved_clock(minutes=5):  # the leases of the dead end
        drain()
    with db.transaction() as tx:
        assert cells(tx) == folded(tx)
        found = tx.scalar(text("SELECT sum(value) FROM tally_cell WHERE measure = 'hours'"))
        assert found == expected_of({0, 1, 3})
        after = exported(tx)
        assert rebuild_all(tx)["ok"]
        assert exported(tx) == after


def contributions(tx: Any) -> list[Any]:
    return list(tx.execute(text("SELECT id FROM contribution")))


def expected_of(standing: set[int]) -> Decimal:
    return sum((Decimal(ACTS[one].hours) * len(ACTS[one].targets) for one in standing), Decimal(0))
