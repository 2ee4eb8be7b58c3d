"""ETags: the row's version for edits, and a hash of the body for caches.

A tag is `"<version>-<hash>"`. An edit compares the version alone (a count shown beside the row may have moved
without anyone editing it); If-None-Match compares the whole, so that no cache shows yesterday's seats.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, request

from asimati.kit.errors import MatchRequired, Stale


def version_of(result: Any) -> int | None:
    """The version of the row a view returned, if it has one."""
    found = result.get("version") if isinstance(result, dict) else getattr(result, "version", None)
    return found if isinstance(found, int) else None


def tag(response: Response, version: int | None, *, conditional: bool = True) -> Response:
    """Give the response its ETag; a reader who has it already gets 304.

    If-Match is for edits: a read with one is answered as without, since nothing is lost by it. (The framework would
    answer 412 with the whole thing as its body, even to `*`.)
    """
    digest = hashlib.blake2b(response.get_data(), digest_size=8).hexdigest()
    response.set_etag(f"{version or 0}-{digest}")
    if conditional and request.method == "GET":
        asked = {name: value for name, value in request.environ.items() if name != "HTTP_IF_MATCH"}
        return response.make_conditional(asked)  # type: ignore[return-value]
    return response


def expected_version(*, required: bool) -> int | None:
    """The version named by If-Match. Raises MatchRequired when it must be there, Stale when it is not ours."""
    header = request.headers.get("If-Match")
    if header is None:
        if required:
            raise MatchRequired
        return None
    if header.strip() == "*":
        return None
    head = header.strip().removeprefix("W/").strip('"').partition("-")[0]
    if not (head.isascii() and head.isdigit() and len(head) < 10):
        raise Stale
    return int(head)
