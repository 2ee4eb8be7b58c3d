"""Who may enter a route. What they may do and see inside is the feature's policy.

Every route must say who may enter; the decorator of `routes.Blueprint` has no default, so none is born open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, request
from sqlalchemy.orm import Session

from asimati.http import limits, locale
from asimati.kit.errors import Forbidden, Unauthenticated
from asimati.kit.policy import ANONYMOUS, Actor

Identify = Callable[[Session, str], Actor | None]
EXTENSION = "asimati.identify"


@dataclass(frozen=True)
class Who:
    """The kinds of actors a route lets in."""

    name: str
    kinds: frozenset[str]


anyone = Who("anyone", frozenset({"anonymous", "resident", "staff"}))
residents = Who("residents", frozenset({"resident"}))
staff = Who("staff", frozenset({"staff"}))
people = Who("people", frozenset({"resident", "staff"}))


def admit(tx: Session, who: Who) -> Actor:
    """The actor behind the request, if the route lets them in. Raises Unauthenticated or Forbidden.

    A token that is not valid any more is refused on public routes too: the app then knows to refresh it.
    """
    token = bearer()
    actor = ANONYMOUS
    if token is not None:
        found = current_app.extensions[EXTENSION](tx, token)
        if found is None:
            raise Unauthenticated
        actor = found
    g.actor = actor
    locale.follow(actor)
    limits.count(actor)
    if actor.kind not in who.kinds:
        raise Unauthenticated if actor is ANONYMOUS else Forbidden
    return actor


def bearer() -> str | None:
    """The bearer token of the request; None without an Authorization header."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 4096:
        raise Unauthenticated
    return token
