"""What the two embedded servers share: one owner at a time, a private socket folder, a log, an orderly end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from asimati.embedded import processes
from asimati.embedded.places import Owner

LOG_LIMIT = 5_000_000  # bytes after which a server's log is set aside, once, at its next start
SOCKETS = "asimati-run-"  # how socket folders are called
SOCKET_LIMIT = 80  # bytes of a socket folder's path; the whole path may have 107


class EmbeddedError(Exception):
    """A server cannot run here; the message is for people and says what to do."""


class Server:
    """A server that is our child. `folder` holds its data; only one process may run it at a time."""

    name: ClassVar[str]
    programs: ClassVar[tuple[str, ...]]
    hows: ClassVar[tuple[tuple[int, float], ...]]  # signals to stop with, and seconds to wait after each

    def __init__(self, folder: Path, *, log: Path | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.log = log or self.folder / "log"
        self.owner = Owner.current()
        self.process: subprocess.Popen[bytes] | None = None
        self.sockets: Path | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the server runs. A dead one is reaped here; start() brings it back at the same address."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers. Raises EmbeddedError."""
        try:
            self._take()
            self.prepare()
            self._stop_left_overs()
            self._make_sockets()
            self._launch()
            self.settle()
        except BaseException as fault:
            self.stop()
            if isinstance(fault, OSError):
                raise EmbeddedError(f"{self.name} cannot start: {fault}") from fault
            raise

    def stop(self) -> None:
        """Stop and wait until it is gone; harmless when it is not running."""
        if self.process is not None:
            processes.stop(self.process, *self.hows[0])
            self.process = None
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def prepare(self) -> None:
        """Make the data ready for the first start."""

    def settle(self) -> None:
        """What is left to do once it answers."""

    def data(self) -> Path:
        """The folder the server works in."""
        return self.folder

    def command(self) -> list[str]:
        """What to run."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether a client is served."""
        raise NotImplementedError

    def run_as(self) -> dict[str, object]:
        """Popen options that give up privileges, if any."""
        return {}

    def _take(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._lock is not None:
            return
        try:
            self._lock = processes.take_lock(self.folder / "lock")
        except processes.HeldError as held:
            raise EmbeddedError(f"{self.folder} is in use by another process (pid {held}).") from None

    def _stop_left_overs(self) -> None:
        # We hold the lock, so whoever still works in this folder has lost its parent. If that was our own child,
        # only its children can be left, and they know no orderly end without it.
        hows = self.hows[1:] if self.process else self.hows
        processes.put_down(lambda: processes.working_in(self.data(), self.programs), hows)
        note = self.folder / "sockets"
        left = Path(os.fsdecode(note.read_bytes())) if note.exists() else self.folder
        if left.name.startswith(SOCKETS) and left != self.sockets:
            shutil.rmtree(left, ignore_errors=True)

    def _make_sockets(self) -> None:
        # A server that was stopped comes back at the same address: its clients know no other.
        if self.sockets is not None and not self.sockets.exists():
            self.sockets.mkdir(mode=0o700)
            self.owner.own(self.sockets)
        elif self.sockets is None:
            self.sockets = self.owner.temporary(SOCKETS, limit=SOCKET_LIMIT)
        (self.folder / "sockets").write_bytes(os.fsencode(self.sockets))

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            begin = log.tell()
            self.process = processes.spawn(
                self.command(),
                parent_death=self.hows[0][0],
                cwd=self.data(),
                stdout=log,
                stderr=log,
                **self.run_as(),
            )
        self._wait(begin)

    def _wait(self, begin: int, patience: float = 60) -> None:
        until = time.monotonic() + patience
        while not self.answers():
            if not self.alive:
                raise EmbeddedError(f"{self.name} did not start. Its log, {self.log}, ends:\n{self._said(begin)}")
            if time.monotonic() > until:
                raise EmbeddedError(f"{self.name} did not answer within {patience:.0f} seconds; see {self.log}.")
            time.sleep(0.01)

    def _said(self, begin: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-12:])


def find_program(*names: str) -> Path | None:
    """The first of these programs on the PATH."""
    found = filter(None, map(shutil.which, names))
    return next(map(Path, found), None)


def run_briefly(arguments: list[str], what: str, **options: Any) -> None:
    """Run a helper to its end; EmbeddedError with its last words when it fails."""
    with tempfile.TemporaryFile() as said:
        process = processes.spawn(arguments, stdout=said, stderr=said, **options)
        try:
            code = process.wait(120)
        finally:
            processes.stop(process, 9, 1)
        if code:
            said.seek(0)
            raise EmbeddedError(f"{what} failed:\n{said.read().decode(errors='replace').strip()[-1500:]}")
