"""Who is signed in to the pages: the API's own tokens, sealed in a cookie that no script can read.

The access token is renewed when it is about to end, so a page in use stays open and one left alone ends with its
session. A form carries a mark made from the session; together with SameSite and the browser's own word on where a
request comes from (Sec-Fetch-Site, Origin), no other site can send one.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from asimati.accounts.callers import identify
from asimati.accounts.refusals import SessionLocked
from asimati.console.asking import Answer, ask
from asimati.http import cookies
from asimati.http.access import is_attended
from asimati.kit import secrets
from asimati.kit.db import reading
from asimati.kit.errors import Forbidden
from asimati.settings import settings

COOKIE = "asimati_console"
_PURPOSE = "console"
_EARLY = 30  # seconds before its end at which an access token is renewed


def adopt() -> None:
    """Find out who asks; `g.token` and `g.staff` stay None for nobody."""
    g.token, g.staff, g.tokens, g.locked = None, None, None, False
    kept = _read(cookies.read(COOKIE))
    if kept is None:
        return
    if kept["until"] - _EARLY < time.time():
        answer = ask("POST", "/auth/refresh", payload={"refresh_token": kept["refresh"]})
        if not answer.ok:
            g.locked = answer.slug == SessionLocked.slug
            g.tokens = None if g.locked else {}
            return
        kept = open_with(answer)
    try:
        with reading() as tx:
            found = identify(tx, kept["access"], attended=is_attended())
    except SessionLocked:
        g.locked = True
        return
    if found is None or not found.is_staff:
        g.tokens = {}
        return
    g.token, g.staff, g.mark = kept["access"], found, _mark(str(found.session))


def open_with(answer: Answer) -> dict[str, Any]:
    """Remember the tokens of a successful sign-in or renewal; the cookie goes out with the answer."""
    said = answer.body
    until = int(time.time()) + said["expires_in"]
    g.tokens = {"access": said["access_token"], "refresh": said["refresh_token"], "until": until}
    return dict(g.tokens)


def begin(answer: Answer) -> None:
    """Somebody has just signed in, in this browser: whoever was signed in here before is so no longer."""
    if g.get("token"):
        ask("POST", "/auth/logout")
    open_with(answer)


def unlock(password: str) -> Answer | None:
    """Open the screen of somebody who was away; None where nobody was."""
    kept = _read(cookies.read(COOKIE))
    if kept is None:
        return None
    answer = ask("POST", "/auth/refresh", payload={"refresh_token": kept["refresh"], "password": password})
    if answer.ok:
        open_with(answer)
    return answer if answer.ok or answer.slug == SessionLocked.slug else None


def close(response: AnyResponse) -> AnyResponse:
    """Forget whoever was signed in, here and at the API, and have the browser forget what it was shown."""
    ask("POST", "/auth/logout")
    g.tokens = {}
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def write_cookie(response: Response) -> Response:
    """Set, renew or clear the cookie as this request decided."""
    tokens = g.get("tokens")
    if tokens is None:
        return response
    if not tokens:
        cookies.clear(response, COOKIE, path="/console")
        return response
    sealed = base64.urlsafe_b64encode(secrets.seal(json.dumps(tokens), _PURPOSE)).decode()
    cookies.write(response, COOKIE, sealed, path="/console", seconds=settings().tokens.refresh_idle)
    return response


def require_own_form() -> None:
    """A POST must come from a page of ours. Raises Forbidden."""
    origin = request.headers.get("Origin")
    strange = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.host
    )
    sent = request.form.get("mark") or request.headers.get("X-Mark", "")
    if strange or (g.staff is not None and not hmac.compare_digest(sent, g.mark)):
        raise Forbidden


def _mark(session: str) -> str:
    return secrets.mac([session], "console-form").hex()[:32]


def _read(cookie: str) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(secrets.unseal(base64.urlsafe_b64decode(cookie), _PURPOSE))
        return kept
    except (secrets.Unsealable, ValueError):
        return None
