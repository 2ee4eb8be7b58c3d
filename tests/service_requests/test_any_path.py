"""Whatever residents and officers try, in any order: a case on real PostgreSQL always has one whose turn it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, text

from asimati.kit import db
from asimati.service_requests import rules
from asimati.service_requests.actions import moving
from asimati.service_requests.models import Hop
from asimati.service_requests.rules import OPEN, TURNS, Party, Status, legal_moves
from tests.service_requests.town import SAID

Headers = dict[str, str]
BODIES: dict[str, dict[str, Any]] = {
    "claim": {}, "release": {}, "return": {}, "approve": {}, "reopen": {}, "note": {"note": "Seen"},
    "ask": {"message": SAID}, "refer": {"entity": "works"}, "resolve": {"message": SAID},
    "decline": {"message": SAID},
}  # fmt: skip
THEIRS: dict[str, dict[str, Any]] = {
    "withdraw": {}, "reopen": {}, "appeal": {"text": "Look again"}, "rating": {"stars": 4},
}  # fmt: skip
CASE = text("SELECT status FROM service_request WHERE reference = :reference")
HOPS = text(
    "SELECT hop.who FROM hop JOIN service_request r ON r.id = hop.request_id"
    " WHERE r.reference = :reference AND hop.ended_at IS NULL"
)


Lives = Callable[[int], None]


@pytest.fixture
def lives(
    town: FlaskClient, resident: Headers, as_staff: Callable[..., Headers], submit: Callable[..., dict[str, Any]]
) -> Lives:
    """Lead so many random lives of a case."""
    officers = [as_staff("reviewer"), as_staff("supervisor"), as_staff("supervisor")]

    class Life(RuleBasedStateMachine):
        """One case; the moves are tried over HTTP, and what the tables then say is compared with the rules."""

        def __init__(self) -> None:
            super().__init__()
            self.reference = submit(resident)["reference"]

        def status(self) -> Status:
            with db.transaction() as tx:
                return Status(tx.scalar(CASE, {"reference": self.reference}))

        def attempt(self, path: str, move: str, body: dict[str, Any], who: Headers, by: Party) -> None:
            before = self.status()
            legal = [str(one) for one in legal_moves(before, by)]
            answer = town.post(f"{path}/{self.reference}/{move}", json=body, headers=who)
            name = {"rating": "rate"}.get(move, move)
            if answer.status_code == 409 and answer.json["type"] == "/problems/illegal-move":
                assert name not in legal and answer.json["legal"] == legal
            elif answer.status_code < 300:
                assert name in legal
            if answer.status_code >= 400:
                assert answer.status_code in (403, 409), answer.json
                assert self.status() is before, "a refused move changes nothing"

        @rule(move=st.sampled_from(sorted(BODIES)), officer=st.integers(0, 2))
        def an_officer_tries(self, move: str, officer: int) -> None:
            path = "/api/v1/staff/service-requests"
            self.attempt(path, move, BODIES[move], officers[officer], Party.STAFF)

        @rule(pick=st.integers(0, 99), officer=st.integers(0, 2))
        def an_officer_goes_on(self, pick: int, officer: int) -> None:
            """One of the legal moves: by mere trying few lives would come far."""
            legal = [str(one) for one in legal_moves(self.status(), Party.STAFF) if one in BODIES and one != "note"]
            if legal:
                move = legal[pick % len(legal)]
                self.attempt("/api/v1/staff/service-requests", move, BODIES[move], officers[officer], Party.STAFF)

        @rule(move=st.sampled_from(sorted(THEIRS)))
        def the_resident_tries(self, move: str) -> None:
            self.attempt("/api/v1/service-requests", move, THEIRS[move], resident, Party.RESIDENT)

        @invariant()
        def somebody_has_the_turn_or_it_is_over(self) -> None:
            with db.transaction() as tx:
                status = Status(tx.scalar(CASE, {"reference": self.reference}))
                open_hops = list(tx.scalars(HOPS, {"reference": self.reference}))
            assert open_hops == ([TURNS[status]] if status in OPEN else [])

    def lead(count: int) -> None:
        run_state_machine_as_test(
            Life,
            settings=settings(
                stateful_step_count=20, max_examples=count, deadline=None, derandomize=True, database=None,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip

    return lead


def test_no_path_leaves_a_case_without_whose_turn_it_is(lives: Lives) -> None:
    lives(25)


@pytest.mark.parametrize("fault", ["the ledger forgets the next stretch", "the status is not the table's"])
def test_these_lives_would_find_a_case_that_hangs(
    lives: Lives, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Negative control: with either of them broken, some life ends in an assertion."""
    if fault.startswith("the ledger"):
        keep = moving._pass_on

        def forget(tx: Any, request: Any, now: Any, entity: Any) -> dict[str, Any]:
            facts = keep(tx, request, now, entity)
            tx.flush()
            tx.execute(delete(Hop).where(Hop.request_id == request.id, Hop.ended_at.is_(None)))
            return facts

        monkeypatch.setattr(moving, "_pass_on", forget)
    else:
        monkeypatch.setattr(rules, "after", lambda before, move, by, flow: before)
    with pytest.raises(BaseException) as found:
        lives(15)
    assert "AssertionError" in repr(found.value) or isinstance(found.value, AssertionError)
