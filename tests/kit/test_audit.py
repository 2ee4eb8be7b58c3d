"""The audit chain: every tampering is found, and concurrent writers never fork it."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import text

from asimati.kit import audit, db
from asimati.kit.policy import Actor


def write(count: int) -> None:
    with db.transaction() as tx:
        for number in range(count):
            audit.record(tx, Actor("staff", uuid4()), "toy.done", ("toy", number), number=number)


def seal() -> int:
    with db.transaction() as tx:
        return audit.seal(tx)


def verify() -> dict[str, object]:
    with db.transaction() as tx:
        return audit.verify(tx)


@pytest.fixture(autouse=True)
def ten_lines(clean: str) -> None:
    write(10)
    assert seal() == 10


def test_a_sealed_chain_is_sound_and_sealing_again_adds_nothing() -> None:
    assert verify()["ok"]
    assert seal() == 0
    write(3)
    assert verify() | {"fault": None} == {"ok": True, "sealed": 10, "waiting": 3, "fault": None}


@pytest.mark.parametrize(
    ("tampering", "place", "kind"),
    [
        ("""UPDATE audit_line SET facts = '{"number": 99}' WHERE place = 4""", 4, "altered"),
        ("UPDATE audit_line SET actor_id = gen_random_uuid() WHERE place = 4", 4, "altered"),
        ("UPDATE audit_line SET at = at + interval '1 second' WHERE place = 4", 4, "altered"),
        ("DELETE FROM audit_line WHERE place = 4", 4, "missing"),
        ("DELETE FROM audit_line WHERE place > 7", 8, "cut off"),
        ("DELETE FROM audit_line", 1, "cut off"),
        (
            "UPDATE audit_line SET place = CASE place WHEN 4 THEN -5 ELSE -4 END WHERE place IN (4, 5);"
            "UPDATE audit_line SET place = -place WHERE place < 0",
            4,
            "altered",
        ),
        ("DELETE FROM audit_line WHERE place > 7; UPDATE audit_head SET place = 7", 7, "head altered"),
    ],
)
def test_each_tampering_is_found_at_its_place(tampering: str, place: int, kind: str) -> None:
    with db.transaction() as tx:
        for statement in tampering.split(";"):
            tx.execute(text(statement))
    report = verify()
    assert (report["ok"], report["fault"]) == (False, {"place": place, "kind": kind})


def test_many_writers_and_sealers_at_once_never_fork_the_chain() -> None:
    def work() -> None:
        for _ in range(10):
            write(3)
            seal()

    workers = [threading.Thread(target=work) for _ in range(6)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    seal()
    assert verify() == {"ok": True, "sealed": 190, "waiting": 0, "fault": None}
