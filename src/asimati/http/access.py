"""Who may enter a route. What they may do and see inside is the feature's policy.

Every route must say who may enter; the decorator of `routes.Blueprint` has no default, so none is born open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request
from sqlalchemy.orm import Session

from asimati.http import limits, locale
from asimati.kit.errors import Forbidden, Unauthenticated
from asimati.kit.policy import ANONYMOUS, Actor, Role
from asimati.kit.words import _
from asimati.settings import settings

EXTENSION = "asimati.identify"
KEYS = "asimati.keys"  # a partner's key that may do something → its id and its requests a minute
KEY_HEADER = "X-API-Key"
UNATTENDED = "X-Unattended"  # a page asks by itself: nobody need be there, and nobody is seen


class SecondFactorNeeded(Forbidden):
    slug = "second-factor-needed"
    title = _("A second proof of who you are is needed")
    detail = _("Set up an authenticator app or a passkey first, and sign in with it.")


class PasswordToChoose(Forbidden):
    slug = "password-to-choose"
    title = _("Choose a password of your own first")
    detail = _("The one you signed in with was told to you, so somebody else may know it.")


@dataclass(frozen=True)
class Who:
    """The kinds of actors a route lets in; of the staff all, or those who hold one of some roles."""

    name: str
    kinds: frozenset[str]
    roles: frozenset[Role] | None = None
    # Open to staff who have yet to choose their password or set up their second factor: to do it, and to sign out.
    setting_up: bool = False
    # What a key of a partner's system must be for to be taken where one reads; None: no key is looked at.
    key: str | None = None

    def lets_in(self, actor: Actor) -> bool:
        """Whether somebody of this kind, with one of these roles, may enter."""
        return actor.kind in self.kinds and (
            not actor.is_staff or self.roles is None or bool(self.roles & actor.roles)
        )


def staff_who(table: Mapping[str, frozenset[Role]], deed: str) -> Who:
    """Staff with a role that stands beside the deed: `may = partial(staff_who, policy.MAY)`, `who=may("claim")`."""
    return staff_with(table[deed])


def staff_with(roles: Iterable[Role], *, and_residents: bool = False) -> Who:
    """Staff who hold one of these roles; with `and_residents`, residents too."""
    allowed = frozenset(roles)
    kinds = {"staff", "resident"} if and_residents else {"staff"}
    return Who(" | ".join([*(["residents"] if and_residents else []), *sorted(allowed)]), frozenset(kinds), allowed)


def keys_for(scope: str) -> Who:
    """Partners' systems alone, whose keys are for this; the actor's id is then the key's."""
    return Who(f"keys for {scope}", frozenset({"key"}), key=scope)


anyone = Who("anyone", frozenset({"anonymous", "resident", "staff"}), key="figures.read")
residents = Who("residents", frozenset({"resident"}))
staff = Who("staff", frozenset({"staff"}))
people = Who("people", frozenset({"resident", "staff"}))
signing_in = Who("people", frozenset({"resident", "staff"}), setting_up=True)
staff_signing_in = Who("staff", frozenset({"staff"}), setting_up=True)


def admit(tx: Session, who: Who, cost: str) -> Actor:
    """The actor behind the request, if the route lets them in. Raises Unauthenticated, Forbidden or TooMany.

    Whoever is admitted twice (before a file is read, and again for the work) is counted once.

    A token that is not valid any more is refused on public routes too: the app then knows to refresh it.
    """
    token = bearer()
    if (secret := _key_of(who, token)) is not None:
        g.actor = actor = _by_key(tx, who, secret)
    else:
        g.actor = actor = ANONYMOUS if token is None else _by_token(tx, token)
        locale.follow(actor)
        _once(limits.count, actor, cost)
    if not who.lets_in(actor):
        raise Unauthenticated if actor is ANONYMOUS else Forbidden
    if actor.told and not who.setting_up:
        raise PasswordToChoose
    if actor.is_staff and not (who.setting_up or actor.assured(_proof_of_staff())):
        raise SecondFactorNeeded
    return actor


def _by_token(tx: Session, token: str) -> Actor:
    """Whoever a token was made for. Raises Unauthenticated, or a refusal of its own kind; TooMany past a number."""
    try:
        found: Actor | None = current_app.extensions[EXTENSION](tx, token, attended=is_attended())
    except Unauthenticated:
        limits.count_refused(token)
        raise
    if found is None:
        limits.count_refused(token)
        raise Unauthenticated
    return found


def is_attended() -> bool:
    """Whether somebody asks, and not a page that keeps itself up to date."""
    return UNATTENDED not in request.headers


def takes_key(who: Who, method: str) -> bool:
    """Whether a route looks at a partner's key: partners' systems read, and change nothing."""
    return who.key is not None and method == "GET"


def spend(tx: Session, who: Who, cost: str) -> None:
    """Admit the caller, and count a request that costs much where nothing is forgotten. Raises TooMany.

    A partner's key has a limit of its own, by the minute.
    """
    actor = admit(tx, who, cost)
    if _key_of(who, bearer()) is None:
        limits.spend(tx, actor, cost)


def _once(count: Callable[..., None], *what: Any) -> None:
    if not g.get("counted"):
        g.counted = True
        count(*what)


def _key_of(who: Who, token: str | None) -> str | None:
    return request.headers.get(KEY_HEADER) if token is None and takes_key(who, request.method) else None


def _by_key(tx: Session, who: Who, secret: str) -> Actor:
    """Whoever reads with a key, counted against it and not against their address; what is open to all they read as
    anybody would. Raises Unauthenticated, TooMany.
    """
    found = current_app.extensions[KEYS](tx, secret[:200], who.key)
    if found is None:
        limits.count_refused()
        raise Unauthenticated
    _once(limits.count_key, *found)
    return ANONYMOUS if ANONYMOUS.kind in who.kinds else Actor("key", found[0])


def _proof_of_staff() -> str:
    return "advanced" if settings().staff.second_factor else "anonymous"


def bearer() -> str | None:
    """The bearer token of the request; None without an Authorization header."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _gap, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 4096:
        limits.count_refused()
        raise Unauthenticated
    return token
