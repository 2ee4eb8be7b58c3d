"""Routes of credentials: verifying is for everybody."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, request

from asimati.credentials import actions, policy, queries, schemas, writing
from asimati.credentials.models import Credential
from asimati.credentials.page import page
from asimati.http import access
from asimati.http.headers import styled
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("credentials", __name__, description="Credentials that anybody can verify")
may = partial(access.staff_who, policy.MAY)
audit.SUBJECTS["credential"] = _("a credential of yours")

Dict = dict[str, Any]


@blp.get(
    "/credentials/<uuid:credential_id>", who=access.anyone, gives=schemas.CredentialOut, tagged=True,
    sends="text/html",
)  # fmt: skip
def credential(tx: Session, actor: Actor, credential_id: UUID) -> Dict | Response:
    """Verify a credential; it does not say whose it is. A browser gets a page in both languages."""
    as_page = request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    try:
        found = queries.credential(tx, credential_id)
    except NotFound:
        if not as_page:
            raise
        return _varying(styled(page(None), status=404))
    return _varying(styled(page(found))) if as_page else found


@blp.post("/credentials/verify", who=access.anyone, takes=schemas.ShownIn, gives=schemas.JudgedOut)
def verify(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """What a shown credential is worth: a JWT, a short token, or the whole link of a QR code."""
    return queries.judged(tx, payload["token"])


@blp.get("/credentials/status/<int:number>", who=access.anyone, tagged=True, sends="application/vc+jwt")
def status_list(tx: Session, actor: Actor, number: int) -> Response:
    """A Bitstring Status List, signed (application/vc+jwt): which credentials were revoked."""
    answer = Response(queries.status_list(tx, number), mimetype="application/vc+jwt")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@blp.get("/credentials/keys", who=access.anyone, gives=schemas.KeysOut, tagged=True)
def keys(tx: Session, actor: Actor) -> Dict:
    """The public keys (JWKS, RFC 7517) of credentials, those of before a rotation too."""
    return {"keys": [writing.jwk(version, public) for version, public in sorted(queries.keys(tx).items())]}


@blp.get("/me/credentials", who=access.residents, query=PageQuery, gives=page_of(schemas.HeldOut))
def mine(tx: Session, actor: Actor, query: Dict) -> Page:
    """One's own credentials, to hand on."""
    return queries.held(tx, actor.person, query["page"])


@blp.get("/me/credentials/<uuid:credential_id>/qr", who=access.residents, sends="image/svg+xml")
def qr(tx: Session, actor: Actor, credential_id: UUID) -> Response:
    """The QR code (SVG) of one's own credential."""
    found = queries.held_credential(tx, actor.person, credential_id)
    return Response(writing.qr_svg(found.link), mimetype="image/svg+xml")


@blp.post(
    "/staff/credentials/<uuid:credential_id>/revoke",
    who=may("revoke"),
    takes=schemas.RevokeIn,
    gives=schemas.CredentialOut,
)
def revoke(tx: Session, actor: Actor, payload: Dict, credential_id: UUID) -> Dict:
    """End a credential, and say why."""
    found: Credential = actions.revoke(tx, actor, credential_id, payload["reason"])
    return queries.credential(tx, found.id)


def _varying(answer: Response) -> Response:
    answer.headers.add("Vary", "Accept")
    return answer
