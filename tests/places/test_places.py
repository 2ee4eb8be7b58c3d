"""Blocks people can find, holidays that move, and the working time that follows from both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from asimati.kit import clock, db
from asimati.kit.worktime import add_working_days, is_working
from asimati.places import queries
from asimati.places.models import Block, Holiday, Standing
from asimati.places.sync import sync

V1 = "/api/v1"


def block(number: str, ar: str = "المنامة", en: str = "Manama", **more: Any) -> dict[str, Any]:
    return {"number": number, "area": {"ar": ar, "en": en}, "lat": None, "lon": None, **more}


def holiday(day: date, standing: str = "provisional", en: str = "Eid al-Fitr") -> dict[str, Any]:
    return {"day": day, "name": {"ar": "عيد", "en": en}, "standing": standing}


def part(blocks: list[dict[str, Any]] | None = None, holidays: list[dict[str, Any]] | None = None) -> Any:
    return {"blocks": blocks or [], "holidays": holidays or []}


BLOCKS = [
    block("304", "سوق المنامة", "Manama Souq", lat=26.233, lon=50.576),
    block("317", "المنطقة الدبلوماسية", "Diplomatic Area"),
    block("318", "الحورة", "Hoora"),
    block("321", "القضيبية", "Gudaibiya"),
    block("1017", "الهملة", "Al Hamala"),
]


@pytest.fixture
def tx(tx: Session) -> Session:
    """A governorate without blocks or holidays, whatever other tests left."""
    tx.execute(delete(Block))
    tx.execute(delete(Holiday))
    return tx


@pytest.fixture
def today(tx: Session) -> date:
    return clock.local_day(clock.now(tx))


# --- blocks ----------------------------------------------------------------------------------------------------


@pytest.fixture
def look(client: FlaskClient) -> Callable[..., Any]:
    """Ask for blocks, as anybody may; the answer."""
    with db.transaction() as tx:
        sync(tx, part(BLOCKS))
    return lambda **query: client.get(f"{V1}/places/blocks", query_string=query)


def numbers(answer: Any) -> list[str]:
    return [one["number"] for one in answer.json["items"]]


def test_blocks_come_in_pages(look: Callable[..., Any]) -> None:
    seen, after = [], None
    while True:
        answer = look(limit=2, **({"after": after} if after else {}))
        seen += numbers(answer)
        if (after := answer.json["next"]) is None:
            break
    assert sorted(seen) == sorted(row["number"] for row in BLOCKS)
    assert len(seen) == len(set(seen))


def test_a_block_has_its_area_in_both_languages(look: Callable[..., Any]) -> None:
    (found,) = look(q="304").json["items"]
    area = {"ar": "سوق المنامة", "en": "Manama Souq"}
    assert found == {"number": "304", "area": area, "lat": 26.233, "lon": 50.576}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("31", ["317", "318"]),
        ("٣١٧", ["317"]),
        ("hoora", ["318"]),
        ("الحوره", ["318"]),
        ("قضيبيّة", ["321"]),
        ("%", []),
        ("_", []),
        ("nowhere", []),
    ],
)
def test_blocks_are_found_by_number_and_area(look: Callable[..., Any], words: str, expected: list[str]) -> None:
    assert numbers(look(q=words)) == expected


def test_a_block_that_has_gone_is_retired_and_may_return(tx: Session) -> None:
    sync(tx, part(BLOCKS))
    assert sync(tx, part(BLOCKS[1:]))["retired"] == 1
    assert sync(tx, part(BLOCKS[1:]))["retired"] == 0
    assert not queries.block_known(tx, "304")
    assert tx.get(Block, "304") is not None  # a case may name it
    sync(tx, part([block("304", "السوق", "Souq"), *BLOCKS[1:]]))
    assert queries.block_known(tx, "304")
    assert tx.get_one(Block, "304").area == {"ar": "السوق", "en": "Souq"}
    assert not queries.block_known(tx, "999")


# --- holidays --------------------------------------------------------------------------------------------------


def days(tx: Session) -> dict[date, Standing]:
    return {one.day: one.standing for one in tx.scalars(select(Holiday))}


def test_syncing_again_changes_nothing(tx: Session, today: date) -> None:
    listed = part(BLOCKS, [holiday(today), holiday(today + timedelta(days=9), "confirmed")])
    sync(tx, listed)
    before = days(tx)
    assert sync(tx, listed) == {"blocks": 5, "retired": 0, "holidays": 2, "withdrawn": 0}
    assert days(tx) == before


def test_the_moon_moves_a_provisional_day(tx: Session, today: date) -> None:
    was, will_be = today + timedelta(days=3), today + timedelta(days=4)
    sync(tx, part(holidays=[holiday(was)]))
    assert sync(tx, part(holidays=[holiday(will_be, "confirmed")]))["withdrawn"] == 1
    assert days(tx) == {will_be: Standing.CONFIRMED}


def test_a_confirmed_day_stays_whatever_the_pack_still_says(tx: Session, today: date) -> None:
    day = today + timedelta(days=3)
    sync(tx, part(holidays=[holiday(day, "confirmed")]))
    sync(tx, part(holidays=[holiday(day, "provisional", en="Eid")]))
    assert days(tx) == {day: Standing.CONFIRMED}
    assert tx.get_one(Holiday, day).name["en"] == "Eid"
    sync(tx, part())
    assert days(tx) == {day: Standing.CONFIRMED}


def test_days_that_have_passed_are_history(tx: Session, today: date) -> None:
    past = today - timedelta(days=200)
    sync(tx, part(holidays=[holiday(past)]))
    sync(tx, part())
    assert past in days(tx)


# --- working time ----------------------------------------------------------------------------------------------


def test_working_time_follows_the_holidays_as_they_stand(tx: Session) -> None:
    monday, tuesday = date(2030, 6, 3), date(2030, 6, 4)
    ten = datetime(2030, 6, 3, 7, tzinfo=UTC)  # ten o'clock in Bahrain
    assert is_working(queries.work_calendar(tx), ten)
    due = add_working_days(queries.work_calendar(tx), ten, 1)
    sync(tx, part(holidays=[holiday(monday), holiday(tuesday)]))
    tx.flush()
    assert not is_working(queries.work_calendar(tx), ten)
    assert add_working_days(queries.work_calendar(tx), ten, 1) == due + timedelta(days=1)
    sync(tx, part(holidays=[holiday(monday)]))
    tx.flush()
    assert add_working_days(queries.work_calendar(tx), ten, 1) == due
