"""The whole house as processes, to be killed, frozen and doubled: the running stack of the fault suite."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from asimati import embedded
from workers.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable, "-m"]


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@dataclass
class Stack:
    """Servers and processes of one house in a folder of its own."""

    home: Path
    database_url: str
    database: Any
    redis: Any
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def run(self, *command: str) -> str:
        """One command of ours, to its end; what it printed."""
        done = subprocess.run(
            [*PYTHON, *command], env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def verify(self, what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PYTHON, "asimati", "verify", what], env=self.environment, cwd=ROOT, capture_output=True, text=True
        )

    def start(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own; its output goes to a log of its name."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*PYTHON, *command],
                env={**self.environment, **environment},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.processes[name]

    def web(self, name: str = "web", port: int | None = None, **environment: str) -> str:
        """A web process; its address. On the same port again after it was killed."""
        self.ports[name] = port = port or self.ports.get(name) or free_port()
        self.start(
            name, "granian", "--interface", "wsgi", "--factory", "asimati.wsgi:create_app", "--host", "127.0.0.1",
            "--port", str(port), "--workers", "1", "--blocking-threads", "8", **environment,
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: httpx.get(f"{address}/readyz", timeout=2).status_code == 200, 30)
        return address

    def worker(self, name: str = "worker", slots: int = 2) -> None:
        self.start(
            name, "celery", "-A", "workers.app", "worker", "--queues", ",".join(QUEUES),
            "--concurrency", str(slots),
            "--hostname", f"{name}@%h", "--without-gossip", "--without-mingle", "--loglevel", "warning",
        )  # fmt: skip

    def relay(self, name: str = "relay") -> None:
        self.start(name, "workers.relay")

    def beat(self, name: str = "beat") -> None:
        self.start(name, "celery", "-A", "workers.app", "beat", "--loglevel", "warning")

    def kill(self, name: str) -> None:
        """kill -9 the process and all its children."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows by a connection of our own, beside everything that runs."""
        plain = self.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain, autocommit=True) as connection:
            return connection.execute(sql, values).fetchall()  # type: ignore[arg-type]

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)


@contextlib.contextmanager
def running(home: Path) -> Iterator[Stack]:
    """Throw-away servers, a migrated database and a synced pack; processes are the test's to start."""
    with (
        embedded.postgres(home / "postgres", throwaway=True) as database,
        embedded.redis(home / "redis") as redis,
    ):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ASIMATI_")} | {
            "ASIMATI_PROFILE": "test",
            "ASIMATI_HOME": str(home),
            "ASIMATI_DATABASE_URL": database.url,
            "ASIMATI_REDIS_URL": redis.url,
            "ASIMATI_OUTBOX_LEASE": "5",
            "ASIMATI_OUTBOX_IN_FLIGHT": "60",
            "ASIMATI_NOTIFICATIONS_HINT_EVERY": "2",
            "ASIMATI_BROKER_URL": os.environ.get("FAULTS_BROKER_URL", ""),  # RabbitMQ, say; Redis otherwise
        }
        stack = Stack(home, database.url, database, redis, environment)
        stack.run("asimati", "migrate")
        stack.run("asimati", "pack", "sync")
        try:
            yield stack
        finally:
            stack.close()


def wait_until(look: Any, seconds: float = 30, pause: float = 0.1) -> Any:
    """Look until it is so; an error counts as not yet. The last answer, or an AssertionError."""
    until = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < until:
        try:
            if last := look():
                return last
        except (httpx.HTTPError, psycopg.Error, OSError) as fault:
            last = fault
        time.sleep(pause)
    raise AssertionError(f"not within {seconds:.0f} s; last: {last!r}")
