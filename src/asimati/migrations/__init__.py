"""Migrations: Alembic, driven by `asimati migrate`, one migrator at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, make_url, text
from sqlalchemy.pool import NullPool

from asimati.kit.audit import guard
from asimati.kit.db import address, engine, make_engine, rests
from asimati.settings import settings

PATIENCE = 3600.0  # seconds: a busy machine reads our modules between two statements, a large table takes its time
LOCK = 7_301_002  # advisory lock: one migrator at a time


def config() -> Config:
    """Alembic's configuration, made in code: there is no file to keep in step."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def migrate(url: str | None = None) -> None:
    """Bring a database (the settings' own by default) to the newest schema."""
    migrator = make_engine(url or settings().database.owner_url or address(), poolclass=NullPool)
    with migrator.connect().execution_options(patience=PATIENCE) as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.commit()
        rests(connection)  # reading all migrations takes its time on a busy machine
        chosen = config()
        chosen.attributes["connection"] = connection
        command.upgrade(chosen, "head")
        guard(connection, role=_role(migrator.url), truncation=settings().profile == "production")
        connection.commit()


def _role(owner: URL) -> str | None:
    """The role the processes connect as, if it is not the owner's."""
    user = make_url(settings().database.url).username if settings().database.url else None
    return user if user != owner.username else None


def is_current(checked: Engine | None = None) -> bool:
    """Whether the database has exactly the migrations of this code."""
    wanted = set(ScriptDirectory.from_config(config()).get_heads())
    with (checked or engine()).connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == wanted
