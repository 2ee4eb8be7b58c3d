"""The public keys of access tokens, where verifiers look for them."""

from __future__ import annotations

from typing import Any

from asimati.http import access
from asimati.http.fields import Anything, List, Schema
from asimati.http.routes import Blueprint
from asimati.kit import tokens
from asimati.kit.db import Session
from asimati.kit.policy import Actor

blp = Blueprint("keys", __name__, url_prefix="/.well-known", description="Keys for verifying what we sign")


class KeySet(Schema):
    """A JSON Web Key Set (RFC 7517)."""

    keys = List(Anything(metadata={"type": "object"}))


@blp.get("/jwks.json", who=access.anyone, gives=KeySet)
def key_set(tx: Session, actor: Actor) -> dict[str, Any]:
    """The keys that verify access tokens: this period's, the last one's and the next one's."""
    return {"keys": tokens.published()}
