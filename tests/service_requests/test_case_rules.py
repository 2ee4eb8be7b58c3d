"""The table of moves: every status has a turn, every path an end, and it is always somebody's turn."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from asimati.kit.errors import IllegalMove
from asimati.service_requests.rules import (
    BY_ITSELF,
    CLOSED,
    MOVES,
    OPEN,
    TURNS,
    Move,
    Party,
    Status,
    Turn,
    after,
    is_public,
    legal_moves,
    missing,
    workflow_of,
)


@pytest.mark.parametrize("status", Status)
def test_every_status_says_whose_turn_it_is(status: Status) -> None:
    assert TURNS[status] in Turn
    assert (TURNS[status] is Turn.NOBODY) == (status in CLOSED)


def test_every_move_somebody_makes_is_in_the_table() -> None:
    assert set(MOVES) == set(Move) - BY_ITSELF


@pytest.mark.parametrize("status", sorted(OPEN))
def test_whoever_has_the_turn_can_act_and_staff_can_always_go_on(status: Status) -> None:
    def advances(by: Party) -> bool:
        return any(MOVES[move].leads[status] is not status for move in legal_moves(status, by))

    assert advances(Party.STAFF), "a case must never hang on somebody outside"
    assert advances(Party.RESIDENT), "residents can always withdraw"


@pytest.mark.parametrize("status", Status)
def test_every_status_can_be_reached_and_every_open_one_can_be_closed(status: Status) -> None:
    assert status in reachable(Status.SUBMITTED)
    if status in OPEN:
        assert Status.RESOLVED in reachable(status)


def reachable(start: Status) -> set[Status]:
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for one in (*MOVES.values(), *workflow_of({"four_eyes": ["resolve"]}).moves.values()):
            if here in one.leads and one.leads[here] not in seen:
                seen.add(one.leads[here])
                ahead.append(one.leads[here])
    return seen


def test_an_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(IllegalMove) as refused:
        after(Status.IN_REVIEW, Move.CLAIM, Party.STAFF)
    assert refused.value.facts["legal"] == legal_moves(Status.IN_REVIEW, Party.STAFF)
    assert {"refer", "resolve", "decline", "ask", "release"} <= set(refused.value.facts["legal"])


@pytest.mark.parametrize("move", [Move.CLAIM, Move.RESOLVE, Move.NOTE, Move.REFER])
def test_residents_make_no_move_of_the_staff(move: Move) -> None:
    for status in Status:
        with pytest.raises(IllegalMove):
            after(status, move, Party.RESIDENT)


def test_what_a_move_cannot_do_without() -> None:
    assert missing(Move.RESOLVE, {"message": None}) == ["message"]
    assert missing(Move.RESOLVE, {"message": {"en": "Done"}}) == []
    assert missing(Move.CLAIM, {}) == []


def test_notes_are_no_part_of_the_resident_s_history() -> None:
    assert not is_public(Status.REFERRED, Status.REFERRED)
    assert is_public(None, Status.SUBMITTED)


class Workflow(RuleBasedStateMachine):
    """Any party tries any move, legal or not; the table alone decides."""

    status = Status.SUBMITTED

    @rule(move=st.sampled_from(sorted(MOVES)), by=st.sampled_from(Party))
    def try_a_move(self, move: Move, by: Party) -> None:
        legal = legal_moves(self.status, by)
        try:
            self.status = after(self.status, move, by)
        except IllegalMove as refused:
            assert move not in legal
            assert refused.facts["legal"] == legal
        else:
            assert move in legal

    @precondition(lambda self: self.status in OPEN)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        move = data.draw(st.sampled_from(legal_moves(self.status, Party.STAFF)))
        self.status = after(self.status, move, Party.STAFF)

    @invariant()
    def somebody_has_the_turn_or_it_is_over(self) -> None:
        assert (TURNS[self.status] is Turn.NOBODY) == (self.status in CLOSED)

    @invariant()
    def a_withdrawn_case_stays_withdrawn(self) -> None:
        if self.status is Status.WITHDRAWN:
            assert reachable(self.status) == {Status.WITHDRAWN}


TestWorkflow = Workflow.TestCase
TestWorkflow.settings = settings(stateful_step_count=40, max_examples=100, deadline=None)
