"""The pack's opportunities in the tables: repeated, changed, gone, while people use them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.policy import Actor
from asimati.volunteering import queries
from asimati.volunteering.actions import joining
from asimati.volunteering.models import Opportunity, Shift
from asimati.volunteering.sync import sync
from tests.events.ground import make_people
from tests.volunteering.ground import TITLE

STARTS = datetime(2090, 1, 1, 8, tzinfo=UTC)


def shift(code: str, *, day: int = 0, places: int = 5, relative: bool = False) -> dict[str, Any]:
    starts = STARTS + timedelta(days=day)
    times = {"starts_at": starts, "ends_at": starts + timedelta(hours=3)}
    return {"code": code, "places": places, "relative": relative, **times}


def opportunity(code: str, *shifts: dict[str, Any], **more: Any) -> dict[str, Any]:
    words = {"title": TITLE, "description": TITLE, "host": TITLE, "location": TITLE}
    return {
        "code": code, "block": "317", "targets": ["14.1"], "review": False, "minimum_age": None,
        "shifts": list(shifts), **words, **more,
    }  # fmt: skip


def part(*opportunities: dict[str, Any]) -> dict[str, Any]:
    edition = {
        "code": "now", "title": TITLE, "starts_on": date(2089, 9, 1), "ends_on": date(2090, 8, 31),
        "minimum_age": 15, "hours_tolerance": "PT15M", "categories": [],
    }  # fmt: skip
    return {"edition": edition, "opportunities": list(opportunities)}


@pytest.fixture
def volunteer(clean: str) -> Actor:
    (who,) = make_people(1)
    return who


def found(tx: Session, code: str) -> Shift | None:
    tx.flush()
    tx.expire_all()
    return tx.scalar(select(Shift).where(Shift.code == code))


def test_twice_is_once(tx: Session, volunteer: Actor) -> None:
    wanted = part(opportunity("beach", shift("a"), shift("b", day=1)), opportunity("trees", shift("c")))
    assert sync(tx, wanted) == {"added": 2, "listed": 2, "retired": 0, "kept": 0}
    tx.flush()
    versions = {one.code: one.version for one in tx.scalars(select(Shift))}
    assert sync(tx, wanted) == {"added": 0, "listed": 2, "retired": 0, "kept": 0}
    tx.flush()
    assert {one.code: one.version for one in tx.scalars(select(Shift))} == versions == {"a": 1, "b": 1, "c": 1}
    edition = queries.edition_on(tx, STARTS.date())
    assert edition is not None and edition.tolerance_minutes == 15


def test_words_follow_the_pack_and_what_is_gone_is_not_offered(tx: Session, volunteer: Actor) -> None:
    sync(tx, part(opportunity("beach", shift("a")), opportunity("trees", shift("c"))))
    report = sync(tx, part(opportunity("beach", shift("a"), title={"ar": "الشاطئ", "en": "Shore"})))
    assert (report["retired"], found(tx, "c")) == (1, None)
    offered = {one.code: (one.published, one.title["en"]) for one in tx.scalars(select(Opportunity))}
    assert offered == {"beach": (True, "Shore"), "trees": (False, TITLE["en"])}


def test_a_shift_nobody_uses_follows_the_pack(tx: Session, volunteer: Actor) -> None:
    sync(tx, part(opportunity("beach", shift("a"), shift("b"))))
    assert sync(tx, part(opportunity("beach", shift("a", day=2, places=9))))["kept"] == 0
    moved = found(tx, "a")
    assert moved is not None and found(tx, "b") is None
    assert (moved.starts_at, moved.places, moved.version) == (STARTS + timedelta(days=2), 5, 2)


def test_a_shift_somebody_uses_keeps_its_time_and_stays(tx: Session, volunteer: Actor) -> None:
    sync(tx, part(opportunity("beach", shift("a"), shift("b", day=1))))
    for code in ("a", "b"):
        used = found(tx, code)
        assert used is not None
        joining.sign_up(tx, volunteer, used.id)
        tx.expire_all()
    assert sync(tx, part(opportunity("beach", shift("a", day=2))))["kept"] == 2
    for code, day in (("a", 0), ("b", 1)):
        kept = found(tx, code)
        assert kept is not None and (kept.starts_at, kept.taken) == (STARTS + timedelta(days=day), 1)
    assert queries.verify_hours(tx)["ok"]


def test_relative_times_hold_from_the_first_sync(tx: Session, volunteer: Actor) -> None:
    sync(tx, part(opportunity("beach", shift("a", relative=True))))
    sync(tx, part(opportunity("beach", shift("a", day=3, relative=True))))
    same = found(tx, "a")
    assert same is not None and same.starts_at == STARTS


def test_what_staff_took_away_stays_away(tx: Session, volunteer: Actor) -> None:
    wanted = part(opportunity("beach", shift("a")))
    sync(tx, wanted)
    tx.scalars(select(Opportunity)).one().published = False
    sync(tx, wanted)
    assert not tx.scalars(select(Opportunity)).one().published


def test_a_shift_without_places_of_its_own_has_its_opportunitys_roles(tx: Session, volunteer: Actor) -> None:
    roles = [{"title": TITLE, "places": 2}, {"title": TITLE, "places": 3, "minimum_age": 21}]
    bare = {name: value for name, value in shift("a").items() if name != "places"}
    sync(tx, part(opportunity("beach", bare, shift("b"), roles=roles)))
    a, b = found(tx, "a"), found(tx, "b")
    assert a is not None and b is not None
    assert (a.places, [role["minimum_age"] for role in a.roles.values()]) == (5, [None, 21])
    assert (b.places, b.roles) == (5, {})
