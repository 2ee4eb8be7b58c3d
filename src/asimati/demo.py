"""`make demo`: the three journeys over HTTP against the running house, step by step, as a person would read them.

Nothing is reached into: every step is a request any client could send. A step that does not answer as it should stops
the demonstration with what was expected and what came.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.panel import Panel

PASSWORD = "asimati-demo"  # noqa: S105 - exists in the development profile only
show = Console(highlight=False)


class Unexpected(Exception):
    """A step did not answer as it should."""


@dataclass
class Person:
    """Somebody with a telephone or a desk, and what the house gave them to come in with."""

    name: str
    http: httpx.Client
    token: str = ""
    answers: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        """One request; its JSON. Raises Unexpected for any other status."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        headers |= more.pop("headers", {})
        answer = self.http.request(method, f"/api/v1{path}", headers=headers, **more)
        if answer.status_code != expect:
            raise Unexpected(f"{method} {path}: expected {expect}, got {answer.status_code}\n{answer.text[:800]}")
        return answer.json() if answer.content else None


def step(words: str, result: object = "") -> None:
    """Say what was done and what came of it."""
    show.print(f"  [green]✓[/] {words}" + (f"  [dim]{result}[/]" if result != "" else ""))


def wait_for(what: str, look: Callable[[], Any], seconds: float = 20) -> Any:
    """Look until there is something: workers need a moment. Raises Unexpected when it does not come."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    raise Unexpected(f"waited {seconds:.0f} s for {what}")
