"""Where the contents lie: a folder, or any S3-compatible store. Four verbs are all the house needs of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, BinaryIO

import obstore
from obstore.store import LocalStore, S3Store

from asimati.kit.errors import Unavailable
from asimati.settings import settings

_CHUNK = 1 << 18


def put(key: str, content: BinaryIO) -> None:
    """Keep a content, streamed. Raises Unavailable when the store cannot be reached."""
    try:
        obstore.put(_store(), key, content)
    except (OSError, obstore.exceptions.BaseError) as fault:
        raise Unavailable from fault


def read(key: str) -> Iterator[bytes]:
    """A content, piece by piece. Raises Unavailable before the first piece, also for one that is not there."""
    try:
        found = obstore.get(_store(), key)
    except (OSError, obstore.exceptions.BaseError) as fault:
        raise Unavailable from fault
    return (bytes(piece) for piece in found.stream(min_chunk_size=_CHUNK))


def delete(key: str) -> None:
    """Forget a content; nothing happens when it is not there."""
    try:
        obstore.delete(_store(), key)
    except FileNotFoundError:
        pass


def listed() -> Iterator[tuple[str, datetime]]:
    """Every key with the moment it was written."""
    for batch in obstore.list(_store()):
        for one in batch:
            yield one["path"], one["last_modified"]


@cache
def _store() -> Any:
    """This process's store, by the settings: `files.store` empty is a folder in the home."""
    config = settings().files
    if not config.store:
        return LocalStore(settings().home_folder / "files", mkdir=True, automatic_cleanup=True)
    bucket, _, prefix = config.store.removeprefix("s3://").partition("/")
    known = {
        "endpoint": config.endpoint,
        "region": config.region,
        "access_key_id": config.access_key,
        "secret_access_key": config.secret_key,
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        # Without a key of its own the library asks the machine it runs on, as Amazon's tools do.
        **{name: value for name, value in known.items() if value},
        client_options={"allow_http": config.endpoint.startswith("http://"), "timeout": timedelta(seconds=20)},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=8)},
    )
