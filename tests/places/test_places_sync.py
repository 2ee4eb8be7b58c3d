"""Blocks are found as people write them; the pack's blocks and holidays follow it without losing what counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import clock, db
from asimati.kit.worktime import Target
from asimati.places import queries
from asimati.places.models import Block, Holiday, Standing
from asimati.places.sync import sync

V1 = "/api/v1"
MANAMA = {
    "number": "317",
    "area": {"ar": "المنطقة الدبلوماسية", "en": "Diplomatic Area"},
    "lat": 26.24,
    "lon": 50.58,
}
JUFAIR = {"number": "324", "area": {"ar": "الجُفَير", "en": "Al Juffair"}, "lat": None, "lon": None}
UMM = {"number": "353", "area": {"ar": "أم الحصم", "en": "Umm Al Hassam"}, "lat": None, "lon": None}


def part(*blocks: dict[str, Any], holidays: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"blocks": list(blocks), "holidays": holidays or []}


def holiday(day: date, standing: str, name: str = "Eid") -> dict[str, Any]:
    return {"day": day, "name": {"ar": "العيد", "en": name}, "standing": standing}


def standings(tx: Session) -> dict[date, str]:
    return {one.day: str(one.standing) for one in tx.scalars(select(Holiday).order_by(Holiday.day))}


@pytest.fixture
def town(client: FlaskClient) -> None:
    with db.transaction() as tx:
        sync(tx, part(MANAMA, JUFAIR, UMM))


@pytest.fixture
def find(client: FlaskClient, town: None) -> Callable[..., list[str]]:
    """The numbers of the blocks that are found."""

    def look(**query: Any) -> list[str]:
        answer = client.get(f"{V1}/places/blocks", query_string=query)
        assert answer.status_code == 200, answer.json
        return [one["number"] for one in answer.json["items"]]

    return look


@pytest.fixture
def bare(tx: Session) -> Session:
    """No blocks and no holidays but the test's own."""
    for table in (Block, Holiday):
        for row in tx.scalars(select(table)):
            tx.delete(row)
    tx.flush()
    return tx


# --- finding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("317", ["317"]),
        ("٣١٧", ["317"]),
        ("3", ["317", "324", "353"]),
        ("الجفير", ["324"]),  # without the vowel signs
        ("المنطقه", ["317"]),  # ه for ة
        ("ام الحصم", ["353"]),  # ا for أ
        ("DIPLOMATIC", ["317"]),
        ("juffair", ["324"]),
        ("muharraq", []),
        ("%", []),
        ("_", []),
    ],
)
def test_blocks_are_found_as_people_write_them(
    find: Callable[..., list[str]], written: str, found: list[str]
) -> None:
    assert find(q=written) == found


def test_blocks_are_listed_by_number_page_by_page(client: FlaskClient, find: Callable[..., list[str]]) -> None:
    assert find() == ["317", "324", "353"]
    first = client.get(f"{V1}/places/blocks?limit=2").json
    rest = client.get(f"{V1}/places/blocks?limit=2&after={first['next']}").json
    assert [one["number"] for one in first["items"] + rest["items"]] == ["317", "324", "353"]
    assert rest["next"] is None
    assert first["items"][0] == MANAMA
    assert first["items"][1]["lat"] is None


def test_a_query_too_long_is_refused(client: FlaskClient, town: None) -> None:
    assert client.get(f"{V1}/places/blocks", query_string={"q": "x" * 101}).status_code == 422


# --- blocks follow the pack ------------------------------------------------------------------------------------


def test_a_block_that_goes_is_retired_and_one_that_returns_is_listed(bare: Session) -> None:
    assert sync(bare, part(MANAMA, JUFAIR)) == {"blocks": 2, "retired": 0, "holidays": 0, "withdrawn": 0}
    assert sync(bare, part(MANAMA))["retired"] == 1
    assert sync(bare, part(MANAMA))["retired"] == 0  # it was already
    assert bare.get_one(Block, "324").retired
    assert queries.block_known(bare, "317")
    assert not queries.block_known(bare, "324")
    assert not queries.block_known(bare, "999")
    sync(bare, part(MANAMA, JUFAIR))
    assert queries.block_known(bare, "324")


def test_a_corrected_area_is_found_by_its_new_name(bare: Session) -> None:
    sync(bare, part(MANAMA))
    sync(bare, part(MANAMA | {"area": {"ar": "السيف", "en": "Seef"}}))
    bare.flush()
    block = bare.get_one(Block, "317", populate_existing=True)
    assert "seef" in block.search
    assert "diplomatic" not in block.search


def test_the_same_pack_twice_changes_nothing(bare: Session) -> None:
    the_day = clock.local_day(clock.now(bare)) + timedelta(days=30)
    said = part(MANAMA, JUFAIR, holidays=[holiday(the_day, "provisional")])
    first = sync(bare, said)
    bare.flush()
    assert sync(bare, said) == first
    assert not bare.dirty
    assert not bare.new


# --- holidays follow the moon ----------------------------------------------------------------------------------


def test_the_moon_moves_a_provisional_day_and_no_confirmed_one(bare: Session) -> None:
    today = clock.local_day(clock.now(bare))
    coming, next_one, confirmed, past = (today + timedelta(days=n) for n in (20, 21, 40, -20))
    sync(
        bare,
        part(
            holidays=[
                holiday(coming, "provisional"),
                holiday(confirmed, "confirmed"),
                holiday(past, "provisional"),
                holiday(today, "provisional"),
            ]
        ),
    )
    done = sync(bare, part(holidays=[holiday(next_one, "confirmed")]))
    assert done["withdrawn"] == 2  # the coming one and today's; what has passed is history
    assert standings(bare) == {past: "provisional", next_one: "confirmed", confirmed: "confirmed"}


def test_a_confirmed_day_is_not_made_doubtful_again_but_its_name_is_corrected(bare: Session) -> None:
    day = clock.local_day(clock.now(bare)) + timedelta(days=10)
    sync(bare, part(holidays=[holiday(day, "provisional")]))
    sync(bare, part(holidays=[holiday(day, "confirmed")]))
    assert standings(bare) == {day: "confirmed"}
    sync(bare, part(holidays=[holiday(day, "provisional", name="Eid Al Fitr")]))
    found = bare.get_one(Holiday, day)
    assert (found.standing, found.name["en"]) == (Standing.CONFIRMED, "Eid Al Fitr")


# --- working time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standing", list(Standing))
def test_working_days_pass_over_holidays_provisional_ones_too(bare: Session, standing: Standing) -> None:
    sunday = datetime(2031, 6, 1, 6, tzinfo=UTC)  # a Sunday morning in Manama, in no special season
    due = queries.work_calendar(bare).due(sunday, Target.parse("P2D"))
    sync(bare, part(holidays=[holiday(date(2031, 6, 2), standing)]))
    bare.flush()
    after = queries.work_calendar(bare).due(sunday, Target.parse("P2D"))
    assert after - due == timedelta(days=1)
