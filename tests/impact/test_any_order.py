"""Whatever happens in whatever order, tallies are the fold of the ledger: a state machine on real PostgreSQL."""

from __future__ import annotations

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
from asimati.impact.actions import contribute, publish, rebuild, rebuild_all, reconcile
from asimati.impact.messages import ContributionsChanged, TalliesChanged
from asimati.impact.queries import verify_tallies
from asimati.impact.sync import sync
from asimati.kit import db
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered, Message
from tests.conftest import empty
from tests.impact.acts import PART, Acted, TakenBack

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


class Died(Exception):
    """A worker, in the middle of its work."""


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

    @rule(which=st.integers(0, 50), dies=st.booleans(), again=st.booleans())
    def hear(self, which: int, dies: bool, again: bool) -> None:
        if self.waiting:
            place = which % len(self.waiting)
            message = self.waiting[place] if again or dies else self.waiting.pop(place)
            carry(one_by_one, message, dies=dies)

    @rule(which=st.lists(st.integers(0, 50), min_size=2, max_size=6), dies=st.booleans())
    def hear_several_at_once(self, which: list[int], dies: bool) -> None:
        """Some of them several times, an act with its own taking back among them."""
        if self.waiting:
            heard = [self.waiting[place % len(self.waiting)] for place in which]
            carry(together, heard, dies=dies)

    @rule(month=MONTHS, dies=st.booleans())
    def rebuild_month(self, month: tuple[str, date], dies: bool) -> None:
        carry(made_anew, ContributionsChanged(measure=month[0], period=month[1]), dies=dies)

    @rule(month=MONTHS, dies=st.booleans())
    def publish_month(self, month: tuple[str, date], dies: bool) -> None:
        carry(shown_anew, TalliesChanged(measure=month[0], period=month[1]), dies=dies)

    @rule(from_nothing=st.booleans())
    def prove(self, from_nothing: bool) -> None:
        with db.transaction() as tx:
            assert rebuild_all(tx)["ok"] if from_nothing else reconcile(tx) is None

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
        standing = self.acted - self.back
        expected = sum((Decimal(ACTS[one].hours) * len(ACTS[one].targets) for one in standing), Decimal(0))
        with db.transaction() as tx:
            found = tx.scalar(text("SELECT coalesce(sum(value), 0) FROM tally_cell WHERE measure = 'hours'"))
            before = exported(tx)
            assert found == expected
            assert rebuild_all(tx)["ok"]
            assert exported(tx) == before  # byte for byte


def carry(work: Any, message: Any, *, dies: bool = False) -> None:
    """Do a worker's work in its transaction; one that dies leaves nothing behind."""
    try:
        with db.transaction() as tx:
            work(tx, message)
            if dies:
                raise Died
    except Died:
        pass


def together(tx: Any, messages: list[Message]) -> None:
    contribute(tx, [Delivered(new_id(), message, "-") for message in messages])


def one_by_one(tx: Any, message: Message) -> None:
    together(tx, [message])


def made_anew(tx: Any, message: Message) -> None:
    rebuild(tx, Delivered(new_id(), message, "-"))


def shown_anew(tx: Any, message: Message) -> None:
    publish(tx, Delivered(new_id(), message, "-"))


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
