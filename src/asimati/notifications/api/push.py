"""What a browser needs to subscribe to push notices."""

from __future__ import annotations

from typing import Any

from asimati.http import access
from asimati.http.fields import Schema, String
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.notifications.api.blueprint import blp
from asimati.notifications.channels import webpush


class PushKeyOut(Schema):
    public_key = String(required=True, metadata={"description": "applicationServerKey, base64url"})


@blp.get("/push-key", who=access.anyone, gives=PushKeyOut)
def push_key(tx: Session, actor: Actor) -> Any:
    """The key to subscribe with: `pushManager.subscribe({applicationServerKey})`."""
    return {"public_key": webpush.public_key()}
