"""Many who want one time at the same instant: one has it, with the lock and without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from asimati.kit import db
from asimati.settings import settings
from tests.appointments.ground import V1, Headers


@pytest.fixture(params=["locked", "by the constraint alone"])
def guarded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "locked":
        monkeypatch.setitem(settings().values["testing"], "without", ["appointments.lock"])


def at_once(app: Flask, asked: list[tuple[Headers, dict[str, Any]]]) -> list[int]:
    start = Barrier(len(asked))

    def go(one: tuple[Headers, dict[str, Any]]) -> int:
        start.wait()
        return app.test_client().post(f"{V1}/appointments", json=one[1], headers=one[0]).status_code

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(go, asked))


def overlapping() -> int:
    """Pairs of appointments at one desk, and of engagements of one person, that lie over each other."""
    with db.transaction() as tx:
        desks = tx.scalar(
            text(
                "SELECT count(*) FROM appointment a JOIN appointment b ON a.id < b.id AND a.desk_id = b.desk_id"
                " AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
                " WHERE a.status <> 'cancelled' AND b.status <> 'cancelled'"
            )
        )
        people = tx.scalar(
            text(
                "SELECT count(*) FROM engagement a JOIN engagement b ON a.id < b.id AND a.person_id = b.person_id"
                " AND a.during && b.during"
            )
        )
    return (desks or 0) + (people or 0)


def test_of_sixteen_who_want_one_time_at_one_desk_one_has_it(
    app: Flask, guarded: None, as_resident: Callable[..., Headers], slots: Callable[..., list[dict[str, Any]]]
) -> None:
    body = {"service": "permit", "starts_at": slots("permit")[0]["starts_at"]}
    answers = Counter(at_once(app, [(as_resident(), body) for _ in range(16)]))
    assert answers == {201: 1, 409: 15}
    assert overlapping() == 0


def test_times_that_cross_each_other_are_not_both_given(
    app: Flask, guarded: None, as_resident: Callable[..., Headers], slots: Callable[..., list[dict[str, Any]]]
) -> None:
    """A permit takes thirty minutes and may begin every fifteen."""
    times = [slot["starts_at"] for slot in slots("permit")[:6]]
    at_once(app, [(as_resident(), {"service": "permit", "starts_at": at}) for at in times for _ in range(2)])
    assert overlapping() == 0


def test_one_person_who_asks_for_two_desks_at_once_has_one(
    app: Flask, guarded: None, resident: Headers, slots: Callable[..., list[dict[str, Any]]]
) -> None:
    at = slots("review")[0]["starts_at"]
    asked = [(resident, {"service": service, "starts_at": at}) for service in ("review", "help", "permit", "help")]
    assert Counter(at_once(app, asked)) == {201: 1, 409: 3}
    assert overlapping() == 0


def test_without_the_constraint_the_race_would_be_lost(
    app: Flask, as_resident: Callable[..., Headers], slots: Callable[..., list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The test can fail: with neither lock nor constraint two people stand at one desk."""
    from asimati.appointments.models import Appointment

    rule = next(c for c in Appointment.__table__.constraints if c.name == "appointment_no_overlap")
    monkeypatch.setitem(settings().values["testing"], "without", ["appointments.lock"])
    body = {"service": "permit", "starts_at": slots("permit")[0]["starts_at"]}
    asked = [(as_resident(), body) for _ in range(8)]
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_no_overlap"))
    try:
        assert any(Counter(at_once(app, asked))[201] > 1 or overlapping() for _ in range(5))
    finally:
        from sqlalchemy.schema import AddConstraint

        with db.engine().begin() as connection:
            connection.execute(text("DELETE FROM appointment"))
            connection.execute(AddConstraint(rule))


def test_the_database_itself_refuses_a_second_one(
    resident: Headers, slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any]
) -> None:
    assert book(resident, slots("permit")[0]["starts_at"], "permit").status_code == 201
    copy = text(
        "INSERT INTO appointment (id, reference, desk_id, desk_number, service, title, starts_at, ends_at, status,"
        " priority, walk_in, by_kind, settled_at) SELECT gen_random_uuid(), 'AP-COPY', desk_id, desk_number,"
        " service, title, starts_at + interval '9 minutes', ends_at + interval '1 hour', status, priority, walk_in,"
        " by_kind, settled_at FROM appointment"
    )
    with pytest.raises(IntegrityError, match="appointment_no_overlap"), db.engine().begin() as connection:
        connection.execute(copy)
