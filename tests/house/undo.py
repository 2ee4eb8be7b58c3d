"""Requests whose work is taken back: the application over one connection whose transaction never commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text

from asimati.kit import db


@contextmanager
def undone() -> Iterator[Connection]:
    """Inside, each transaction of this process is a savepoint on the connection given; at the end all is as before.

    Of one thread alone. What is only seen at a commit (a deferred constraint) is not seen here; we have none.
    """
    with db.engine().connect() as connection, pytest.MonkeyPatch.context() as patch:
        outer = connection.begin()
        connection.begin_nested()  # so that a session's own commit releases its savepoint and no more
        patch.setattr(db, "engine", lambda: connection)
        patch.setattr(db, "_reader", lambda: connection)
        yield connection
        outer.rollback()


def digests(connection: Connection) -> dict[str, str]:
    """A digest of the rows of each table, to see whether anything changed."""
    tables = [table.name for table in db.Base.metadata.sorted_tables]
    one = "SELECT '{0}', concat(count(*), ':', coalesce(sum(hashtextextended(t::text, 0)), 0)) FROM \"{0}\" t"
    rows = connection.execute(text(" UNION ALL ".join(one.format(name) for name in tables)))
    return {row[0]: row[1] for row in rows}
