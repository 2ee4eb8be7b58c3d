"""Signing in at once, for demonstrations and load: never registered in production."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from asimati.accounts import actions, schemas
from asimati.accounts.actions.codes import phone_of
from asimati.accounts.models import StaffMember
from asimati.http import access
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.policy import Actor
from asimati.kit.words import _

blp = Blueprint("dev_accounts", __name__, url_prefix="/dev", description="Development profile only")


@blp.post("/sign-in", who=access.anyone, takes=schemas.DevSignIn, gives=schemas.TokensOut, refuses=[NotFound])
def sign_in(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Tokens at once, by phone or by a member of staff's e-mail."""
    if email := payload.get("email"):
        member = tx.scalar(select(StaffMember).where(StaffMember.email == email.lower()))
        if member is None:
            raise NotFound
        return actions.start_session(tx, staff=member.id, assurance="advanced", method="development")
    if phone := payload.get("phone"):
        person = actions.ensure_person(tx, phone_of(phone))
        return actions.start_session(tx, person=person.id, method="development")
    raise Invalid([("/phone", _("Say a phone or an e-mail."))])


@blp.post("/messages", who=access.anyone, takes=schemas.DevMessage)
def message(tx: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """As if a telephone had sent a text message to our number."""
    actions.code_arrived(tx, payload["phone"], payload["text"])
