"""Requests drawn from the OpenAPI document by schemathesis, the same each time, and what it says of answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import hypothesis
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture import providers
from schemathesis import Case, GenerationMode, checks
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup

from asimati.http.routes import Route

load_all_checks()
CHECKS = [
    checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error", "status_code_conformance", "content_type_conformance",
        "response_headers_conformance", "response_schema_conformance",
    )
]  # fmt: skip


class Drawer:
    """Draws requests for each operation of the application's document.

    The document's "any other problem" is left out: here an answer is documented by its own status or not at all.
    """

    def __init__(self, app: Flask) -> None:
        document = app.test_client().get("/api/openapi.json").get_json()
        for path in document["paths"].values():
            for operation in path.values():
                if "responses" in operation:
                    operation["responses"].pop("default")
        schema = schemathesis.openapi.from_dict(document)
        schema.app = app
        found = (result.ok() for result in schema.get_all_operations())
        self._operations = {(one.method.upper(), one.path): one for one in found}
        self.draw = cache(self._draw)

    def operation(self, route: Route) -> Any:
        """What the document says of a route."""
        return self._operations[route.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)]

    def fitting(self, route: Route, number: int) -> list[Case]:
        """So many requests that fit the document; fewer where there are no more."""
        return self.draw(route, number, GenerationMode.POSITIVE)

    def unfitting(self, route: Route, number: int) -> list[Case]:
        """So many requests that break it in one place; none where everything fits."""
        return self.draw(route, number, GenerationMode.NEGATIVE)

    def _draw(self, route: Route, number: int, mode: GenerationMode) -> list[Case]:
        cases: list[Case] = []

        @hypothesis.settings(
            max_examples=number, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(self.operation(route).as_strategy(generation_mode=mode))
        def keep(case: Case) -> None:
            cases.append(case)

        try:
            with _whatever_is_loaded():
                keep()
        except Unsatisfiable:  # there is no wrong way to ask for a thing that takes nothing
            pass
        return cases


@contextmanager
def _whatever_is_loaded() -> Iterator[None]:
    """Hypothesis tries what stands in our modules too; which of them are loaded by now differs from run to run."""
    providers.CONSTANTS_CACHE.cache.clear()
    with patch.object(providers, "_get_local_constants", providers.Constants):
        yield
    providers.CONSTANTS_CACHE.cache.clear()


def complaint(case: Case, answer: Any) -> str | None:
    """What of an answer the document does not say: a fault of ours, its status, media type, headers or shape."""
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return "\n".join(f"{one.title}: {one.message}" for one in group.exceptions)
    return None
