"""What every answer carries: the request id, and the browser's strictest manners."""

from __future__ import annotations

from flask import Flask, Response, g, request
from flask_cors import CORS

from asimati.http import locale
from asimati.kit import trace
from asimati.kit.errors import NotFound
from asimati.kit.policy import ANONYMOUS
from asimati.settings import settings

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# Pages of ours load nothing from outside and run no inline script.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def install(app: Flask) -> None:
    """Adopt the request id and the language before, and set the headers after, every request."""
    if origins := settings().web.allowed_origins:
        CORS(
            app,
            origins=origins,
            expose_headers=["ETag", "Retry-After", "Idempotency-Replayed", "X-Request-ID"],
        )

    @app.before_request
    def arrive() -> None:
        g.request_id = trace.adopt(request.headers.get("X-Request-ID"))
        locale.listen()
        if any(character < " " or "\ud800" <= character <= "\udfff" for character in request.path):
            raise NotFound  # such a path names nothing and could not be looked up

    @app.after_request
    def leave(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-ID"] = g.get("request_id", "-")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        page = response.mimetype in ("text/html", "application/javascript", "text/javascript", "text/css")
        headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else API_POLICY)
        signed_in = g.get("actor", ANONYMOUS) is not ANONYMOUS or "Authorization" in request.headers
        headers.setdefault("Cache-Control", "private, no-store" if signed_in else "no-cache")
        headers.add("Vary", "Authorization, Accept-Language")
        return response
