"""What must be in order before anything is started; each fault is one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
from pathlib import Path

from asimati.embedded import processes

NEEDED = 400_000_000  # bytes: the clusters, their write-ahead log, and room to work


class GroundError(Exception):
    """The house cannot stand here; the message is for people."""


def prepare(home: Path) -> int:
    """Make the home folder ready and hold its lock; the lock's descriptor. Raises GroundError."""
    try:
        _make(home, 0o711)  # PostgreSQL runs under another id when we are root, and must get through
        for inside in ("run", "logs"):
            _make(home / inside, 0o700)
        lock = processes.take_lock(home / "run" / "lock")
    except processes.HeldError as held:
        raise GroundError(
            f"Asimati already runs from {home} (process {held}). Stop that one, or give this one a place and a "
            f"port of its own: ASIMATI_HOME=… ASIMATI_PORT=…"
        ) from None
    except OSError as fault:
        raise GroundError(_explain(fault, home)) from None
    if (free := shutil.disk_usage(home).free) < NEEDED:
        os.close(lock)
        raise GroundError(
            f"Only {free // 1_000_000} MB are free where {home} is; {NEEDED // 1_000_000} MB are needed. "
            f"Make room, or choose another place: ASIMATI_HOME=…"
        )
    return lock


def _make(folder: Path, mode: int) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(mode)
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _explain(fault: OSError, home: Path) -> str:
    if fault.errno == errno.ENOSPC:
        return f"The disk is full where {home} is. Make room, or choose another place: ASIMATI_HOME=…"
    return f"Cannot use {home}: {fault}. Choose a folder you may write to: ASIMATI_HOME=…"


def check_port(host: str, port: int) -> None:
    """Raises GroundError when the web server could not listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(1)
    except socket.gaierror:
        raise GroundError(f"ASIMATI_HOST={host} is no address of this machine.") from None
    except OSError as fault:
        reason = f"taken{_holder(port)}" if fault.errno == errno.EADDRINUSE else f"not to be had ({fault.strerror})"
        raise GroundError(
            f"Port {port} on {host} is {reason}. Choose another: ASIMATI_PORT={port + 1} make run"
        ) from None


def _holder(port: int) -> str:
    """Who listens there, as far as the machine tells us."""
    nodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            return ""
        nodes |= {f"socket:[{row.split()[9]}]" for row in rows if re.search(rf":{port:04X} \S+ 0A ", row)}
    for pid in processes.pids():
        try:
            if any(str(entry.readlink()) in nodes for entry in Path(f"/proc/{pid}/fd").iterdir()):
                return f" by process {pid} ({processes.command_line(pid)[:60]})"
        except OSError:
            continue
    return ""


def put_down_left_overs(home: Path) -> int:
    """End what an earlier supervisor of this home left running; how many there were. Hold the lock before."""
    found = len(left_overs(home))
    processes.put_down(lambda: left_overs(home), ((9, 5.0),))
    return found


def left_overs(home: Path) -> list[int]:
    """Processes that carry this home's mark; where the machine does not tell, those of the pid files."""
    if processes.PROC.is_dir():
        return processes.with_environment(*mark(home))
    known = [int(file.read_text() or 0) for file in (home / "run").glob("*.pid")]
    return [pid for pid in known if "asimati.supervisor.child" in processes.command_line(pid)]


def mark(home: Path) -> tuple[str, str]:
    """An environment variable by which every process of this home's house is known, to the last grandchild."""
    return "SUPERVISED_BY", f"asimati {home}"
