"""Children that do not outlive us, and finding those of an earlier life."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(how: int, parent: int) -> None:
    """Ask the kernel to send us `how` when the thread that started us ends. Linux; elsewhere nothing happens."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:  # it went between the fork and the line above
        os.kill(os.getpid(), how)


def spawn(arguments: list[str], *, parent_death: int = signal.SIGTERM, **options: Any) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches only us and we decide the order of stopping.

    Call it from a thread that lives as long as the process: the kernel counts the thread as the parent.
    """
    us = os.getpid()
    options.setdefault("preexec_fn", lambda: die_with_parent(parent_death, us))
    return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def stop(process: subprocess.Popen[bytes], how: int, patience: float) -> None:
    """Signal a child, wait `patience` seconds, then kill it. It is reaped in any case."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class HeldError(Exception):
    """Somebody else holds the lock; the message is their pid."""


def take_lock(path: Path, patience: float = 1.0) -> int:
    """Hold a lock file until the returned descriptor is closed or this process ends, however it ends.

    Raises HeldError. The patience is for a holder that was killed a moment ago and is still being taken down.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > until:
                holder = os.read(descriptor, 20).decode() or "unknown"
                os.close(descriptor)
                raise HeldError(holder) from None
            time.sleep(0.02)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def working_in(folder: Path, programs: Iterable[str]) -> list[int]:
    """Living processes of these program names whose current folder is `folder`: servers stay in their data."""
    wanted, names = os.path.realpath(folder), set(programs)
    return [pid for pid in pids() if _link(pid, "cwd") == wanted and names & _names(pid)]


def _names(pid: int) -> set[str]:
    """What a process is called by its file and by itself: Debian's redis-server is a link to redis-check-rdb."""
    return {Path(_link(pid, "exe")).name, os.fsdecode(_read(pid, "comm")).strip()}


def with_environment(name: str, value: str) -> list[int]:
    """Living processes that were started with this variable in their environment, ourselves excepted."""
    wanted = os.fsencode(f"{name}={value}")
    return [pid for pid in pids() if pid != os.getpid() and wanted in _read(pid, "environ").split(b"\0")]


def command_line(pid: int) -> str:
    """The words a process was started with; empty when it is gone."""
    return os.fsdecode(_read(pid, "cmdline").replace(b"\0", b" ")).strip()


def put_down(find: Callable[[], list[int]], hows: Iterable[tuple[int, float]]) -> None:
    """Send each signal in turn to whatever `find` still finds, waiting the seconds beside it for them to go."""
    for how, patience in hows:
        for pid in find():
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                continue
        until = time.monotonic() + patience
        while find():
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        else:
            return


def pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()] if PROC.is_dir() else []


def _link(pid: int, what: str) -> str:
    try:
        return (PROC / str(pid) / what).readlink().as_posix().removesuffix(" (deleted)")
    except OSError:  # gone, a zombie, or somebody else's
        return ""


def _read(pid: int, what: str) -> bytes:
    try:
        return (PROC / str(pid) / what).read_bytes()
    except OSError:
        return b""
