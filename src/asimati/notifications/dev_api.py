"""The development mailbox, as JSON and as a page. Registered outside production only."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template_string, request

from asimati.http import access
from asimati.http.headers import styled
from asimati.http.pages import page_of
from asimati.http.routes import Blueprint
from asimati.kit import words
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.notifications import queries
from asimati.notifications.schemas import MailboxQuery, MailOut
from asimati.settings import settings

blp = Blueprint("dev-mailbox", __name__, url_prefix="", description="Development: what would have been sent")

PAGE = """<!doctype html>
<html lang="{{ language }}" dir="{{ 'ltr' if language == 'en' else 'rtl' }}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3">
<title>{{ say(title) }}</title>
<style>
  body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
  article { border: 1px solid #ccc; border-radius: .5rem; padding: .6rem 1rem; margin: 0 0 1rem }
  header { color: #555; font-size: .9rem; display: flex; flex-wrap: wrap; gap: 0 1.2rem }
  p { white-space: pre-line; margin: .4rem 0; unicode-bidi: plaintext; text-align: start }
  input, button { font: inherit; padding: .2rem .5rem }
</style>
</head>
<body>
<h1>{{ say(title) }}</h1>
<p>{{ say(hint) }}</p>
<form><label>{{ say(to_label) }} <input name="to" dir="ltr" value="{{ to }}"></label>
<button>{{ say(show) }}</button></form>
{% for mail in items %}
<article>
  <header><bdi dir="ltr">{{ mail.to }}</bdi> <span>{{ mail.channel }}</span> <time>{{ at(mail.at) }}</time></header>
  <p dir="auto"><strong>{{ mail.subject }}</strong></p>
  <p dir="auto">{{ mail.text }}</p>
</article>
{% else %}<p>{{ say(nothing) }}</p>{% endfor %}
</body></html>"""
WORDS = {
    "title": _("Development mailbox"),
    "hint": _("Nothing leaves this house in development: what would have been sent is kept here."),
    "to_label": _("To"),
    "show": _("Show"),
    "nothing": _("Nothing yet."),
}


@blp.get(
    "/dev/mailbox", who=access.anyone, query=MailboxQuery, gives=page_of(MailOut), sends="text/html"
)  # fmt: skip
def mailbox(tx: Session, actor: Actor, query: dict[str, Any]) -> Page | Response:
    """What would have been sent, newest first; a page for a browser, which asks again by itself."""
    kept = queries.dev_mailbox(tx, query.get("to"), query["page"])
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        return kept
    zone = settings().governorate.time_zone
    page = render_template_string(
        PAGE,
        items=kept.items,
        to=query.get("to", ""),
        language=words.language(),
        say=words.translate,
        at=lambda moment: f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        **WORDS,
    )
    return styled(page)
