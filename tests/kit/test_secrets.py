import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asimati.kit import secrets
from asimati.kit.secrets import Unsealable
from asimati.settings import settings


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    for cached in (secrets._masters, secrets._key, secrets._signing_key):
        cached.cache_clear()
    yield


def test_what_is_sealed_opens_for_its_purpose_alone() -> None:
    sealed = secrets.seal("790101234", "cpr")
    assert b"790101234" not in sealed
    assert secrets.unseal(sealed, "cpr") == "790101234"
    with pytest.raises(Unsealable):
        secrets.unseal(sealed, "phone")
    with pytest.raises(Unsealable):
        secrets.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "cpr")


def test_sealing_twice_looks_different_and_the_blind_index_the_same() -> None:
    assert secrets.seal("a", "x") != secrets.seal("a", "x")
    assert secrets.blind_index("a", "x") == secrets.blind_index("a", "x") != secrets.blind_index("a", "y")


def test_a_signature_holds_for_its_payload_and_purpose_alone() -> None:
    signature = secrets.sign(b"ticket", "ticket")
    assert secrets.is_signed(b"ticket", signature, "ticket")
    assert not secrets.is_signed(b"tickeT", signature, "ticket")
    assert not secrets.is_signed(b"ticket", signature, "passport")


def test_the_development_key_is_made_once_and_kept() -> None:
    first = dict(secrets._masters())
    secrets._masters.cache_clear()
    assert dict(secrets._masters()) == first
    assert (settings().home_folder / "keys.json").stat().st_mode & 0o077 == 0


def test_threads_that_need_the_first_key_at_once_get_the_same(tmp_path: Path) -> None:
    start = threading.Barrier(16)

    def make(_: int) -> str:
        start.wait()
        secrets._make_master(tmp_path / "keys.json")
        return (tmp_path / "keys.json").read_text()

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(make, range(16)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
