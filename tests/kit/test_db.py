"""Connections: one that died while it rested is noticed before anybody's work depends on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from asimati.kit import db


@pytest.fixture
def pool(database: str) -> Iterator[Engine]:
    """An engine of one connection."""
    made = db.make_engine(database, pool_size=1, max_overflow=0)
    yield made
    made.dispose()


def backend(pool: Engine) -> int:
    with pool.connect() as connection:
        number: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return number


def test_a_connection_that_died_while_it_rested_is_replaced(pool: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_RESTED", 0.0)
    first = backend(pool)
    with db.engine().begin() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({first}, 5000)"))
    assert backend(pool) != first


def test_a_connection_in_constant_use_is_not_asked(pool: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(pool.dialect, "do_ping", asked.append)
    assert backend(pool) == backend(pool) and not asked
    monkeypatch.setattr(db, "_RESTED", 0.0)
    backend(pool)
    assert asked
