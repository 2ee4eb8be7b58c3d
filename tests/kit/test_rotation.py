"""Changing the master key while people come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import LargeBinary, func, select

from asimati.accounts.actions import ensure_person
from asimati.accounts.models import Person
from asimati.kit import db, rotation, secrets
from asimati.models import metadata

PHONES = [f"+97333{number:06}" for number in range(30)]


@pytest.fixture
def masters(clean: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set which versions of the master key are at hand."""
    first = secrets._masters()[1]

    def set_to(*kept: int) -> None:
        keys = {1: first, 2: b"2" * 32}
        secrets._key.cache_clear()
        monkeypatch.setattr(secrets, "_masters", lambda: {version: keys[version] for version in kept})

    yield set_to
    monkeypatch.undo()
    secrets._key.cache_clear()


def enrol(*phones: str) -> None:
    with db.transaction() as tx:
        for phone in phones:
            ensure_person(tx, phone)


def people() -> list[Person]:
    with db.transaction() as tx:
        return list(tx.scalars(select(Person)))


def test_everything_is_sealed_anew_and_found_again_without_the_old_key(masters: Callable[..., None]) -> None:
    enrol(*PHONES)
    masters(1, 2)
    enrol(PHONES[0])
    done = rotation.rotate(db.transaction, batch=7)
    assert (done["person.phone"].done, done["person.phone"].unsealable) == (30, 0)
    masters(2)
    enrol(*PHONES)
    assert len(people()) == 30
    assert {secrets.unseal(person.phone, "phone") for person in people()} == set(PHONES)
    with db.transaction() as tx:
        assert rotation.standing(tx)["person.phone"] == {2: 30}


def test_it_can_be_stopped_and_begun_again(masters: Callable[..., None]) -> None:
    enrol(*PHONES)
    masters(1, 2)

    @contextmanager
    def dies_in_the_third() -> Iterator[db.Session]:
        with db.transaction() as tx:
            yield tx
            if rotation.standing(tx)["person.phone"].get(2) == 15:
                raise KeyboardInterrupt

    begin: Callable[[], AbstractContextManager[db.Session]] = dies_in_the_third
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(begin, batch=5)
    with db.transaction() as tx:
        assert rotation.standing(tx)["person.phone"] == {1: 20, 2: 10}
    assert rotation.rotate(db.transaction, batch=5)["person.phone"].done == 20
    assert rotation.rotate(db.transaction, batch=5)["person.phone"].done == 0


def test_who_signs_in_while_keys_change_stays_one_person(masters: Callable[..., None]) -> None:
    enrol(*PHONES)
    masters(1, 2)
    rotating = threading.Thread(target=rotation.rotate, args=(db.transaction, 2))
    arriving = [threading.Thread(target=enrol, args=(*PHONES[half::2], "+97366000000")) for half in (0, 1)]
    for thread in (rotating, *arriving):
        thread.start()
    for thread in (rotating, *arriving):
        thread.join()
    assert len(people()) == 31


def test_a_value_no_key_opens_is_counted_and_left(masters: Callable[..., None]) -> None:
    enrol(*PHONES[:2])
    with db.transaction() as tx:
        person = tx.scalars(select(Person)).first()
        assert person is not None
        person.phone = b"\x01 not ours"
    masters(1, 2)
    progress = rotation.rotate(db.transaction)["person.phone"]
    assert (progress.done, progress.unsealable) == (1, 1)


def test_a_personal_number_of_the_older_key_is_still_taken(masters: Callable[..., None]) -> None:
    from asimati.accounts.actions import edit_profile
    from asimati.accounts.refusals import PersonalNumberTaken
    from asimati.kit.policy import Actor

    enrol(*PHONES[:2])
    one, other = (Actor("resident", person.id) for person in people())
    with db.transaction() as tx:
        edit_profile(tx, one, None, {"cpr": "900101123"})
    masters(1, 2)
    with pytest.raises(PersonalNumberTaken), db.transaction() as tx:
        edit_profile(tx, other, None, {"cpr": "900101123"})


# Bytes that are not sealed: hashes, what stands for somebody, public keys, signatures; and what is gone in a day.
OPEN = {
    "hash", "code_hash", "secret_hash", "sha256", "digest", "fingerprint", "mac", "code_mac", "awaited",
    "signature", "public", "public_key", "endorsement", "who", "former", "credential", "challenge",
    "sign_on.state", "sign_on.code", "calendar_link.token", "spending.caller", "volunteer_entity.invitation",
    "scan.ticket", "shift_swap.code", "idempotency_key.body",
}  # fmt: skip


def test_every_sealed_column_is_registered() -> None:
    """Forgetting one would lose what it holds with the old key. An `x_index` is made anew with its `x`."""
    bytes_ = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    forgotten = {
        name
        for name in bytes_ - set(rotation.SEALED)
        if not OPEN & {name, name.partition(".")[2]} and name.removesuffix("_index") not in rotation.SEALED
    }
    assert forgotten == {"integrity_report.code_index"}, "which is a hash of something random"
    assert not OPEN & set(rotation.SEALED)


def test_the_command_rotates_and_says_what_the_old_key_is_still_needed_for(masters: Callable[..., None]) -> None:
    from click.testing import CliRunner

    from asimati.cli import cli

    enrol(*PHONES[:3])
    masters(1, 2)
    assert '"still_needed": [1]' in CliRunner().invoke(cli, ["keys", "status"]).output
    assert CliRunner().invoke(cli, ["keys", "rotate"]).exit_code == 0
    assert '"still_needed": []' in CliRunner().invoke(cli, ["keys", "status"]).output
    with db.transaction() as tx:
        assert tx.scalar(select(func.count()).where(func.get_byte(Person.phone_index, 0) != 2)) == 0
