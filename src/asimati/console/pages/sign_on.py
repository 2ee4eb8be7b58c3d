"""Signing in with the account of one's work (docs/sign-on.md): there, back, and our second factor if it is asked.

The page is the app here: its verifier stands in a sealed cookie of this browser, so that a code that somebody else
brings, or brings to somebody else, opens nothing.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets as random
import time
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from asimati.accounts.refusals import FactorAsked, SignOnRefused, TooManyTries, WrongFactor
from asimati.accounts.sign_on.attempts import CONSOLE_RETURN
from asimati.console import session
from asimati.console.asking import Answer, ask, need
from asimati.console.frame import blp, inside, page
from asimati.http import cookies, problems
from asimati.kit import secrets
from asimati.kit.words import _
from asimati.settings import settings

COOKIE = "asimati_console_sign_on"
_PURPOSE = "console-sign-on"
_ASKED = {FactorAsked.slug, WrongFactor.slug, TooManyTries.slug}


def staff_providers() -> list[Mapping[str, Any]]:
    """The providers that vouch for the governorate's staff; none where none is set up."""
    return [one for one in need("/auth/oidc")["items"] if one["serves"] == "staff"]


def sign_in_page(refused: Answer | None, email: str) -> str:
    """The page one signs in on, with what was wrong before."""
    return page(
        "sign_in.html", title=_("Sign in"), refused=refused, email=email,
        next=inside(request.args.get("next")), providers=staff_providers(),
    )  # fmt: skip


@blp.get("/sign-in/with/<provider>")
def sign_on(provider: str) -> AnyResponse:
    """To the provider. What this browser has to know when it comes back, it takes along.

    A link on another site leads to our sign-in page: nobody is signed in who did not ask for it here.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return redirect(url_for("console.sign_in", next=inside(request.args.get("next"))))
    kept = {
        "verifier": random.token_urlsafe(48),
        "state": random.token_urlsafe(24),
        "next": inside(request.args.get("next")),
        "until": time.time() + settings().sign_on.attempt,
    }
    query = {
        "redirect_uri": settings().base_url + CONSOLE_RETURN,
        "code_challenge": create_s256_code_challenge(kept["verifier"]),
        "state": kept["state"],
    }
    response = redirect(url_for("sign_on.start", provider=provider, **query))
    sealed = base64.urlsafe_b64encode(secrets.seal(json.dumps(kept), _PURPOSE)).decode()
    cookies.write(response, COOKIE, sealed, path="/console", seconds=settings().sign_on.attempt)
    return response


@blp.get("/sign-in/back")
def sign_on_back() -> Any:
    """Back from the provider, with a code or without."""
    kept = _kept()
    if kept is None or not hmac.compare_digest(str(kept["state"]), request.args.get("state", "")):
        return _refused(_refusal())
    if "code" not in request.args:
        return _refused(_refusal())
    return _fetched(kept, request.args["code"], {})


@blp.post("/sign-in/back", endpoint="sign_on_factor")
def sign_on_factor() -> Any:
    """Our own second factor, where the provider's is not enough."""
    if (kept := _kept()) is None:
        return _refused(_refusal())
    return _fetched(kept, request.form.get("code", ""), {"totp": request.form.get("totp", "")})


def _fetched(kept: Mapping[str, Any], code: str, more: Mapping[str, str]) -> Any:
    payload = {"code": code, "code_verifier": kept["verifier"], **{key: text for key, text in more.items() if text}}
    answer = ask("POST", "/auth/oidc/token", payload=payload)
    if answer.slug in _ASKED:
        return page("sign_on_factor.html", title=_("Sign in"), refused=answer, code=code), answer.status
    if not answer.ok:
        return _refused(answer)
    session.begin(answer)
    response = redirect(kept["next"], 303)
    cookies.clear(response, COOKIE, path="/console")
    return response


def _kept() -> dict[str, Any] | None:
    """What this browser took along, if it is still good."""
    try:
        sealed = base64.urlsafe_b64decode(cookies.read(COOKIE))
        kept: dict[str, Any] = json.loads(secrets.unseal(sealed, _PURPOSE))
    except (secrets.Unsealable, ValueError):
        return None
    return kept if kept["until"] > time.time() else None


def _refusal() -> Answer:
    problem = problems.answer(SignOnRefused())
    return Answer(problem.status_code, problem.get_json(), None, problem)


def _refused(answer: Answer) -> tuple[str, int]:
    """The sign-in page, which says that it did not succeed."""
    return sign_in_page(answer, ""), answer.status
