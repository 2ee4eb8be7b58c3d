"""The ground the tests stand on: a throw-away PostgreSQL of their own, and the application over it."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

# Settings are read once for each process, so the profile is said before anything of ours is imported.
for name in [name for name in os.environ if name.startswith("ASIMATI_")]:
    del os.environ[name]
os.environ["ASIMATI_PROFILE"] = "test"
HOME = Path(tempfile.mkdtemp(prefix="asimati-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["ASIMATI_HOME"] = str(HOME)

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati.kit import db, words
from asimati.settings import settings


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server for this test process; the address of its first database.

    TEST_DATABASE_URL names a server of your own (its version 15 to 18): a database is made on it and dropped again.
    """
    if named := os.environ.get("TEST_DATABASE_URL"):
        with _database_on(named) as url:
            yield url
        return
    from asimati import embedded

    with embedded.postgres(HOME / "postgres", throwaway=True) as server:
        _leave_rows_where_they_are(server.url)
        yield server.url


def _leave_rows_where_they_are(server: str) -> None:
    """No vacuum in the middle of a test: rows stand in the order in which they were written, whoever is busy."""
    from sqlalchemy import create_engine

    owner = create_engine(server, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET autovacuum = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    owner.dispose()


@contextmanager
def _database_on(server: str) -> Iterator[str]:
    from sqlalchemy import create_engine, make_url

    name = f"asimati_test_{uuid4().hex[:8]}"
    owner = create_engine(server, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with owner.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def database(postgres: str) -> Iterator[str]:
    """The address of a migrated database; the settings of this process point to it."""
    from asimati.migrations import migrate

    os.environ["ASIMATI_DATABASE_URL"] = postgres
    settings.cache_clear()
    db.engine.cache_clear()
    db._reader.cache_clear()
    migrate()
    _make_broom()
    yield postgres
    db.engine().dispose()


@pytest.fixture
def tx(database: str) -> Iterator[Session]:
    """A session whose work is undone after the test. For actions and queries; the API has its own transactions."""
    with db.engine().connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture
def clean(database: str) -> str:
    """A database with empty tables."""
    empty()
    return database


def empty() -> None:
    """Empty every table."""
    with db.engine().begin() as connection:
        connection.execute(text("SELECT tests.empty_tables()"))


def _make_broom() -> None:
    """What empties the tables, planned once: most tests fill a few with little, deleted far sooner than truncated.

    Neither foreign keys nor the guards of what may only be added to are asked while everything goes.
    """
    sweep = """
        IF EXISTS (SELECT FROM "{0}") THEN
          IF pg_relation_size('"{0}"') > 1000000 THEN TRUNCATE "{0}" RESTART IDENTITY CASCADE; END IF;
          DELETE FROM "{0}";
        END IF;"""
    with db.engine().begin() as connection:
        tables = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        )
        body = "".join(sweep.format(name) for name in tables)
        connection.execute(text("CREATE SCHEMA tests"))
        connection.exec_driver_sql(
            "CREATE FUNCTION tests.empty_tables() RETURNS void LANGUAGE plpgsql "
            f"SET session_replication_role = replica AS $$ BEGIN {body} END $$"
        )


@pytest.fixture(scope="session")
def app(database: str) -> Flask:
    from asimati.app import create_app

    return create_app()


@pytest.fixture
def client(app: Flask, clean: str) -> FlaskClient:
    """A client of the application over empty tables. Answers are in English unless a test asks otherwise."""
    made = app.test_client()
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return made


_numbers = itertools.count(33000000)


@pytest.fixture
def as_resident(client: FlaskClient) -> Callable[..., dict[str, str]]:
    """Sign a resident in (a new one, or the one with that phone); the headers to send."""

    def sign_in(phone: str | None = None) -> dict[str, str]:
        answer = client.post("/dev/sign-in", json={"phone": phone or f"+973{next(_numbers)}"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return {"Authorization": f"Bearer {answer.json['access_token']}"}

    return sign_in


@pytest.fixture
def as_staff(client: FlaskClient) -> Callable[..., dict[str, str]]:
    """Sign a new member of staff with these roles in; the headers to send."""
    from asimati.accounts.actions import create_staff
    from asimati.kit.policy import Role

    def sign_in(*roles: str) -> dict[str, str]:
        email = f"{uuid4().hex[:12]}@asimati.example"
        with db.transaction() as tx:
            create_staff(tx, email, "asimati-demo", {"ar": "موظف", "en": "Staff"}, [Role(role) for role in roles])
        answer = client.post("/dev/sign-in", json={"email": email})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return {"Authorization": f"Bearer {answer.json['access_token']}"}

    return sign_in


@pytest.fixture
def run_listeners(clean: str) -> Callable[[], int]:
    """Deliver every message of the outbox in this process; how many were delivered."""
    from workers.tasks.deliver import drain

    return drain


@pytest.fixture
def moved_clock(database: str) -> Callable[..., object]:
    """`with moved_clock(hours=3):` moves the database's clock, and so every deed's."""

    @contextmanager
    def move(**by: float) -> Iterator[None]:
        from datetime import timedelta

        _set_offset(timedelta(**by).total_seconds())
        try:
            yield
        finally:
            _set_offset(0)

    return move


def _set_offset(seconds: float) -> None:
    with db.engine().begin() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET asimati.clock_offset = '{seconds}'"))
    db.engine().dispose()


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    """Outside a request the house speaks Arabic; tests read English."""
    with words.use("en"):
        yield
