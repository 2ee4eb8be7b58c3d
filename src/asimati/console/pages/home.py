"""Signing in and out, the language, and the first page: what waits for me today."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, redirect, request, url_for

from asimati.console import session
from asimati.console.asking import Answer, ask, listed
from asimati.console.forms import form_of
from asimati.console.frame import LANGUAGE, back, blp, page
from asimati.kit import clock, words
from asimati.kit.words import _


@blp.get("/sign-in")
def sign_in() -> Any:
    """The sign-in page; whoever is signed in goes on."""
    if g.staff is not None:
        return redirect(url_for("console.home"))
    return _sign_in(None, "")


@blp.post("/sign-in", endpoint="sign_in_now")
def sign_in_now() -> Any:
    """Sign in by e-mail, password and, for whoever has one, the second factor's code."""
    answer = ask("POST", "/auth/staff", payload=form_of("email", "password", "totp"))
    if not answer.ok:
        return _sign_in(answer, request.form.get("email", "")), answer.status
    session.open_with(answer)
    return redirect(_inside(request.args.get("next")), 303)


def _sign_in(refused: Answer | None, email: str) -> str:
    after = _inside(request.args.get("next"))
    return page("sign_in.html", title=_("Sign in"), refused=refused, email=email, next=after)


@blp.get("/locked")
def locked() -> Any:
    """The screen of somebody who was away: the password opens it again."""
    return page(
        "locked.html", title=_("You were away for a while"), refused=None, next=_inside(request.args.get("next"))
    )


@blp.post("/locked", endpoint="unlock")
def unlock() -> Any:
    """Go on where one was."""
    answer = session.unlock(request.form.get("password", ""))
    after = _inside(request.args.get("next"))
    if answer is None:
        return redirect(url_for("console.sign_in", next=after), 303)
    if answer.ok:
        return redirect(after, 303)
    return page("locked.html", title=_("You were away for a while"), refused=answer, next=after), answer.status


@blp.post("/sign-out")
def sign_out() -> Any:
    """End this sign-in."""
    session.close()
    return back("sign_in")


@blp.post("/language")
def set_language() -> Any:
    """Show the pages in the other language."""
    response = redirect(_inside(request.form.get("next")), 303)
    chosen = words.as_language(request.form.get("language"))
    response.set_cookie(LANGUAGE, chosen, path="/console", max_age=31_536_000, samesite="Lax", httponly=True)
    return response


@blp.get("/")
def home() -> str:
    """Today's numbers, each a link to the work behind it."""
    today = clock.local_day(clock.utcnow())
    events = listed("/staff/events", day=today.isoformat(), status="published", limit=50)
    return page(
        "home.html",
        title=_("Today"),
        today=today,
        queues=listed("/staff/queues"),
        events=events,
        goals=listed("/impact/goals"),
    )


@blp.get("/counts")
def counts() -> Response:
    """The queues' counts, for the badges that keep themselves up to date."""
    return jsonify({queue["name"]: queue["count"] for queue in listed("/staff/queues")})


def _inside(target: str | None) -> str:
    """A path of the console to go on to; the first page for anything else."""
    return target if target and target.startswith("/console/") and "\\" not in target else url_for("console.home")
