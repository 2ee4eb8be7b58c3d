"""The OpenAPI document and its page, both served by us and from us."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

import flask_smorest
from flask import Flask, Response, send_from_directory
from flask_smorest.utils import prepare_response

from asimati import __version__
from asimati.http import limits
from asimati.http.access import KEY_HEADER
from asimati.http.headers import PAGE_POLICY
from asimati.http.problems import Problem

PROBLEM = "application/problem+json"
GUIDE = Path(__file__).with_name("guide.md")


class Api(flask_smorest.Api):
    """flask-smorest's API with our problem documents instead of its own error shape."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """`http.problems` answers every error."""

    def _openapi_json(self) -> Response:
        """The document, with what answers hold told as it is. Overrides a private method, as the one below."""
        return Response(self._document, mimetype="application/json")

    @cached_property
    def _document(self) -> str:
        return json.dumps(as_answered(self.spec.to_dict()))

    def _register_responses(self) -> None:
        """Document every error as a problem document; flask-smorest would say application/json.

        Overrides a private method of flask-smorest 0.47; a test fails when it is not called any more.
        """
        names = {status.name: status.phrase for status in HTTPStatus} | {"DEFAULT_ERROR": "Any other problem"}
        for name, phrase in names.items():
            response: dict[str, Any] = {"description": phrase, "schema": self.ERROR_SCHEMA}
            prepare_response(response, self.spec, PROBLEM)
            self.spec.components.response(name, response, lazy=True)


def as_answered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with shapes that only answers have told as they are.

    Fields are bounded for what comes in; a shape that only leaves may hold longer texts and greater numbers (a
    picture as text, a sum), so its bounds would be untrue.
    """
    shapes = document.get("components", {}).get("schemas", {})
    taken = _named([one for path in document["paths"].values() for one in _asked(path)], shapes)
    for name in shapes.keys() - taken:
        _unbind(shapes[name])
    return document


def _asked(path: Mapping[str, Any]) -> Iterator[Any]:
    yield path.get("parameters")
    for operation in path.values():
        if isinstance(operation, Mapping):
            yield operation.get("parameters"), operation.get("requestBody")


def _named(found: Any, shapes: Mapping[str, Any]) -> set[str]:
    """The names of the shapes that stand in something, and in them."""
    names: set[str] = set()
    waiting = [found]
    while waiting:
        for name in _REFERENCE.findall(json.dumps(waiting.pop())):
            if name not in names:
                names.add(name)
                waiting.append(shapes.get(name))
    return names


def _unbind(shape: Any) -> None:
    if isinstance(shape, dict):
        for bound in _BOUNDS:
            if not isinstance(shape.get(bound), dict):  # else it is a field that is called so
                shape.pop(bound, None)
    for inner in shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ():
        _unbind(inner)


_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
_BOUNDS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")


def install(app: Flask) -> Api:
    """Set the document up; features register their blueprints with what is returned."""
    app.config |= {
        "API_TITLE": "Asimati",
        "API_VERSION": __version__,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {"info": {"description": _guide()}},
        "ETAG_DISABLED": True,
        "PAGINATION_HEADER_NAME": None,
    }
    api = Api(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    api.spec.components.security_scheme("key", {"type": "apiKey", "in": "header", "name": KEY_HEADER})
    _docs(app)
    return api


def _guide() -> str:
    """What is said to whoever writes an app, before all operations."""
    classes = "\n".join(f"- `{name}`: {words}" for name, words in limits.COSTS.items())
    return f"""{GUIDE.read_text(encoding="utf-8")}
{classes}

Each class is counted by itself, for a person, for each of their sign-ins, and for a network that has not signed in.
What is too much is answered 429 with a problem document and `Retry-After`, the seconds to wait."""


def _docs(app: Flask) -> None:
    assets = Path(str(files("flask_swagger_ui"))) / "dist"

    @app.get("/api/docs")
    def docs() -> Response:
        return Response(_PAGE, mimetype="text/html", headers={"Content-Security-Policy": _PAINTED})

    @app.get("/api/docs/<name>")
    def docs_asset(name: str) -> Response:
        if name == "start.js":
            return Response(_START, mimetype="text/javascript")
        return send_from_directory(assets, name)


_PAINTED = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Swagger UI paints so
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Asimati API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="/api/docs/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/start.js"></script></body></html>
"""
_START = """SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
});
"""
