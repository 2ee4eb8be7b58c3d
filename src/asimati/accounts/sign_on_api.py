"""Routes of sign-on by a provider: there, back, and the app's tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, request

from asimati.accounts import actions
from asimati.accounts import sign_on_schemas as schemas
from asimati.accounts.refusals import (
    AnotherPersonalNumber,
    CodeExpired,
    FactorAsked,
    HasPhone,
    NoSuchReturn,
    PersonalNumberTaken,
    PhoneTaken,
    ProofTooOld,
    SignOnAway,
    SignOnRefused,
    TooManyTries,
    WrongCode,
    WrongFactor,
)
from asimati.accounts.schemas import TokensOut
from asimati.accounts.sign_on import attempts
from asimati.accounts.sign_on.attempts import Attempt
from asimati.accounts.sign_on.providers import Provider, named, providers
from asimati.http import access, cookies, limits
from asimati.http.problems import CONSTRAINTS
from asimati.http.routes import Blueprint
from asimati.kit import words
from asimati.kit.db import Session, transaction
from asimati.kit.errors import Invalid, Refusal
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.settings import settings

blp = Blueprint("sign_on", __name__, description="Sign-on by a national or a staff's provider (OpenID Connect)")
CONSTRAINTS["person_phone_index_key"] = PhoneTaken


@blp.get("/auth/oidc", who=access.anyone, gives=schemas.ProvidersOut)
def ways(tx: Session, actor: Actor) -> dict[str, Any]:
    """The providers one can sign on with, and what each is good for."""
    return {
        "items": [
            {"name": one.name, "title": one.title, "serves": one.serves, "levels": one.gives}
            for one in providers().values()
        ]
    }


@blp.get(
    "/auth/oidc/<provider>/start",
    who=access.anyone,
    query=schemas.StartQuery,
    status=302,
    refuses=[NoSuchReturn, SignOnAway, SignOnRefused],
)
def start(tx: Session, actor: Actor, query: dict[str, Any], provider: str) -> Response:
    """Open this in the system's browser: it goes on to the provider, and comes back to `redirect_uri`.

    There it says `?code=…&state=…`, or `?error=…&state=…`. The code is good once, with the verifier of
    `code_challenge`, at `POST /auth/oidc/token`.
    """
    chosen, level = named(provider), query.get("level")
    if missing := [name for name in ("redirect_uri", "code_challenge") if not query.get(name)]:
        raise Invalid([(f"/{name}", _("This is required.")) for name in missing])
    begun = attempts.begin(chosen, query["redirect_uri"], query["code_challenge"], query["state"], level)
    return _sent(attempts.address(chosen, begun, level, words.language()), begun.sealed())


@blp.get("/auth/oidc/<provider>/callback", who=access.anyone, status=302, refuses=[SignOnRefused])
def callback(tx: Session, actor: Actor, provider: str) -> Response:
    """Where the provider sends the browser back to (registered with it); never called by an app.

    Everything the provider says is judged before anything of ours is written, and while it is asked no connection
    to the database is held.
    """
    chosen, told = named(provider), {name: value[:4000] for name, value in request.args.items()}
    limits.check("sign_in", limits.address_block())
    begun = attempts.resumed(chosen, cookies.read(attempts.COOKIE), told.get("state", ""))
    try:
        identity = attempts.finished(chosen, begun, told)
        with transaction() as own:
            return _sent(begun.back(code=actions.keep_identity(own, begun, identity)), "")
    except (SignOnRefused, SignOnAway) as refusal:
        return _sent_off(chosen, begun, refusal)


@blp.post(
    "/auth/oidc/token",
    who=access.anyone,
    takes=schemas.FetchIn,
    gives=TokensOut,
    refuses=[
        SignOnRefused, AnotherPersonalNumber, PersonalNumberTaken, ProofTooOld, FactorAsked, WrongFactor,
        TooManyTries,
    ],
)  # fmt: skip
def fetch_tokens(tx: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Exchange the code of a sign-on for tokens.

    A resident who sends their access token along keeps their account and has its level raised.
    """
    limits.check("sign_in", limits.address_block())
    return actions.fetch_tokens(tx, actor, payload["code"], payload["code_verifier"], payload.get("totp"))


@blp.post(
    "/me/phone",
    who=access.residents,
    takes=schemas.PhoneIn,
    refuses=[ProofTooOld, HasPhone, PhoneTaken, CodeExpired, WrongCode],
)
def add_phone(tx: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Give an account that has none its telephone, by the code sent there (`POST /auth/otp`)."""
    actions.add_phone(tx, actor, **payload)


def _sent(address: str, cookie: str) -> Response:
    """The browser goes on, with what it has to remember; an empty cookie is taken away."""
    response = Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
    seconds = settings().sign_on.attempt if cookie else 0
    cookies.write(response, attempts.COOKIE, cookie, path=attempts.PATH, seconds=seconds)
    return response


def _sent_off(provider: Provider, begun: Attempt, refusal: Refusal) -> Response:
    """Back to the app without a code: why is told in a word, and noted."""
    reason = str(refusal.facts.get("reason", "away"))
    with transaction() as own:
        actions.note_refusal(own, provider, reason)
    error = {"declined": "access_denied"}.get(reason, refusal.slug)
    return _sent(begun.back(error=quote(error)), "")
