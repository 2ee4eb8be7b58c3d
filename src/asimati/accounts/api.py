"""Routes of signing in, and of one's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.accounts import actions, queries, rules, schemas
from asimati.accounts.calendar import Overlaps
from asimati.accounts.refusals import (
    BirthDateProved,
    CodeExpired,
    CodesSpent,
    FactorAsked,
    MessageAwaited,
    NoCodesThere,
    NoMessagesTaken,
    PersonalNumberProved,
    PersonalNumberTaken,
    RefreshRefused,
    SessionLocked,
    TooManyTries,
    WrongCode,
    WrongFactor,
    WrongPassword,
)
from asimati.http import access, limits
from asimati.http.pages import PageQuery, page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.routes import Blueprint
from asimati.kit import audit, words
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.settings import settings

blp = Blueprint("accounts", __name__, description="Signing in, and one's own account")
audit.SUBJECTS["session"] = _("your sign-in")
codes_sent = queries.codes_sent
CONSTRAINTS["engagement_no_overlap"] = Overlaps
CONSTRAINTS["person_cpr_index_key"] = PersonalNumberTaken


@blp.post(
    "/auth/otp",
    who=access.anyone,
    takes=schemas.CodeIn,
    gives=schemas.CodeOut,
    status=202,
    refuses=[NoCodesThere, CodesSpent],
)
def request_code(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask for a one-time code by text message.

    The answer is the same whether or not the telephone is known. Another code may be asked for after
    `resend_after`, and ends the one before. Where the 429 says `by_message`, offer `POST /auth/otp/by-message`.
    """
    made, again = actions.request_code(
        tx, payload["phone"], limits.address_block(), words.language(), payload["device_token"], payload["sign_on"]
    )
    return {"id": made.id, "expires_at": made.expires_at, "resend_after": again}


@blp.post(
    "/auth/otp/by-message",
    who=access.anyone,
    takes=schemas.AwaitIn,
    gives=schemas.AwaitOut,
    status=202,
    refuses=[NoCodesThere, NoMessagesTaken],
)
def await_code(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask for a code that one's own telephone sends to us: nobody else can use up how often.

    Let the person send `text`, in their language, to `send_to` from the telephone they named (an `sms:` link opens
    it written), then give `code` to `POST /auth/otp/verify`, every few seconds while it says `message-awaited`.
    """
    made, code = actions.await_code(tx, payload["phone"], limits.address_block(), words.language())
    told = {"id": made.id, "code": code, "expires_at": made.expires_at}
    return told | {"send_to": settings().codes.message_to, "text": rules.message_to_send(code)}


@blp.post(
    "/auth/otp/verify",
    who=access.anyone,
    takes=schemas.VerifyIn,
    gives=schemas.CodeTokensOut,
    refuses=[WrongCode, CodeExpired, MessageAwaited],
)
def verify_code(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Exchange a one-time code for tokens.

    The access token goes into `Authorization: Bearer …`; the account is made by the first sign-in. Send an
    Idempotency-Key, so that an answer that was lost can be asked for again: a code is good once.
    """
    return actions.verify_code(tx, **payload)


@blp.post(
    "/auth/refresh",
    who=access.anyone,
    takes=schemas.RefreshIn,
    gives=schemas.TokensOut,
    refuses=[RefreshRefused, SessionLocked],
)
def refresh(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for the next pair.

    A refresh token is good once: keep the new one before using it. Where no answer came, repeat the request with
    the same Idempotency-Key (for a day), or without one within half a minute. A used token that comes later ends
    the sign-in, for then two may hold it. 401 `refresh-refused`: sign in anew.
    """
    password = payload.get("password")
    if password is not None:
        limits.check("sign_in", limits.address_block())
    return actions.refresh(
        tx,
        payload["refresh_token"],
        lambda staff: bool(password) and actions.is_password(tx, staff, password or ""),
    )


@blp.post("/auth/logout", who=access.signing_in)
def sign_out(tx: Session, actor: Actor) -> None:
    """End this sign-in."""
    actions.sign_out(tx, actor)


@blp.get("/auth/sessions", who=access.signing_in, query=PageQuery, gives=page_of(schemas.SessionOut))
def sessions(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Where one is signed in."""
    return queries.sessions(tx, actor, query["page"])


@blp.delete("/auth/sessions/<uuid:session_id>", who=access.signing_in)
def end_session(tx: Session, actor: Actor, session_id: UUID) -> None:
    """End one of one's own sign-ins, at once."""
    actions.end_session(tx, actor, session_id)


@blp.delete("/auth/sessions", who=access.signing_in)
def end_other_sessions(tx: Session, actor: Actor) -> None:
    """End all of one's own sign-ins but this one."""
    actions.end_other_sessions(tx, actor)


@blp.post(
    "/auth/staff",
    who=access.anyone,
    takes=schemas.StaffSignIn,
    gives=schemas.TokensOut,
    refuses=[WrongPassword, FactorAsked, WrongFactor, TooManyTries],
)
def sign_in_staff(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Sign a member of staff in."""
    limits.check("sign_in", limits.address_block())
    return actions.sign_in_staff(tx, payload["email"], payload["password"], payload.get("totp"))


@blp.get("/me", who=access.residents, gives=schemas.ProfileOut, tagged=True)
def me(tx: Session, actor: Actor) -> dict[str, Any]:
    """One's own profile."""
    return _profile(tx, actor)


@blp.patch(
    "/me",
    who=access.residents,
    takes=schemas.ProfileIn,
    gives=schemas.ProfileOut,
    refuses=[PersonalNumberTaken, PersonalNumberProved, BirthDateProved],
)
def edit_me(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None) -> dict[str, Any]:
    """Correct one's own profile."""
    actions.edit_profile(tx, actor, version, payload)
    return _profile(tx, actor)


@blp.get("/me/preferences", who=access.residents, gives=schemas.PreferencesOut, tagged=True)
def preferences(tx: Session, actor: Actor) -> dict[str, Any]:
    """How one is told things."""
    return _preferences(tx, actor)


@blp.put(
    "/me/preferences",
    who=access.residents,
    takes=schemas.PreferencesIn,
    gives=schemas.PreferencesOut,
    needs_match=True,
)
def prefer(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None) -> dict[str, Any]:
    """Choose how one is told things."""
    actions.prefer(tx, actor, version, payload)
    return _preferences(tx, actor)


@blp.put("/me/devices/<installation_id>", who=access.residents, takes=schemas.DeviceIn)
def put_device(tx: Session, actor: Actor, payload: dict[str, Any], installation_id: str) -> None:
    """Register an installation of the app for push messages."""
    actions.put_device(tx, actor, installation_id, **payload)


@blp.delete("/me/devices/<installation_id>", who=access.residents)
def drop_device(tx: Session, actor: Actor, installation_id: str) -> None:
    """Forget an installation of the app."""
    actions.drop_device(tx, actor, installation_id)


@blp.get("/me/access-log", who=access.residents, query=PageQuery, gives=page_of(schemas.AccessOut))
def access_log(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Who of the staff opened or changed one's file."""
    return queries.access_log(tx, actor.person, query["page"])


def _profile(tx: Session, actor: Actor) -> dict[str, Any]:
    return queries.profile_of(tx, actor.person) | {"assurance": actor.assurance}


def _preferences(tx: Session, actor: Actor) -> dict[str, Any]:
    return queries.preference_of(tx, actor.person) | {"language": queries.language_of(tx, actor.person)}
