"""The shelf: answers of public reads, kept for less than half a second.

When a programme opens, thousands read the same few pages in the same minute. A route declared `kept` gives the same
answer to everybody, so each process asks the database for it a few times a second and hands out copies. There is
nothing to invalidate: an answer is shown for at most `LATEST` seconds after its question was put, in every process,
whoever changed what. Signed-in readers are never served from the shelf; they see their own changes at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from asimati.http.metrics import REQUESTS
from asimati.kit import trace

KEPT = "asimati.kept"  # set in the WSGI environment by a route whose answer may be kept
LATEST = 0.8  # seconds after which an answer is shown to nobody, whatever happens
_ENTRIES, _BYTES = 1000, 262_144

Wsgi = Callable[..., Iterable[bytes]]
Headers = list[tuple[str, str]]


@dataclass
class _Answer:
    body: bytes
    headers: Headers
    tag: str | None
    asked_at: float
    served: Any  # counters of answers handed out, by status
    unchanged: Any
    renewing: threading.Lock = field(default_factory=threading.Lock)


class Shelf:
    """WSGI middleware between the server and the application. `seconds`: the age at which an answer is renewed."""

    def __init__(self, app: Wsgi, seconds: float) -> None:
        self._app, self._seconds = app, seconds
        self._answers: dict[tuple[str, str], _Answer] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_AUTHORIZATION" in environ or "HTTP_ORIGIN" in environ:
            return self._app(environ, start)
        key = (environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        answer = self._answers.get(key)
        if answer is None or self._is_to_renew(answer):
            return self._ask(key, environ, start)
        trace.adopt(environ.get("HTTP_X_REQUEST_ID"))
        unchanged = _is_known(answer, environ)
        (answer.unchanged if unchanged else answer.served).inc()
        return _hand_out(answer, start, unchanged=unchanged)

    def _is_to_renew(self, answer: _Answer) -> bool:
        """One reader renews; the others are not kept waiting unless the answer has grown too old."""
        age = time.monotonic() - answer.asked_at
        return age >= LATEST or (age >= self._seconds and answer.renewing.acquire(blocking=False))

    def _ask(self, key: tuple[str, str], environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """The application's own answer, kept if it may be."""
        asked_at, said = time.monotonic(), list[Any]()
        route: list[str] = []
        parts = self._app({**environ, KEPT: route}, lambda *given: said.extend(given))
        if not route or not said[0].startswith("200"):
            self._answers.pop(key, None)
            start(*said)
            return parts
        body = b"".join(parts)
        getattr(parts, "close", lambda: None)()
        answer = self._keep(key, body, said[1], asked_at, route[0])
        return _hand_out(answer, start, unchanged=_is_known(answer, environ))

    def _keep(self, key: tuple[str, str], body: bytes, headers: Headers, asked_at: float, route: str) -> _Answer:
        kept = [(name, value) for name, value in headers if name != "X-Request-ID"]
        tag = next((value for name, value in headers if name == "ETag"), None)
        served, unchanged = (REQUESTS.labels("GET", route, status) for status in (200, 304))
        answer = _Answer(body, kept, tag, asked_at, served, unchanged)
        if len(self._answers) >= _ENTRIES:
            self._answers.clear()  # whoever asks for a thousand different things in a moment gains nothing here
        if len(body) <= _BYTES:
            self._answers[key] = answer
        return answer


def _hand_out(answer: _Answer, start: Callable[..., Any], *, unchanged: bool) -> Iterable[bytes]:
    own = ("X-Request-ID", trace.request_id.get())
    if unchanged:
        start("304 NOT MODIFIED", [own, *(h for h in answer.headers if not h[0].startswith("Content-"))])
        return []
    start("200 OK", [own, *answer.headers])
    return [answer.body]


def _is_known(answer: _Answer, environ: dict[str, Any]) -> bool:
    """Whether If-None-Match names the answer's tag (RFC 9110, weak comparison)."""
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if not asked or not answer.tag:
        return False
    return bool(asked == "*" or any(one.strip().removeprefix("W/") == answer.tag for one in asked.split(",")))
