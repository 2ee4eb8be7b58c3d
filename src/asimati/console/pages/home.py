"""Signing in and out, the language, and the first page: what waits for me today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, g, jsonify, redirect, request, url_for

from asimati.console import session, showing
from asimati.console.asking import Answer, ask, listed, need
from asimati.console.forms import form_of, secret_of
from asimati.console.frame import LANGUAGE, back, blp, inside, page
from asimati.console.pages.sign_on import sign_in_page, staff_providers
from asimati.events.rules import DOORS_OPEN
from asimati.http import cookies
from asimati.kit import clock, words
from asimati.kit.words import _


@blp.get("/sign-in")
def sign_in() -> Any:
    """The sign-in page; whoever is signed in goes on."""
    if g.staff is not None:
        return redirect(url_for("console.home"))
    return sign_in_page(None, "")


@blp.post("/sign-in", endpoint="sign_in_now")
def sign_in_now() -> Any:
    """Sign in by e-mail, password and, for whoever has one, the second factor's code."""
    answer = ask("POST", "/auth/staff", payload=form_of("email", "totp") | secret_of("password"))
    if not answer.ok:
        return sign_in_page(answer, request.form.get("email", "")), answer.status
    session.begin(answer)
    return redirect(inside(request.args.get("next")), 303)


@blp.get("/locked")
def locked() -> Any:
    """The screen of somebody who was away: the password opens it again."""
    return _locked(None)


@blp.post("/locked", endpoint="unlock")
def unlock() -> Any:
    """Go on where one was."""
    answer = session.unlock(request.form.get("password", ""))
    after = inside(request.args.get("next"))
    if answer is None:
        return redirect(url_for("console.sign_in", next=after), 303)
    if answer.ok:
        return redirect(after, 303)
    return _locked(answer), answer.status


def _locked(refused: Answer | None) -> str:
    after = inside(request.args.get("next"))
    title = _("You were away for a while")
    return page("locked.html", title=title, refused=refused, next=after, providers=staff_providers())


@blp.post("/sign-out")
def sign_out() -> Any:
    """End this sign-in."""
    return session.close(back("sign_in"))


@blp.post("/language")
def set_language() -> Any:
    """Show the pages in the other language."""
    response = redirect(inside(request.form.get("next")), 303)
    chosen = words.as_language(request.form.get("language"))
    cookies.write(response, LANGUAGE, chosen, path="/console", seconds=31_536_000)
    return response


@blp.get("/")
def home() -> str:
    """Today's numbers, each a link to the work behind it."""
    waiting = listed("/staff/queues")
    first = [queue for name in _FIRST for queue in waiting if queue["name"] == name]
    today = _doors_of_today()
    doors = None if today is None else sum(open for _event, open in today)
    return page(
        "home.html",
        title=_("Today"),
        today=clock.local_day(clock.utcnow()),
        told=need("/staff/notices", unread=True, limit=5)["items"],
        first=first,
        rest=[queue for queue in waiting if queue not in first],
        most=max([*(queue["count"] for queue in waiting), doors or 0], default=0),
        doors=doors,
        events=today,
        goals=listed("/impact/goals"),
    )


@blp.get("/counts")
def counts() -> Response:
    """The queues' counts and the doors open now, for the badges that keep themselves up to date."""
    found = {queue["name"]: queue["count"] for queue in listed("/staff/queues")}
    if "doors" in request.args and (today := _doors_of_today()) is not None:
        found["doors"] = sum(open for _event, open in today)
    return jsonify(found)


_FIRST = ("mine", "overdue", "hours")  # the numbers one looks at first


def _doors_of_today() -> list[tuple[Any, bool]] | None:
    """Today's events, each with whether its door is open now; None for whoever has nothing to do with doors."""
    now = clock.utcnow()
    query = {"day": clock.local_day(now).isoformat(), "status": "published", "limit": 100}
    answer = ask("GET", "/staff/events", query=query)
    if not answer.ok:
        return None
    return [(event, _is_open(event, now)) for event in answer.body["items"]]


def _is_open(event: Any, now: datetime) -> bool:
    begins, ends = showing.moment(event["starts_at"]), showing.moment(event["ends_at"])
    return bool(begins and ends and begins - DOORS_OPEN <= now < ends)
