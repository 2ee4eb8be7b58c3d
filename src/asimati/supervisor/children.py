"""The supervised processes: started, listened to, restarted after growing pauses, stopped."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

from asimati.embedded import processes
from asimati.supervisor.console import Console
from asimati.supervisor.plan import Job

LONGEST_PAUSE = 30.0  # seconds between two tries to bring a process back
SETTLED = 20.0  # seconds a process must live for its earlier deaths to be forgotten


class Child:
    """One process and its place in life."""

    def __init__(self, job: Job, home: Path, environment: dict[str, str]) -> None:
        self.job = job
        self.deaths = 0
        self.last_words: deque[str] = deque(maxlen=15)
        self.process: subprocess.Popen[bytes] | None = None
        self.back_at = 0.0
        self._born = 0.0
        self._rest = b""
        self._pid_file = home / "run" / f"{job.name}.pid"
        self._environment = environment | dict(job.environment)

    @property
    def output(self) -> IO[bytes] | None:
        return self.process.stdout if self.process else None

    def start(self) -> None:
        arguments = [sys.executable, "-P", "-m", "asimati.supervisor.child", str(os.getpid()), self.job.module]
        self.process = processes.spawn(
            [*arguments, *self.job.arguments],
            parent_death=signal.SIGKILL,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdout  # noqa: S101 - asked for above
        os.set_blocking(self.process.stdout.fileno(), False)
        self._born = time.monotonic()
        self._pid_file.write_text(str(self.process.pid))

    def lines(self) -> list[str] | None:
        """What it wrote since the last look, in whole lines; None when it will write no more."""
        assert self.output  # noqa: S101 - only asked while it runs
        try:
            said = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return []
        if not said and not self._rest:
            return None
        *whole, self._rest = (self._rest + said).split(b"\n") if said else (self._rest, b"")
        words = [line.decode(errors="replace").rstrip("\r") for line in whole if line.strip()]
        self.last_words.extend(words)
        return words

    def is_dead(self) -> bool:
        """Whether it ended by itself; it is reaped, counted, and due to come back after a pause."""
        if not self.has_ended():
            return False
        self.deaths = 1 if time.monotonic() - self._born > SETTLED else self.deaths + 1
        self.back_at = time.monotonic() + min(LONGEST_PAUSE, 0.5 * 2 ** (self.deaths - 1))
        return True

    def forget(self) -> int:
        """Let go of an ended process, and of what it may have left in its group; its exit code."""
        assert self.process  # noqa: S101 - only called on one that ran
        self.kill()
        code = self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None
        self._pid_file.unlink(missing_ok=True)
        return code

    def has_ended(self) -> bool:
        """Whether it ran and is over. It is not reaped yet, so that its number stays its own until `forget`."""
        if self.process is None or self.process.returncode is not None:
            return self.process is not None
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return self.process.poll() is not None

    def ask_to_stop(self) -> None:
        if self.process is not None and not self.has_ended():
            self.process.terminate()

    def kill(self) -> None:
        """Kill it and its whole group, which is its session."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Family:
    """All children and what they say. One thread does it all: to the kernel the thread is the parent."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.children: list[Child] = []
        self.shows = True
        self._selector = selectors.DefaultSelector()
        self._awake, alarm = os.pipe()
        for end in (self._awake, alarm):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        self._selector.register(self._awake, selectors.EVENT_READ)

    def start(self, child: Child) -> None:
        child.start()
        self._selector.register(child.output, selectors.EVENT_READ, child)  # type: ignore[arg-type]
        if child not in self.children:
            self.children.append(child)

    def listen(self, seconds: float) -> None:
        """Pass on what is said, for at most so long; a signal ends the wait."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                os.read(self._awake, 512)
            else:
                self._pass_on(key.data)

    def let_go(self, child: Child) -> int:
        """Hear the last words of an ended child; its exit code."""
        child.kill()  # grandchildren may still hold the pipe
        while child.output in self._listened and self._pass_on(child):
            continue
        self._leave(child)
        return child.forget()

    def stop(self, names: tuple[str, ...], patience: float, hurry: Callable[[], bool]) -> None:
        """Ask the children of these kinds to stop, listen meanwhile, then kill those that did not."""
        chosen = [child for child in self.children if child.job.name.split("-")[0] in names and child.process]
        for child in chosen:
            child.ask_to_stop()
        until = time.monotonic() + patience
        while (left := [one for one in chosen if not one.has_ended()]) and time.monotonic() < until and not hurry():
            self.listen(0.1)
        for child in left:
            self.console.say(f"{child.job.name} has not stopped yet and is killed")
        for child in chosen:
            self.let_go(child)

    @property
    def _listened(self) -> list[object]:
        return [key.fileobj for key in self._selector.get_map().values()]

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()

    def _leave(self, child: Child) -> None:
        if child.output in self._listened:
            self._selector.unregister(child.output)  # type: ignore[arg-type]

    def _pass_on(self, child: Child) -> bool:
        """Whether there may be more to hear."""
        words = child.lines()
        for line in words or ():
            self.console.line(child.job.name, line, self.shows)
        if words is None:
            self._leave(child)
        return bool(words)
