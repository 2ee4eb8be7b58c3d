"""Requests drawn from the OpenAPI document by schemathesis: the same ones each time."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import hypothesis
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from asimati.http.routes import Route


class Drawer:
    """Draws requests for each operation of the application's document."""

    def __init__(self, app: Flask) -> None:
        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        self._operations = {
            (one.method.upper(), one.path): one for one in (r.ok() for r in schema.get_all_operations())
        }
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
            keep()
        except Unsatisfiable:  # there is no wrong way to ask for a thing that takes nothing
            pass
        return cases
