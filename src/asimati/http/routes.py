"""Routes: one decorator says who may enter, what goes in, what comes out, and what may be refused.

`Blueprint` is flask-smorest's, with the house's edge around every view: one transaction, the caller identified
inside it, the idempotency key held, the version asked for, the answer tagged. A view is a plain function
`view(tx, actor, [query], [payload], [version], **path)` that returns rows; its schema writes them down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Response, g, request
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import DBAPIError
from webargs.flaskparser import FlaskParser

from asimati.http import etags, limits, problems, strict_json, uploads, writes
from asimati.http.access import Who, admit, spend, takes_key
from asimati.http.fields import Schema
from asimati.http.shelf import KEPT
from asimati.http.uploads import received as receive
from asimati.kit import audit
from asimati.kit.db import Session, reading, transaction
from asimati.kit.errors import Conflict, Gone, Invalid, MatchRequired, NotFound, Refusal, Stale, TooMany
from asimati.kit.pages import Page
from asimati.kit.words import _

View = Callable[..., Any]
BY_HAND = "by hand"  # `opens` of a route whose view calls audit.opened itself


class Parser(FlaskParser):
    """Arguments through our JSON reader; every fault is an Invalid with JSON pointers."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}

    def load_json(self, req: Any, schema: Any) -> Any:
        if not req.get_data() and not req.content_type:
            return {}  # a move that needs no words needs no body
        if not req.is_json:
            raise problems.UnsupportedType
        return strict_json.loads(req.get_data())

    def load_querystring(self, req: Any, schema: Any) -> Any:
        repeated = [name for name in req.args if len(req.args.getlist(name)) > 1]
        if repeated:
            raise Invalid([(f"/{name}", _("This stands twice.")) for name in repeated])
        return super().load_querystring(req, schema)

    def handle_error(self, error: Any, req: Any, schema: Any, **_: Any) -> Any:
        raise Invalid(list(pointers(next(iter(error.messages.values()))))) from None


def pointers(messages: Any, at: str = "") -> Any:
    """Marshmallow's nested messages as (JSON pointer, words) pairs."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = "" if name == "_schema" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            yield from pointers(inner, at + step)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from pointers(inner, at)
    else:
        yield at, messages


@dataclass(frozen=True)
class Route:
    """What one route declared; the house tests read them all."""

    method: str
    rule: str
    who: Who
    endpoint: str
    takes: bool
    needs_match: bool
    tells_version: bool
    tagged: bool
    opens: str | None
    kept: bool
    uploads: bool
    cost: str
    remembers: bool = True


class Blueprint(flask_smorest.Blueprint):
    """A feature's routes below /api/v1."""

    ARGUMENTS_PARSER = Parser()
    refusals_as: Sequence[str] = ()  # other media types in which its routes refuse

    def __init__(self, name: str, import_name: str, *, url_prefix: str = "/api/v1", description: str = "") -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, description=description)
        self.routes: list[Route] = []

    def get(self, rule: str, **said: Any) -> Callable[[View], View]:
        return self._route("GET", rule, **said)

    def post(self, rule: str, **said: Any) -> Callable[[View], View]:
        return self._route("POST", rule, **said)

    def put(self, rule: str, **said: Any) -> Callable[[View], View]:
        return self._route("PUT", rule, **said)

    def patch(self, rule: str, **said: Any) -> Callable[[View], View]:
        return self._route("PATCH", rule, **said)

    def delete(self, rule: str, **said: Any) -> Callable[[View], View]:
        return self._route("DELETE", rule, **said)

    def _route(
        self,
        method: str,
        rule: str,
        *,
        who: Who,
        takes: type[Schema] | None = None,
        query: type[Schema] | None = None,
        gives: type[Schema] | None = None,
        sends: str | Sequence[str] = (),
        status: int | None = None,
        refuses: Sequence[type[Refusal]] = (),
        tagged: bool = False,
        kept: bool = False,
        versioned: bool = False,
        needs_match: bool | None = None,
        opens: str | None = None,
        uploads: bool = False,
        form: dict[str, Any] | None = None,
        cost: str | None = None,
        remembers: bool = True,
    ) -> Callable[[View], View]:
        """Declare a route.

        `gives`: the answer's schema; without it the answer is 204, or the Response that the view returns, of the
        media types that `sends` names.
        `tagged`: a GET of a single thing, with an ETag. `needs_match`: the edit needs If-Match (PATCH always does)
        and the view receives `version`. `versioned`: the view receives `version`, None without an If-Match.
        `kept`: a GET that says the same to everybody and may be answered from the shelf; it is tagged too.
        `opens`: what of residents staff read here ("booking"; a name of audit.SUBJECTS): the audit trail then says
        who read it and about whom, by the `person_id` (or `person`) of what the view returns. BY_HAND: the view
        calls audit.opened itself. `uploads`: a POST that takes one file as multipart/form-data; the view receives
        `upload`, None when none came. `form`: a POST whose view reads a form of its own; its requestBody.
        `cost`: the class of `limits.COSTS` in which it is counted, where the method does not say it.
        `remembers`: False where no answer may be kept, not even for a repeated request; the view sees to it itself.
        """
        must_match = method == "PATCH" if needs_match is None else needs_match
        kinds = (sends,) if isinstance(sends, str) else sends
        success = status or (200 if gives or kinds else 204)

        def declare(view: View) -> View:
            declared = Route(
                method, f"{self.url_prefix}{rule}", who, f"{self.name}.{view.__name__}",
                bool(takes), must_match, must_match or versioned, tagged or kept, opens, kept,
                uploads or form is not None, cost or _cost(method, uploads=uploads), remembers,
            )  # fmt: skip
            slots = [name for name, schema in (("query", query), ("payload", takes)) if schema]

            @wraps(view)
            def with_names(*parsed: Any, **path: Any) -> Any:
                given = dict(zip(slots, parsed, strict=True))
                if declared.tells_version:
                    given["version"] = g.version
                if uploads:
                    given["upload"] = receive()
                result = view(g.tx, g.actor, **given, **path)
                if opens and opens != BY_HAND:
                    _note_opening(opens, view.__name__, result, path)
                g.tx.flush()  # ids are set, and a broken constraint speaks, before the answer is written
                g.answered = etags.version_of(result)
                return result

            handler = self.response(success, gives)(with_names)
            if takes:
                handler = self.arguments(takes)(handler)
            if query:
                handler = self.arguments(query, location="query")(handler)
            said = _refusals(_by_status(declared, refuses, bool(query or takes)), refuses, self.refusals_as)
            if declared.tagged:
                said["304"] = {"description": "What If-None-Match names still holds"}
            if kinds:
                said[str(success)] = {"description": HTTPStatus(success).phrase, "content": _contents(kinds, gives)}
            handler = self.doc(**_documented(declared, query, form), responses=said)(handler)
            self.add_url_rule(rule, view_func=_edge(declared, handler), methods=[method])
            self.routes.append(declared)
            return view

        return declare


def _cost(method: str, *, uploads: bool) -> str:
    return "upload" if uploads else "read" if method == "GET" else "write"


def _note_opening(opens: str, view: str, result: Any, path: dict[str, Any]) -> None:
    listed = isinstance(result, Page)
    people = {whose(item) for item in result.items} if listed else {whose(result)}
    if listed and not people - {None}:
        return  # nobody stood in the list
    which, facts = ("", {"listed": len(result.items), **path}) if listed else (next(iter(path.values()), ""), {})
    audit.opened(g.tx, g.actor, (opens, which), people, view=view, **facts)


def whose(item: Any) -> Any:
    """The id of the person a thing is about: its `person_id`, or its `person`; None for nobody known."""
    if not isinstance(item, Mapping):
        return item.person_id
    found = item["person_id"] if "person_id" in item else item["person"]
    return found["id"] if isinstance(found, Mapping) else found


def _edge(route: Route, handler: View) -> View:
    """One request: its transaction, begun again once when two of them got in each other's way."""

    @wraps(handler)
    def at_the_edge(**path: Any) -> Response:
        if route.cost in limits.LASTING:
            with transaction() as tx:
                spend(tx, route.who, route.cost)
        elif route.uploads:
            with reading() as tx:
                admit(tx, route.who, route.cost)
        if route.uploads:
            uploads.open_up()
        try:
            return _answer(route, handler, path)
        except DBAPIError as fault:
            if not isinstance(fault.orig, DeadlockDetected | SerializationFailure):
                raise
            return _answer(route, handler, path)

    return at_the_edge


def _answer(route: Route, handler: View, path: dict[str, Any]) -> Response:
    kept: Refusal | None = None
    key: writes.Key | None = None
    try:
        with reading() if route.method == "GET" else transaction() as tx:
            g.tx, g.actor, g.answered = tx, admit(tx, route.who, route.cost), None
            key = writes.key_of(g.actor) if route.method == "POST" else None
            key = key if route.remembers else None
            replay = writes.hold(tx, key) if key else None
            if replay is not None:
                return replay
            g.version = etags.expected_version(required=route.needs_match) if route.tells_version else None
            try:
                response = _run(handler, path, tx, key)
            except Refusal as refusal:
                if not refusal.keeps_work:
                    raise
                kept = refusal
                if key:
                    writes.remember(tx, key, problems.answer(refusal))
    except (Conflict, Gone) as refusal:
        _remember_refusal(key, refusal)
        raise
    if kept is not None:
        raise kept
    if route.kept and KEPT in request.environ:
        request.environ[KEPT].append(route.rule)  # the shelf compares tags itself
        return etags.tag(response, g.answered, conditional=False)
    if not route.tagged and g.answered is None:
        return response
    return etags.tag(response, g.answered, conditional=route.tagged)


def _run(handler: View, path: dict[str, Any], tx: Session, key: writes.Key | None) -> Response:
    response: Response = handler(**path)
    if key:
        writes.remember(tx, key, response)
    return response


def _remember_refusal(key: writes.Key | None, refusal: Refusal) -> None:
    if key is None:
        return
    with transaction() as tx:
        writes.remember_refusal(tx, key, problems.answer(refusal))


def _by_status(route: Route, refuses: Sequence[type[Refusal]], parses: bool) -> dict[int, list[type[Refusal]]]:
    """Everything a route may refuse, said or implied by what it declared."""
    from asimati.kit.errors import Forbidden, Malformed, Unauthenticated, Unavailable

    # A token is looked at wherever one is sent, and every caller is counted.
    kinds: list[type[Refusal]] = [Unauthenticated, TooMany, Unavailable, *refuses]
    if "anonymous" not in route.who.kinds:
        kinds.append(Forbidden)
    if parses or route.method == "POST":
        kinds.append(Invalid)
    if route.uploads:
        kinds += [problems.UnsupportedType, problems.TooLarge]
    if route.takes:
        kinds += [Malformed, problems.UnsupportedType, problems.TooLarge]
    if "<" in route.rule:
        kinds.append(NotFound)
    if route.method == "POST":
        kinds += [writes.KeyReused, writes.AnswerUnreadable, Conflict]
    if route.tells_version:
        kinds += [Stale, *([MatchRequired] if route.needs_match else [])]
    table: dict[int, list[type[Refusal]]] = {}
    for kind in kinds:
        table.setdefault(problems.status_of(kind), []).append(kind)
    return table


def _header(name: str, schema: dict[str, Any], description: str, *, required: bool = False) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "schema": schema, "description": description}


def _refusals(
    by_status: Mapping[int, Sequence[type[Refusal]]], own: Sequence[type[Refusal]], also: Sequence[str]
) -> dict[str, Any]:
    """The problem documents a route may answer, by their status."""
    shape = {"application/problem+json": {"schema": problems.Problem}, **_contents(also, None)}
    return {
        str(status): {
            "description": _told(kinds, own), "content": shape,
            **(_WAIT if status in (429, 503) else {}),
        }
        for status, kinds in by_status.items()
    }  # fmt: skip


def _told(kinds: Sequence[type[Refusal]], own: Sequence[type[Refusal]]) -> str:
    """Each refusal by its slug; a route's own with its words, and what its facts mean."""
    lines = {}
    for kind in kinds:  # a narrower kind of the same slug comes later, and has more to say
        facts = "; ".join(f"`{name}`: {meaning}" for name, meaning in vars(kind).get("says", {}).items())
        about = ". ".join(filter(None, (kind.title, facts))) if kind in own else ""
        lines[kind.slug] = f"`{kind.slug}`" + (f": {about}" if about else "")
    return "\n".join(f"- {lines[slug]}" for slug in sorted(lines))


_WAIT = {"headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds"}}}


def _contents(kinds: Sequence[str], gives: type[Schema] | None) -> dict[str, Any]:
    """What a view's own Response holds: text as text, anything else as bytes; beside it what its schema writes."""
    told: dict[str, Any] = {"application/json": {"schema": gives}} if gives else {}
    for kind in kinds:
        as_text = kind.startswith("text/") or kind.endswith(("json", "jwt"))
        shape = {} if kind.endswith("json") else {"type": "string"}
        told[kind] = {"schema": shape if as_text else shape | {"format": "binary"}}
    return told


def _documented(route: Route, query: type[Schema] | None, form: dict[str, Any] | None) -> dict[str, Any]:
    """What OpenAPI is told beside schemas: security, headers; the query too, which a list given here replaces."""
    headers: list[dict[str, Any]] = [{"in": "query", "schema": query}] if query else []
    if route.method == "POST":
        headers.append(
            _header(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                "The same key and body replays the first answer.",
            )
        )
    if route.tells_version:
        headers.append(
            _header("If-Match", {"type": "string"}, "The ETag of what was read.", required=route.needs_match)
        )
    if route.tagged:
        headers.append(_header("If-None-Match", {"type": "string"}, "Answer 304 when this ETag still holds."))
    body = {"requestBody": form or uploads.SHAPE} if route.uploads else {}
    said = {"x-who": route.who.name, "x-cost": route.cost}
    return {"security": _ways_in(route), **said, "parameters": headers, **body}


def _ways_in(route: Route) -> list[dict[str, list[str]]]:
    """What one may bring, any of these: an access token, a partner's key, nothing."""
    ways = {
        "bearer": route.who.kinds != {"key"},
        "key": takes_key(route.who, route.method),
    }
    found: list[dict[str, list[str]]] = [{name: []} for name, taken in ways.items() if taken]
    return [*found, {}] if "anonymous" in route.who.kinds else found


problems.STATUS[writes.KeyReused] = 422
