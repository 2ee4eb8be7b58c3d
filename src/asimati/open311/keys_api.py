"""Routes of the keys, for staff."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.fields import UUID as UUIDField
from asimati.http.fields import DateTime, List, Nested, Schema, String
from asimati.http.routes import Blueprint
from asimati.kit.policy import Actor
from asimati.open311 import actions, queries
from asimati.open311.models import Open311Key

blp = Blueprint("open311_keys", __name__, description="Keys of systems that file requests through Open311")
may = partial(access.staff_who, actions.MAY)


class Open311KeyIn(Schema):
    name = String(required=True, min_length=2, max_length=120, metadata={"description": "Whose system it is for"})


class Open311KeyOut(Schema):
    id = UUIDField()
    name = String()
    created_at = DateTime()
    revoked_at = DateTime(allow_none=True)


class NewOpen311KeyOut(Open311KeyOut):
    api_key = String(metadata={"description": "Shown this once; we keep no copy"})


class Open311KeysOut(Schema):
    items = List(Nested(Open311KeyOut))


@blp.get("/staff/open311-keys", who=may("keys"), gives=Open311KeysOut)
def keys(tx: Session, actor: Actor) -> dict[str, Any]:
    """The keys that were given out."""
    return {"items": queries.keys(tx)}


@blp.post("/staff/open311-keys", who=may("keys"), takes=Open311KeyIn, gives=NewOpen311KeyOut, status=201)
def new_key(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Give a system a key."""
    made, secret = actions.new_key(tx, actor, **payload)
    tx.refresh(made)
    names = ("id", "name", "created_at", "revoked_at")
    return {name: getattr(made, name) for name in names} | {"api_key": secret}


@blp.delete("/staff/open311-keys/<uuid:key_id>", who=may("keys"), gives=Open311KeyOut)
def revoke_key(tx: Session, actor: Actor, key_id: UUID) -> Open311Key:
    """End a key."""
    return actions.revoke_key(tx, actor, key_id)
