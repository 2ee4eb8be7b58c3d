"""Who may vouch for people: the `[[provider]]` tables of the file that `sign_on.file` names, checked at start."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from asimati.kit.errors import NotFound
from asimati.settings import SettingsError, filled, settings

# Asymmetric ones alone: with a shared secret whoever verifies could also sign, and "none" is no signature.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
RESIDENTS, STAFF = "residents", "staff"
CLAIMS = ("number", "name_ar", "name_latin", "birth_date", "sex", "phone", "email")
LOCAL = "LOCAL_SIGN_ON"  # where the supervisor of a development house says its provider stands
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Level(StrEnum):
    """What a provider's word can be worth."""

    STANDARD = "standard"
    ADVANCED = "advanced"


class Method(StrEnum):
    """How an app may prove that it is the one that began (RFC 7636); `plain` would prove nothing."""

    S256 = "S256"


LEVELS = tuple(Level)


@dataclass(frozen=True)
class Provider:
    """One provider, as the operator describes it. `claims` and `levels` say how its words are ours."""

    name: str
    title: Mapping[str, str]
    serves: str  # residents or staff
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    authentication: str = "basic"  # or "post"
    scopes: Sequence[str] = ("openid", "profile")
    algorithms: Sequence[str] = ("RS256",)
    hosts: Sequence[str] = ()  # other hosts (with their port, if it is no usual one) it may name as its own
    private: bool = False  # it stands inside the operator's network
    userinfo: bool = False  # some claims stand in its userinfo alone
    local: bool = False  # there only where the supervisor runs it
    claims: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Any] = field(default_factory=dict)
    second_factor: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def callback(self) -> str:
        """The address registered with the provider."""
        return f"{settings().base_url}/api/v1/auth/oidc/{self.name}/callback"

    def may_call(self, url: str) -> bool:
        """Whether an address is the provider's own: its host is the issuer's or one the operator named."""
        try:
            parts, issuer = urlsplit(url), urlsplit(self.issuer)
        except ValueError:
            return False
        plain = self.local and parts.scheme == "http" and issuer.scheme == "http"
        return (
            (parts.scheme == "https" or plain)
            and not parts.username
            and not parts.fragment
            and parts.netloc in {issuer.netloc, *self.hosts}
        )

    @property
    def gives(self) -> list[Level]:
        """The levels of assurance it can give a resident."""
        named = {*self.levels, self.levels.get("otherwise")}
        return [level for level in LEVELS if level in named] if self.serves == RESIDENTS else []

    def level_of(self, claims: Mapping[str, Any]) -> str | None:
        """What its word is worth to us; None where the operator said that it is worth nothing."""
        said = claims.get(self.levels.get("claim", "acr"))
        values = (
            {str(one) for one in said} if isinstance(said, list) else {str(said)} if said is not None else set()
        )
        return next(
            (level for level in reversed(LEVELS) if values & set(self.levels.get(level, ()))),
            self.levels.get("otherwise") or None,
        )

    def is_second_factor(self, claims: Mapping[str, Any]) -> bool:
        """Whether it says that it asked for more than a password, in words the operator named."""
        methods = claims.get("amr")
        listed = {str(one) for one in methods} if isinstance(methods, list) else set()
        return bool(
            listed & set(self.second_factor.get("amr", ()))
            or str(claims.get("acr")) in set(self.second_factor.get("acr", ()))
        )


def providers() -> Mapping[str, Provider]:
    """The providers by name, in the order of the file. Raises SettingsError for an unsound file."""
    return _listed(settings().sign_on.file)


def named(name: str) -> Provider:
    """The provider of this name. Raises NotFound."""
    if (found := providers().get(name)) is None:
        raise NotFound
    return found


@cache
def _listed(file: str) -> Mapping[str, Provider]:
    if not file:
        return {}
    path = settings().config / file
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        there = [one for one in tables if not one.get("local") or LOCAL in os.environ]
        made = [_checked(Provider(**filled(one))) for one in there]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as fault:
        raise SettingsError(f"{path}: {type(fault).__name__} {fault}") from None
    if len({one.name for one in made}) < len(made):
        raise SettingsError(f"{path}: two providers have one name.")
    return {one.name: one for one in made}


def _checked(one: Provider) -> Provider:
    """The provider. Raises ValueError with what is wrong with it."""
    if one.local and settings().profile == "production":
        raise ValueError(f"{one.name}: a local provider vouches for anybody; production must not have it")
    faults = [
        (not _NAME.fullmatch(one.name), "a name has small letters, digits and hyphens"),
        (set(one.title) != {"ar", "en"}, "the title is needed in both languages"),
        (one.serves not in (RESIDENTS, STAFF), "it serves residents or staff"),
        (not one.may_call(one.issuer) or bool(urlsplit(one.issuer).query), "the issuer is an https address"),
        (one.authentication not in ("basic", "post"), "authentication is basic or post"),
        ("openid" not in one.scopes, "the scope openid is needed"),
        (not one.algorithms or bool({*one.algorithms} - ALGORITHMS), f"algorithms: {sorted(ALGORITHMS)}"),
        (not set(CLAIMS).issuperset(one.claims), f"claims are of {CLAIMS}"),
        (not {"claim", "otherwise", *LEVELS}.issuperset(one.levels), f"levels are {LEVELS}"),
        (one.levels.get("otherwise") not in (None, "", *LEVELS), f"otherwise is one of {LEVELS}"),
        (one.serves == RESIDENTS and not set(LEVELS) & set(one.levels) and not one.levels.get("otherwise"),
         "say which of its levels are worth what"),
    ]  # fmt: skip
    for wrong, words in faults:
        if wrong:
            raise ValueError(f"{one.name}: {words}")
    return one
