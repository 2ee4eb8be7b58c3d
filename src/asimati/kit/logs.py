"""Logs: one line an event, with the request id in it; JSON for machines, text for people."""

from __future__ import annotations

import io
import logging
import re
import sys
from types import TracebackType
from typing import Any, TextIO

import structlog

from asimati.kit.trace import request_id
from asimati.settings import settings


def _with_request_id(_logger: Any, _name: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    line["request_id"] = request_id.get()
    return line


# PostgreSQL tells the whole row that broke a rule, or its key: over as many lines as somebody wrote.
_DETAIL = re.compile(
    r"^(DETAIL|CONTEXT):.*"
    r"(?:\n(?!HINT:|\[SQL: |\(Background on|Traceback \(most|The above exception|During handling).*)*",
    re.MULTILINE,
)


def _without_values(_logger: Any, _name: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    if str(line.get("logger")).startswith("celery"):
        line.pop("data", None)  # a task's arguments, and once more its traceback
    return {name: untold(value) if isinstance(value, str) else value for name, value in line.items()}


def untold(traceback: str) -> str:
    """A traceback without the values of rows that PostgreSQL adds to its errors."""
    return _DETAIL.sub(r"\1: (not told)", traceback)


def _plain(out: TextIO, exc_info: Any) -> None:
    told = io.StringIO()
    structlog.dev.plain_traceback(told, exc_info)
    out.write(untold(told.getvalue()))


def _end_of_all(kind: type[BaseException], fault: BaseException, where: TracebackType | None) -> None:
    """What nobody caught is logged as everything is, not written as it stands."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, fault, where)
        return
    logging.getLogger("asimati").critical("this process ends", exc_info=(kind, fault, where))


def configure() -> None:
    """Send every logger of this process through one formatter to standard error."""
    config = settings().log
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _with_request_id,
        structlog.processors.format_exc_info,
        _without_values,
    ]
    last: structlog.types.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if config.format == "text":
        # Plain tracebacks: a prettier one would show local variables, and with them what people trust us with.
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain)
        shared.remove(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    sys.excepthook = _end_of_all
    for noisy in ("httpx", "httpcore", "celery.redirected", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
