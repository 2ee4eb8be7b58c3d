"""Routes of the texts that answers begin with."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import UUID, Boolean, DateTime, Enum, Integer, List, Nested, Pattern, Schema, String, Text
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.policy import Actor
from asimati.service_requests import policy, queries
from asimati.service_requests.replies import actions
from asimati.service_requests.replies.actions import ReplyThere
from asimati.service_requests.replies.models import ReplyTemplate
from asimati.service_requests.rules import Move

blp = Blueprint("replies", __name__, description="Texts that answers begin with")
may = partial(access.staff_who, policy.MAY)
Payload = dict[str, Any]


class ReplyWords(Schema):
    """Words that may name {reference}, {service}, {name}, {submitted}, {due} and {entity} of a case."""

    title = Text(max_length=200)
    text = Text(max_length=4000)


class ReplyChangeIn(ReplyWords):
    services = List(String(max_length=80), metadata={"description": "For these alone; none: for every service"})
    moves = List(Enum(Move), max_items=10, metadata={"description": "With these alone; none: with every move"})
    retired = Boolean()


class ReplyIn(ReplyChangeIn):
    class Meta(Schema.Meta):
        exclude = ("retired",)

    code = String(required=True, validate=Pattern(r"^[a-z][a-z0-9-]{1,39}$"))
    title = Text(required=True, max_length=200)
    text = Text(required=True, max_length=4000)


class ReplyOut(ReplyWords):
    code = String()
    services = List(String())
    moves = List(String())
    by_staff = Boolean(metadata={"description": "Written or changed by the staff; the pack leaves it alone"})
    retired_at = DateTime(allow_none=True)
    version = Integer()


class RepliesOut(Schema):
    items = List(Nested(ReplyOut))


class RepliesQuery(Schema):
    service = String(max_length=80)
    move = Enum(Move)


class MoveQuery(Schema):
    move = Enum(Move)


class FilledOut(ReplyWords):
    code = String()
    moves = List(String())


class FilledListOut(Schema):
    items = List(Nested(FilledOut))


class ReplyVersionOut(Schema):
    version = Integer()
    words = Nested(ReplyChangeIn)
    by = UUID(allow_none=True)
    at = DateTime()


class ReplyVersionsOut(Schema):
    items = List(Nested(ReplyVersionOut))


@blp.get("/staff/reply-templates", who=may("see_replies"), query=RepliesQuery, gives=RepliesOut)
def replies(tx: Session, actor: Actor, query: Payload) -> Payload:
    """The texts: all of them, or those in use for a service or a move."""
    return {"items": actions.listed(tx, **query)}


@blp.get("/staff/reply-templates/<code>", who=may("see_replies"), gives=ReplyOut, tagged=True)
def reply(tx: Session, actor: Actor, code: str) -> ReplyTemplate:
    """One of them."""
    return actions.one(tx, code)


@blp.get("/staff/reply-templates/<code>/versions", who=may("see_replies"), gives=ReplyVersionsOut)
def reply_versions(tx: Session, actor: Actor, code: str) -> Payload:
    """All it ever said, the newest first."""
    return {"items": actions.versions(tx, code)}


@blp.post(
    "/staff/reply-templates", who=may("keep_replies"), takes=ReplyIn, gives=ReplyOut, status=201,
    refuses=(ReplyThere,),
)  # fmt: skip
def add_reply(tx: Session, actor: Actor, payload: Payload) -> ReplyTemplate:
    """A new text."""
    return actions.add(tx, actor, **payload)


@blp.patch("/staff/reply-templates/<code>", who=may("keep_replies"), takes=ReplyChangeIn, gives=ReplyOut)
def change_reply(tx: Session, actor: Actor, payload: Payload, version: int | None, code: str) -> ReplyTemplate:
    """Other words, for other services or moves, or out of use."""
    return actions.change(tx, actor, code, version, payload)


@blp.post("/staff/reply-templates/preview", who=may("see_replies"), takes=ReplyWords, gives=ReplyWords)
def preview_reply(tx: Session, actor: Actor, payload: Payload) -> Payload:
    """What words become, with example data."""
    return actions.preview(tx, payload)


@blp.get(
    "/staff/service-requests/<reference>/replies", who=may("see"), query=MoveQuery, gives=FilledListOut,
    opens=BY_HAND,
)  # fmt: skip
def replies_for(tx: Session, actor: Actor, query: Payload, reference: str) -> Payload:
    """The texts that fit a case, filled in with what they name of it."""
    request = queries.request(tx, actor, reference)
    audit.opened(tx, actor, ("service_request", reference), [request.person_id], view="replies")
    return {"items": actions.for_case(tx, request, query.get("move"))}
