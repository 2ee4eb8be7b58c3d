"""Asking the API from within: the request never leaves the process, and nothing is skipped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from asimati.http.access import UNATTENDED, PasswordToChoose, SecondFactorNeeded, is_attended
from asimati.kit import words
from asimati.kit.text import say
from asimati.settings import settings


@dataclass(frozen=True)
class Answer:
    """What the API said: the status, the body read from JSON (or the raw bytes), the ETag."""

    status: int
    body: Any
    tag: str | None
    raw: Response

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def slug(self) -> str:
        """The refusal's own name; empty for an answer that is none."""
        return (
            "" if self.ok or not isinstance(self.body, Mapping) else str(self.body.get("type", "")).split("/")[-1]
        )

    @property
    def problem(self) -> str:
        """A refusal in words: title and detail, then each field's fault."""
        said = self.body if isinstance(self.body, Mapping) and not self.ok else {}
        faults = [f"{fault['pointer']}: {fault['detail']}".lstrip(": ") for fault in said.get("errors", [])]
        return " ".join(part for part in (said.get("title"), said.get("detail"), *faults) if part)


class Refused(Exception):
    """The API said no to what a page needs in order to be shown at all."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.problem)
        self.answer = answer


def ask(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    payload: Any = None,
    key: str | None = None,
    match: str | None = None,
    token: str | None = None,
    file: FileStorage | None = None,
) -> Answer:
    """Ask the API below /api/v1, as whoever is signed in (or as the holder of `token`; an empty one is nobody's).

    `key` is the Idempotency-Key of a form, so that one sent twice acts once; `match` the ETag it was filled in on.
    A `file` goes out as a form does, in its field "file".
    """
    given = g.get("token") if token is None else token
    headers = {
        "Accept-Language": words.language(),
        "X-Request-ID": g.request_id,
        "User-Agent": request.headers.get("User-Agent", ""),
        **({"Authorization": f"Bearer {given}"} if given else {}),
        **({"Idempotency-Key": key} if key else {}),
        **({"If-Match": match} if match else {}),
        **({} if is_attended() else {UNATTENDED: "1"}),
    }
    body = {} if payload is None and file is None and method == "POST" else payload
    asked = EnvironBuilder(
        method=method,
        path=f"/api/v1{path}",
        query_string={name: _worded(value) for name, value in (query or {}).items() if value not in (None, "")},
        headers=list(headers.items()),
        json=body if body is not None else None,
        data={"file": (file.stream, file.filename)} if file else None,
        environ_base={"REMOTE_ADDR": request.remote_addr or ""},
    )
    return _heard(Response.from_app(_application(), asked.get_environ(), buffered=True))


# What nothing opens before: choosing a password, setting up a second factor.
AT_ONCE = frozenset({PasswordToChoose.slug, SecondFactorNeeded.slug})


def _worded(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def need(path: str, **query: Any) -> Any:
    """The body of a GET a page cannot do without. Raises Refused."""
    answer = ask("GET", path, query=query)
    if not answer.ok:
        raise Refused(answer)
    return answer.body


def may(path: str, **query: Any) -> Any:
    """The body of a GET, or None where this caller may not ask or there is nothing.

    Raises Refused where the caller has to do something first (`AT_ONCE`), and where the question was none: what a
    page asks by itself is our own to mend.
    """
    answer = ask("GET", path, query=query)
    if answer.status in (400, 422) or answer.slug in AT_ONCE:
        raise Refused(answer)
    return answer.body if answer.ok else None


def listed(path: str, **query: Any) -> list[Any]:
    """The items of a list a page shows beside other things; empty where this caller may not ask."""
    return (may(path, **query) or {}).get("items", [])


_MOST_LISTS = 500
_LISTS: dict[tuple[str, str, object], tuple[float, list[Any]]] = {}  # when it was asked, and the items


def public(path: str) -> list[Any]:
    """All items of a public list that hardly changes, as strangers see it; kept for `web.lists` seconds.

    Pages ask for the same services and blocks again and again beside what they are about.
    """
    return _kept((path, words.language(), None), lambda: _whole(path, token=""))


def steady(path: str, *, in_pages: bool = True) -> list[Any]:
    """The same for a list of the staff's own, kept for whoever asks alone; empty where they may not ask."""
    asked = (lambda: _whole(path)) if in_pages else (lambda: (may(path) or {}).get("items"))
    return _kept((path, words.language(), g.staff.id), asked)


def _kept(key: tuple[str, str, object], asked: Callable[[], list[Any] | None]) -> list[Any]:
    now, kept = time.monotonic(), _LISTS.get(key)
    if kept and now - kept[0] < settings().web.lists:
        return kept[1]
    if (items := asked()) is None:
        return []  # nothing was said, which is not worth remembering
    if len(_LISTS) > _MOST_LISTS:
        _LISTS.clear()
    _LISTS[key] = (now, items)
    return items


def _whole(path: str, token: str | None = None) -> list[Any] | None:
    """The items of all pages; None where the API refused."""
    items: list[Any] = []
    after: str | None = ""
    while after is not None:
        answer = ask("GET", path, query={"limit": 100, "after": after}, token=token)
        if not answer.ok:
            return None
        items += answer.body["items"]
        after = answer.body["next"]
    return items


def _application() -> Any:
    """The application itself, without what stands before it: proxies and shelf were passed already."""
    inner: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return lambda environ, start: Flask.wsgi_app(inner, environ, start)


def _heard(raw: Response) -> Answer:
    data = raw.get_data()
    is_json = (raw.mimetype or "").endswith("json")
    return Answer(raw.status_code, json.loads(data) if is_json and data else data, raw.headers.get("ETag"), raw)


def said(text: Any) -> str:
    """Bilingual text in the reader's language; anything else as it is."""
    return say(text, words.language()) if isinstance(text, Mapping) else str(text or "")
