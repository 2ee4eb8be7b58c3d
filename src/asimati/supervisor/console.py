"""One readable log: what every process says, in the foreground and in `<home>/logs/asimati.log`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

COLOURS = {"web": 36, "worker": 32, "relay": 35, "beat": 33, "postgres": 34, "redis": 31, "provider": 34}
LIMIT = 10_000_000  # bytes of one log file
KEPT = 3  # older files beside it


class Console:
    """Lines for people. A terminal that went away or a full disk must not stop the house: it goes on silently."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._quiet = False
        self._colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def say(self, text: str = "", end: str = "\n") -> None:
        """Something of the supervisor's own."""
        self._show(text + end)
        self._keep(text + end)

    def line(self, name: str, text: str, shown: bool = True) -> None:
        """A line that a process wrote."""
        label = f"{name:<8} │ "
        if shown:
            colour = COLOURS.get(name.split("-")[0], 37)
            self._show((f"\x1b[{colour}m{label}\x1b[0m" if self._colours else label) + text + "\n")
        self._keep(f"{label}{text}\n")

    def _show(self, text: str) -> None:
        if self._quiet:
            return
        try:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()
        except (OSError, ValueError):
            self._quiet = True

    def _keep(self, text: str) -> None:
        try:
            if self._log.exists() and self._log.stat().st_size > LIMIT:
                self._turn_over()
            with self._log.open("ab") as log:
                log.write(text.encode())
        except OSError:
            return

    def _turn_over(self) -> None:
        for number in range(KEPT, 0, -1):
            older = self._log.with_name(f"{self._log.name}.{number - 1}") if number > 1 else self._log
            if older.exists():
                older.replace(self._log.with_name(f"{self._log.name}.{number}"))
