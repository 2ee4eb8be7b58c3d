"""Whatever coordinators decide in whatever order: the ledger, the passport and what the house was told agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from asimati.accounts.actions import create_staff, ensure_person
from asimati.kit.errors import Invalid
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import Actor, Role
from asimati.volunteering import passport_queries, queries, rules
from asimati.volunteering.actions import hours
from asimati.volunteering.models import Edition, HoursClaim, HoursLine, Opportunity, Shift, SignUp
from asimati.volunteering.refusals import HoursDecided
from asimati.volunteering.rules import ClaimStatus, SignUpStatus

SERVED = (90, 0, 200)  # minutes claimed on three shifts
TARGETS = (["14.1", "14.2"], ["12.5", "14.1"], [])
MOST = 195  # three hours and the tolerance
TITLE = {"ar": "تنظيف", "en": "Clean-up"}

deeds = st.tuples(
    st.sampled_from(["approve", "correct", "reject"]), st.integers(0, len(SERVED) - 1), st.integers(0, MOST + 10)
)


def coordinator(tx: Session) -> Actor:
    made = create_staff(tx, f"{uuid4()}@asimati.example", "asimati-demo", TITLE, [Role.COORDINATOR])
    return Actor("staff", made.id, frozenset({Role.COORDINATOR}))


def served(tx: Session, person: UUID) -> list[UUID]:
    """Three claims that wait for a word."""
    today = datetime.now(UTC).date()
    days = {"starts_on": date(2020, 1, 1), "ends_on": today + timedelta(days=400)}
    tx.merge(Edition(code="now", title=TITLE, minimum_age=0, tolerance_minutes=15, categories=[], **days))
    found = []
    for number, (minutes, targets) in enumerate(zip(SERVED, TARGETS, strict=True)):
        offered = Opportunity(title=TITLE, targets=targets, search="")
        tx.add(offered)
        tx.flush()
        starts = datetime.now(UTC) - timedelta(days=number + 1)
        shift = Shift(
            opportunity_id=offered.id, places=1, taken=1, starts_at=starts, ends_at=starts + timedelta(hours=3)
        )
        tx.add(shift)
        tx.flush()
        came = SignUp(shift_id=shift.id, person_id=person, status=SignUpStatus.CHECKED_OUT)
        tx.add(came)
        tx.flush()
        claim = HoursClaim(sign_up_id=came.id, person_id=person, minutes=minutes, status=ClaimStatus.PENDING)
        tx.add(claim)
        tx.flush()
        found.append(claim.id)
    return found


def decide(tx: Session, actor: Actor, claim: UUID, deed: str, minutes: int) -> None:
    if deed == "approve":
        hours.approve(tx, actor, claim)
    elif deed == "correct":
        hours.correct(tx, actor, claim, minutes, "why")
    else:
        hours.reject(tx, actor, claim, "why")


def expected(deed: str, before: int | str, claimed: int, minutes: int) -> int | str | type[Exception]:
    """What a claim counts after a deed, in plain words: minutes, `waits`, `refused`, or what is raised."""
    if before == "refused" or (deed == "approve" and before != "waits"):
        return HoursDecided
    if deed == "correct":
        return Invalid if minutes > MOST else minutes
    return claimed if deed == "approve" else "refused"


@pytest.fixture
def actor(tx: Session) -> Actor:
    return coordinator(tx)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(deeds, max_size=12))
def test_any_order_of_decisions_leaves_one_truth(
    tx: Session, actor: Actor, chosen: Sequence[tuple[str, int, int]]
) -> None:
    tx.execute(delete(OutboxMessage))
    tx.execute(delete(Edition).where(Edition.code != "now"))
    person = ensure_person(tx, f"+973{uuid4().int % 10**8:08}").id
    claims = served(tx, person)
    counts: list[Any] = ["waits"] * len(claims)
    for deed, which, minutes in chosen:
        outcome = expected(deed, counts[which], SERVED[which], minutes)
        if isinstance(outcome, type):
            with pytest.raises(outcome):
                decide(tx, actor, claims[which], deed, minutes)
        else:
            decide(tx, actor, claims[which], deed, minutes)
            counts[which] = outcome
        tx.flush()
        agree(tx, person, claims, counts)


def agree(tx: Session, person: UUID, claims: list[UUID], counts: list[Any]) -> None:
    """The passport, the ledger and the messages say of each claim what the plain list says."""
    standing = [(one, targets) for one, targets in zip(counts, TARGETS, strict=True) if isinstance(one, int)]
    passport = passport_queries.passport(tx, person)
    assert passport["hours"] == rules.hours(sum(minutes for minutes, _ in standing))
    stamps = {goal: rules.hours(minutes) for goal, minutes in rules.stamps(standing).items()}
    assert {stamp["goal"]: stamp["hours"] for stamp in passport["stamps"]} == stamps
    assert passport["shifts"] == sum(minutes > 0 for minutes, _ in standing)
    lines = tx.scalars(select(HoursLine).where(HoursLine.person_id == person)).all()
    for claim, count in zip(claims, counts, strict=True):
        folded = sum(line.minutes for line in lines if line.claim_id == claim)
        assert folded == (count if isinstance(count, int) else 0)
    assert told(tx) == {
        f"volunteering.hours:{line.id}": rules.hours(line.minutes)
        for line in lines
        if line.kind == "approved" and line.id not in {other.voids for other in lines}
    }
    assert queries.verify_hours(tx)["ok"]


def told(tx: Session) -> dict[str, str]:
    """Hours the house was told of, by source, less those it was told to undo."""
    counted: dict[str, str] = {}
    for message in tx.scalars(select(OutboxMessage).order_by(OutboxMessage.id)):
        source, amount = message.payload.get("source"), message.payload["hours"]
        if message.topic == "volunteering.hours_approved":
            assert source not in counted
            counted[source] = amount
        elif message.topic == "volunteering.hours_voided":
            assert counted.pop(source) == amount
    return counted
