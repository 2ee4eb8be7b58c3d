"""What is known of a request wherever it leads: its id, in log lines, messages and tasks; what it was asked by."""

from __future__ import annotations

import re
from contextvars import ContextVar

from asimati.kit.ids import new_id

request_id: ContextVar[str] = ContextVar("request_id", default="-")
client: ContextVar[str] = ContextVar("client", default="")  # what the programme that asks calls itself
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def adopt(offered: str | None) -> str:
    """Take the caller's id if it is harmless, make one otherwise; it holds for this context from now on."""
    chosen = offered if offered and _ACCEPTABLE.fullmatch(offered) else str(new_id())
    request_id.set(chosen)
    return chosen
