"""Cookies of ours: no script reads them, no other site sends them.

Over https each is called `__Host-…`. A browser takes such a one from this very host alone, over TLS, for all its
paths: no neighbour under the same domain can plant one, and none is ever sent in the open.
"""

from __future__ import annotations

from flask import request
from werkzeug import Response

from asimati.settings import settings


def is_https() -> bool:
    """Whether people reach us over https, as `public_url` says."""
    return settings().base_url.startswith("https:")


def read(name: str) -> str:
    """What the browser sent; empty when it sent none."""
    return request.cookies.get(_called(name), "")


def write(response: Response, name: str, value: str, *, path: str, seconds: int) -> None:
    """Have the browser keep a value, below a path where that is possible; zero seconds take it away."""
    response.set_cookie(
        _called(name), value, path="/" if is_https() else path, max_age=seconds,
        httponly=True, samesite="Lax", secure=is_https(),
    )  # fmt: skip


def clear(response: Response, name: str, *, path: str) -> None:
    """Have the browser forget it."""
    write(response, name, "", path=path, seconds=0)


def _called(name: str) -> str:
    return f"__Host-{name}" if is_https() else name
