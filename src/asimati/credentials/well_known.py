"""Where others look for our keys: the DID document of did:web."""

from __future__ import annotations

from flask import Response, json

from asimati.credentials import queries, writing
from asimati.http import access
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.policy import Actor

blp = Blueprint("well_known", __name__, url_prefix="/.well-known", description="Who we are, for verifiers")


@blp.get("/did.json", who=access.anyone, tagged=True, sends="application/did+json")
def did(tx: Session, actor: Actor) -> Response:
    """Our DID document: every key that ever signed a credential."""
    body = json.dumps(writing.did_document(queries.keys(tx)))
    return Response(body, mimetype="application/did+json", headers={"Cache-Control": "public, max-age=300"})
