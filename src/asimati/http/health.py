"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, jsonify
from sqlalchemy import text

from asimati.kit.db import transaction
from asimati.kit.errors import Unavailable

# With these off a committed booking could be lost by a crash, or a lock could guard nothing.
_SAFE = {"synchronous_commit": "on", "transaction_isolation": "read committed"}


def install(app: Flask, schema_is_current: Callable[[], bool]) -> None:
    """Register /healthz (no dependencies) and /readyz (the database answers, its schema and settings are right).

    Redis is no part of readiness: without it we serve, a little less evenly.
    """

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @app.get("/readyz")
    def readyz() -> Response:
        with transaction() as tx:
            for name, wanted in _SAFE.items():
                if tx.scalar(text("SELECT current_setting(:name)"), {"name": name}) != wanted:
                    raise Unavailable(setting=name)
        if not schema_is_current():
            raise Unavailable(schema="behind")
        return jsonify(status="ready")
