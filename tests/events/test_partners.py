"""An event that was held with partners is an act of its own: told once it is over, and only if somebody came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from asimati.events import actions
from asimati.events.actions.check_in import Shown
from asimati.events.models import Event
from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import SYSTEM
from tests.events.ground import make_event, make_people
from tests.events.test_after import at, booked, soon

PARTNERS = [{"ar": "تمكين", "en": "Tamkeen"}, {"ar": "غرفة البحرين", "en": "Bahrain  Chamber"}]


def told(topic: str) -> list[dict[str, Any]]:
    with db.transaction() as tx:
        bodies = tx.scalars(select(OutboxMessage.payload).where(OutboxMessage.topic == topic))
        return sorted(bodies, key=lambda body: str(body.get("partner", body["source"])))


def look(hours: float) -> int:
    with db.transaction() as tx:
        at(tx, hours)
        return actions.tell_of_partners(tx)


def let_in(event: UUID, number: int = 1) -> list[str]:
    views = [booked(who, event) for who in make_people(number)]
    with db.transaction() as tx:
        at(tx, 0.1)
        moment = datetime.now(UTC) + timedelta(minutes=6)
        actions.check_in(tx, SYSTEM, [Shown(one.ticket, f"n-{one.reference}", moment, event) for one in views])
    return [one.reference for one in views]


@pytest.mark.usefixtures("clean")
def test_each_partner_of_an_event_is_told_of_once_when_it_is_over() -> None:
    event = soon(co_hosts=PARTNERS, block="317")
    let_in(event, 2)
    assert look(2) == 0, "it is not over, with the time doors have to upload"
    assert look(4) == 1
    assert look(5) == 0
    said = told("events.partner_engaged")
    assert [(one["partner"], one["organisation"]) for one in said] == [
        ("Bahrain  Chamber", "bahrain chamber"), ("Tamkeen", "tamkeen")
    ]  # fmt: skip
    assert said[0]["group"] == {"block": "317"}
    assert said[0]["event"] == str(event)


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("more", [{"co_hosts": []}, {"co_hosts": PARTNERS}])
def test_an_event_without_partners_or_without_anybody_engages_nobody(more: dict[str, Any]) -> None:
    event = soon(**more)
    if not more["co_hosts"]:
        let_in(event)
    assert look(4) == 0
    assert told("events.partner_engaged") == []


@pytest.mark.usefixtures("clean")
def test_it_is_taken_back_with_the_last_who_had_come_and_may_be_told_anew() -> None:
    event = soon(co_hosts=PARTNERS[:1])
    first, second = let_in(event, 2)
    look(4)
    for reference in (first, second):
        assert told("events.partner_taken_back") == []
        with db.transaction() as tx:
            actions.void_check_in(tx, SYSTEM, reference)
    (said,) = told("events.partner_engaged")
    assert [one["source"] for one in told("events.partner_taken_back")] == [said["source"]]
    with db.transaction() as tx:
        assert tx.get_one(Event, event).partners_told is None
    make_event()
    let_in(event)
    assert look(4) == 1
    assert len({one["source"] for one in told("events.partner_engaged")}) == 2
