"""Routes of GeoReport v2, in JSON and XML, with errors in the standard's own shape; and of the keys, for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response, json, request
from sqlalchemy.orm import Session

from asimati.http import access, problems
from asimati.http.routes import Blueprint
from asimati.http.uploads import Upload
from asimati.kit.errors import Invalid, Malformed, NotFound, Refusal
from asimati.kit.policy import Actor
from asimati.kit.text import UnfitText, clean
from asimati.kit.words import _, told, translate
from asimati.open311 import actions, public, queries, rules, shapes
from asimati.settings import settings

blp = Blueprint("open311", __name__, url_prefix="/open311/v2", description="Open311 GeoReport v2, JSON and XML")

FORMS = ("json", "xml")
KINDS = ("application/json", "text/xml")
blp.refusals_as = KINDS  # and as problem documents, where no form of the standard is asked for
SAID: dict[str, Any] = {"sends": KINDS, "refuses": (Malformed,)}
STATUSES = ("open", "closed")
Asked = dict[str, Any]


@blp.get("/discovery.<form>", who=access.anyone, **SAID)
def discovery(tx: Session, actor: Actor, form: str) -> Response:
    """Where the service lies and what it speaks (Open311 service discovery)."""
    facts, base = settings().governorate.facts, settings().base_url
    found = {
        "changeset": "2026-11-23T00:00:00+03:00",
        "contact": facts["name"]["en"],
        "key_service": f"{base}/api/docs",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": f"{base}{blp.url_prefix}",
                "changeset": "2026-11-23T00:00:00+03:00",
                "type": "production" if settings().profile == "production" else "test",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }
    return _said("discovery", found, form)


@blp.get("/services.<form>", who=access.anyone, query=shapes.AnyQuery, **SAID)
def services(tx: Session, actor: Actor, query: Asked, form: str) -> Response:
    """The services a request can be filed for."""
    _jurisdiction(query)
    return _said("services", [public.service(one) for one in queries.services(tx)], form)


@blp.get("/services/<code>.<form>", who=access.anyone, query=shapes.AnyQuery, **SAID)
def definition(tx: Session, actor: Actor, query: Asked, code: str, form: str) -> Response:
    """The attributes of a service."""
    _jurisdiction(query)
    return _said("service_definition", public.definition(queries.service(tx, code)), form)


@blp.get("/requests.<form>", who=access.anyone, query=shapes.RequestsQuery, **SAID)
def requests(tx: Session, actor: Actor, query: Asked, form: str) -> Response:
    """Requests of the last ninety days, or of a window, by service and status; a thousand at most, or in pages."""
    _jurisdiction(query)
    found = queries.requests(
        tx,
        references=list(rules.words_of(query.get("service_request_id"))),
        codes=list(rules.words_of(query.get("service_code"))),
        statuses=_statuses(query.get("status")),
        **{
            name: _moment(name, query.get(name))
            for name in ("start_date", "end_date", "updated_after", "updated_before")
        },
        page=query.get("page", 1),
        page_size=min(query.get("page_size", queries.MOST), queries.MOST),
    )
    return _said("service_requests", [public.case(*row) for row in found], form)


@blp.get("/requests/<reference>.<form>", who=access.anyone, query=shapes.AnyQuery, **SAID)
def one_request(tx: Session, actor: Actor, query: Asked, reference: str, form: str) -> Response:
    """One request."""
    _jurisdiction(query)
    return _said("service_requests", [public.case(*queries.request(tx, reference))], form)


@blp.post("/requests.<form>", who=access.anyone, form=shapes.FILED, sends=KINDS,
          refuses=(actions.NoKey, Malformed), cost="signal")  # fmt: skip
def file(tx: Session, actor: Actor, form: str) -> Response:
    """File a request with a key: form fields as the standard names them, a photograph as `media`."""
    if form not in FORMS:
        raise NotFound
    _jurisdiction(request.form)
    given = request.files.get("media")
    media = Upload(given.filename or "", given.stream, {}) if given else None  # type: ignore[arg-type]
    made = actions.file(tx, _clean(request.form.to_dict(flat=False)), media)
    notice = translate(_("Thank you. You can follow the request by its number."))
    answer = {"service_request_id": made.reference, "service_notice": notice, "account_id": None}
    return _said("service_requests", [answer], form)


@blp.get("/tokens/<token>.<form>", who=access.anyone, query=shapes.AnyQuery, **SAID)
def token(tx: Session, actor: Actor, query: Asked, token: str, form: str) -> Response:
    """The request that became of a token. We give numbers at once: a token is a number, or the id of a case."""
    _jurisdiction(query)
    try:
        reference = queries.of_token(tx, UUID(token))
    except ValueError:
        reference = queries.request(tx, token)[0].reference
    return _said("service_requests", [{"service_request_id": reference, "token": token}], form)


@blp.errorhandler(Exception)
def refuse(fault: Exception) -> Response:
    """Every error in the standard's shape and in the format that was asked for."""
    refusal = problems.meaning(fault)
    status = 400 if isinstance(refusal, Invalid) else problems.status_of(refusal)
    if status >= 500 or (request.view_args or {}).get("form") not in FORMS:
        return problems.answer(refusal)
    said = [{"code": status, "description": words} for words in _words(refusal)]
    answer = _said("errors", said, (request.view_args or {})["form"])
    answer.status_code = status
    answer.headers.extend(
        (name, value)
        for name, value in problems.answer(refusal).headers
        if name in ("WWW-Authenticate", "Retry-After")
    )
    return answer


def _words(refusal: Refusal) -> list[str]:
    if isinstance(refusal, Invalid):
        return [f"{at.strip('/')}: {translate(words)}" for at, words in refusal.errors]
    return [" ".join(filter(None, (translate(refusal.title), told(refusal.detail, refusal.facts))))]


def _said(root: str, content: Any, form: str) -> Response:
    if form == "json":
        return Response(json.dumps(content), mimetype="application/json")
    if form == "xml":
        return Response(rules.as_xml(root, content), mimetype="text/xml")
    raise NotFound


def _jurisdiction(asked: Mapping[str, Any]) -> None:
    """Whether we are meant; who names nobody means us. Raises NotFound."""
    facts = settings().governorate.facts
    if asked.get("jurisdiction_id") not in (None, "", facts["code"], facts["iso"]):
        raise NotFound


def _statuses(asked: str | None) -> list[str]:
    found = list(rules.words_of(asked))
    if set(found) - set(STATUSES):
        raise Invalid([("/status", translate(_("This must be one of: {choices}.")).format(choices="open, closed"))])
    return found


def _moment(name: str, written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written.replace(" ", "+"))
    except ValueError:
        at = datetime.min
    if not 1900 <= at.year <= 2100:
        raise Invalid([(f"/{name}", _("This must be a time such as 2026-11-23T09:30:00+03:00."))])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _clean(form: dict[str, list[str]]) -> dict[str, list[str]]:
    try:
        return {clean(name): [clean(value) for value in values] for name, values in form.items()}
    except UnfitText:
        raise Invalid([("", _("This holds characters that cannot be kept."))]) from None
