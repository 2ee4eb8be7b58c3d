"""The audit trail: every tampering is found, nothing can be changed, and many writers never fork the chain."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from asimati.kit import audit, db, secrets
from asimati.kit.audit.anchors import path as anchors_file
from asimati.kit.audit.chain import _statement, _vouching, hash_of
from asimati.kit.policy import Actor


def write(count: int) -> None:
    with db.transaction() as tx:
        for number in range(count):
            audit.record(tx, Actor("staff", uuid4()), "toy.done", ("toy", number), [uuid4()], number=number)


def seal() -> int:
    with db.transaction() as tx:
        return audit.seal(tx)


def anchor() -> int | None:
    with db.transaction() as tx:
        return audit.anchor(tx)


def verify() -> dict[str, object]:
    with db.transaction() as tx:
        return audit.verify(tx)


@contextmanager
def owner() -> Iterator[Session]:
    """As somebody who owns the tables, and lets no trigger stop them."""
    tables = ("audit_line", "audit_checkpoint", "audit_key")
    with db.transaction() as tx:
        for table in tables:
            tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield tx
        for table in tables:
            tx.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def tamper(*statements: str) -> None:
    """Change what may not change."""
    with owner() as tx:
        for statement in statements:
            tx.execute(text(statement))


@pytest.fixture(autouse=True)
def ten_lines(clean: str) -> Iterator[None]:
    """Ten lines, sealed six and four; both checkpoints anchored."""
    for count in (6, 4):
        write(count)
        assert seal() == count
        assert anchor() in (6, 10)
    yield
    anchors_file().unlink(missing_ok=True)


def chain_anew(tx: Session, first: int) -> bytes:
    """What a skilled forger does after an edit: every hash from there on. A signature they cannot make.

    Gives the last hash.
    """
    before = b"" if first == 1 else tx.scalar(text(f"SELECT hash FROM audit_line WHERE place = {first - 1}"))
    for line in tx.query(audit.AuditLine).filter(audit.AuditLine.place >= first).order_by(audit.AuditLine.place):
        before = hash_of(line, line.place, before)
        tx.execute(
            text("UPDATE audit_line SET hash = :hash WHERE place = :place"), {"hash": before, "place": line.place}
        )
    assert before
    return before


# --- what is found ---------------------------------------------------------------------------------------------


def test_a_sealed_chain_is_sound_and_sealing_again_adds_nothing() -> None:
    whole = {"ok": True, "sealed": 10, "waiting": 0, "checkpoints": 2, "anchors": 2, "fault": None}
    assert verify() == whole
    assert seal() == 0
    assert anchor() is None
    write(3)
    assert verify() == whole | {"waiting": 3}


EDITED = """UPDATE audit_line SET facts = '{"number": 99}' WHERE place = 4"""
REORDERED = (
    "UPDATE audit_line SET place = CASE place WHEN 4 THEN -5 ELSE -4 END WHERE place IN (4, 5)",
    "UPDATE audit_line SET place = -place WHERE place < 0",
)


@pytest.mark.parametrize(
    ("tampering", "place", "kind"),
    [
        ([EDITED], 4, "altered"),
        (["UPDATE audit_line SET actor_id = gen_random_uuid() WHERE place = 4"], 4, "altered"),
        (["UPDATE audit_line SET at = at + interval '1 second' WHERE place = 4"], 4, "altered"),
        (["UPDATE audit_line SET people = NULL WHERE place = 4"], 4, "altered"),
        (["DELETE FROM audit_line WHERE place = 4"], 4, "missing"),
        (REORDERED, 4, "altered"),
        (["DELETE FROM audit_line WHERE place > 7"], 8, "cut off"),
        (["DELETE FROM audit_line"], 1, "cut off"),
        (["DELETE FROM audit_checkpoint WHERE place = 10"], 10, "cut off"),
        (["UPDATE audit_checkpoint SET place = 7 WHERE place = 10"], 7, "forged"),
        (["UPDATE audit_checkpoint SET hash = sha256('x') WHERE place = 6"], 6, "forged"),
        (["UPDATE audit_checkpoint SET key_version = 9 WHERE place = 6"], 6, "forged"),
    ],
)
def test_each_tampering_is_found_at_its_place(tampering: list[str], place: int, kind: str) -> None:
    tamper(*tampering)
    report = verify()
    assert (report["ok"], report["fault"]) == (False, {"place": place, "kind": kind})


def test_a_chain_that_was_changed_and_chained_anew_is_found_by_the_signature() -> None:
    tamper(EDITED)
    with owner() as tx:
        chain_anew(tx, 4)
    assert verify()["fault"] == {"place": 6, "kind": "rewritten"}


def test_a_chain_put_back_to_an_earlier_checkpoint_is_found_by_the_anchor() -> None:
    tamper("DELETE FROM audit_line WHERE place > 6", "DELETE FROM audit_checkpoint WHERE place > 6")
    assert verify()["fault"] == {"place": 10, "kind": "cut off"}
    with db.transaction() as tx:
        assert audit.verify(tx, anchors=[])["ok"], "the negative control: nothing inside the database tells"


def test_lines_put_back_and_sealed_anew_by_the_house_are_found_by_the_anchor() -> None:
    """An owner who holds no key needs none: they take the places away, and the house itself seals what it finds."""
    tamper(
        "DELETE FROM audit_checkpoint WHERE place > 6",
        """UPDATE audit_line SET facts = '{"number": 99}', place = NULL, hash = NULL WHERE place > 6""",
    )
    assert seal() == 4
    with db.transaction() as tx:
        assert audit.verify(tx, anchors=[])["ok"], "the negative control: nothing inside the database tells"
    assert verify()["fault"] == {"place": 10, "kind": "rewritten"}


def test_a_sealed_line_slipped_in_after_the_end_is_found() -> None:
    write(1)
    tamper("UPDATE audit_line SET place = 11, hash = sha256('x') WHERE place IS NULL")
    assert verify()["fault"] == {"place": 11, "kind": "unsigned"}


# --- what cannot be done ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_line SET facts = '{}' WHERE place = 4",
        "UPDATE audit_line SET place = 40 WHERE place = 4",
        "UPDATE audit_line SET people = NULL WHERE place IS NULL",
        "DELETE FROM audit_line WHERE place = 4",
        "DELETE FROM audit_line WHERE place IS NULL",
        "UPDATE audit_checkpoint SET place = 7 WHERE place = 6",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_the_tables_refuse_every_change_but_the_first_sealing(change: str) -> None:
    write(1)
    with pytest.raises(DBAPIError, match="append-only"), db.transaction() as tx:
        tx.execute(text(change))
    assert seal() == 1
    assert verify()["ok"]


def test_in_production_the_tables_cannot_be_emptied() -> None:
    with pytest.raises(DBAPIError, match="append-only"), db.transaction() as tx:
        audit.guard(tx.connection(), truncation=True)
        tx.execute(text("TRUNCATE audit_line CASCADE"))


def test_a_role_of_its_own_may_add_and_seal_and_no_more() -> None:
    """Where the tables belong to another role, not even a trigger is needed: the grants are missing."""
    write(1)
    with db.engine().connect() as connection, connection.begin() as whole, Session(connection) as tx:
        connection.execute(text("CREATE ROLE asimati_process_test"))
        audit.guard(connection, role="asimati_process_test")
        connection.execute(text("SET LOCAL ROLE asimati_process_test"))
        audit.record(tx, Actor("system"), "toy.done", ("toy", 1))
        assert audit.seal(tx) == 2
        assert audit.verify(tx)["ok"]
        for change in (
            "UPDATE audit_line SET facts = '{}' WHERE place = 4",
            "DELETE FROM audit_line",
            "TRUNCATE audit_line",
            "UPDATE audit_checkpoint SET place = 7 WHERE place = 6",
            "DELETE FROM audit_checkpoint",
            "DELETE FROM audit_key",
            "ALTER TABLE audit_line DISABLE TRIGGER USER",
        ):
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), connection.begin_nested():
                connection.execute(text(change))
        whole.rollback()


# --- keys that change ------------------------------------------------------------------------------------------


@pytest.fixture
def masters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set the master keys by version; the present one is version 1."""
    first = secrets._masters()[1]

    def set_to(*kept: int) -> None:
        keys = {1: first, **{version: bytes([version]) * 32 for version in (2, 3)}}
        chosen = {version: keys[version] for version in kept}
        forget()
        monkeypatch.setattr(secrets, "_masters", lambda: chosen)

    def forget() -> None:
        for cached in (secrets._key, secrets._signing_key):
            cached.cache_clear()

    yield set_to
    monkeypatch.undo()
    forget()


def test_old_checkpoints_are_believed_after_their_key_is_destroyed(masters: Callable[..., None]) -> None:
    for kept in ((1, 2), (2,), (2, 3), (3,)):
        masters(*kept)
        write(1)
        seal()
    report = verify()
    assert (report["ok"], report["sealed"]) == (True, 14)


def test_a_key_nobody_vouched_for_is_not_believed(masters: Callable[..., None]) -> None:
    masters(2)  # the first key vanished before the second could vouch for it
    write(1)
    seal()
    assert verify()["fault"] == {"place": 6, "kind": "forged"}
    stranger = base64.b64encode(secrets.public_key("audit", 2)).decode()
    tamper(f"INSERT INTO audit_key VALUES (1, decode('{stranger}', 'base64'), 2, decode('00', 'hex'))")
    assert verify()["fault"] == {"place": 6, "kind": "forged"}


def rotated(masters: Callable[..., None]) -> None:
    """The first key signed up to 10; the second at 13, where it vouched for the first, and at 16."""
    masters(1, 2)
    for _ in range(2):
        write(3)
        assert seal() == 3
    assert verify()["ok"]


def forge(masters: Callable[..., None], first: int, retired: int = 1) -> None:
    """What the holder of a retired key does who owns the tables: an edit, the chain anew, an end of their own."""
    masters(retired)
    with owner() as tx:
        tx.execute(text(f"UPDATE audit_line SET facts = '{{}}' WHERE place = {first}"))
        end, hashed = tx.scalar(text("SELECT max(place) FROM audit_line")), chain_anew(tx, first)
        tx.execute(text(f"DELETE FROM audit_checkpoint WHERE place >= {first}"))
        signature = secrets.sign(_statement(end, hashed), "audit")
        row = {"place": end, "hash": hashed, "key_version": retired, "signature": signature}
        tx.execute(insert(audit.AuditCheckpoint).values(**row))


@pytest.mark.parametrize("at_hand", [(1, 2), (2,)])
@pytest.mark.parametrize("first", [11, 14])
def test_a_retired_key_signs_nothing_after_its_last_place(
    masters: Callable[..., None], at_hand: tuple[int, ...], first: int
) -> None:
    rotated(masters)
    forge(masters, first)
    masters(*at_hand)
    assert verify()["fault"] == {"place": 16, "kind": "forged"}
    write(1)
    seal()
    assert verify()["fault"] == {"place": 16, "kind": "forged"}, "nor once the present key signed after it"


def test_nobody_can_raise_the_last_place_of_a_retired_key(masters: Callable[..., None]) -> None:
    rotated(masters)
    forge(masters, 14)
    masters(2)
    for last_place in ("99", "NULL"):
        tamper(f"UPDATE audit_key SET last_place = {last_place}")
        assert verify()["fault"] == {"place": 6, "kind": "forged"}
    masters(1, 2)
    tamper("DELETE FROM audit_key")
    assert verify()["fault"] == {"place": 16, "kind": "forged"}, "at hand, it ends where a newer key signed"


def test_a_retired_key_vouches_for_no_newer_one_and_for_older_ones_up_to_its_own_end(
    masters: Callable[..., None],
) -> None:
    rotated(masters)
    masters(2, 3)
    write(3)
    seal()
    forge(masters, 18, retired=1)
    masters(2)
    with owner() as tx:
        old = tx.get_one(audit.AuditKey, 1).public
        endorsement = secrets.sign(_vouching(1, old, 99), "audit")
        tx.execute(update(audit.AuditKey).values(last_place=99, endorsement=endorsement).filter_by(version=1))
    for at_hand in ((2, 3), (3,)):
        masters(*at_hand)
        assert verify()["fault"] == {"place": 19, "kind": "forged"}
    masters(2)
    with owner() as tx:
        row = {"version": 9, "public": old, "endorsed_by": 2, "last_place": 99}
        tx.execute(insert(audit.AuditKey).values(**row, endorsement=secrets.sign(_vouching(9, old, 99), "audit")))
        tx.execute(text("UPDATE audit_checkpoint SET key_version = 9 WHERE place = 19"))
    masters(2, 3)
    assert verify()["fault"] == {"place": 19, "kind": "forged"}


def test_an_endorsement_from_before_places_were_named_counts_up_to_its_successor(
    masters: Callable[..., None],
) -> None:
    rotated(masters)
    with owner() as tx:
        key = tx.get_one(audit.AuditKey, 1)
        endorsement = secrets.sign(_vouching(1, key.public, None), "audit")
        tx.execute(update(audit.AuditKey).values(last_place=None, endorsement=endorsement))
    masters(2)
    assert verify()["ok"]
    forge(masters, 14)
    masters(2)
    assert verify()["fault"] == {"place": 16, "kind": "forged"}
    tamper("DELETE FROM audit_checkpoint WHERE key_version = 2")
    assert verify()["fault"] == {"place": 6, "kind": "forged"}, "its successor signed once, or it would not vouch"


def test_a_process_that_has_not_heard_of_the_new_key_leaves_the_sealing_to_those_that_have(
    masters: Callable[..., None],
) -> None:
    masters(1, 2)
    write(1)
    assert seal() == 1
    masters(1)
    write(2)
    assert seal() == 0
    masters(1, 2)
    assert seal() == 2
    report = verify()
    assert (report["ok"], report["sealed"], report["waiting"]) == (True, 13, 0)


def test_a_checkpoint_can_be_verified_with_the_public_key_alone() -> None:
    with db.transaction() as tx:
        last = tx.get_one(audit.AuditCheckpoint, 10)
    assert secrets.is_signed_by(secrets.public_key("audit"), _statement(10, last.hash), last.signature)
    assert anchors_file().read_text().splitlines()[-1].count(last.signature.hex()) == 1


# --- many at once ----------------------------------------------------------------------------------------------


def test_thirty_two_writers_and_sealers_at_once_never_fork_the_chain() -> None:
    def work(number: int) -> None:
        for _ in range(5):
            write(2)
            if number % 4 == 0:
                seal()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    seal()
    report = verify()
    assert (report["ok"], report["sealed"], report["waiting"]) == (True, 330, 0)


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from click.testing import CliRunner

    from asimati.cli import cli

    for command in (["audit", "verify"], ["verify", "audit"]):
        assert CliRunner().invoke(cli, command).exit_code == 0
    tamper(EDITED)
    for command in (["audit", "verify"], ["verify", "audit"]):
        found = CliRunner().invoke(cli, command)
        assert found.exit_code == 1
        assert '"kind": "altered"' in found.output
