"""Changing the integrity channel's key: reports and codes outlive it, and the house's own key opens nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import text, update

from asimati.cli import cli
from asimati.integrity import vault
from asimati.integrity.models import IntegrityReport
from asimati.kit import db, rotation, secrets
from asimati.kit.errors import Unavailable
from tests.integrity.test_channel import V1, WORDS, send

Call = Callable[..., Any]
Masters = Callable[..., None]
COLUMN = "integrity_message.words"


@pytest.fixture
def masters(clean: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Masters]:
    """Set which versions of the channel's key are at hand; without any, none is."""
    first = vault._masters()[1]

    def at_hand(kept: tuple[int, ...]) -> dict[int, bytes]:
        if not kept:
            raise Unavailable
        return {version: {1: first, 2: b"2" * 32}[version] for version in kept}

    def set_to(*kept: int) -> None:
        vault._key.cache_clear()
        monkeypatch.setattr(vault, "_masters", lambda: at_hand(kept))

    yield set_to
    monkeypatch.undo()
    vault._key.cache_clear()


def command(*words: str) -> Any:
    done = CliRunner().invoke(cli, ["keys", *words])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def sealed() -> bytes:
    with db.transaction() as tx:
        return bytes(tx.scalars(text("SELECT words FROM integrity_message")).one())


def test_after_a_rotation_reports_are_read_and_codes_lead_back_without_the_old_key(
    client: FlaskClient, as_staff: Call, masters: Masters
) -> None:
    made = send(client).json
    masters(1, 2)
    assert command("status")["integrity"] == {"newest": 2, "still_needed": [1], "sealed": {COLUMN: {"1": 1}}}
    assert command("rotate")[COLUMN] == {"done": 1, "unsealable": 0}
    assert command("status")["integrity"]["still_needed"] == []
    masters(2)
    path = f"{V1}/staff/integrity-reports/{made['reference']}"
    assert client.get(path, headers=as_staff("integrity_officer")).json["messages"][0]["text"] == WORDS
    found = client.post(f"{V1}/integrity/reports/follow", json={"code": made["code"]})
    assert found.json["reference"] == made["reference"]
    with pytest.raises(secrets.Unsealable):
        secrets.unseal(sealed(), vault.WORDS)
    masters(1)
    with pytest.raises(secrets.Unsealable):
        vault.unseal(sealed())


def test_whoever_changes_the_house_s_key_without_the_channel_s_leaves_reports_as_they_are(
    client: FlaskClient, masters: Masters
) -> None:
    send(client)
    before = sealed()
    masters()
    assert command("rotate")[COLUMN] is None
    assert command("status")["integrity"] == {"newest": None, "still_needed": [1], "sealed": {COLUMN: {"1": 1}}}
    assert sealed() == before


def test_the_two_keys_change_apart(client: FlaskClient, masters: Masters, monkeypatch: pytest.MonkeyPatch) -> None:
    send(client)
    monkeypatch.setattr(secrets, "_masters", lambda: {1: b"1" * 32, 2: b"2" * 32})
    before = sealed()
    done = rotation.rotate(db.transaction)[COLUMN]
    assert done is not None and done.done == 0 and sealed() == before


def test_a_code_that_stands_by_a_keyed_hash_is_found_and_needs_no_key_from_then_on(
    client: FlaskClient, masters: Masters
) -> None:
    code = {"code": send(client).json["code"]}
    with db.transaction() as tx:
        tx.execute(update(IntegrityReport).values(code_index=vault.former_indexes(code["code"])[0]))
    masters(1, 2)
    assert client.post(f"{V1}/integrity/reports/follow", json=code).status_code == 200
    command("rotate")
    masters(2)
    assert client.post(f"{V1}/integrity/reports/follow", json=code).status_code == 200
