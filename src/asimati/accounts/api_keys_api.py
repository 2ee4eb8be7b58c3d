"""Routes of the keys of partners' systems, for staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.accounts import api_keys, policy
from asimati.accounts.models import ApiKey
from asimati.accounts.rules import KeyScope
from asimati.http import access
from asimati.http.fields import UUID as UUIDField
from asimati.http.fields import DateTime, Enum, Integer, Length, List, Schema, String
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("api_keys", __name__, description="Keys of partners' systems")
administrators = access.staff_with(policy.MAY["keys"])


class ApiKeyIn(Schema):
    name = String(required=True, min_length=2, max_length=120, metadata={"description": "Whose system it is for"})
    scopes = List(Enum(KeyScope), required=True, validate=Length(min=1, max=10, error=_("This is required.")))
    expires_at = DateTime(load_default=None, allow_none=True)
    organisation = UUIDField(
        load_default=None, allow_none=True, metadata={"description": "Whose own things it reads (offers.read)"}
    )
    per_minute = Integer(min=1, max=6000, load_default=600, metadata={"description": "Requests in a minute"})


class ApiKeyOut(Schema):
    id = UUIDField()
    name = String()
    scopes = List(Enum(KeyScope))
    organisation_id = UUIDField(allow_none=True)
    tail = String(metadata={"description": "The last characters, to tell it by"})
    per_minute = Integer()
    created_at = DateTime()
    expires_at = DateTime(allow_none=True)
    used_at = DateTime(allow_none=True, metadata={"description": "To the minute"})
    revoked_at = DateTime(allow_none=True)


class NewApiKeyOut(ApiKeyOut):
    api_key = String(metadata={"description": "Shown this once; we keep no copy"})


@blp.get("/staff/api-keys", who=administrators, query=PageQuery, gives=page_of(ApiKeyOut))
def keys(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """The keys that were given out."""
    return api_keys.keys(tx, query["page"])


@blp.post("/staff/api-keys", who=administrators, takes=ApiKeyIn, gives=NewApiKeyOut, status=201, remembers=False)
def new_key(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Give a system a key."""
    made, secret = api_keys.new_key(tx, actor, **payload)
    return {name: getattr(made, name) for name in ApiKeyOut().fields} | {"api_key": secret}


@blp.delete("/staff/api-keys/<uuid:key_id>", who=administrators, gives=ApiKeyOut)
def revoke_key(tx: Session, actor: Actor, key_id: UUID) -> ApiKey:
    """End a key, at once."""
    return api_keys.revoke_key(tx, actor, key_id)
