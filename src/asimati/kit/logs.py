"""Logs: one line an event, with the request id in it; JSON for machines, text for people."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from asimati.kit.trace import request_id
from asimati.settings import settings


def _with_request_id(_logger: Any, _name: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    line["request_id"] = request_id.get()
    return line


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
    ]
    last: structlog.types.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if config.format == "text":
        # Plain tracebacks: a prettier one would show local variables, and with them what people trust us with.
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        shared = shared[:-1]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    for noisy in ("httpx", "httpcore", "celery.redirected", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
