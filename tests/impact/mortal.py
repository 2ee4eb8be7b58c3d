"""Workers that are killed in the middle of their work: real processes, ended by SIGKILL at a chosen statement."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

from asimati.kit import db

Moment = Callable[[str], bool]  # told each statement before it is sent: is it time to die?


def killed(deed: Callable[[], Any], moment: Moment) -> None:
    """Do a deed in a process of its own, which is killed at a moment, or at the latest when the deed is done.

    It dies by SIGKILL, so nothing of ours can tidy up: what it had not committed the server undoes, the rest stays.
    """
    child = os.fork()
    if not child:
        _live_and_die(deed, moment)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "it failed before its time"


def before(number: int) -> Moment:
    """Before a statement is sent, counted from 0."""
    left = iter(range(number, -1, -1))
    return lambda statement: next(left, 0) == 0


def before_sending(words: str) -> Moment:
    """Before the first statement that begins with these words."""
    return lambda statement: " ".join(statement.split()).startswith(words)


def never(statement: str) -> bool:
    """It dies when the deed is done and committed, before it can tell anybody."""
    return False


def _live_and_die(deed: Callable[[], Any], moment: Moment) -> None:
    try:
        db.forget_engine()

        def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if moment(statement):
                _die()

        event.listen(Engine, "before_cursor_execute", look)
        deed()
        _die()
    finally:
        os._exit(1)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
