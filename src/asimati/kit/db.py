"""PostgreSQL: the engine, the transaction at the edge, and the columns every table shares.

Code below the edge never commits. A request, a task and a command each open one `transaction()`; everything they
do stands or falls with it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Connection,
    DateTime,
    Engine,
    Enum,
    Integer,
    MetaData,
    Uuid,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, mapped_column

from asimati.kit.ids import new_id
from asimati.settings import SettingsError, settings

# Functions the tables' defaults call; the first migration creates them too.
FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
      SELECT clock_timestamp() + make_interval(
        secs => coalesce(nullif(current_setting('asimati.clock_offset', true), '')::float8, 0))
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END
    $$
    """,
)


class Base(DeclarativeBase):
    """All tables; constraint names are derived, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )


@event.listens_for(Base.metadata, "before_create")
def _create_functions(_target: MetaData, connection: Connection, **_: Any) -> None:
    for statement in FUNCTIONS:
        connection.execute(text(statement))


# --- columns ---------------------------------------------------------------------------------------------------


def primary_id() -> MappedColumn[UUID]:
    """The row's identity: a UUID of version 7."""
    return mapped_column(Uuid, primary_key=True, default=new_id)


def timestamp(*, nullable: bool = False, default: bool = False) -> MappedColumn[datetime]:
    """A moment in UTC; with `default`, the moment of the insert by the database's clock."""
    return mapped_column(
        DateTime(timezone=True), nullable=nullable, server_default=func.app_now() if default else None
    )


def bilingual(*, nullable: bool = False) -> MappedColumn[Any]:
    """Text for people: `{"ar": …, "en": …}`."""
    return mapped_column(JSONB(none_as_null=True), nullable=nullable)


def one_of(kind: type[StrEnum], *, name: str, nullable: bool = False, **more: Any) -> MappedColumn[Any]:
    """A status: stored as text, held to the enum's values by a check constraint called `name`."""
    values = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )
    return mapped_column(values, nullable=nullable, **more)


def version_column() -> MappedColumn[int]:
    """Counts the row's changes; the ETag. Pair it with `__mapper_args__ = {"version_id_col": version}`."""
    return mapped_column(Integer, nullable=False, server_default="1")


def is_object(column: str) -> CheckConstraint:
    """A check that a JSONB column holds an object."""
    return CheckConstraint(f"jsonb_typeof({column}) = 'object'", name=f"{column}_object")


# --- engine and transactions -----------------------------------------------------------------------------------


class _Watchdog:
    """Frees a thread from a server that has gone silent.

    Server-side timeouts and TCP keepalives do nothing when the server is frozen but its kernel still answers; only
    closing our end of the socket does. One thread looks after all connections of the process.
    """

    def __init__(self) -> None:
        self._deadlines: dict[int, tuple[float, Any]] = {}
        self._started = threading.Lock()
        self._pid = 0

    def expect(self, connection: Any, seconds: float) -> None:
        self._ensure_thread()
        self._deadlines[id(connection)] = (time.monotonic() + seconds, connection)

    def answered(self, connection: Any) -> None:
        self._deadlines.pop(id(connection), None)

    def _ensure_thread(self) -> None:
        if self._pid == os.getpid():
            return
        with self._started:  # a forked child starts its own
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._watch, name="database-watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(0.25)
            now = time.monotonic()
            for key, (deadline, connection) in list(self._deadlines.items()):
                if deadline < now:
                    self._deadlines.pop(key, None)
                    self._hang_up(connection)

    @staticmethod
    def _hang_up(connection: Any) -> None:
        try:
            with socket.socket(fileno=os.dup(connection.pgconn.socket)) as end:
                end.shutdown(socket.SHUT_RDWR)
        except Exception:  # noqa: S110 - it was closed meanwhile, which is what we want
            pass


_watchdog = _Watchdog()
_RESTED = 1.0  # seconds after which a pooled connection is asked whether it still lives


@cache
def engine() -> Engine:
    """This process's engine. READ COMMITTED, because a lock taken on an old snapshot guards nothing."""
    return make_engine(address())


def address() -> str:
    """The database's address. Raises SettingsError when none is set."""
    if not settings().database.url:
        raise SettingsError("there is no database: set ASIMATI_DATABASE_URL, or start the house with `make run`.")
    return str(settings().database.url)


def make_engine(url: str, **more: Any) -> Engine:
    """An engine with our time limits on connecting, waiting and answering."""
    config = settings().database
    offset = settings().clock_offset
    options = {
        "statement_timeout": f"{int(config.statement_timeout * 1000)}",
        "lock_timeout": f"{int(config.lock_timeout * 1000)}",
        "idle_in_transaction_session_timeout": f"{int(config.idle_timeout * 1000)}",
        "default_transaction_isolation": r"read\ committed",
        "timezone": "UTC",
        **({"asimati.clock_offset": str(offset)} if offset else {}),
    }
    pooled = {
        "pool_size": config.pool_size,
        "max_overflow": config.max_overflow,
        "pool_timeout": config.pool_timeout,
        "pool_use_lifo": True,
    }
    made = create_engine(
        url,
        pool_recycle=1800,
        hide_parameters=True,  # a statement that fails is logged without the values it was given
        **(more if "poolclass" in more else {**pooled, **more}),
        connect_args={
            "connect_timeout": config.connect_timeout,
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    _watch(made)
    return made


def _watch(watched: Engine) -> None:
    default = settings().database.answer_timeout

    def patience(connection: Connection) -> float:
        return float(connection.get_execution_options().get("patience", default))

    @event.listens_for(watched, "before_cursor_execute")
    def before(connection: Connection, *_: Any) -> None:
        _watchdog.expect(connection.connection.dbapi_connection, patience(connection))

    @event.listens_for(watched, "after_cursor_execute")
    def after(connection: Connection, *_: Any) -> None:
        _watchdog.answered(connection.connection.dbapi_connection)

    @event.listens_for(watched, "commit")
    @event.listens_for(watched, "rollback")
    def ending(connection: Connection) -> None:
        _watchdog.expect(connection.connection.dbapi_connection, patience(connection))

    @event.listens_for(watched, "checkin")
    def returned(dbapi_connection: Any, record: Any) -> None:
        _watchdog.answered(dbapi_connection)
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(watched, "checkout")
    def taken(dbapi_connection: Any, record: Any, _proxy: Any) -> None:
        """Ask a connection that has rested whether it still lives; one in constant use is spared the round trip."""
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < _RESTED:
            return
        _watchdog.expect(dbapi_connection, default)
        try:
            watched.dialect.do_ping(dbapi_connection)
        except watched.dialect.loaded_dbapi.Error as dead:
            raise DisconnectionError from dead  # the pool opens another
        finally:
            _watchdog.answered(dbapi_connection)


def plan_for_values(tx: Session) -> None:
    """To the end of the transaction, statements are planned for the values they have.

    One sent often is else planned once for whatever values may come; but whether a word is rare or in every line
    decides how to look for it.
    """
    tx.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def rests(connection: Connection) -> None:
    """Whoever holds the connection asks nothing for a while after a commit; the server's silence means nothing."""
    _watchdog.answered(connection.connection.dbapi_connection)


@contextmanager
def transaction(*, patience: float | None = None) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    `patience` (seconds) is for commands and tasks that may run longer than a request.
    """
    with Session(engine(), expire_on_commit=False) as tx, tx.begin():
        if patience:
            tx.connection(execution_options={"patience": patience + 2})
            tx.execute(text(f"SET LOCAL statement_timeout = {int(patience * 1000)}"))
        yield tx


@contextmanager
def reading() -> Iterator[Session]:
    """A session for questions alone: each statement by itself, which saves the round trips of BEGIN and COMMIT.

    READ COMMITTED gives every statement its own snapshot anyway. Nothing may be written through it but the line of
    the audit trail that says who read.
    """
    with Session(_reader(), expire_on_commit=False, autoflush=False) as tx:
        yield tx


@cache
def _reader() -> Engine:
    return engine().execution_options(isolation_level="AUTOCOMMIT")


def forget_engine() -> None:
    """Drop the engine a forked process inherited: two processes must never share a connection."""
    if engine.cache_info().currsize:
        engine().dispose(close=False)


__all__ = [
    "FUNCTIONS",
    "Base",
    "Mapped",
    "Session",
    "address",
    "bilingual",
    "engine",
    "forget_engine",
    "is_object",
    "make_engine",
    "mapped_column",
    "one_of",
    "primary_id",
    "reading",
    "timestamp",
    "transaction",
    "version_column",
]
