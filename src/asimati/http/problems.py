"""Errors as RFC 9457 problem documents: one table gives each meaning its status.

No refusal, and no accident, leaves the house in another form: not the framework's own errors, not a broken
constraint, not a database that is away.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, json, request
from marshmallow import INCLUDE
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from asimati.http.fields import Integer, List, Nested, Schema, String
from asimati.kit import errors, tokens
from asimati.kit.errors import Refusal
from asimati.kit.policy import ANONYMOUS
from asimati.kit.words import _, told, translate

log = logging.getLogger(__name__)

STATUS: dict[type[Refusal], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Stale: 412,
    errors.Invalid: 422,
    errors.MatchRequired: 428,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


class UnsupportedType(Refusal):
    slug = "unsupported-media-type"
    title = _("This content type is not understood")
    detail = _("Send the body as application/json.")


class TooLarge(Refusal):
    slug = "too-large"
    title = _("The request is too large")


class NoSuchMethod(Refusal):
    slug = "method-not-allowed"
    title = _("This cannot be done here")


class Broken(Refusal):
    """An accident of ours; the log has it under the request id."""

    slug = "internal"
    title = _("Something went wrong on our side")
    detail = _("It has been noted. Quote the request id when you ask about it.")


STATUS |= {UnsupportedType: 415, TooLarge: 413, NoSuchMethod: 405, Broken: 500}
_BY_STATUS: dict[int, type[Refusal]] = {
    400: errors.Malformed,
    404: errors.NotFound,
    405: NoSuchMethod,
    413: TooLarge,
    414: TooLarge,
    415: UnsupportedType,
    431: TooLarge,
}
# What a broken constraint means, by its name: the second line behind the check that came too early to see it.
CONSTRAINTS: dict[str, type[Refusal]] = {}


class FieldError(Schema):
    pointer = String(metadata={"description": "JSON pointer (RFC 6901) to the field"})
    detail = String()


class Problem(Schema):
    """A problem document (RFC 9457). Facts of the particular problem stand beside these."""

    class Meta:
        unknown = INCLUDE

    type = String(required=True, metadata={"format": "uri-reference"})
    title = String(required=True)
    status = Integer(required=True)
    detail = String()
    instance = String()
    errors = List(Nested(FieldError))


def status_of(refusal: Refusal | type[Refusal]) -> int:
    """The HTTP status of a refusal's kind."""
    kind = refusal if isinstance(refusal, type) else type(refusal)
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def answer(refusal: Refusal) -> Response:
    """The problem document of a refusal, in the reader's language."""
    status = status_of(refusal)
    facts = {key: _plain(value) for key, value in refusal.facts.items()}
    body = {
        **facts,  # first: no fact takes the place of a member that RFC 9457 defines
        "type": f"/problems/{refusal.slug}",
        "title": translate(refusal.title),
        "status": status,
        **({"detail": told(refusal.detail, refusal.facts)} if refusal.detail else {}),
        "instance": request.path,
    }
    if isinstance(refusal, errors.Invalid):
        body["errors"] = [{"pointer": at, "detail": translate(words)} for at, words in refusal.errors]
    response = Response(json.dumps(body), status=status, mimetype="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "5"
    if isinstance(refusal, errors.TooMany):
        response.headers["Retry-After"] = str(refusal.facts["retry_after"])
    return response


def meaning(fault: Exception) -> Refusal:
    """What an exception means to whoever asked."""
    if isinstance(fault, Refusal):
        return fault
    if isinstance(fault, HTTPException):
        return _by_status(fault)
    if isinstance(fault, StaleDataError):
        return errors.Stale()
    if isinstance(fault, PoolTimeout | PendingRollbackError):  # no connection to be had; lost in the middle of work
        return errors.Unavailable()
    if isinstance(fault, DBAPIError):
        return _of_the_database(fault)
    return Broken()


def install(app: Flask) -> None:
    """Answer every exception of the application with a problem document."""

    @app.errorhandler(Exception)
    def refuse(fault: Exception) -> Response:
        refusal = meaning(fault)
        if status_of(refusal) >= 500:
            log.error("%s: %s", type(fault).__name__, _where(), exc_info=not isinstance(fault, Refusal) and fault)
        elif (refusal.noted or status_of(refusal) in NOTED) and not _is_an_ended_token(refusal):
            log.info("refused", extra=_who_and_what(refusal))
        response = answer(refusal)
        if isinstance(fault, HTTPException):  # Allow and the like
            for name, value in fault.get_headers(request.environ):
                if name.lower() not in ("content-type", "content-length"):
                    response.headers[name] = value
        return response


# Who was not let in, went too far or asked too often stands in the log: it may be somebody who tries.
NOTED = (401, 403, 429)


def _is_an_ended_token(refusal: Refusal) -> bool:
    """Whether an app came with a token whose time is over: each does, every few minutes, and then refreshes it."""
    header = request.headers.get("Authorization", "")
    return type(refusal) is errors.Unauthenticated and tokens.made_for(header.partition(" ")[2]) is not None


def _who_and_what(refusal: Refusal) -> dict[str, Any]:
    """The refusal, the route, and who of the staff or which key; of residents, and of networks, nothing is told."""
    actor = g.get("actor", ANONYMOUS)
    known = {"by": str(actor.id)} if actor.kind in ("staff", "key") else {}
    return {
        "refusal": refusal.slug, "status": status_of(refusal), "method": request.method,
        "route": str(request.url_rule), "caller": actor.kind, **known,
    }  # fmt: skip


def _where() -> str:
    """The path, without what is a secret in it: whoever has the token of a calendar reads it."""
    token = str((request.view_args or {}).get("token", ""))
    return request.path.replace(token, "…") if token else request.path


def _by_status(fault: HTTPException) -> Refusal:
    if fault.code and fault.code >= 500:
        return Broken()
    kind = _BY_STATUS.get(fault.code or 500, errors.Malformed)
    if kind is errors.Malformed:
        refusal = kind()
        refusal.detail = _("The request is not well formed.")
        return refusal
    return kind()


def _of_the_database(fault: DBAPIError) -> Refusal:
    """By SQLSTATE: broken rules are the caller's, silence and shutdowns are passing."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    constraint = getattr(getattr(fault.orig, "diag", None), "constraint_name", None)
    if constraint in CONSTRAINTS:
        return CONSTRAINTS[constraint]()
    if isinstance(fault, IntegrityError) or state.startswith("23"):
        return errors.Conflict()
    if state.startswith("22"):
        return errors.Invalid([("", _("This holds a value that cannot be kept."))])
    passing = ("08", "53", "57", "40", "55", "25")
    if (
        fault.connection_invalidated
        or state.startswith(passing)
        or isinstance(fault, OperationalError | InterfaceError)
    ):
        return errors.Unavailable()
    return Broken()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)
