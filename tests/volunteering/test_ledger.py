"""The passport is the fold of the ledger at any time, and the figures count what the ledger counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.actions import create_staff
from asimati.impact.models import Contribution
from asimati.impact.queries import verify_tallies
from asimati.impact.sync import sync as sync_impact
from asimati.kit import db
from asimati.kit.errors import Refusal
from asimati.kit.policy import Actor, Role
from asimati.volunteering import passport_queries, queries, rules
from asimati.volunteering.actions import hours
from asimati.volunteering.models import HoursClaim, HoursLine, Opportunity, Shift, SignUp, VolunteerEntity
from asimati.volunteering.rules import ClaimStatus, SignUpStatus
from tests.events.ground import make_people
from tests.impact.acts import goal, measure
from tests.volunteering.ground import make_edition, make_shift, now

TARGETS = [["14.1", "12.5"], ["14.1", "14.2"], ["3.4"], []]


def coordinator() -> Actor:
    with db.transaction() as tx:
        name = {"ar": "منسق", "en": "Coordinator"}
        made = create_staff(tx, "coordinator@asimati.example", "asimati-demo", name, [Role.COORDINATOR])
        return Actor("staff", made.id, frozenset({Role.COORDINATOR}))


def serve(person: UUID, minutes: int, targets: list[str]) -> UUID:
    """Hours of a person that wait for a word; committed."""
    shift = make_shift(now() - timedelta(hours=20), hours=12, targets=targets)
    with db.transaction() as tx:
        served = SignUp(shift_id=shift, person_id=person, status=SignUpStatus.CHECKED_OUT)
        tx.get_one(Shift, shift).taken = 1
        tx.add(served)
        tx.flush()
        claim = HoursClaim(sign_up_id=served.id, person_id=person, minutes=minutes, status=ClaimStatus.PENDING)
        tx.add(claim)
        tx.flush()
        return claim.id


def decide(random: Random, staff: Actor, claim: UUID) -> int | None:
    """Some decision on a claim; the minutes that should stand after it, None if it was refused."""
    minutes = random.randrange(0, 12 * 60)
    with db.transaction() as tx:
        deeds: list[tuple[int, Callable[..., Any], tuple[Any, ...]]] = [
            (tx.get_one(HoursClaim, claim).minutes, hours.approve, ()),
            (minutes, hours.correct, (minutes, "seen by the team")),
            (0, hours.reject, ("was elsewhere",)),
        ]
        standing, deed, said = random.choice(deeds)
        try:
            deed(tx, staff, claim, *said)
        except Refusal:
            return None
        return standing


@pytest.mark.parametrize("seed", range(6))
def test_after_any_decisions_the_passport_equals_the_fold(clean: str, seed: int) -> None:
    random, staff = Random(seed), coordinator()
    make_edition()
    (who, other) = make_people(2)
    claims = [serve(who.person, random.randrange(1, 720), targets) for targets in TARGETS * 2]
    serve(other.person, 600, ["3.4"])
    expected = dict.fromkeys(claims, 0)
    for _ in range(40):
        claim = random.choice(claims)
        standing = decide(random, staff, claim)
        expected[claim] = expected[claim] if standing is None else standing
        if random.random() < 0.2:  # nobody's later edit moves what was decided
            retarget(claim, random.choice(TARGETS))
        with db.transaction() as tx:
            passport = passport_queries.passport(tx, who.person)
            assert passport["hours"] == rules.hours(sum(expected.values()))
            assert minutes_of(tx, who.person) == sum(expected.values())
            assert passport_queries.passport(tx, other.person)["hours"] == "0.00"
            assert queries.verify_hours(tx)["ok"]
    assert stamped(who.person) == by_goal(who.person)


def retarget(claim: UUID, targets: list[str]) -> None:
    with db.transaction() as tx:
        shift = tx.get_one(Shift, tx.get_one(SignUp, tx.get_one(HoursClaim, claim).sign_up_id).shift_id)
        tx.get_one(Opportunity, shift.opportunity_id).targets = targets


def minutes_of(tx: Session, person: UUID) -> int:
    return sum(tx.scalars(select(HoursLine.minutes).where(HoursLine.person_id == person)))


def stamped(person: UUID) -> dict[int, str]:
    with db.transaction() as tx:
        return {one["goal"]: one["hours"] for one in passport_queries.passport(tx, person)["stamps"]}


def by_goal(person: UUID) -> dict[int, str]:
    """Hours by goal, folded from the bare lines another way: those that stand, each goal of each once."""
    with db.transaction() as tx:
        lines = list(tx.scalars(select(HoursLine).where(HoursLine.person_id == person)))
    undone = {line.voids for line in lines}
    standing = [line for line in lines if line.kind == "approved" and line.id not in undone]
    goals = {int(target.split(".")[0]) for line in standing for target in line.targets}
    sums = {
        one: sum(x.minutes for x in standing if any(t.startswith(f"{one}.") for t in x.targets)) for one in goals
    }
    return {one: rules.hours(minutes) for one, minutes in sums.items() if minutes}


def test_figures_take_in_what_is_approved_and_out_what_is_taken_back(
    clean: str, run_listeners: Callable[[], int]
) -> None:
    staff = coordinator()
    make_edition()
    counted_by = {
        "topic": "volunteering.hours_approved",
        "voided_by": "volunteering.hours_voided",
        "since": date(2020, 1, 1),
    }
    goals = [goal(12, "12.5"), goal(14, "14.1")]
    with db.transaction() as tx:
        rows = {"goals": goals, "measures": [measure("hours", **counted_by)], "objectives": [], "crosswalk": []}
        sync_impact(tx, rows)
    (who,) = make_people(1)
    first, second = serve(who.person, 90, ["14.1", "12.5"]), serve(who.person, 45, ["14.1"])

    def figures() -> dict[str, Decimal]:
        run_listeners()
        with db.transaction() as tx:
            assert verify_tallies(tx)["ok"]
            sums: dict[str, Decimal] = {}
            for line in tx.scalars(select(Contribution)):
                sums[line.target] = sums.get(line.target, Decimal()) + line.amount
            return {target: amount for target, amount in sums.items() if amount}

    def do(deed: Callable[..., Any], *arguments: Any) -> None:
        with db.transaction() as tx:
            deed(tx, staff, *arguments)

    do(hours.approve, first)
    do(hours.approve, second)
    assert figures() == {"14.1": Decimal("2.25"), "12.5": Decimal("1.5")}
    do(hours.correct, first, 60, "left early")
    assert figures() == {"14.1": Decimal("1.75"), "12.5": Decimal(1)}
    do(hours.reject, first, "was elsewhere")
    assert figures() == {"14.1": Decimal("0.75")}
    assert stamped(who.person) == {14: "0.75"}


def test_hours_are_told_by_the_organisation_that_offered_them_and_by_how_somebody_came(
    clean: str, run_listeners: Callable[[], int]
) -> None:
    staff, host = coordinator(), {"ar": "الهلال الأحمر", "en": "Red Crescent"}
    make_edition()
    told = {"topic": "volunteering.hours_approved", "since": date(2020, 1, 1), "voided_by": None}
    rows = {"goals": [goal(14, "14.1")], "measures": [measure("hours", **told)], "objectives": [], "crosswalk": []}
    with db.transaction() as tx:
        sync_impact(tx, rows)
        name = {"ar": "موظفة", "en": "At the door"}
        door = create_staff(tx, "door@asimati.example", "asimati-demo", name, [Role.COORDINATOR]).id
        school = VolunteerEntity(name={"ar": "مدرسة", "en": "A school"}, kind="school", contact="17000000")
        tx.add(school)
        tx.flush()
        offered_by = school.id
    (who,) = make_people(1)
    nobodys, hosted, offered = (serve(who.person, 60, ["14.1"]) for _ in range(3))
    with db.transaction() as tx:
        served_in(tx, hosted)[1].host = host
        sign_up, opportunity = served_in(tx, offered)
        opportunity.host, opportunity.entity_id, sign_up.checked_in_by = host, offered_by, door
    for claim in (nobodys, hosted, offered):
        with db.transaction() as tx:
            hours.approve(tx, staff, claim)
    run_listeners()
    with db.transaction() as tx:
        found = sorted((line.partner, line.channel) for line in tx.scalars(select(Contribution)))
    assert found == [("A school", "door"), ("Red Crescent", "app"), ("none", "app")]


def served_in(tx: Session, claim: UUID) -> tuple[SignUp, Opportunity]:
    sign_up = tx.get_one(SignUp, tx.get_one(HoursClaim, claim).sign_up_id)
    return sign_up, tx.get_one(Opportunity, tx.get_one(Shift, sign_up.shift_id).opportunity_id)
