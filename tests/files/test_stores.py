"""One interface, two stores: a folder, and whatever speaks S3."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy.orm import Session

from asimati.files import actions, store
from asimati.files.models import key_of
from asimati.http.uploads import Upload
from asimati.kit import clock
from asimati.kit.errors import Unavailable
from asimati.kit.ids import new_id
from asimati.kit.policy import SYSTEM
from asimati.settings import settings
from tests.files.pictures import photograph


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3-compatible server of this machine with an empty bucket; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    httpx.put(f"{address}/asimati").raise_for_status()
    yield address
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The settings of one of the two stores."""
    if request.param == "s3":
        said = {
            "store": "s3://asimati/files", "endpoint": request.getfixturevalue("s3"), "region": "me-south-1",
            "access_key": "a", "secret_key": "b",
        }  # fmt: skip
        for name, value in said.items():
            monkeypatch.setattr(settings().files, name, value)
    store._store.cache_clear()
    yield request.param
    store._store.cache_clear()


def test_what_is_kept_is_read_again_and_then_forgotten(kept: str) -> None:
    content, key = os.urandom(700_000), key_of(new_id())
    store.put(key, io.BytesIO(content))
    assert b"".join(store.read(key)) == content
    assert key in {found for found, _ in store.listed()}
    store.delete(key)
    store.delete(key)
    with pytest.raises(Unavailable):
        store.read(key)


def test_what_no_row_names_is_swept_after_a_day_and_nothing_else(
    kept: str, tx: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = Upload("street.jpg", io.BytesIO(photograph()), {})
    named = actions.keep(tx, SYSTEM, upload, ("case", new_id()))
    removed = actions.keep(tx, SYSTEM, Upload("b.jpg", io.BytesIO(photograph()), {}), ("case", new_id()))
    actions.remove(tx, SYSTEM, removed)
    store.put(removed.key, io.BytesIO(b"removed"))
    store.put("keep/something-else", io.BytesIO(b"not ours"))
    assert actions.sweep(tx) == 0, "a content may be younger than the commit of its row"
    later = clock.now(tx) + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda _: later)
    assert actions.sweep(tx) >= 1
    left = {key for key, _ in store.listed()}
    assert named.key in left and "keep/something-else" in left and removed.key not in left
    store.delete("keep/something-else")
    store.delete(named.key)


def test_a_store_that_is_away_is_a_passing_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings().files, "store", "s3://asimati")
    monkeypatch.setattr(settings().files, "endpoint", "http://127.0.0.1:9")
    monkeypatch.setattr(settings().files, "access_key", "a")
    monkeypatch.setattr(settings().files, "secret_key", "b")
    store._store.cache_clear()
    with pytest.raises(Unavailable):
        store.put("aa/x", io.BytesIO(b"x"))
    store._store.cache_clear()
