"""What every answer carries: the request id, and the browser's strictest manners."""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from flask import Flask, Response, g, request
from flask_cors import CORS

from asimati.http import cookies, locale
from asimati.kit import trace
from asimati.kit.errors import Malformed, NotFound
from asimati.kit.policy import ANONYMOUS
from asimati.settings import settings

API_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# Pages of ours load nothing from outside; nothing that stands in a page itself is run or painted.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def styled(page: str, status: int = 200) -> Response:
    """A page of ours that brings its own styles; its policy names them by their hash."""
    hashes = [base64.b64encode(sha256(style.encode()).digest()).decode() for style in _STYLE.findall(page)]
    named = " ".join(f"'sha256-{one}'" for one in hashes)
    policy = PAGE_POLICY.replace("style-src 'self'", f"style-src {named}")
    return Response(page, status=status, mimetype="text/html", headers={"Content-Security-Policy": policy})


def _is_one(host: str) -> bool:
    """Whether a request named its host, and one alone; several are put together by the server."""
    return bool(host) and "," not in host


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
        trace.client.set(request.headers.get("User-Agent", ""))
        locale.listen()
        if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and not _is_one(
            request.environ.get("HTTP_HOST", "")
        ):
            raise Malformed
        if any(character < " " or "\ud800" <= character <= "\udfff" for character in request.path):
            raise NotFound  # such a path names nothing and could not be looked up

    @app.after_request
    def leave(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-ID"] = g.get("request_id", "-")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        if cookies.is_https():
            headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        page = response.mimetype in ("text/html", "application/javascript", "text/javascript", "text/css")
        headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else API_POLICY)
        # What answers a form or a deed may hold tokens, whoever asked.
        own = g.get("actor", ANONYMOUS) is not ANONYMOUS or "Authorization" in request.headers
        own = own or request.method not in ("GET", "HEAD")
        headers.setdefault("Cache-Control", "private, no-store" if own else "no-cache")
        headers.add("Vary", "Authorization, Accept-Language")
        return response
